"""Put a text into a file whole or not at all, and over nothing but an older one of its kind."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from smtp_tui.config.errors import one_line, reason
from smtp_tui.records import record


class NotWrittenError(Exception):
    """A file cannot be written; the text is one line for the admin."""


@record(kw_only=True)
class OutputKind:
    """What a file holds: its name in a sentence, its first words, and its mode.

    The mode opens the file to whom its content is for, whatever the umask.
    """

    name: str
    start: str
    mode: int


def write_whole(path: Path, text: str, kind: OutputKind) -> None:
    """Put a text into a file, in place of an older one of its kind; a pipe or a device takes it.

    NotWrittenError where `path` is something else, so that a slip of the finger costs no settings,
    or a link, which may lead anywhere.
    """
    content = text.encode("utf-8", "backslashreplace")
    try:
        if _is_stream(path):
            with path.open("wb") as stream:
                stream.write(content)
        else:
            _refuse_other(path, kind)
            _put(path, content, kind.mode)
    except OSError as error:
        raise _failed(path, kind, reason(error)) from None


def _is_stream(path: Path) -> bool:
    """Whether the path leads to a pipe or a device, as /dev/stdout may."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _refuse_other(path: Path, kind: OutputKind) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise _failed(path, kind, "it is a symbolic link; name the file that it leads to")
    if stat.S_ISDIR(mode):
        raise _failed(path, kind, "it is a folder; name a file in it")
    if not stat.S_ISREG(mode):
        raise _failed(path, kind, "it is not a regular file")
    wanted = kind.start.encode()
    with path.open("rb") as old:
        start = old.read(len(wanted))
    if start and start != wanted:
        why = f"a file with that name exists and is not a {kind.name}; choose another name"
        raise _failed(path, kind, why)


def _put(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name[:64]}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        # A link that was put there meanwhile is replaced and not followed.
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _failed(path: Path, kind: OutputKind, why: str) -> NotWrittenError:
    return NotWrittenError(f"the {kind.name} {one_line(path)} cannot be written: {why}")
