"""Compare a file with what runs, and say in sentences what was found."""

from __future__ import annotations

from pathlib import Path

from smtp_tui.config.errors import one_line
from smtp_tui.records import record
from smtp_tui.survey.belonging import Relation
from smtp_tui.survey.drift import DriftId, drift_of
from smtp_tui.survey.drift_text import finding_lines, short_text, summary_lines
from smtp_tui.survey.processes import SurveyLimits

_SAME = (Relation.SAME_LOGIN, Relation.SAME_SERVER)


@record
class DriftNotice:
    """What was found, as sentences without passwords.

    `short` has a line for each thing that has other values, or may; `findings` has the lines of
    each, and of what was only seen. `summary` says how much was read. `seen` is how many have the
    file's login and other values, without being known to use the file.
    """

    short: tuple[str, ...] = ()
    findings: tuple[tuple[str, ...], ...] = ()
    summary: tuple[str, ...] = ()
    seen: int = 0


def find_notice(path: Path, dialect: str | None, seconds: float) -> DriftNotice:
    """Compare a file with what runs; DocumentError if the file cannot be read."""
    report = drift_of(path, dialect=dialect, limits=SurveyLimits(seconds=seconds))
    name = one_line(path.name)
    return DriftNotice(
        tuple(short_text(found, name) for found in report.findings if found.is_drift),
        tuple(tuple(finding_lines(found, name)) for found in report.findings),
        tuple(summary_lines(report, name)),
        sum(found.id is DriftId.SEEN and found.related in _SAME for found in report.findings),
    )
