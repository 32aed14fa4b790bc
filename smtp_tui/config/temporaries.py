"""The file beside, in which a new content is written before it takes the old one's name.

Its name is known by its pattern, so that what a killed run left is found. Whoever has the lock on
the file itself knows that no other run is writing beside it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
import tempfile
import time
import zlib
from pathlib import Path

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
