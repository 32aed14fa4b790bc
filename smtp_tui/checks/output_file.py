"""Put a text into a file whole or not at all, and over nothing but an older one of its kind."""

from __future__ import annotations

import stat
from pathlib import Path

from smtp_tui.config.atomic_write import replaced_whole
from smtp_tui.config.errors import one_line, reason


class NotWrittenError(Exception):
    """A file cannot be written; the text is one line for the admin."""


def write_whole(path: Path, text: str, *, name: str, start: str, mode: int) -> None:
    """Put a text into a file, in place of an older one of its kind; a pipe or a device takes it.

    `name` is what the file is in a sentence, `start` its first words, and `mode` opens it to whom
    its content is for, whatever the umask. NotWrittenError where `path` is something else, so that
    a slip of the finger costs no settings, or a link, which may lead anywhere.
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
        raise NotWrittenError(f"the {name} {one_line(path)} cannot be written: {why}")


def _obstacle(path: Path, name: str, start: bytes) -> str:
    """Say why the file that is there must not be replaced; empty where it may."""
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
