"""Read files below the root folder of another process, never outside it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Self

from smtp_tui.places.process import MOST_BYTES, ProcessHandle

# As many links as the kernel follows (path_resolution(7)).
MOST_LINKS = 40


class RootReader:
    """Reads regular files below a folder, which links cannot leave.

    `refused` are major and minor numbers of devices whose files are not read: below
    `/proc/PID/root`, a link to `/proc/self/environ` would lead to this program's own variables.
    """

    def __init__(self, root: int, refused: frozenset[tuple[int, int]] = frozenset()) -> None:
        self._root = root
        self._refused = refused

    @classmethod
    def of(cls, process: ProcessHandle) -> Self:
        """Return the reader of a process's root folder; PlaceError if it may not be read."""
        root = process.open("root", os.O_PATH | os.O_DIRECTORY)
        return cls(root, process.live_devices())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            os.close(self._root)

    def read(self, path: str, most: int = MOST_BYTES) -> bytes:
        """Return at most `most` bytes of a regular file; OSError if there is none."""
        place = self._find(path)
        try:
            self._require(place, stat.S_ISREG, errno.EINVAL)
            # O_PATH has found the file that is opened now. A file system may hang all the same.
            opened = os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        finally:
            os.close(place)
        with os.fdopen(opened, "rb") as file:
            return file.read(most)

    def names(self, path: str, most: int = 1000) -> list[str]:
        """Return at most `most` names in a folder, sorted; OSError if it is none."""
        place = self._find(path)
        try:
            self._require(place, stat.S_ISDIR, errno.ENOTDIR)
            opened = os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        finally:
            os.close(place)
        try:
            with os.scandir(opened) as entries:
                return sorted(entry.name for entry, _ in zip(entries, range(most), strict=False))
        finally:
            os.close(opened)

    def exists(self, path: str) -> bool:
        """Whether a path leads to something."""
        try:
            os.close(self._find(path))
        except OSError:
            return False
        return True

    def _require(self, place: int, is_kind: Callable[[int], bool], code: int) -> None:
        found = os.fstat(place)
        device = os.major(found.st_dev), os.minor(found.st_dev)
        if device in self._refused:
            raise OSError(errno.EACCES, "the kernel makes this file for each reader")
        if not is_kind(found.st_mode):
            raise OSError(code, os.strerror(code))

    def _find(self, path: str) -> int:
        """Return a descriptor (O_PATH) of what a path leads to, following links here."""
        folders, links = [os.dup(self._root)], 0
        waiting = list(_parts(path))[::-1]
        try:
            while waiting:
                part = waiting.pop()
                if part == "..":
                    if len(folders) > 1:
                        os.close(folders.pop())
                    continue
                flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
                place = os.open(part, flags, dir_fd=folders[-1])
                if not stat.S_ISLNK(os.fstat(place).st_mode):
                    folders.append(place)
                    continue
                try:
                    target = os.readlink("", dir_fd=place)
                finally:
                    os.close(place)
                links += 1
                if links > MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                if target.startswith("/"):
                    while len(folders) > 1:
                        os.close(folders.pop())
                waiting += list(_parts(target))[::-1]
            return folders.pop()
        finally:
            for folder in folders:
                os.close(folder)


def _parts(path: str) -> Iterator[str]:
    yield from (part for part in path.split("/") if part not in ("", "."))
