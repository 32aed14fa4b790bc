"""Write a file so that at every moment either the old or the new content stands in it, whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from smtp_tui.config.errors import ChangedOnDiskError, DocumentError, NoRenameError
from smtp_tui.config.likeness import make_private
from smtp_tui.config.overwriting import overwrite
from smtp_tui.config.paths import real
from smtp_tui.config.replacing import cannot_rename, made, replaced
from smtp_tui.config.temporaries import locked, sweep
from smtp_tui.config.wording import one_line, reason
from smtp_tui.records import record

_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM})


def _silent(_text: str) -> None:
    """Tell nobody."""


@record(kw_only=True)
class Manner:
    """How a file is written.

    `in_place` overwrites it where it cannot be replaced by a rename; `tell` is told the risk first.
    `backup` keeps the old content beside it, with a `~` at the end of its name. `private` takes
    every right to read it from all but its owner.
    """

    in_place: bool = False
    backup: bool = False
    private: bool = False
    tell: Callable[[str], None] = _silent


def write(path: Path, content: bytes, *, old: bytes | None, manner: Manner) -> None:
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


def refuse_unwritable(path: Path, *, old: bytes, manner: Manner) -> None:
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
