"""Read a process through one handle on its folder in /proc."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from smtp_tui.config.errors import reason
from smtp_tui.places.errors import NotPermitted, PlaceError
from smtp_tui.records import record

PROC = Path("/proc")
# The kernel allows an environment of a quarter of the stack's limit, but at most 6 MB.
MOST_BYTES = 8 << 20
# <linux/sched.h>: a thread of the kernel, which has neither variables nor files.
_PF_KTHREAD = 0x200000


@record(kw_only=True)
class ProcessStatus:
    """A process's user and groups as this machine numbers them, and when it began.

    `started` is in seconds since the epoch; `command` is its short name, and `capabilities` is a
    bit mask. If it `is_over`, it has ended, or is part of the kernel: no variables, no files.
    """

    command: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    started: float
    is_over: bool = False
    parent: int = 0
    capabilities: int = 0


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
            is_over=after_name[0] in (b"Z", b"X") or bool(int(after_name[6]) & _PF_KTHREAD),
            parent=int(after_name[1]),
            capabilities=int(fields.get("CapEff", "0"), 16),
        )

    @property
    def command_line(self) -> tuple[str, ...]:
        """The arguments; empty for a kernel thread and a zombie."""
        words = self.read("cmdline", 1 << 16).split(b"\0")
        return tuple(word.decode("utf-8", "surrogateescape") for word in words if word)

    @property
    def children(self) -> tuple[int, ...]:
        """The processes that its first thread started and that still run; none if unknown."""
        try:
            return tuple(map(int, self.read(f"task/{self.pid}/children", 1 << 16).split()))
        except PlaceError:
            return ()

    @property
    def executable(self) -> str:
        """The path of its program, as it sees it."""
        return self.inside(self.link("exe").removesuffix(" (deleted)"))

    @property
    def owner(self) -> int | None:
        """The user whose user namespace it is in, as in a container without root; None if none."""
        with suppress(PlaceError):
            # The first line says which of our users is root inside; a map of root has more users.
            first = self.read("uid_map").splitlines()[:1]
            inside, outside, count = map(int, first[0].split()) if first else (1, 0, 0)
            if (inside, count) == (0, 1):
                return outside
        return None

    @property
    def folder(self) -> str:
        """The path of its working folder, as it sees it."""
        return self.inside(self.link("cwd"))

    def shares(self, namespace: str) -> bool:
        """Whether the process is in this program's namespace of a kind."""
        return self.link(f"ns/{namespace}") == str((PROC / "self" / "ns" / namespace).readlink())

    def inside(self, path: str) -> str:
        """Return a path of /proc as the process sees it: its root may be a folder of ours."""
        root = self.link("root").rstrip("/")
        return path.removeprefix(root) if path.startswith(f"{root}/") else path

    def _error(self, error: OSError) -> PlaceError:
        if error.errno in (errno.ESRCH, errno.ENOENT) and not self._is_alive():
            hidden = "" if os.geteuid() == 0 else ", or /proc hides it from this user"
            return PlaceError(f"process {self.pid} does not exist{hidden}")
        if error.errno in (errno.EACCES, errno.EPERM):
            return NotPermitted(f"smtp-tui may not read process {self.pid}")
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
