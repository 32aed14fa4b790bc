"""Checks as monitoring systems read them: Nagios' plugin output and Prometheus' text format."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import IntEnum
from pathlib import Path

from smtp_tui import __version__
from smtp_tui.checks.batch import BatchSummary, CheckResult
from smtp_tui.checks.exit_status import verdict_lines
from smtp_tui.checks.output_file import write_whole
from smtp_tui.checks.request import CheckTarget
from smtp_tui.config.errors import one_line
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.certificates import EXPIRES_SOON, EXPIRES_VERY_SOON, Certificate, Limit, in_words
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Cause, Stage, WarningId

_NUMBER = r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_RANGE = re.compile(rf"(?P<at>@?)(?:(?P<start>~|{_NUMBER})?:)?(?P<end>{_NUMBER})?")


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
    """Read `10`, `10:`, `~:10` or `@5:10`, as the plugin guidelines write ranges; ValueError."""
    found = _RANGE.fullmatch(text)
    if found is None or (found["end"] is None and found["start"] is None):
        raise ValueError("write it as 10, 10:, ~:10, 10:20 or @5:10")
    start = -math.inf if found["start"] == "~" else float(found["start"] or 0)
    end = math.inf if found["end"] is None else float(found["end"])
    if start > end:
        raise ValueError("its start must not be above its end")
    return Range(start=start, end=end, inside=bool(found["at"]), text=text)


class PluginState(IntEnum):
    """The states of the Monitoring Plugins, by their exit status."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_WORST_FIRST = (PluginState.CRITICAL, PluginState.UNKNOWN, PluginState.WARNING, PluginState.OK)
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

    def state_of_certificate(self, verdict: Verdict) -> PluginState:
        """Return the state that the server's certificate asks for by its time left."""
        leaf = _leaf(verdict)
        if leaf and leaf.is_below(self.certificate_critical):
            return PluginState.CRITICAL
        is_low = leaf and leaf.is_below(self.certificate_warning)
        return PluginState.WARNING if is_low else PluginState.OK

    def exceeded(self, verdict: Verdict) -> tuple[PluginState, Range] | None:
        """Return the worst state that the seconds of a check ask for, and the range for it."""
        critical, warning = self.seconds_critical, self.seconds_warning
        if critical and critical.alarms(verdict.seconds):
            return PluginState.CRITICAL, critical
        if warning and warning.alarms(verdict.seconds):
            return PluginState.WARNING, warning
        return None


def state_of(verdict: Verdict, thresholds: Thresholds) -> PluginState:
    """Return the state of a table whose check came to `verdict`."""
    if not verdict.ok:
        is_unknown = verdict.stage in _UNTESTED or verdict.cause == Cause.INTERNAL_ERROR
        return PluginState.UNKNOWN if is_unknown else PluginState.CRITICAL
    too_long = thresholds.exceeded(verdict)
    return max(
        thresholds.state_of_certificate(verdict),
        too_long[0] if too_long else PluginState.OK,
        PluginState.WARNING if MATTERS & set(verdict.warnings) else PluginState.OK,
    )


def state_of_all(summary: BatchSummary, thresholds: Thresholds) -> PluginState:
    """Return the worst state of all outcomes."""
    states = {state_of(result.verdict, thresholds) for result in summary.results}
    return next((state for state in _WORST_FIRST if state in states), PluginState.OK)


def _leaf(verdict: Verdict) -> Certificate | None:
    """Return the server's own certificate, where there is one that can be read."""
    leaf = verdict.tls.certificate if verdict.tls else None
    return leaf if leaf and leaf.is_readable else None


def _host(target: CheckTarget) -> str:
    host = target.request.values.get("host") if target.request else None
    return mask_credentials(host) if isinstance(host, str) else ""


SERVICE = "SMTP"
# Characters of a sentence: some agents forward at most 1 KiB.
_LONGEST = 300
# A bar begins the performance data; the angles would be markup on old web pages.
_NOT_PLAIN = str.maketrans({"|": "/", "<": "(", ">": ")"})
# No label of performance data holds a quote or an equals sign.
_NOT_IN_LABEL = str.maketrans({"'": "_", "=": "_", "|": "/"})


def nagios_lines(summary: BatchSummary, thresholds: Thresholds) -> Iterator[str]:
    """Yield the lines of a plugin, those of a verdict after the first.

    All performance data stands on the first line: what follows it, not every program reads.
    """
    if len(summary.results) == 1:
        (result,) = summary.results
        state = state_of(result.verdict, thresholds).name
        data = " ".join(_performance(result, thresholds))
        yield f"{SERVICE} {state} - {_sentence(result, thresholds)} | {data}"
        for line in list(verdict_lines(result.verdict))[1:]:
            yield plain(line)
        return
    by_state: dict[PluginState, list[CheckResult]] = {state: [] for state in _WORST_FIRST}
    count = len(summary.results)
    data = f"time={summary.seconds:.3f}s;;;0 failed={len(summary.failed)};;;0;{count}"
    for result in summary.results:
        by_state[state_of(result.verdict, thresholds)].append(result)
        label = f"{result.target.label} "
        data = " ".join([data, *_performance(result, thresholds, prefix=label)])
    counts = ", ".join(f"{len(found)} {state.name}" for state, found in by_state.items() if found)
    worst = state_of_all(summary, thresholds)
    first = f"{SERVICE} {worst.name} - {count} tables: {counts}"
    if worst is not PluginState.OK:
        first += f"; {_sentence(by_state[worst][0], thresholds)}"
    yield f"{first} | {data}"
    for result in summary.results:
        yield f"{state_of(result.verdict, thresholds).name}: {_sentence(result, thresholds)}"


def trouble_line(reason: str) -> str:
    """Return the line of a call that came to no check."""
    return f"{SERVICE} {PluginState.UNKNOWN.name} - {plain(reason)}"


def plain(text: str) -> str:
    """Return a text that is one line of a plugin's output, whatever a server put into it."""
    return escape_controls(text).translate(_NOT_PLAIN)


def _sentence(result: CheckResult, thresholds: Thresholds) -> str:
    """Name the table and its host, say what happened, and what else makes its state."""
    verdict, host = result.verdict, _host(result.target)
    name = plain(result.target.label) + (f" ({plain(one_line(host, 80))})" if host else "")
    sentence = f"{name}: {_shortened(verdict.summary)}"
    reasons = []
    leaf = _leaf(verdict)
    if verdict.ok and leaf and thresholds.state_of_certificate(verdict):
        reasons.append(f"certificate {in_words(leaf.left())}")
    if verdict.ok and (exceeded := thresholds.exceeded(verdict)):
        state, limit = exceeded
        reasons.append(f"the check took {verdict.seconds:.2f} s ({state.name} range {limit.text})")
    warnings = dict(zip(verdict.warnings, verdict.warning_texts, strict=True))
    warnings.pop(WarningId.CERTIFICATE_EXPIRES_SOON, None)  # the thresholds decide on it here
    # One warning: one that makes the state, if any.
    first = next((id_ for id_ in warnings if id_ in MATTERS), next(iter(warnings), None))
    if first:
        reasons.append(_shortened(warnings[first]))
    return f"{sentence.rstrip('.')}; {'; '.join(reasons)}" if reasons else sentence


def _shortened(text: str) -> str:
    return plain(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _performance(result: CheckResult, thresholds: Thresholds, prefix: str = "") -> Iterator[str]:
    request = result.target.request
    settings = parse_settings(request.values).settings if request else None
    most = f"{settings.timeout:g}" if settings else ""
    limits = (thresholds.seconds_warning, thresholds.seconds_critical)
    ranges = ";".join(limit.text if limit else "" for limit in limits)
    time = f"{result.verdict.seconds:.3f}s;{ranges};0;{most}".rstrip(";")
    yield f"{_label(f'{prefix}time')}={time}"
    if leaf := _leaf(result.verdict):
        spans = (thresholds.certificate_warning, thresholds.certificate_critical)
        least = ";".join(f"{_days(span.of(leaf.lifetime))}:" for span in spans)
        yield f"{_label(f'{prefix}certificate_days')}={_days(leaf.left())};{least}"


def _days(span: timedelta) -> str:
    """Write days with two places at most, cut off: what is below a limit stays below it."""
    return f"{span // (timedelta(days=1) / 100) / 100:.2f}".rstrip("0").rstrip(".")


def _label(name: str) -> str:
    safe = escape_controls(name).translate(_NOT_IN_LABEL)
    return f"'{safe}'" if " " in safe else safe


_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_GAUGES = {
    "build_info": "The version of smtp-tui.",
    "up": "Whether the check passed (1) or failed (0).",
    "check_seconds": "How long the check took.",
    "last_run_timestamp_seconds": "When the check ended, in Unix time.",
    "certificate_not_before_timestamp_seconds": (
        "When the certificate of the server became valid, in Unix time."
    ),
    "certificate_not_after_timestamp_seconds": (
        "When the certificate of the server expires, in Unix time."
    ),
    "stage": "1 for the stage that failed, or the last one that passed; 0 for the others.",
    "cause": "1 for the cause of a failure; absent when the check passed.",
    "warning": "1 for each warning of the check, 0 for the others.",
}


def _samples(verdict: Verdict, moment: datetime) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield a verdict's samples: the metric, labels of its own, and the value."""
    # A label that changes would end a series and begin another: stages and warnings are state
    # sets, each state with 1 or 0. Causes are too many for that.
    yield "up", {}, int(verdict.ok)
    yield "check_seconds", {}, round(verdict.seconds, 6)
    yield "last_run_timestamp_seconds", {}, round(moment.timestamp(), 3)
    if leaf := _leaf(verdict):
        for end in ("not_before", "not_after"):
            name = f"certificate_{end}_timestamp_seconds"
            yield name, {}, int(getattr(leaf, end).timestamp())
    for stage in Stage:
        yield "stage", {"stage": stage.value}, int(verdict.stage is stage)
    if verdict.cause:
        yield "cause", {"cause": verdict.cause}, 1
    for id_ in WarningId:
        yield "warning", {"warning": id_.value}, int(id_ in verdict.warnings)


def prometheus_text(summary: BatchSummary, moment: datetime) -> str:
    """Return the metrics of checks that ended at `moment`, with a line end at its end."""
    samples = {
        name: [f"# HELP smtp_tui_{name} {description}", f"# TYPE smtp_tui_{name} gauge"]
        for name, description in _GAUGES.items()
    }
    samples["build_info"].append(_sample("build_info", {"version": __version__}, 1))
    # A table that was named twice would be one series twice, which no collector accepts.
    outcomes = {
        (result.target.file, result.target.table, _host(result.target)): result.verdict
        for result in summary.results
    }
    for (file, table, host), verdict in outcomes.items():
        series = {"file": file or "", "table": table or "", "host": host}
        for name, state, value in _samples(verdict, moment):
            samples[name].append(_sample(name, series | state, value))
    return "\n".join([*(line for lines in samples.values() for line in lines), ""])


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    pairs = (
        f'{label}="{escape_controls(text).translate(_ESCAPES)}"' for label, text in labels.items()
    )
    return f"smtp_tui_{name}{{{','.join(pairs)}}} {value!r}"


def write_prometheus(path: Path, text: str) -> None:
    """Put metrics where a collector finds them as `write_whole` does; NotWrittenError if not."""
    # A web server or a collector runs as a user of its own, so every user may read it: it holds
    # names of files, tables and hosts, and never a password.
    write_whole(path, text, name="metrics file", start="# HELP smtp_tui_", mode=0o644)
