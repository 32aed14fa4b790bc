"""Write a file so that at every moment either the old or the new content stands in it, whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from smtp_tui.config.errors import ChangedOnDiskError, DocumentError, NoRenameError
from smtp_tui.config.wording import one_line, reason

_NO_RENAME = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV, errno.ENOTSUP}
)
_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM})
# The kernel's own sums over the old content would make the new one look forged.
_SUMS = frozenset({"security.ima", "security.evm"})


def write(
    path: Path, content: bytes, *, old: bytes | None, in_place: bool = False, backup: bool = False
) -> None:
    """Put `content` into `path`, or into what it links to, and flush it to the disk.

    `old` is what the file held when it was read, None for a file that is to be made (mode 0600).
    The new file takes the old one's mode, owner, group and extended attributes. Where a rename is
    impossible or would lose something: NoRenameError, or with `in_place` the file is overwritten.
    `backup` keeps the old content beside the file, with a `~` at the end of its name.
    """
    target = Path(os.path.realpath(path))
    if old is None:
        _make(target, content)
        return
    with _opened(target) as file:
        if file.read(len(old) + 1) != old:
            raise _changed(target, "was changed")
        if backup:
            _back_up(path.with_name(f"{path.name}~"), old, file.fileno())
        try:
            if os.fstat(file.fileno()).st_nlink > 1:
                raise _no_rename(target, "it has other hard links")
            _put(target, content, file.fileno())
        except NoRenameError:
            if not in_place:
                raise
            _overwrite(target, file.fileno(), content, old)


def sync_folder(path: Path) -> None:
    """Make the file's new name outlive a power failure; DocumentError if the disk refuses."""
    folder = Path(os.path.realpath(path)).parent
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno in _NO_FOLDER_SYNC:
            return
        raise DocumentError(
            f"{one_line(path)} is written, but a power failure could still undo it: "
            f"{reason(error)}; look at the disk"
        ) from None


def _opened(target: Path) -> BinaryIO:
    """Open an existing file for writing: asking the kernel leaves no kind of refusal out."""
    shown = one_line(target)
    try:
        if not stat.S_ISREG(target.stat().st_mode):
            raise DocumentError(f"{shown} is not a regular file; only such a one can be changed")
        return target.open("r+b")
    except FileNotFoundError:
        raise _changed(target, "was removed") from None
    except OSError as error:
        raise DocumentError(
            f"{shown} may not be written: {reason(error)}; run as its owner, or let this user write"
        ) from None


def _changed(target: Path, what: str) -> ChangedOnDiskError:
    return ChangedOnDiskError(
        f"{one_line(target)} {what} by another program since it was read; "
        "nothing was written, open it again"
    )


def _make(target: Path, content: bytes) -> None:
    try:
        for folder in reversed(target.parents):
            if not folder.exists():
                folder.mkdir(mode=0o700)
    except OSError as error:
        raise DocumentError(
            f"the folder of {one_line(target)} cannot be made: {reason(error)}; make it, or "
            "choose another place"
        ) from None
    if os.path.lexists(target):
        raise _changed(target, "was made")
    _put(target, content, None)


def _put(target: Path, content: bytes, like: int | None) -> None:
    """Write a new file beside `target` and rename it over; mode 0600 without one to be `like`."""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:64]}.", dir=target.parent)
        try:
            try:
                _write_all(descriptor, content)
                if like is not None:
                    _take_after(descriptor, like)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            Path(temporary).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        if like is not None and error.errno in _NO_RENAME:
            raise _no_rename(target, reason(error)) from None
        raise DocumentError(
            f"{one_line(target)} cannot be written: {reason(error)}; nothing was changed"
        ) from None


def _back_up(path: Path, old: bytes, like: int) -> None:
    try:
        _put(path, old, like)
    except NoRenameError:
        raise DocumentError(
            f"the backup {one_line(path)} cannot be written into its folder; nothing was changed"
        ) from None


def _no_rename(target: Path, why: str) -> NoRenameError:
    return NoRenameError(
        f"{one_line(target)} cannot be replaced as a whole: {why}; it could only be overwritten "
        "in place, where a failure midway would damage it"
    )


def _take_after(descriptor: int, old: int) -> None:
    """Give a new file the owner, group, mode and extended attributes of the old one."""
    made, like = os.fstat(descriptor), os.fstat(old)
    if (made.st_uid, made.st_gid) != (like.st_uid, like.st_gid):
        os.fchown(descriptor, like.st_uid, like.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
    if sys.platform != "linux":
        return
    try:
        names = os.listxattr(old)
    except OSError:
        return
    for name in set(names) - _SUMS:
        try:
            os.setxattr(descriptor, name, os.getxattr(old, name))
        except OSError:
            # Labels that only the system's policy may give, it has given to the new file already.
            if not name.startswith("security."):
                raise


def _overwrite(target: Path, descriptor: int, content: bytes, old: bytes) -> None:
    try:
        _rewrite(descriptor, content)
    except OSError as error:
        outcome = "the old content was put back"
        try:
            _rewrite(descriptor, old)
        except OSError:
            outcome = "and the old content could not be put back either, the file is damaged"
        raise DocumentError(
            f"{one_line(target)} cannot be overwritten: {reason(error)}; {outcome}"
        ) from None


def _rewrite(descriptor: int, content: bytes) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    _write_all(descriptor, content)
    os.ftruncate(descriptor, len(content))
    os.fsync(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
