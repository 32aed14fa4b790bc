"""Describe drift in sentences, without passwords."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from smtp_tui.config.errors import one_line
from smtp_tui.safe_text import abridged
from smtp_tui.survey.compare import DifferingField
from smtp_tui.survey.drift import DriftFinding, DriftId, DriftReport
from smtp_tui.survey.holders import HolderKind, SettingsHolder

_LONGEST = 80  # characters of a value or a name
_MOST_PIDS = 3


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("drift.toml").read_text(encoding="utf-8"))


def holder_name(holder: SettingsHolder) -> str:
    """Return what runs: `container web (podman)`, `web.service`, `process 4711 (puma)`."""
    name = one_line(holder.name, _LONGEST)
    if holder.kind is HolderKind.PROCESS:
        rest = len(holder.pids) - 1
        others = f" and {rest} of its children" if rest > 0 else ""
        return f"process {name} ({one_line(holder.command, _LONGEST)}){others}"
    if holder.kind is HolderKind.CONTAINER:
        engine = f" ({holder.container.engine})" if holder.container else ""
        name = f"container {name}{engine}"
    if len(holder.pids) == holder.total:
        return name
    numbers = abridged([*map(str, holder.pids)], _MOST_PIDS)
    count = len(holder.pids)
    return f"{count} of {holder.total} processes of {name} ({numbers})"


def field_text(differing: DifferingField) -> str:
    """Return one line on a setting that differs."""
    if differing.is_secret:
        return f"{differing.key}: differs"
    here, there = (_value(value) for value in (differing.here, differing.there))
    return f"{differing.key}: {there}; in the file {here}"


def finding_lines(finding: DriftFinding, file: str) -> Iterator[str]:
    """Yield a finding's headline, its settings, the reason and what to do."""
    names = _names(finding, file)
    yield _capital(_texts()["headline"][finding.id].format_map(names))
    for differing in finding.fields:
        yield f"  {field_text(differing)}"
    yield f"  Why: {'; '.join(_reasons(finding, names))}."
    if cure := cure_text(finding, file):
        is_command = bool(finding.command) and cure.startswith(finding.command)
        yield f"  To do: {cure if is_command else _capital(cure)}"


def short_text(finding: DriftFinding, file: str) -> str:
    """Return a finding in one line, with one setting and the command."""
    names = _names(finding, file)
    sentence = _capital(_texts()["short"][finding.id].format_map(names))
    more = len(finding.fields) - 1
    if more > 0:
        sentence = f"{sentence[:-1]} ({more} more)."
    cure = cure_text(finding, file)
    if finding.command and cure.startswith(finding.command):
        return f"{sentence[:-1]}: {cure}"
    return f"{sentence} {_capital(cure)}." if cure else sentence


def cure_text(finding: DriftFinding, file: str) -> str:
    """Return the exact command, or what to do where no command is known; "" if nothing helps."""
    names, cures = _names(finding, file), _texts()["cure"]
    if finding.id is DriftId.SET_ELSEWHERE:
        return cures["later-file"].format_map(names) if finding.files else ""
    if not finding.is_drift or finding.id is DriftId.OVERRIDES:
        return ""
    cure = one_line(finding.command)
    if not cure:
        is_container = finding.holder.kind is HolderKind.CONTAINER
        cure = cures["recreate" if is_container else "restart"].format_map(names)
    if finding.id is DriftId.STARTED_BEFORE and not finding.related.gives_variables:
        return cures["may-reload"].format_map({**names, "command": cure})
    if not finding.related.is_certain:
        return cures["if-from-file"].format_map({**names, "cure": cure})
    return cure


def summary_lines(report: DriftReport, file: str) -> Iterator[str]:
    """Yield how many hold the file's values, and how much could not be read."""
    running = report.running
    for holders, verbs, rest in (
        (report.equal, ("has", "have"), f"the values of {file}"),
        (report.newer, ("was", "were"), f"started after {file} was changed"),
    ):
        if holders:
            names = abridged([holder_name(holder) for holder in holders], _MOST_PIDS)
            yield _capital(f"{names} {verbs[len(holders) > 1]} {rest}.")
    if not (report.findings or report.equal or report.newer):
        yield f"Nothing that runs is known to use {file}."
    read = f"smtp-tui read {_count(running.read, 'process', 'processes')}"
    if running.unreadable:
        read += f"; it may not read {running.unreadable} more"
    if running.left_out:
        read += f"; it left out {running.left_out}, to end in time"
    yield f"{read}."
    for problem in running.problems:
        yield f"Incomplete: {one_line(problem)}."


def _reasons(finding: DriftFinding, names: dict[str, str]) -> Iterator[str]:
    yield _texts()["relation"][finding.related].format_map(names)
    if finding.id is DriftId.SET_ELSEWHERE and finding.files:
        yield _texts()["why"]["drift-other-file"].format_map(names)
    elif reason := _texts()["why"].get(finding.id):
        yield reason.format_map(names)


def _names(finding: DriftFinding, file: str) -> dict[str, str]:
    fields: Iterable[DifferingField] = finding.fields
    field = next((_in_words(differing) for differing in fields), "other values")
    return {
        "holder": holder_name(finding.holder),
        "file": file,
        "program": finding.group.application or "a program",
        "files": ", ".join(one_line(path, _LONGEST) for path in finding.files[:_MOST_PIDS]),
        "field": field,
    }


def _in_words(differing: DifferingField) -> str:
    if differing.is_secret:
        return "another password"
    if differing.there is None:
        return f"no {differing.key}"
    return f"{differing.key} {_value(differing.there)}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "not set" if value is None else one_line(value, _LONGEST)


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _capital(text: str) -> str:
    # The name of a service is left as it is.
    first = text.partition(" ")[0]
    return text if "." in first else f"{text[:1].upper()}{text[1:]}"
