"""Read a process through one handle on its folder in /proc."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from smtp_tui.config.errors import reason
from smtp_tui.places.errors import PlaceError
from smtp_tui.records import record

PROC = Path("/proc")
# The kernel allows an environment of a quarter of the stack's limit, but at most 6 MB.
MOST_BYTES = 8 << 20
NAMESPACES = ("user", "mnt", "uts", "net")
# Filesystems whose files say something about the reader, or change when they are read.
_LIVE = frozenset(
    ("proc", "sysfs", "cgroup", "cgroup2", "debugfs", "tracefs", "devtmpfs", "autofs", "fusectl")
)


@record(kw_only=True)
class ProcessStatus:
    """A process's user and groups as this machine numbers them, and when it began.

    `started` is in seconds since the epoch; `command` is its short name.
    """

    command: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    started: float


class ProcessHandle:
    """An open /proc/PID: if the process ends, reading fails, even if its number is used again."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._folder = os.open(PROC / str(pid), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise self._error(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the handle."""
        with suppress(OSError):
            os.close(self._folder)

    def fileno(self) -> int:
        """Return the descriptor of the folder, for a child to inherit."""
        return self._folder

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """Open a file of the folder; PlaceError if that fails."""
        try:
            return os.open(name, flags | os.O_CLOEXEC, dir_fd=self._folder)
        except OSError as error:
            raise self._error(error) from None

    def read(self, name: str, most: int = MOST_BYTES) -> bytes:
        """Return at most `most` bytes of a file of the folder; PlaceError if it is unreadable."""
        try:
            with os.fdopen(self.open(name), "rb") as file:
                return file.read(most)
        except OSError as error:
            raise self._error(error) from None

    def link(self, name: str) -> str:
        """Return the target of a link of the folder; PlaceError if it is unreadable."""
        try:
            return os.readlink(name, dir_fd=self._folder)
        except OSError as error:
            raise self._error(error) from None

    @property
    def status(self) -> ProcessStatus:
        """Read the status; every user may."""
        fields = dict(_fields(self.read("status")))
        # The command's name may contain blanks and brackets.
        after_name = self.read("stat").rpartition(b")")[2].split()
        ticks = int(after_name[19])
        return ProcessStatus(
            command=fields.get("Name", ""),
            uid=int(fields["Uid"].split()[1]),
            gid=int(fields["Gid"].split()[1]),
            groups=tuple(map(int, fields.get("Groups", "").split())),
            started=_boot_time() + ticks / os.sysconf("SC_CLK_TCK"),
        )

    @property
    def command_line(self) -> tuple[str, ...]:
        """The arguments; empty for a kernel thread and a zombie."""
        words = self.read("cmdline", 1 << 16).split(b"\0")
        return tuple(word.decode("utf-8", "surrogateescape") for word in words if word)

    @property
    def executable(self) -> str:
        """The path of its program, as it sees it."""
        return self.link("exe").removesuffix(" (deleted)")

    def shares(self, namespace: str) -> bool:
        """Whether the process is in this program's namespace of a kind."""
        return self.link(f"ns/{namespace}") == str((PROC / "self" / "ns" / namespace).readlink())

    def live_devices(self) -> frozenset[tuple[int, int]]:
        """Return major and minor number of mounts whose files must not be read as settings."""
        found = set()
        for line in self.read("mountinfo").splitlines():
            before, _, after = line.partition(b" - ")
            if after.split(b" ", 1)[0].decode() in _LIVE:
                major, _, minor = before.split()[2].partition(b":")
                found.add((int(major), int(minor)))
        return frozenset(found)

    def _error(self, error: OSError) -> PlaceError:
        if error.errno in (errno.ESRCH, errno.ENOENT) and not self._is_alive():
            return PlaceError(f"process {self.pid} does not exist")
        if error.errno in (errno.EACCES, errno.EPERM):
            return PlaceError(f"smtp-tui may not read process {self.pid}")
        return PlaceError(f"process {self.pid} cannot be read: {reason(error)}")

    def _is_alive(self) -> bool:
        return (PROC / str(self.pid) / "status").exists()


def _fields(status: bytes) -> Iterator[tuple[str, str]]:
    for line in status.decode("utf-8", "surrogateescape").splitlines():
        name, _, text = line.partition(":")
        yield name, text.strip()


def _boot_time() -> float:
    for line in (PROC / "stat").read_bytes().splitlines():
        if line.startswith(b"btime "):
            return float(line.split()[1])
    return 0.0


@record
class ProcessEnvironment:
    """The variables that a process was started with.

    `repeated` are names set more than once, of which the first counts, as for `getenv`. `invalid`
    is the number of entries without `=`: a program may write its title over them.
    """

    variables: Mapping[str, str]
    repeated: tuple[str, ...] = ()
    invalid: int = 0

    def __repr__(self) -> str:
        return f"ProcessEnvironment({len(self.variables)} variables)"


def parse_environment(data: bytes) -> ProcessEnvironment:
    """Parse the content of /proc/PID/environ."""
    variables: dict[str, str] = {}
    repeated, invalid = [], 0
    for entry in data.split(b"\0"):
        name, sign, value = entry.decode("utf-8", "surrogateescape").partition("=")
        if not sign or not name:
            invalid += bool(entry)
        elif name in variables:
            repeated.append(name)
        else:
            variables[name] = value
    return ProcessEnvironment(variables, tuple(dict.fromkeys(repeated)), invalid)
