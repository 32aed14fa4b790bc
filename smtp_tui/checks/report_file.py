"""Where a report is written: whole or not at all, and over nothing but an older report."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from smtp_tui.checks.report import TITLE
from smtp_tui.config.wording import one_line, reason


class ReportError(Exception):
    """A report cannot be written; the text is one line for the admin."""


def write_report(path: Path, text: str) -> None:
    """Put a report into a file, in place of an older one; a pipe or a device takes it as it is.

    A new file has the mode that the umask leaves. ReportError where `path` is something else than
    a report, so that a slip of the finger costs no settings, or a link, which may lead anywhere.
    """
    content = text.encode("utf-8", "backslashreplace")
    try:
        if _is_stream(path):
            with path.open("wb") as stream:
                stream.write(content)
        else:
            _refuse_other(path)
            _put(path, content)
    except OSError as error:
        raise _failed(path, reason(error)) from None


def _is_stream(path: Path) -> bool:
    """Whether the path leads to a pipe or a device, as /dev/stdout may."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _refuse_other(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise _failed(path, "it is a symbolic link; name the file that it leads to")
    if stat.S_ISDIR(mode):
        raise _failed(path, "it is a folder; name a file in it")
    if not stat.S_ISREG(mode):
        raise _failed(path, "it is no regular file")
    with path.open("rb") as old:
        start = old.read(len(TITLE))
    if start and start != TITLE.encode():
        raise _failed(path, "a file of that name is there, and it is no report; take another name")


def _put(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name[:64]}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        # A link that was put there meanwhile is replaced and not followed.
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _failed(path: Path, why: str) -> ReportError:
    return ReportError(f"the report {one_line(path)} cannot be written: {why}")
