"""Ranges as the Monitoring Plugins guidelines write them: `10`, `10:`, `~:10`, `@5:10`.

What an outcome means to a monitoring system: its state, its host, its certificate.

Outcomes as a Monitoring Plugin tells them: a line, performance data, and more lines.

Outcomes in Prometheus' text exposition format, as its textfile collector reads it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import IntEnum
from pathlib import Path

from smtp_tui import __version__
from smtp_tui.checks.batch import BatchSummary, CheckResult, CheckTarget
from smtp_tui.checks.output_file import OutputKind, write_whole
from smtp_tui.config.errors import one_line
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.smtp.certificates import EXPIRES_SOON, EXPIRES_VERY_SOON, Certificate, Limit, in_words
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Cause, Stage, WarningId

_NUMBER = r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_RANGE = re.compile(rf"(?P<at>@?)(?:(?P<start>~|{_NUMBER})?(?P<colon>:))?(?P<end>{_NUMBER})?")


class RangeError(ValueError):
    """A text is no range; the text says why."""


@record(kw_only=True)
class Range:
    """Values from `start` to `end`, both included; `text` is how it was written.

    It alarms for a value outside of them, or with `inside` for one of them.
    """

    start: float
    end: float
    inside: bool
    text: str

    def alarms(self, value: float) -> bool:
        """Whether a value is one to alarm about."""
        return (self.start <= value <= self.end) is self.inside


def range_of(text: str) -> Range:
    """Read a range; RangeError where the text is none."""
    found = _RANGE.fullmatch(text)
    if found is None or (found["end"] is None and found["start"] is None):
        raise RangeError("write it as 10, 10:, ~:10, 10:20 or @5:10")
    start = -math.inf if found["start"] == "~" else float(found["start"] or 0)
    end = math.inf if found["end"] is None else float(found["end"])
    if start > end:
        raise RangeError("its start must not be above its end")
    return Range(start=start, end=end, inside=bool(found["at"]), text=text)


class State(IntEnum):
    """The states of the Monitoring Plugins, by their exit status."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


WORST_FIRST = (State.CRITICAL, State.UNKNOWN, State.WARNING, State.OK)

# Nothing was asked of a server yet: whether mail works is not known.
_UNTESTED = frozenset({Stage.SETTINGS, Stage.PASSWORD})

# Somebody must act on these. A certificate that expires has thresholds of its own, and the others
# do no harm by themselves: an alarm that never ends is ignored.
MATTERS = frozenset(
    {
        WarningId.LINK_OPEN,
        WarningId.PASSWORD_IN_CLEAR,
        WarningId.CERTIFICATE_NOT_VERIFIED,
        WarningId.ADDRESS_UNANSWERED,
    }
)


@record(kw_only=True)
class Thresholds:
    """What makes a passed check a WARNING or CRITICAL: its certificate's time left, its seconds."""

    certificate_warning: Limit = EXPIRES_SOON
    certificate_critical: Limit = EXPIRES_VERY_SOON
    seconds_warning: Range | None = None
    seconds_critical: Range | None = None


def state_of(verdict: Verdict, thresholds: Thresholds) -> State:
    """Return the state of a table whose check came to `verdict`."""
    if not verdict.ok:
        is_unknown = verdict.stage in _UNTESTED or verdict.cause == Cause.INTERNAL_ERROR
        return State.UNKNOWN if is_unknown else State.CRITICAL
    too_long = exceeded(verdict, thresholds)
    return max(
        state_of_certificate(verdict, thresholds),
        too_long[0] if too_long else State.OK,
        State.WARNING if MATTERS & set(verdict.warnings) else State.OK,
    )


def state_of_certificate(verdict: Verdict, thresholds: Thresholds) -> State:
    """Return the state that the server's certificate asks for by its time left."""
    leaf = leaf_of(verdict)
    if leaf is None:
        return State.OK
    if leaf.is_below(thresholds.certificate_critical):
        return State.CRITICAL
    return State.WARNING if leaf.is_below(thresholds.certificate_warning) else State.OK


def exceeded(verdict: Verdict, thresholds: Thresholds) -> tuple[State, Range] | None:
    """Return the worst state that the seconds of a check ask for, and the range that says so."""
    for state, limit in (
        (State.CRITICAL, thresholds.seconds_critical),
        (State.WARNING, thresholds.seconds_warning),
    ):
        if limit and limit.alarms(verdict.seconds):
            return state, limit
    return None


def leaf_of(verdict: Verdict) -> Certificate | None:
    """Return the server's own certificate, where there is one that can be read."""
    leaf = verdict.tls.certificate if verdict.tls else None
    return leaf if leaf and leaf.is_readable else None


def host_of(subject: CheckTarget) -> str:
    """Return the host that a table names; empty where it names none."""
    host = subject.request.values.get("host") if subject.request else None
    return mask_credentials(host) if isinstance(host, str) else ""


def limit_of(outcome: CheckResult) -> float | None:
    """Return the seconds that a check may take, where its table can be read."""
    from smtp_tui.settings.validate import parse_settings

    request = outcome.subject.request
    settings = parse_settings(request.values).settings if request else None
    return settings.timeout if settings else None


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


# A web server or a collector runs as a user of its own, so every user may read it: it holds names
# of files, tables and hosts, and never a password.
_METRICS = OutputKind(name="metrics file", start="# HELP smtp_tui_", mode=0o644)

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})

Samples = Iterator[tuple[dict[str, str], float]]


@record
class _Gauge:
    """A metric: its name, what it means, and its samples of one outcome with their own labels."""

    name: str
    help: str
    samples: Callable[[CheckResult, datetime], Samples]


def prometheus_text(summary: BatchSummary, moment: datetime) -> str:
    """Return the metrics of checks that ended at `moment`, with a line end at its end.

    A label that changes would end a series and begin another, so none of an `_info` metric does:
    stages and warnings are state sets, each state with 1 or 0. Causes are too many for that.
    """
    # A table that was named twice would be one series twice, which no collector accepts.
    outcomes = {tuple(_labels(one).values()): one for one in summary.outcomes}
    lines = [
        "# HELP smtp_tui_build_info The version of smtp-tui.",
        "# TYPE smtp_tui_build_info gauge",
        f"smtp_tui_build_info{_spelled({'version': __version__})} 1",
    ]
    for gauge in _GAUGES:
        lines += [f"# HELP {gauge.name} {gauge.help}", f"# TYPE {gauge.name} gauge"]
        for one in outcomes.values():
            for more, value in gauge.samples(one, moment):
                lines.append(f"{gauge.name}{_spelled({**_labels(one), **more})} {value!r}")
    return "\n".join([*lines, ""])


def write_prometheus(path: Path, text: str) -> None:
    """Put metrics where a collector finds them, whole at any moment; NotWrittenError if it fails.

    No file but an older one of metrics is replaced, and no link is followed.
    """
    write_whole(path, text, _METRICS)


def _labels(one: CheckResult) -> dict[str, str]:
    subject = one.subject
    return {
        "file": subject.file or "",
        "table": subject.table or "",
        "host": host_of(subject),
    }


def _spelled(labels: Mapping[str, str]) -> str:
    pairs = [
        f'{name}="{escape_controls(value).translate(_ESCAPES)}"' for name, value in labels.items()
    ]
    return f"{{{','.join(pairs)}}}"


def _up(one: CheckResult, _moment: datetime) -> Samples:
    yield {}, int(one.verdict.ok)


def _seconds(one: CheckResult, _moment: datetime) -> Samples:
    yield {}, round(one.verdict.seconds, 6)


def _last_run(_one: CheckResult, moment: datetime) -> Samples:
    yield {}, round(moment.timestamp(), 3)


def _not_after(one: CheckResult, _moment: datetime) -> Samples:
    leaf = leaf_of(one.verdict)
    if leaf:
        yield {}, int(leaf.not_after.timestamp())


def _not_before(one: CheckResult, _moment: datetime) -> Samples:
    leaf = leaf_of(one.verdict)
    if leaf:
        yield {}, int(leaf.not_before.timestamp())


def _stage(one: CheckResult, _moment: datetime) -> Samples:
    for stage in Stage:
        yield {"stage": stage.value}, int(one.verdict.stage is stage)


def _cause(one: CheckResult, _moment: datetime) -> Samples:
    if one.verdict.cause:
        yield {"cause": one.verdict.cause}, 1


def _warnings(one: CheckResult, _moment: datetime) -> Samples:
    for warning in WarningId:
        yield {"warning": warning.value}, int(warning in one.verdict.warnings)


_GAUGES = (
    _Gauge("smtp_tui_up", "Whether the check passed (1) or failed (0).", _up),
    _Gauge("smtp_tui_check_seconds", "How long the check took.", _seconds),
    _Gauge("smtp_tui_last_run_timestamp_seconds", "When the check ended, in Unix time.", _last_run),
    _Gauge(
        "smtp_tui_certificate_not_before_timestamp_seconds",
        "When the certificate of the server became valid, in Unix time.",
        _not_before,
    ),
    _Gauge(
        "smtp_tui_certificate_not_after_timestamp_seconds",
        "When the certificate of the server expires, in Unix time.",
        _not_after,
    ),
    _Gauge(
        "smtp_tui_stage",
        "1 for the stage that failed, or the last one that passed; 0 for the others.",
        _stage,
    ),
    _Gauge("smtp_tui_cause", "1 for the cause of a failure; absent when the check passed.", _cause),
    _Gauge(
        "smtp_tui_warning",
        "1 for each warning of the check, 0 for the others.",
        _warnings,
    ),
)
