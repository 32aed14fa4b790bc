"""Find the processes, containers and services that hold mail settings, within limits."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence

from smtp_tui.places.containers import ENGINES, Container, running_containers
from smtp_tui.places.programs import ProgramError, ProgramMissing, run_program
from smtp_tui.places.units import RunningUnit, running_units
from smtp_tui.records import record
from smtp_tui.survey.holders import SettingsHolder, group_holders
from smtp_tui.survey.processes import ProcessSurvey, SurveyLimits, survey_processes

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

    survey = survey_processes(names, limits)
    problems: list[str] = []
    units = _units(survey, run or run_in_time, problems)
    containers = _containers(survey, run or run_in_time, problems)
    return Running(
        holders=group_holders(survey.processes, containers, units),
        read=survey.read,
        unreadable=survey.unreadable,
        left_out=survey.left_out,
        problems=tuple(problems),
        seconds=time.monotonic() - began,
    )


def _containers(survey: ProcessSurvey, run: Run, problems: list[str]) -> list[Container]:
    """Ask the engines, but none if no process runs in a container."""
    found: list[Container] = []
    missing = set(survey.containers)
    for engine in ENGINES:
        if not missing:
            break
        try:
            found += running_containers(engine, run)
        except ProgramMissing:
            continue
        except ProgramError as error:
            problems.append(str(error))
        missing -= {container.id for container in found}
    return found


def _units(
    survey: ProcessSurvey, run: Run, problems: list[str]
) -> dict[tuple[str, int | None], RunningUnit]:
    found: dict[tuple[str, int | None], RunningUnit] = {}
    for user in (None, os.geteuid()) if survey.has_own_manager else (None,):
        try:
            units = running_units(run, of_user=user is not None)
        except ProgramMissing:
            break
        except ProgramError as error:
            # Without systemd, systemctl may be installed all the same.
            if survey.has_units:
                problems.append(str(error))
            continue
        found |= {(unit.name, user): unit for unit in units}
    return found
