"""Outcomes as a Monitoring Plugin tells them: a line, performance data, and more lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from smtp_tui.checks.many import Outcome, Summary
from smtp_tui.checks.monitoring.states import (
    MATTERS,
    WORST_FIRST,
    State,
    Thresholds,
    host_of,
    leaf_of,
    limit_of,
    state_of,
)
from smtp_tui.config.wording import one_line
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.escaping import visible

SERVICE = "SMTP"
_LONGEST = 300
"""Signs of a sentence; some agents pass no more than 1 KiB on."""

# A bar begins the performance data; the angles would be markup on old web pages.
_OTHERS = str.maketrans({"|": "/", "<": "(", ">": ")"})
_UNQUOTABLE = str.maketrans({"'": "_", "=": "_", "|": "/"})

Lines = Callable[[Verdict], Iterable[str]]


def state_of_all(summary: Summary, thresholds: Thresholds) -> State:
    """Return the worst state of all outcomes."""
    states = {state_of(one.verdict, thresholds) for one in summary.outcomes}
    return next((state for state in WORST_FIRST if state in states), State.OK)


def nagios_lines(summary: Summary, thresholds: Thresholds, told: Lines) -> Iterator[str]:
    """Yield the lines of a plugin; `told` gives the lines of a verdict for those after the first.

    All performance data stands on the first line: what follows it, not every program reads.
    """
    if len(summary.outcomes) == 1:
        (one,) = summary.outcomes
        first = f"{SERVICE} {state_of(one.verdict, thresholds).name} - {_sentence(one, thresholds)}"
        yield f"{first} | {' '.join(_data(one, thresholds))}"
        for line in list(told(one.verdict))[1:]:
            yield plain(line)
        return
    yield f"{_overview(summary, thresholds)} | {' '.join(_all_data(summary, thresholds))}"
    for one in summary.outcomes:
        yield f"{state_of(one.verdict, thresholds).name}: {_sentence(one, thresholds)}"


def trouble_line(reason: str) -> str:
    """Return the line of a call that came to no check."""
    return f"{SERVICE} {State.UNKNOWN.name} - {plain(reason)}"


def plain(text: str) -> str:
    """Return a text that is one line of a plugin's output, whatever a server put into it."""
    return visible(text).translate(_OTHERS)


def _sentence(one: Outcome, thresholds: Thresholds) -> str:
    """Name the table and its host, and say what happened to it."""
    verdict, host = one.verdict, host_of(one.subject)
    name = plain(one.subject.label) + (f" ({plain(one_line(host, 80))})" if host else "")
    cause = f"{verdict.cause}: " if verdict.cause else ""
    said = f"{name}: {cause}{plain(_cut(verdict.summary))}"
    warning = _warning(verdict, thresholds)
    return f"{said.rstrip('.')}; {warning}" if warning else said


def _warning(verdict: Verdict, thresholds: Thresholds) -> str:
    """Return the one thing to heed beside: a certificate that runs out before all else."""
    leaf = leaf_of(verdict)
    left = leaf.days_left() if leaf else None
    if verdict.ok and left is not None and left < thresholds.warning_days:
        return f"the certificate has {left} days left"
    if not verdict.warnings:
        return ""
    # What makes the state, where one does.
    first = next((number for number, one in enumerate(verdict.warnings) if one in MATTERS), 0)
    return f"{verdict.warnings[first]}: {plain(_cut(verdict.warning_texts[first]))}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _overview(summary: Summary, thresholds: Thresholds) -> str:
    by_state: dict[State, list[Outcome]] = {state: [] for state in WORST_FIRST}
    for one in summary.outcomes:
        by_state[state_of(one.verdict, thresholds)].append(one)
    counts = ", ".join(f"{len(found)} {state.name}" for state, found in by_state.items() if found)
    worst = state_of_all(summary, thresholds)
    line = f"{SERVICE} {worst.name} - {len(summary.outcomes)} tables: {counts}"
    if worst is State.OK:
        return line
    return f"{line}; {_sentence(by_state[worst][0], thresholds)}"


def _all_data(summary: Summary, thresholds: Thresholds) -> Iterator[str]:
    failed = len(summary.failed)
    count = len(summary.outcomes)
    yield f"time={summary.seconds:.3f}s;;;0"
    yield f"failed={failed};;;0;{count}"
    for one in summary.outcomes:
        yield from _data(one, thresholds, prefix=f"{one.subject.label} ")


def _data(one: Outcome, thresholds: Thresholds, prefix: str = "") -> Iterator[str]:
    limit = limit_of(one)
    most = "" if limit is None else f"{limit:g}"
    yield f"{_label(f'{prefix}time')}={one.verdict.seconds:.3f}s;;;0;{most}".rstrip(";")
    leaf = leaf_of(one.verdict)
    if leaf:
        ranges = f"{thresholds.warning_days}:;{thresholds.critical_days}:"
        yield f"{_label(f'{prefix}certificate_days')}={leaf.days_left()};{ranges}"


def _label(name: str) -> str:
    """Return a label; one with spaces stands in quotes, and no label holds a quote or an `=`."""
    safe = visible(name).translate(_UNQUOTABLE)
    return f"'{safe}'" if " " in safe else safe
