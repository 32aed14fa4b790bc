"""Read files below the root folder of another process, never outside it.

The agent imports this module: it needs nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# As many links as the kernel follows (path_resolution(7)).
MOST_LINKS = 40
MOST_BYTES = 8 << 20
# A program of Go, which holds all its libraries, has a hundred megabytes at most.
_MOST_SEARCHED = 512 << 20
_PART, _OVERLAP = 1 << 20, 1 << 12


# <linux/magic.h>: filesystems whose files say something about the reader, or change when read.
# Below a process's root, a link to `/proc/self/environ` leads to the reader's own variables.
_LIVE = frozenset(
    (
        0x9FA0,  # proc
        0x62656572,  # sysfs
        0x27E0EB,  # cgroup
        0x63677270,  # cgroup2
        0x64626720,  # debugfs
        0x74726163,  # tracefs
        0x73636673,  # securityfs
        0x0187,  # autofs
        0x65735543,  # fusectl
    )
)
_libc = ctypes.CDLL(None, use_errno=True)


class RootReader:
    """Reads regular files below a folder, which links cannot leave."""

    def __init__(self, root: int) -> None:
        self._root = root

    def read(self, path: str, most: int = MOST_BYTES) -> bytes:
        """Return at most `most` bytes of a regular file; OSError if there is none."""
        with self.opened(path) as file, os.fdopen(os.dup(file), "rb") as content:
            return content.read(most)

    def names(self, path: str, most: int) -> list[str]:
        """Return at most `most` names in a folder, sorted; OSError if it is none."""
        opened = self._opened(path, stat.S_ISDIR, errno.ENOTDIR)
        with opened as folder, os.scandir(folder) as entries:
            return sorted(entry.name for entry, _ in zip(entries, range(most), strict=False))

    def connect(self, path: str, client: socket.socket) -> None:
        """Connect to a UNIX socket; OSError if there is none."""
        place = self._find(path)
        try:
            # The descriptor has found the socket, whatever the path leads to by now.
            client.connect(f"/proc/self/fd/{place}")
        finally:
            os.close(place)

    @contextmanager
    def opened(self, path: str) -> Iterator[int]:
        """Open a regular file; OSError if there is none."""
        with self._opened(path, stat.S_ISREG, errno.EINVAL) as file:
            yield file

    @contextmanager
    def _opened(self, path: str, is_kind: Callable[[int], bool], code: int) -> Iterator[int]:
        place = self._find(path)
        try:
            if _filesystem(place) in _LIVE:
                raise OSError(errno.EACCES, os.strerror(errno.EACCES))
            if not is_kind(os.fstat(place).st_mode):
                raise OSError(code, os.strerror(code))
            # O_PATH has found the file that is opened now, whatever the path leads to by now.
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
            opened = os.open(f"/proc/self/fd/{place}", flags)
        finally:
            os.close(place)
        try:
            yield opened
        finally:
            os.close(opened)

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


def _filesystem(file: int) -> int:
    """Return the magic number of a file's filesystem; statfs(2) puts it first."""
    buffer = ctypes.create_string_buffer(256)
    if _libc.fstatfs(file, buffer) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return ctypes.c_long.from_buffer(buffer).value & 0xFFFFFFFF


def search(file: int, pattern: bytes) -> bytes | None:
    """Return what a pattern finds in an open file: its first group, or all if it has none."""
    wanted = re.compile(pattern)
    for start in range(0, _MOST_SEARCHED, _PART):
        part = os.pread(file, _PART + _OVERLAP, start)
        if found := wanted.search(part):
            return found[wanted.groups and 1]
        if len(part) <= _PART:
            break
    return None
