"""Read the mail variables of all processes that this user may read, within limits."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from enum import StrEnum
from functools import cache
from pathlib import Path

from smtp_tui.config.errors import reason
from smtp_tui.interchange.spec import formats
from smtp_tui.places.cgroup import ControlGroup, control_group_of
from smtp_tui.places.errors import PlaceError
from smtp_tui.places.process import (
    MOST_BYTES,
    PROC,
    ProcessHandle,
    ProcessStatus,
    parse_environment,
)
from smtp_tui.records import record

# Variables of many programs begin so; formats.toml names the others.
_PREFIXES = ("SMTP_", "MAIL", "EMAIL_")
# These name what a shell runs or where it is, and our own file.
_NOT_A_USE = frozenset(("_", "PWD", "OLDPWD", "SMTP_TUI_CONFIG"))
# Open files of a process, and of all: a server may have a million.
_MOST_OPEN_FILES = 256
_MOST_LINKS = 20_000
# Characters of a variable; no setting is longer, and a process may have 6 MB of them.
_LONGEST_VALUE = 64 * 1024
_MOST_VARIABLES = 1_000


@record(kw_only=True)
class SurveyLimits:
    """Bounds for reading all processes: their number, bytes of variables, and seconds."""

    processes: int = 20_000
    bytes: int = 64 << 20
    seconds: float = 5.0


class FileUse(StrEnum):
    """How a process is seen to use a file."""

    ARGUMENT = "argument"
    VARIABLE = "variable"
    OPEN = "open"
    OPEN_OLD = "open-old"
    IN_ITS_FOLDER = "folder"


@record(kw_only=True)
class RunningProcess:
    """A process with mail variables, or one that uses the file that is looked for.

    `variables` are None if they may not be read. `is_damaged`: the process has written over them,
    as programs do that show a title.
    """

    pid: int
    status: ProcessStatus
    group: ControlGroup = ControlGroup()
    variables: Mapping[str, str] | None = field(default=None, repr=False)
    is_damaged: bool = False
    uses: frozenset[FileUse] = frozenset()


@record(kw_only=True)
class ProcessSurvey:
    """The processes of interest, and how many in all were read, unreadable or left out.

    `containers` are the IDs of all containers that processes run in. `has_units`: a service of
    systemd runs. `problem` is why no process can be read.
    """

    processes: tuple[RunningProcess, ...] = ()
    containers: frozenset[str] = frozenset()
    has_units: bool = False
    read: int = 0
    unreadable: int = 0
    left_out: int = 0
    problem: str = ""


def survey_processes(
    names: Collection[str] = (),
    limits: SurveyLimits | None = None,
    wanted: Collection[int] = (),
) -> ProcessSurvey:
    """Read all processes but this program and those that it was started from.

    `names` are the absolute paths of the file that is looked for. The `wanted` processes are of
    interest even without mail variables.
    """
    return _Survey(frozenset(names), limits or SurveyLimits(), frozenset(wanted)).run()


class _Survey:
    def __init__(self, names: frozenset[str], limits: SurveyLimits, wanted: frozenset[int]) -> None:
        self._names, self._limits, self._wanted = names, limits, wanted
        self._bytes_left, self._links_left = limits.bytes, _MOST_LINKS
        self._found: list[RunningProcess] = []
        self._groups: set[ControlGroup] = set()
        self._read = self._unreadable = 0

    def run(self) -> ProcessSurvey:
        deadline = time.monotonic() + self._limits.seconds
        own = set(_ancestors())
        try:
            pids = [int(name) for name in _names_in(PROC) if name.isascii() and name.isdigit()]
        except OSError as error:  # no Linux
            return ProcessSurvey(problem=f"{PROC} cannot be read: {reason(error)}")
        pids = [pid for pid in pids if pid not in own]
        done = 0
        for pid in pids[: self._limits.processes]:
            if time.monotonic() > deadline or self._bytes_left <= 0:
                break
            # A process that ends while it is read is of no interest.
            with suppress(PlaceError), ProcessHandle(pid) as process:
                self._add(process)
            done += 1
        return ProcessSurvey(
            processes=tuple(self._found),
            containers=frozenset(group.container for group in self._groups) - {""},
            has_units=any(group.unit for group in self._groups),
            read=self._read,
            unreadable=self._unreadable,
            left_out=len(pids) - done,
        )

    def _add(self, process: ProcessHandle) -> None:
        words = process.command_line
        if not words:  # a kernel thread, or a process that has ended
            return
        variables, is_damaged, names_file = self._variables(process)
        uses = frozenset(self._uses(process, words)) if self._names else frozenset()
        if names_file:
            uses |= {FileUse.VARIABLE}
        group = control_group_of(process)
        self._groups.add(group)
        if variables is None:
            self._unreadable += 1
        else:
            self._read += 1
        is_hidden = variables is None and group != ControlGroup()
        if variables or uses or is_hidden or process.pid in self._wanted:
            self._found.append(
                RunningProcess(
                    pid=process.pid,
                    status=process.status,
                    group=group,
                    variables=variables,
                    is_damaged=is_damaged,
                    uses=uses,
                )
            )

    def _variables(self, process: ProcessHandle) -> tuple[dict[str, str] | None, bool, bool]:
        """Return the mail variables, whether some were written over, and if one names the file."""
        try:
            data = process.read("environ", min(MOST_BYTES, self._bytes_left))
        except PlaceError:
            process.read("stat")  # PlaceError if the process has ended
            return None, False, False
        self._bytes_left -= len(data)
        environment = parse_environment(data)
        found = {
            name: value
            for name, value in environment.variables.items()
            if is_mail_variable(name) and len(value) <= _LONGEST_VALUE
        }
        names_file = any(
            value in self._names and name not in _NOT_A_USE
            for name, value in environment.variables.items()
        )
        mail_variables = dict([*found.items()][:_MOST_VARIABLES])
        return mail_variables, environment.invalid > 0, names_file

    def _uses(self, process: ProcessHandle, words: Collection[str]) -> Iterator[FileUse]:
        folder = ""
        with suppress(PlaceError):
            folder = process.link("cwd")
        last_parts = tuple({name.rpartition("/")[2] for name in self._names})
        for word in words:
            if not word.endswith(last_parts):
                continue
            # `--config=PATH`, `PATH`, or a path in the folder of the process.
            paths = (word, word.partition("=")[2]) if "=" in word else (word,)
            if any(os.path.normpath(Path(folder, path)) in self._names for path in paths):
                yield FileUse.ARGUMENT
        if folder and any(name.rpartition("/")[0] == folder for name in self._names):
            yield FileUse.IN_ITS_FOLDER
        for target in self._open_files(process):
            if target in self._names:
                yield FileUse.OPEN
            elif target.removesuffix(" (deleted)") in self._names:
                yield FileUse.OPEN_OLD

    def _open_files(self, process: ProcessHandle) -> Iterator[str]:
        try:
            folder = process.open("fd", os.O_RDONLY | os.O_DIRECTORY)
        except PlaceError:
            return
        try:
            with os.scandir(folder) as entries:
                most = min(_MOST_OPEN_FILES, self._links_left)
                for entry, _ in zip(entries, range(most), strict=False):
                    self._links_left -= 1
                    with suppress(OSError):
                        yield os.readlink(entry.name, dir_fd=folder)
        except OSError:
            return
        finally:
            os.close(folder)


def _names_in(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        yield from (entry.name for entry in entries)


def _ancestors() -> Iterator[int]:
    """Yield this process and those above it: the shell holds what the admin has tried."""
    pid = os.getpid()
    for _ in range(64):
        yield pid
        try:
            with ProcessHandle(pid) as process:
                pid = process.status.parent
        except PlaceError:
            return
        if pid <= 1:
            return


def is_mail_variable(name: str) -> bool:
    """Whether a program that smtp-tui knows may read its mail settings from this variable."""
    prefixes, names = _known_variables()
    return name.startswith(prefixes) or name in names


@cache
def _known_variables() -> tuple[tuple[str, ...], frozenset[str]]:
    known = [*formats().values()]
    names: set[str] = set()
    for form in known:
        names |= form.own | form.shares | form.hosts | form.beside | {form.carrier}
        names |= {name for name in form.write if re.fullmatch(r"[A-Z][A-Z0-9_]*", name)}
    prefixes = {prefix for form in known for prefix in getattr(form, "prefixes", ())}
    return (*_PREFIXES, *sorted(prefixes)), frozenset(name for name in names if "=" not in name)
