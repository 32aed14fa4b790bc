"""Find the processes, containers and services that hold mail settings, within limits."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from smtp_tui.places.containers import ENGINES, Container, running_containers
from smtp_tui.places.errors import PlaceError
from smtp_tui.places.process import ProcessHandle
from smtp_tui.places.programs import ProgramError, ProgramMissing, run_program
from smtp_tui.places.units import RunningUnit, running_units
from smtp_tui.records import record
from smtp_tui.survey.holders import SettingsHolder, group_holders
from smtp_tui.survey.processes import SurveyLimits, survey_processes

Run = Callable[[Sequence[str]], str]
# Seconds for a program when the time is up; a shorter wait would never get an answer.
_LEAST_WAIT = 0.2


@record(kw_only=True)
class Running:
    """What holds mail settings here, and how much could not be read.

    `problems` are sentences on programs that did not answer; `seconds` is the time it took.
    """

    holders: tuple[SettingsHolder, ...]
    read: int = 0
    unreadable: int = 0
    left_out: int = 0
    problems: tuple[str, ...] = ()
    seconds: float = 0.0


def find_running(
    names: Collection[str] = (), limits: SurveyLimits | None = None, run: Run | None = None
) -> Running:
    """Read all processes, and ask systemd and the engines of containers.

    `names` are the absolute paths of the file that is looked for. `run` returns a program's output.
    """
    began = time.monotonic()
    limits = limits or SurveyLimits()
    deadline = began + limits.seconds

    def run_in_time(argv: Sequence[str]) -> str:
        return run_program(argv, max(deadline - time.monotonic(), _LEAST_WAIT))

    search = _ProcessSearch(frozenset(names), run or run_in_time)
    units = search.units()
    main_processes = [unit.main_pid for unit in units.values() if search.concerns(unit)]
    survey = survey_processes(names, limits, main_processes)
    containers = search.containers(survey.containers)
    holders = group_holders(survey.processes, containers, units)
    return Running(
        holders=tuple(search.marked(holder) for holder in holders),
        read=survey.read,
        unreadable=survey.unreadable,
        left_out=survey.left_out,
        problems=(*filter(None, [survey.problem]), *search.problems(survey.has_units)),
        seconds=time.monotonic() - began,
    )


class _ProcessSearch:
    """Asks systemd and the engines of containers about the file that is looked for."""

    def __init__(self, names: frozenset[str], run: Run) -> None:
        self._names, self._run = names, run
        self._of_systemd: list[str] = []
        self._of_engines: list[str] = []

    def problems(self, has_units: bool) -> tuple[str, ...]:
        """Return what failed; systemctl may be installed where systemd does not run."""
        return (*(self._of_systemd if has_units else ()), *self._of_engines)

    def units(self) -> dict[tuple[str, int | None], RunningUnit]:
        """Return the services that run, by name and user."""
        found: dict[tuple[str, int | None], RunningUnit] = {}
        # Root has no systemd of its own on most machines, and asking takes time.
        for user in (None, os.geteuid()) if os.geteuid() else (None,):
            try:
                units = running_units(self._run, of_user=user is not None)
            except ProgramMissing:
                break
            except ProgramError as error:
                if user is None:
                    self._of_systemd.append(str(error))
                continue
            found |= {(unit.name, user): unit for unit in units}
        return found

    def concerns(self, unit: RunningUnit) -> bool:
        """Whether a service gets its variables from the file."""
        return any(os.path.realpath(path) in self._names for path in unit.environment_files)

    def containers(self, ids: frozenset[str]) -> list[Container]:
        """Ask the engines for the containers of these IDs."""
        found: list[Container] = []
        missing = set(ids)
        for engine in ENGINES:
            if not missing:
                break
            try:
                found += running_containers(engine, self._run)
            except ProgramMissing:
                continue
            except ProgramError as error:
                self._of_engines.append(str(error))
            missing -= {container.id for container in found}
        return found

    def marked(self, holder: SettingsHolder) -> SettingsHolder:
        """Return a holder with a note on whether it still sees the file that was replaced."""
        container = holder.container
        inside = [
            path
            for path, source in (container.mounts if container else {}).items()
            if os.path.realpath(source) in self._names
        ]
        if container is None or not inside:
            return holder
        with suppress(PlaceError), ProcessHandle(container.pid) as process:
            return replace(holder, sees_old_mount=_is_old(process.read("mountinfo"), inside))
        return holder


def _is_old(mounts: bytes, inside: Collection[str]) -> bool:
    """Whether a file that is mounted at one of these paths has been removed or replaced."""
    for line in mounts.decode("utf-8", "surrogateescape").splitlines():
        # Numbers of the mount, its parent and device; the path in its file system; where it is.
        parts = line.split(" ", 5)
        if len(parts) > 5 and parts[3].endswith("//deleted") and _unescaped(parts[4]) in inside:
            return True
    return False


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)
