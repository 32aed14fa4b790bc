"""Walk folders for files that may hold settings, within limits, without leaving the folders.

Symbolic links are never followed: neither by the walk nor when a file names another one. Only
regular files are opened, as a FIFO or a device may block or act. Another user may change the
folders meanwhile, so each file is opened one folder after the other, and judged once it is open.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field
from enum import StrEnum
from pathlib import Path

from smtp_tui.config.paths import absolute
from smtp_tui.records import record

LARGEST = 1 << 20
"""Bytes; no settings file is larger."""

MOUNTS = Path("/proc/self/mountinfo")
_MOST_EXAMPLES = 3
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
# Program code, its history, and copies of other files.
_NO_SETTINGS = frozenset(
    (
        *(".git", ".hg", ".svn", "node_modules", "site-packages", "dist-packages", "__pycache__"),
        *(".cache", ".npm", ".cargo", ".rustup", "lost+found", "Trash"),
    )
)
# A container engine's copies of images; what runs there is found as a running container.
_IMAGES = (".local/share/containers", "/var/lib/docker", "/var/lib/containers")
# These may hang, hold a whole company's files, or are no disk at all.
_OTHER_FILESYSTEMS = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ceph", "glusterfs", "autofs", "overlay"),
        *("proc", "sysfs", "cgroup", "cgroup2", "devtmpfs", "devpts", "debugfs", "tracefs"),
        *("squashfs", "fusectl"),
    )
)
_OTHER_WRITERS = stat.S_IWGRP | stat.S_IWOTH


class SkipReason(StrEnum):
    """Why something in the folders was not read; the texts are in `scan.toml`."""

    LINK = "link"
    SPECIAL = "special"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too-large"
    NO_TEXT = "no-text"
    FULL_FOLDER = "full-folder"
    TOO_DEEP = "too-deep"
    NO_SETTINGS = "no-settings"
    FILESYSTEM = "filesystem"
    LIMIT = "limit"
    EXAMPLE = "example"
    INVALID = "invalid"
    UNCLEAR = "unclear"
    NO_HOST = "no-host"
    OUTSIDE = "outside"
    DISTRUSTED = "distrusted"
    DEFECT = "defect"


class Skipped:
    """Counts what was not read, and keeps the first paths of each reason."""

    def __init__(self) -> None:
        self.counts: Counter[SkipReason] = Counter()
        self.examples: dict[SkipReason, list[str]] = {}
        self._seen: set[tuple[SkipReason, str]] = set()

    def add(self, reason: SkipReason, path: object, count: int = 1) -> None:
        """Count a path once, or all that it stands for."""
        if (reason, str(path)) in self._seen:
            return
        self._seen.add((reason, str(path)))
        self.counts[reason] += count
        examples = self.examples.setdefault(reason, [])
        if len(examples) < _MOST_EXAMPLES:
            examples.append(str(path))


@record(kw_only=True)
class TreeLimits:
    """Bounds of a walk: names, names in one folder, folders in folders, files read, bytes, time."""

    names: int = 200_000
    names_in_folder: int = 20_000
    depth: int = 16
    files: int = 20_000
    bytes: int = 256 << 20
    seconds: float = 20.0


@record
class TreeFile:
    """A file that was read; `owner` is its user ID, and `is_shared` whether others can write it."""

    path: Path
    content: str = field(repr=False)
    owner: int
    is_shared: bool


@record
class _Folder:
    root: Path
    parts: tuple[str, ...]

    @property
    def path(self) -> Path:
        return self.root.joinpath(*self.parts)


class FileTree:
    """The files below `roots`; what is not read is counted in `skipped`.

    Roots that do not exist are left out. A network or virtual filesystem is entered only as a root
    that the caller `trusts`: it may hang.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        skipped: Skipped,
        limits: TreeLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        trusts: bool = True,
    ) -> None:
        self._foreign = frozenset(_foreign_mounts())
        self.roots = tuple(_without_inner(roots))
        self.skipped = skipped
        if not trusts:
            for root in self._foreign.intersection(map(str, self.roots)):
                skipped.add(SkipReason.FILESYSTEM, root)
            self.roots = tuple(root for root in self.roots if str(root) not in self._foreign)
        self._limits = limits or TreeLimits()
        self._clock = clock
        self._deadline = clock() + self._limits.seconds
        self._names = self._files = self._bytes = 0
        self._seen: set[tuple[int, int]] = set()

    def files(self, is_wanted: Callable[[str], bool]) -> Iterator[Path]:
        """Yield the regular files with a wanted path, those of the upper folders first."""
        folders = deque(_Folder(root, ()) for root in self.roots)
        while folders:
            folder = folders.popleft()
            if self._is_over():
                self.skipped.add(SkipReason.LIMIT, folder.path, len(folders) + 1)
                return
            inner = []
            # Paths are texts here: a Path for each of 200,000 names takes seconds.
            above = f"{str(folder.path).rstrip('/')}/"
            for entry in self._entries(folder):
                place = above + entry.name
                if entry.is_symlink():
                    self.skipped.add(SkipReason.LINK, place)
                elif entry.is_dir(follow_symlinks=False):
                    inner.append(entry.name)
                elif not entry.is_file(follow_symlinks=False):
                    self.skipped.add(SkipReason.SPECIAL, place)
                elif is_wanted(place):
                    yield Path(place)
            folders.extend(self._enterable(folder, inner))

    def _is_over(self) -> bool:
        limits = self._limits
        return (
            self._names >= limits.names
            or self._files >= limits.files
            or self._bytes >= limits.bytes
            or self._clock() > self._deadline
        )

    def _entries(self, folder: _Folder) -> list[os.DirEntry[str]]:
        """Return the entries of a folder by name; none if it is unreadable or far too full."""
        left = self._limits.names - self._names
        most = min(self._limits.names_in_folder, left)
        found: list[os.DirEntry[str]] = []
        try:
            with self._opened(folder.root, folder.parts) as descriptor:
                with os.scandir(descriptor) as entries:
                    for entry in entries:
                        found.append(entry)
                        if len(found) > most:
                            is_full = most < left
                            reason = SkipReason.FULL_FOLDER if is_full else SkipReason.LIMIT
                            self.skipped.add(reason, folder.path)
                            return []
                # Some filesystems keep no types in the folder: ask while it is open.
                found = [entry for entry in found if _has_type(entry)]
        except FileNotFoundError:
            return []
        except NotADirectoryError:
            self.skipped.add(SkipReason.LINK, folder.path)
            return []
        except OSError:
            self.skipped.add(SkipReason.UNREADABLE, folder.path)
            return []
        self._names += len(found)
        return sorted(found, key=lambda entry: entry.name)

    def _enterable(self, folder: _Folder, names: list[str]) -> Iterator[_Folder]:
        for name in names:
            path = folder.path / name
            if name in _NO_SETTINGS or str(path).endswith(_IMAGES):
                self.skipped.add(SkipReason.NO_SETTINGS, path)
            elif str(path) in self._foreign:
                self.skipped.add(SkipReason.FILESYSTEM, path)
            elif len(folder.parts) >= self._limits.depth:
                self.skipped.add(SkipReason.TOO_DEEP, path)
            else:
                yield _Folder(folder.root, (*folder.parts, name))

    def read(self, path: Path) -> TreeFile | None:
        """Return a file once; None if it was read before, is too large, or is no text."""
        return self._read(path, is_again=False)

    def read_named(self, name: str, by: TreeFile) -> TreeFile | None:
        """Return a file that another one names, by its path or from that one's folder.

        Whoever can write the naming file must not have another user's file read: its content
        decides which server gets the password.
        """
        path = Path(os.path.normpath(by.path.parent / name))
        if not any(path.is_relative_to(root) for root in self.roots):
            if os.path.lexists(path):
                self.skipped.add(SkipReason.OUTSIDE, path)
            return None
        found = self._read(path, is_again=True)
        if found is None or found.owner == by.owner:
            return found
        if by.owner not in (0, os.geteuid()) or by.is_shared:
            self.skipped.add(SkipReason.DISTRUSTED, path)
            return None
        return found

    def _read(self, path: Path, *, is_again: bool) -> TreeFile | None:
        if self._is_over():
            self.skipped.add(SkipReason.LIMIT, path)
            return None
        root = next(root for root in self.roots if path.is_relative_to(root))
        *folders, name = path.relative_to(root).parts
        try:
            with self._opened(root, folders) as folder:
                mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
                if not stat.S_ISREG(mode):
                    is_link = stat.S_ISLNK(mode)
                    self.skipped.add(SkipReason.LINK if is_link else SkipReason.SPECIAL, path)
                    return None
                with _descriptor(name, folder) as file:
                    return self._content(path, file, is_again=is_again)
        except (FileNotFoundError, ValueError):  # a NUL in a name is a ValueError
            return None
        except NotADirectoryError:
            self.skipped.add(SkipReason.LINK, path)
        except OSError:
            self.skipped.add(SkipReason.UNREADABLE, path)
        return None

    def _content(self, path: Path, file: int, *, is_again: bool) -> TreeFile | None:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):  # replaced since it was looked at
            self.skipped.add(SkipReason.SPECIAL, path)
            return None
        identity = (status.st_dev, status.st_ino)
        if not is_again:
            if identity in self._seen:
                return None
            self._seen.add(identity)
        if status.st_size > LARGEST:
            self.skipped.add(SkipReason.TOO_LARGE, path)
            return None
        self._files += 1
        with open(file, "rb", closefd=False) as stream:
            data = stream.read(LARGEST)
        self._bytes += len(data)
        try:
            content = data.decode("utf-8")
        except UnicodeDecodeError:
            self.skipped.add(SkipReason.NO_TEXT, path)
            return None
        is_shared = bool(status.st_mode & _OTHER_WRITERS)
        return TreeFile(path, content, status.st_uid, is_shared)

    @contextmanager
    def _opened(self, root: Path, parts: Sequence[str]) -> Iterator[int]:
        """Open a folder below a root without following links, one folder after the other."""
        # The root itself may be a link: the caller names it.
        descriptor = os.open(root, _FOLDER & ~os.O_NOFOLLOW)
        try:
            for part in parts:
                inner = os.open(part, _FOLDER, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)


def _has_type(entry: os.DirEntry[str]) -> bool:
    """Whether an entry still exists; its type is known afterwards."""
    try:
        entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
    return True


@contextmanager
def _descriptor(name: str, folder: int) -> Iterator[int]:
    descriptor = os.open(name, _FILE, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _without_inner(roots: Sequence[Path]) -> Iterator[Path]:
    """Yield the roots that are in no other one."""
    found = list(dict.fromkeys(Path(os.path.normpath(absolute(root))) for root in roots))
    for root in found:
        if not any(root != other and root.is_relative_to(other) for other in found):
            yield root


def _foreign_mounts() -> Iterator[str]:
    """Yield where filesystems are mounted that are not entered."""
    with suppress(OSError):
        for line in MOUNTS.read_text("utf-8", "surrogateescape").splitlines():
            first, _, second = line.partition(" - ")
            kind = second.partition(" ")[0]
            if kind in _OTHER_FILESYSTEMS or kind.startswith("fuse"):
                # The kernel writes a blank as \040.
                place = first.split(" ")[4]
                yield re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), place)
