"""Outcomes as a Monitoring Plugin tells them: a line, performance data, and more lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from smtp_tui.checks.batch import BatchSummary, CheckResult
from smtp_tui.checks.monitoring.states import (
    MATTERS,
    WORST_FIRST,
    State,
    Thresholds,
    exceeded,
    host_of,
    leaf_of,
    limit_of,
    state_of,
    state_of_certificate,
)
from smtp_tui.config.errors import one_line
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import WarningId
from smtp_tui.smtp.lifetimes import in_words

SERVICE = "SMTP"
_LONGEST = 300
"""Characters of a sentence: some agents forward at most 1 KiB."""
_HUNDREDTH = timedelta(days=1) / 100

# A bar begins the performance data; the angles would be markup on old web pages.
_OTHERS = str.maketrans({"|": "/", "<": "(", ">": ")"})
_UNQUOTABLE = str.maketrans({"'": "_", "=": "_", "|": "/"})

Lines = Callable[[Verdict], Iterable[str]]


def state_of_all(summary: BatchSummary, thresholds: Thresholds) -> State:
    """Return the worst state of all outcomes."""
    states = {state_of(one.verdict, thresholds) for one in summary.outcomes}
    return next((state for state in WORST_FIRST if state in states), State.OK)


def nagios_lines(summary: BatchSummary, thresholds: Thresholds, told: Lines) -> Iterator[str]:
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
    return escape_controls(text).translate(_OTHERS)


def _sentence(one: CheckResult, thresholds: Thresholds) -> str:
    """Name the table and its host, say what happened, and what else makes its state."""
    verdict, host = one.verdict, host_of(one.subject)
    name = plain(one.subject.label) + (f" ({plain(one_line(host, 80))})" if host else "")
    said = f"{name}: {plain(_cut(verdict.summary))}"
    more = "; ".join(_reasons(verdict, thresholds))
    return f"{said.rstrip('.')}; {more}" if more else said


def _reasons(verdict: Verdict, thresholds: Thresholds) -> Iterator[str]:
    """Yield what makes the state of a passed check, and one warning: one that makes it, if any."""
    leaf = leaf_of(verdict)
    if verdict.ok and leaf and state_of_certificate(verdict, thresholds):
        yield f"certificate {in_words(leaf.left())}"
    if verdict.ok and (found := exceeded(verdict, thresholds)):
        state, limit = found
        yield f"the check took {verdict.seconds:.2f} s ({state.name} range {limit.text})"
    texts = dict(zip(verdict.warnings, verdict.warning_texts, strict=True))
    texts.pop(WarningId.CERTIFICATE_EXPIRES_SOON, None)  # the thresholds decide on it here
    first = next((one for one in texts if one in MATTERS), next(iter(texts), None))
    if first:
        yield plain(_cut(texts[first]))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _overview(summary: BatchSummary, thresholds: Thresholds) -> str:
    by_state: dict[State, list[CheckResult]] = {state: [] for state in WORST_FIRST}
    for one in summary.outcomes:
        by_state[state_of(one.verdict, thresholds)].append(one)
    counts = ", ".join(f"{len(found)} {state.name}" for state, found in by_state.items() if found)
    worst = state_of_all(summary, thresholds)
    line = f"{SERVICE} {worst.name} - {len(summary.outcomes)} tables: {counts}"
    if worst is State.OK:
        return line
    return f"{line}; {_sentence(by_state[worst][0], thresholds)}"


def _all_data(summary: BatchSummary, thresholds: Thresholds) -> Iterator[str]:
    failed = len(summary.failed)
    count = len(summary.outcomes)
    yield f"time={summary.seconds:.3f}s;;;0"
    yield f"failed={failed};;;0;{count}"
    for one in summary.outcomes:
        yield from _data(one, thresholds, prefix=f"{one.subject.label} ")


def _data(one: CheckResult, thresholds: Thresholds, prefix: str = "") -> Iterator[str]:
    limit = limit_of(one)
    most = "" if limit is None else f"{limit:g}"
    ranges = ";".join(
        limit.text if limit else ""
        for limit in (thresholds.seconds_warning, thresholds.seconds_critical)
    )
    yield f"{_label(f'{prefix}time')}={one.verdict.seconds:.3f}s;{ranges};0;{most}".rstrip(";")
    leaf = leaf_of(one.verdict)
    if leaf:
        limits = (thresholds.certificate_warning, thresholds.certificate_critical)
        least = ";".join(f"{_days(limit.of(leaf.lifetime))}:" for limit in limits)
        yield f"{_label(f'{prefix}certificate_days')}={_days(leaf.left())};{least}"


def _days(span: timedelta) -> str:
    """Write days with two places at most, cut off: what is below a limit stays below it."""
    return f"{span // _HUNDREDTH / 100:.2f}".rstrip("0").rstrip(".")


def _label(name: str) -> str:
    """Return a label; one with spaces stands in quotes, and no label holds a quote or an `=`."""
    safe = escape_controls(name).translate(_UNQUOTABLE)
    return f"'{safe}'" if " " in safe else safe
