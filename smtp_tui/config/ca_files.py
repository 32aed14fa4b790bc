"""A certificate to trust, as a file beside the settings."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from smtp_tui.config.errors import DocumentError, one_line, reason

_LONGEST = 40
# File systems without a second name for a file.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EMLINK})
_COMMON_NAME = re.compile(r"CN=([^,]+)")
_OTHER = re.compile(r"[^a-z0-9.-]+")


def free_path(folder: Path, host: str, subject: str, pem: str) -> Path:
    """Return where a certificate can be put: a path where nothing is, or this very certificate."""
    return next(path for path in _paths(folder, host, subject) if _is_free(path, pem))


def save_authority(path: Path, pem: str) -> None:
    """Write a certificate for everybody to read (mode 0644); DocumentError where it cannot be.

    What is there already stays as it is: this very certificate will do, else it is not touched.
    """
    if not _is_free(path, pem):
        raise DocumentError(f"{one_line(path)} already exists and contains something else")
    if os.path.lexists(path):
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put(path, pem.encode("ascii"))
    except OSError as error:
        raise DocumentError(f"{one_line(path)} cannot be written: {reason(error)}") from None


def _put(path: Path, content: bytes) -> None:
    """Let a whole file appear, and never in place of another."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, 0o644)
            os.fsync(descriptor)
        try:
            path.hardlink_to(temporary)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            Path(temporary).rename(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _paths(folder: Path, host: str, subject: str) -> Iterator[Path]:
    common = _COMMON_NAME.search(subject)
    parts = (_plain(host), _plain(common[1] if common else subject))
    stem = "-".join(dict.fromkeys(part for part in parts if part)).removesuffix("-ca") or "server"
    yield folder / f"{stem}-ca.pem"
    for number in count(2):
        yield folder / f"{stem}-ca-{number}.pem"


def _plain(text: str) -> str:
    """Make a part of a file's name of what a server may have chosen."""
    return _OTHER.sub("-", text.casefold())[:_LONGEST].strip("-.")


def _is_free(path: Path, pem: str) -> bool:
    if not os.path.lexists(path):
        return True
    try:
        return path.is_file() and path.read_bytes() == pem.encode("ascii")
    except OSError:
        return False
