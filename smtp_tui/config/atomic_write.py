"""Write files atomically, or in place where no rename is possible.

New content goes to a temporary file that is renamed over the target; a new file gets its name by a
hard link, which never replaces another file. A file is overwritten in place only if the caller
allows it, and a copy of its old content is kept until that is done.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
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
from smtp_tui.config.file_metadata import PRIVATE, copy_metadata, make_private
from smtp_tui.config.paths import real, state_folder
from smtp_tui.records import record

_PATIENCE, _PAUSE = 1.0, 0.02  # seconds
_NO_RENAME = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV, errno.ENOTSUP}
)
# File systems without hard links, such as FAT and some network file systems.
_NO_LINK = frozenset({errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})
_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM})

Identity = tuple[int, ...]


@record(kw_only=True)
class WriteOptions:
    """How a file is written."""

    in_place: bool = False  # overwrite the file where it cannot be replaced by a rename
    backup: bool = False  # keep the old content next to the file, as `NAME~`
    private: bool = False  # set mode 0600 and drop the access list
    warn: Callable[[str], None] = lambda _text: None  # called before overwriting in place


def write(path: Path, content: bytes, *, old: bytes | None, options: WriteOptions) -> None:
    """Write `content` to `path`, or to the target of the symbolic link, and flush it to disk.

    `old` is the content when the file was read, or None to create the file (mode 0600). The new
    file gets the old one's mode, owner, group and extended attributes. Raise NoRenameError where
    a rename is impossible or would lose something, unless `in_place` is set.
    """
    target = real(path)
    if old is None:
        _make(target, content)
        return
    with _open_existing(target) as file:
        descriptor = file.fileno()
        if not _lock(descriptor):
            raise DocumentError(
                f"{one_line(target)} is locked by another program, which may be writing it; "
                "nothing was changed, try again when it has finished"
            )
        seen = _check_unchanged(target, file, old)
        backup = path.with_name(f"{path.name}~")
        # While we hold the lock no other run is writing, so temporary files are from killed runs.
        for written in (target, backup):
            _sweep(written, descriptor)
        if options.backup:
            try:
                _replace(backup, old, like=descriptor, private=options.private)
            except NoRenameError:
                raise DocumentError(
                    f"the backup {one_line(backup)} cannot be written into its folder; nothing was "
                    "changed, so save without a backup"
                ) from None
        try:
            _replace(target, content, like=descriptor, private=options.private, seen=seen)
        except NoRenameError:
            if not options.in_place:
                raise
            if options.private:
                make_private(descriptor)
            _overwrite(target, descriptor, content, old, options.warn)


def refuse_unwritable(path: Path, *, old: bytes, options: WriteOptions) -> None:
    """Raise what `write` would raise, as far as that is known without changing the file."""
    target = real(path)
    with _open_existing(target) as file:
        seen = _check_unchanged(target, file, old)
        if not options.in_place:
            like = file.fileno()
            _replace(target, old, like=like, private=options.private, seen=seen, commit=False)


def create(target: Path, content: bytes, mode: int = PRIVATE) -> bool:
    """Create a file with this mode, whatever the umask; False if the name is taken. OSError."""
    with _new_file(target.parent, target, content) as (descriptor, temporary):
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
        try:
            os.link(temporary, target)  # unlike a rename, never replaces another file
        except (FileExistsError, FileNotFoundError):
            return False
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            temporary.replace(target)
        finally:
            _unlink(temporary)
    return True


def replaced_whole(target: Path, content: bytes, mode: int) -> None:
    """Replace `target` with a file of this mode, whatever the umask; OSError if that fails.

    A symbolic link is replaced, not followed.
    """
    with _new_file(target.parent, target, content) as (descriptor, temporary):
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
        temporary.replace(target)


def sync_folder(path: Path) -> None:
    """Flush the file's folder, so that a rename survives a power failure; DocumentError."""
    try:
        descriptor = os.open(real(path).parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        # Network file systems and unreadable folders cannot be flushed.
        if error.errno in _NO_FOLDER_SYNC:
            return
        raise DocumentError(
            f"{one_line(path)} was written, but a power failure could still undo it: "
            f"{reason(error)}; check the disk"
        ) from None


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
    try:
        if os.path.lexists(target) or not create(target, content):
            raise _changed(target, "was made")
    except OSError as error:
        raise _failed(target, error) from None
    # Runs killed before the file existed may have left temporary files.
    with contextlib.suppress(OSError), target.open("r+b") as file:
        if _lock(file.fileno()):
            _sweep(target, file.fileno())


def _replace(
    target: Path,
    content: bytes,
    *,
    like: int,
    private: bool,
    seen: Identity | None = None,
    commit: bool = True,
) -> None:
    """Write a temporary file with the metadata of `like`; rename it over `target` if `commit`.

    `seen` is the target's identity where `like` is the target itself, which must not have changed.
    NoRenameError where the system refuses the rename or the old file's metadata.
    """
    try:
        # After a rename the file's other hard links would keep the old content.
        if seen and os.fstat(like).st_nlink > 1:
            raise _cannot_rename(target, "it has other hard links")
        with _new_file(target.parent, target, content) as (descriptor, temporary):
            # Before the rename, so that the file never has other permissions under its name.
            copy_metadata(descriptor, like, private=private)
            os.fsync(descriptor)
            # The last chance to notice that an editor has saved the file.
            if seen and _identity(target, like) != seen:
                raise _changed(target, "was changed")
            if commit:
                temporary.replace(target)
            else:
                _unlink(temporary)
    except OSError as error:
        if error.errno in _NO_RENAME:
            raise _cannot_rename(target, reason(error)) from None
        raise _failed(target, error) from None


def _overwrite(
    target: Path, descriptor: int, content: bytes, old: bytes, warn: Callable[[str], None]
) -> None:
    """Overwrite an open file that holds `old` with `content`."""
    # If the write fails, the old content is restored. If that fails too or the run is killed, the
    # copy stays; `warn` has named it before the first byte is written.
    copy = _keep_copy(target, old)
    warn(
        f"{one_line(target)} will be overwritten in place, and a crash during that would damage "
        f"it; its old content is in {one_line(copy)}"
    )

    def rewrite(whole: bytes) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        _write_all(descriptor, whole)
        # After the write, so that the file is never empty in between.
        os.ftruncate(descriptor, len(whole))
        os.fsync(descriptor)

    try:
        rewrite(content)
    except BaseException as error:
        outcome = "the old content was restored"
        try:
            rewrite(old)
        except OSError:
            outcome = (
                "the old content could not be restored either, so the file is damaged; "
                f"copy it from {one_line(copy)}"
            )
        else:
            _unlink(copy)
        if not isinstance(error, OSError):
            raise
        raise DocumentError(
            f"{one_line(target)} cannot be overwritten: {reason(error)}; {outcome}"
        ) from None
    _unlink(copy)


def _keep_copy(target: Path, old: bytes) -> Path:
    """Copy the old content to the file's folder, the state folder or the temporary folder."""
    why = ""
    for folder in (target.parent, state_folder(), Path(os.environ.get("TMPDIR") or "/tmp")):  # noqa: S108 - a new file of its own name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # `old-` in the name keeps `_sweep` of a later run from removing the copy.
            with _new_file(folder, target, old, "old-") as (descriptor, copy):
                os.fsync(descriptor)
                return copy
        except OSError as error:
            why = reason(error)
    raise DocumentError(
        f"{one_line(target)} cannot be overwritten in place: smtp-tui cannot keep a copy of "
        f"its old content ({why}); free some disk space or make a folder writable"
    )


@contextlib.contextmanager
def _new_file(
    folder: Path, target: Path, content: bytes, kind: str = ""
) -> Iterator[tuple[int, Path]]:
    """Open a new file with the content and mode 0600; an error in the body removes the file."""
    # Like `tempfile`, whose import would slow down each start by some milliseconds.
    path = folder / f"{_prefix(target)}{kind}{os.urandom(4).hex()}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, PRIVATE)
    try:
        _write_all(descriptor, content)
        yield descriptor, path
    except BaseException:
        _unlink(path)
        raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    remaining = memoryview(content)
    while remaining:  # the system may write less than it is given
        remaining = remaining[os.write(descriptor, remaining) :]


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _prefix(target: Path) -> str:
    name = target.name
    if len(os.fsencode(name)) > 200:  # file systems allow 255 bytes, suffix included
        name = f"{name[:40]}{zlib.crc32(os.fsencode(name)):08x}"
    return f".{name}.smtp-tui-"


def _sweep(target: Path, lock: int) -> None:
    """Remove a file's temporary files of killed runs; the caller holds the lock."""
    prefix = _prefix(target)
    owners = {os.geteuid(), os.fstat(lock).st_uid}
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for name in [entry.name for entry in entries if entry.name.startswith(prefix)]:
            if re.fullmatch(r"[a-z0-9_]{8}", name[len(prefix) :]):
                left = target.with_name(name)
                with contextlib.suppress(OSError):
                    found = left.lstat()
                    if stat.S_ISREG(found.st_mode) and found.st_uid in owners:
                        left.unlink()


def _lock(descriptor: int) -> bool:
    """Lock an open file until it is closed; False if another run does not release the lock."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)
        except OSError:
            return True  # a file system without locks, such as some network file systems
        else:
            return True


def _open_existing(target: Path) -> BinaryIO:
    """Open an existing file for reading and writing, so that the kernel checks every permission."""
    shown = one_line(target)
    try:
        if not stat.S_ISREG(target.stat().st_mode):
            raise DocumentError(f"{shown} is not a regular file, so smtp-tui cannot change it")
        # For writing too: a rename would replace a read-only file against its owner's intent.
        return target.open("r+b")
    except FileNotFoundError:
        raise _changed(target, "was removed") from None
    except OSError as error:
        raise DocumentError(
            f"{shown} is not writable: {reason(error)}; run smtp-tui as its owner, or let this "
            "user write it"
        ) from None


def _check_unchanged(target: Path, file: BinaryIO, old: bytes) -> Identity:
    seen = _identity(target, file.fileno())
    if file.read(len(old) + 1) != old:
        raise _changed(target, "was changed")
    return seen


def _identity(target: Path, descriptor: int) -> Identity:
    """Return what another writer would change; ChangedOnDiskError if removed or replaced."""
    try:
        named, opened = target.stat(), os.fstat(descriptor)
    except OSError:
        raise _changed(target, "was removed") from None
    if (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino):
        raise _changed(target, "was replaced")
    return named.st_dev, named.st_ino, named.st_size, named.st_mtime_ns, named.st_mode


def _changed(target: Path, what: str) -> ChangedOnDiskError:
    return ChangedOnDiskError(
        f"{one_line(target)} {what} by another program since it was read; "
        "nothing was written, open it again"
    )


def _cannot_rename(target: Path, why: str) -> NoRenameError:
    return NoRenameError(
        f"{one_line(target)} cannot be replaced: {why}; smtp-tui could only overwrite it in place, "
        "and a crash during that would damage it"
    )


def _failed(target: Path, error: OSError) -> DocumentError:
    text = f"{one_line(target)} cannot be written: {reason(error)}; nothing was changed"
    return DocumentError(text)
