"""Overwrite a file that cannot be replaced by a rename; a copy of it stands by meanwhile."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.paths import state_folder
from smtp_tui.config.temporaries import kept_beside
from smtp_tui.config.wording import one_line, reason


def overwrite(
    target: Path, descriptor: int, content: bytes, old: bytes, tell: Callable[[str], None]
) -> None:
    """Write `content` into an open file that holds `old`.

    What fails midway is put back; where that fails too, and where the run is killed, the copy
    stays, and `tell` has named it before the first byte is written.
    """
    copy = _copied(target, old)
    tell(
        f"{one_line(target)} will be overwritten in place, and a crash during that would damage "
        f"it; its old content is in {one_line(copy)}"
    )
    try:
        _rewrite(descriptor, content)
    except BaseException as error:
        back = _put_back(descriptor, old)
        if back:
            _remove(copy)
        if not isinstance(error, OSError):
            raise
        outcome = (
            "the old content was restored"
            if back
            else "the old content could not be restored either, so the file is damaged; "
            f"copy it from {one_line(copy)}"
        )
        raise DocumentError(
            f"{one_line(target)} cannot be overwritten: {reason(error)}; {outcome}"
        ) from None
    _remove(copy)


def write_all(descriptor: int, content: bytes) -> None:
    """Write to the last byte: the system may take less at a time."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _copied(target: Path, old: bytes) -> Path:
    """Keep the old content beside the file, or in the user's folder, or where passing files are."""
    why = ""
    for folder in (target.parent, state_folder(), Path(tempfile.gettempdir())):
        try:
            return _copied_into(folder, target, old)
        except OSError as error:
            why = reason(error)
    raise DocumentError(
        f"{one_line(target)} cannot be overwritten in place: smtp-tui cannot keep a copy of "
        f"its old content ({why}); free some disk space or make a folder writable"
    )


def _copied_into(folder: Path, target: Path, old: bytes) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, copy = kept_beside(target, folder)
    try:
        write_all(descriptor, old)
        os.fsync(descriptor)
    except BaseException:
        _remove(copy)
        raise
    finally:
        os.close(descriptor)
    return copy


def _rewrite(descriptor: int, content: bytes) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    write_all(descriptor, content)
    os.ftruncate(descriptor, len(content))
    os.fsync(descriptor)


def _put_back(descriptor: int, old: bytes) -> bool:
    try:
        _rewrite(descriptor, old)
    except OSError:
        return False
    return True


def _remove(copy: Path) -> None:
    with contextlib.suppress(OSError):
        copy.unlink()
