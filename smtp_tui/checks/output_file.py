"""Write a file whole or not at all, replacing only an older file of its kind."""

from __future__ import annotations

import stat
from pathlib import Path

from smtp_tui.config.atomic_write import replaced_whole
from smtp_tui.config.errors import one_line, reason


class FileNotWrittenError(Exception):
    """A file cannot be written; the message is one line for the admin."""


def write_whole(path: Path, text: str, *, name: str, start: str, mode: int) -> None:
    """Write a text to a file, replacing only one of its kind, or to a pipe or device.

    `name` is the kind of file in messages, `start` the text that such a file begins with, and
    `mode` its permissions, whatever the umask. FileNotWrittenError if `path` is any other file, so
    that a typo costs no settings, or a symbolic link, which may lead anywhere.
    """
    content = text.encode("utf-8", "backslashreplace")
    try:
        if path.is_fifo() or path.is_char_device():  # as /dev/stdout may be
            with path.open("wb") as stream:
                stream.write(content)
            return
        why = _obstacle(path, name, start.encode())
        if not why:
            replaced_whole(path, content, mode)
    except OSError as error:
        why = reason(error)
    if why:
        raise FileNotWrittenError(f"the {name} {one_line(path)} cannot be written: {why}")


def _obstacle(path: Path, name: str, start: bytes) -> str:
    """Return why the existing file must not be replaced; empty if it may be."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return ""
    if stat.S_ISLNK(mode):
        return "it is a symbolic link; name the file that it leads to"
    if stat.S_ISDIR(mode):
        return "it is a folder; name a file in it"
    if not stat.S_ISREG(mode):
        return "it is not a regular file"
    with path.open("rb") as old:
        if old.read(len(start)) not in (b"", start):
            return f"a file with that name exists and is not a {name}; choose another name"
    return ""
