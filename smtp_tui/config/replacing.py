"""Put a whole new file in an old one's place, or where none is, in one step."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from smtp_tui.config.errors import DocumentError, NoRenameError
from smtp_tui.config.likeness import take_after
from smtp_tui.config.overwriting import write_all
from smtp_tui.config.temporaries import made_beside
from smtp_tui.config.wording import one_line, reason

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
            take_after(descriptor, like, private=private)
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
