"""The file beside, in which a new content is written before it takes the old one's name.

Its name is known by its pattern, so that what a killed run left is found. Whoever has the lock on
the file itself knows that no other run is writing beside it.

Overwrite a file that cannot be replaced by a rename; a copy of it stands by meanwhile.

Put a whole new file in an old one's place, or where none is, in one step.

Give a new file the owner, group, mode and extended attributes of the one it replaces.

Write a file so that at every moment either the old or the new content stands in it, whole.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from smtp_tui.config.errors import (
    ChangedOnDiskError,
    DocumentError,
    NoRenameError,
    one_line,
    reason,
)
from smtp_tui.config.paths import real, state_folder
from smtp_tui.records import record

_SIGN = ".smtp-tui-"
_LONGEST = 200
_PATIENCE = 1.0
_PAUSE = 0.02


def made_beside(target: Path) -> tuple[int, Path]:
    """Make an empty file beside `target` that only its owner can read."""
    descriptor, name = tempfile.mkstemp(prefix=_prefix(target), dir=target.parent)
    return descriptor, Path(name)


def kept_beside(target: Path, folder: Path) -> tuple[int, Path]:
    """Make an empty file in `folder` for the old content; no later run takes it for a left one."""
    descriptor, name = tempfile.mkstemp(prefix=f"{_prefix(target)}old-", dir=folder)
    return descriptor, Path(name)


def sweep(target: Path, lock: int) -> None:
    """Remove what killed runs left beside a file, or one to be; the open file `lock` is locked."""
    prefix = _prefix(target)
    owners = {os.geteuid(), os.fstat(lock).st_uid}
    with contextlib.suppress(OSError):
        for name in os.listdir(target.parent):  # noqa: PTH208 - names alone, of a large folder too
            if name.startswith(prefix) and re.fullmatch(r"[a-z0-9_]{8}", name[len(prefix) :]):
                _remove(target.with_name(name), owners)


def _remove(path: Path, owners: set[int]) -> None:
    with contextlib.suppress(OSError):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_uid in owners:
            path.unlink()


def locked(descriptor: int) -> bool:
    """Lock an open file against other runs until it is closed; False if another keeps the lock."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)
        except OSError:
            return True  # a file system that knows no locks, as some over a network
        else:
            return True


def _prefix(target: Path) -> str:
    name = target.name
    if len(os.fsencode(name)) > _LONGEST:
        name = f"{name[:40]}{zlib.crc32(os.fsencode(name)):08x}"
    return f".{name}{_SIGN}"


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
            _remove_overwriting(copy)
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
    _remove_overwriting(copy)


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
        _remove_overwriting(copy)
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


def _remove_overwriting(copy: Path) -> None:
    with contextlib.suppress(OSError):
        copy.unlink()


_NO_RENAME = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV, errno.ENOTSUP}
)
_NO_LINK = frozenset({errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})


def replaced(
    target: Path,
    content: bytes,
    *,
    like: int,
    private: bool = False,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Write a file beside `target`, like the open one, and rename it over.

    `ready` is called when all but the rename is done, and may raise. NoRenameError where the
    system refuses the rename, or to make the new file like the old one.
    """
    try:
        with _written_beside(target, content) as (descriptor, temporary):
            copy_metadata(descriptor, like, private=private)
            os.fsync(descriptor)
            ready()
            temporary.replace(target)
    except OSError as error:
        if error.errno in _NO_RENAME:
            raise cannot_rename(target, reason(error)) from None
        raise _failed(target, error) from None


def made(target: Path, content: bytes) -> bool:
    """Make a file for its owner alone, mode 0600; False if one of that name has come meanwhile."""
    try:
        with _written_beside(target, content) as (descriptor, temporary):
            os.fsync(descriptor)
            return _named(temporary, target)
    except OSError as error:
        raise _failed(target, error) from None


def replaced_whole(target: Path, content: bytes, mode: int) -> None:
    """Put a whole file of this mode, whatever the umask, in place of what the name stands for.

    A link of that name is replaced and not followed. OSError where that fails.
    """
    with _written_beside(target, content) as (descriptor, temporary):
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
        temporary.replace(target)


def cannot_rename(target: Path, why: str) -> NoRenameError:
    """Say that the file can only be overwritten, and what that risks."""
    return NoRenameError(
        f"{one_line(target)} cannot be replaced: {why}; smtp-tui could only overwrite it in place, "
        "and a crash during that would damage it"
    )


def _named(temporary: Path, target: Path) -> bool:
    """Give a finished file its name; unlike a rename, a link takes no other file's."""
    try:
        os.link(temporary, target)
    except (FileExistsError, FileNotFoundError):
        return False
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        temporary.replace(target)
    return True


def _failed(target: Path, error: OSError) -> DocumentError:
    return DocumentError(
        f"{one_line(target)} cannot be written: {reason(error)}; nothing was changed"
    )


@contextlib.contextmanager
def _written_beside(target: Path, content: bytes) -> Iterator[tuple[int, Path]]:
    """Hold a file beside `target` that has the content; what is not renamed away is removed."""
    descriptor, temporary = made_beside(target)
    try:
        write_all(descriptor, content)
        yield descriptor, temporary
    finally:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            temporary.unlink()


# The kernel's own sums over the old content would make the new one look forged.
_SUMS = frozenset({"security.ima", "security.evm"})
_ACCESS_LIST = "system.posix_acl_access"
PRIVATE = 0o600


def copy_metadata(descriptor: int, old: int, *, private: bool) -> None:
    """Make an open file, which only its owner can read so far, like another one.

    At no moment is it more readable than that: what the folder bequeathed to it goes first, the
    access list comes before the mode that opens it. `private` leaves it to its owner alone.
    """
    made, like = os.fstat(descriptor), os.fstat(old)
    if (made.st_uid, made.st_gid) != (like.st_uid, like.st_gid):
        os.fchown(descriptor, like.st_uid, like.st_gid)
    if sys.platform == "linux":
        _take_attributes(descriptor, old, private=private)
    os.fchmod(descriptor, PRIVATE if private else stat.S_IMODE(like.st_mode))


def make_private(descriptor: int) -> None:
    """Leave an open file to its owner alone."""
    if sys.platform == "linux" and _ACCESS_LIST in _attributes(descriptor):
        os.removexattr(descriptor, _ACCESS_LIST)
    os.fchmod(descriptor, PRIVATE)


def _take_attributes(descriptor: int, old: int, *, private: bool) -> None:
    wanted = _attributes(old) - _SUMS - ({_ACCESS_LIST} if private else set())
    # A folder's default access list would grant its users what the old file did not.
    if _ACCESS_LIST not in wanted and _ACCESS_LIST in _attributes(descriptor):
        os.removexattr(descriptor, _ACCESS_LIST)
    for name in wanted:
        try:
            os.setxattr(descriptor, name, os.getxattr(old, name))
        except OSError:
            # Labels that only the system's policy may give, it has given to the new file already.
            if not name.startswith("security."):
                raise


def _attributes(descriptor: int) -> set[str]:
    try:
        return set(os.listxattr(descriptor))
    except OSError:
        return set()


_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM})


def _silent(_text: str) -> None:
    """Tell nobody."""


@record(kw_only=True)
class WriteOptions:
    """How a file is written.

    `in_place` overwrites it where it cannot be replaced by a rename; `tell` is told the risk first.
    `backup` keeps the old content beside it, with a `~` at the end of its name. `private` takes
    every right to read it from all but its owner.
    """

    in_place: bool = False
    backup: bool = False
    private: bool = False
    tell: Callable[[str], None] = _silent


def write(path: Path, content: bytes, *, old: bytes | None, manner: WriteOptions) -> None:
    """Put `content` into `path`, or into what it links to, and flush it to the disk.

    `old` is what the file held when it was read, None for a file that is to be made (mode 0600).
    The new file takes the old one's mode, owner, group and extended attributes. Where a rename is
    impossible or would lose something: NoRenameError, unless it may be overwritten.
    """
    target = real(path)
    if old is None:
        _make(target, content)
        return
    with _opened(target) as file:
        descriptor = file.fileno()
        if not locked(descriptor):
            raise DocumentError(
                f"{one_line(target)} is locked by another program, which may be writing it; "
                "nothing was changed, try again when it has finished"
            )
        seen = _seen(target, descriptor)
        if file.read(len(old) + 1) != old:
            raise _changed(target, "was changed")
        backup = path.with_name(f"{path.name}~")
        for written in (target, backup):
            sweep(written, descriptor)
        if manner.backup:
            _back_up(backup, old, descriptor, private=manner.private)
        try:
            if os.fstat(descriptor).st_nlink > 1:
                raise cannot_rename(target, "it has other hard links")
            replaced(
                target,
                content,
                like=descriptor,
                private=manner.private,
                ready=lambda: _refuse_other(target, descriptor, seen),
            )
        except NoRenameError:
            if not manner.in_place:
                raise
            if manner.private:
                make_private(descriptor)
            overwrite(target, descriptor, content, old, manner.tell)


class _Possible(Exception):
    """All that comes before the rename has worked."""


def refuse_unwritable(path: Path, *, old: bytes, manner: WriteOptions) -> None:
    """Raise what `write` would raise, as far as that shows without changing the file."""

    def stop() -> None:
        raise _Possible

    target = real(path)
    with _opened(target) as file, contextlib.suppress(_Possible):
        _seen(target, file.fileno())
        if file.read(len(old) + 1) != old:
            raise _changed(target, "was changed")
        if manner.in_place:
            return
        if os.fstat(file.fileno()).st_nlink > 1:
            raise cannot_rename(target, "it has other hard links")
        replaced(target, old, like=file.fileno(), private=manner.private, ready=stop)


def sync_folder(path: Path) -> None:
    """Make the file's new name outlive a power failure; DocumentError if the disk refuses."""
    folder = real(path).parent
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
            f"{one_line(path)} was written, but a power failure could still undo it: "
            f"{reason(error)}; check the disk"
        ) from None


def _opened(target: Path) -> BinaryIO:
    """Open an existing file for writing: asking the kernel leaves no kind of refusal out."""
    shown = one_line(target)
    try:
        if not stat.S_ISREG(target.stat().st_mode):
            raise DocumentError(f"{shown} is not a regular file, so smtp-tui cannot change it")
        return target.open("r+b")
    except FileNotFoundError:
        raise _changed(target, "was removed") from None
    except OSError as error:
        raise DocumentError(
            f"{shown} is not writable: {reason(error)}; run smtp-tui as its owner, or let this "
            "user write it"
        ) from None


def _seen(target: Path, descriptor: int) -> tuple[int, ...]:
    """Return what another writer would change; the name must still be that of the open file."""
    try:
        named, opened = target.stat(), os.fstat(descriptor)
    except OSError:
        raise _changed(target, "was removed") from None
    if (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino):
        raise _changed(target, "was replaced")
    return named.st_dev, named.st_ino, named.st_size, named.st_mtime_ns, named.st_mode


def _refuse_other(target: Path, descriptor: int, seen: tuple[int, ...]) -> None:
    if _seen(target, descriptor) != seen:
        raise _changed(target, "was changed")


def _back_up(path: Path, old: bytes, like: int, *, private: bool) -> None:
    try:
        replaced(path, old, like=like, private=private)
    except NoRenameError:
        raise DocumentError(
            f"the backup {one_line(path)} cannot be written into its folder; nothing was changed, "
            "so save without a backup"
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
            f"the folder of {one_line(target)} cannot be created: {reason(error)}; create it, or "
            "choose another folder"
        ) from None
    if os.path.lexists(target):
        raise _changed(target, "was made")
    if not made(target, content):
        raise _changed(target, "was made")
    # A run that was killed before its file had a name left it, and nobody to sweep it away.
    with contextlib.suppress(OSError), target.open("r+b") as file:
        if locked(file.fileno()):
            sweep(target, file.fileno())
