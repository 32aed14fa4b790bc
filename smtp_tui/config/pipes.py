"""Read what comes out of a pipe, as of `<(gpg -d mail.toml.gpg)`, and never wait for nobody."""

from __future__ import annotations

import os
import select
from pathlib import Path

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.wording import one_line

PATIENCE_FOR_ANYBODY = 2.0
"""Seconds for a program to come that writes into it."""
PATIENCE = 60.0
"""Seconds without a byte from a program that has it open, as it may ask for a pass phrase."""

_PIECE = 64 * 1024


def read_pipe(path: Path, most: int) -> bytes:
    """Return what a pipe gives up to its end, or a little over `most` bytes; DocumentError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return _read(descriptor, path, most)
    finally:
        os.close(descriptor)


def _read(descriptor: int, path: Path, most: int) -> bytes:
    content, has_come = b"", False
    while len(content) <= most:
        piece = _piece(descriptor)
        if piece:
            content += piece
        elif piece is None or not (content or has_come):
            # Where nobody has the pipe open yet it seems to be at its end.
            patience = PATIENCE if piece is None else PATIENCE_FOR_ANYBODY
            has_come = bool(select.select([descriptor], [], [], patience)[0])
            if not has_come:
                raise _silent(path, patience)
        else:
            break
    return content


def _piece(descriptor: int) -> bytes | None:
    """Return what is there, nothing at the end or where nobody writes, None while one may."""
    try:
        return os.read(descriptor, _PIECE)
    except BlockingIOError:
        return None


def _silent(path: Path, patience: float) -> DocumentError:
    return DocumentError(
        f"{one_line(path)} is a pipe, and no program wrote into it within {patience:g} s; "
        "name a file, or a pipe that a program writes into"
    )
