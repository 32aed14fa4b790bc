"""Format checks for monitoring: Nagios plugin output and Prometheus' text format."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import IntEnum
from pathlib import Path

import smtp_tui
from smtp_tui.checks.batch import BatchSummary, CheckResult
from smtp_tui.checks.exit_status import verdict_lines
from smtp_tui.checks.output_file import write_whole
from smtp_tui.checks.request import CheckTarget
from smtp_tui.config.errors import one_line
from smtp_tui.diagnosis.delivery import DeliverySummary
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, mask_credentials
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.certificates import (
    EXPIRES_SOON,
    EXPIRES_VERY_SOON,
    Certificate,
    ExpiryLimit,
    in_words,
)
from smtp_tui.smtp.events import Cause, Stage, WarningId

_NUMBER = r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_RANGE = re.compile(rf"(?P<at>@?)(?:(?P<start>~|{_NUMBER})?:)?(?P<end>{_NUMBER})?")


@record(kw_only=True)
class ThresholdRange:
    """Values from `start` to `end`, both included; `text` is the range as written.

    It alarms for values outside the range, or with `inside` for values in it.
    """

    start: float
    end: float
    inside: bool
    text: str

    def alarms(self, value: float) -> bool:
        """Whether a value raises an alarm."""
        return (self.start <= value <= self.end) is self.inside


def range_of(text: str) -> ThresholdRange:
    """Parse `10`, `10:`, `~:10` or `@5:10` (plugin guidelines); ValueError if invalid."""
    match = _RANGE.fullmatch(text)
    if match is None or (match["end"] is None and match["start"] is None):
        raise ValueError("write it as 10, 10:, ~:10, 10:20 or @5:10")
    start = -math.inf if match["start"] == "~" else float(match["start"] or 0)
    end = math.inf if match["end"] is None else float(match["end"])
    if start > end:
        raise ValueError("its start must not be above its end")
    return ThresholdRange(start=start, end=end, inside=bool(match["at"]), text=text)


class NagiosState(IntEnum):
    """The states of the Monitoring Plugins, as exit statuses."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_WORST_FIRST = (NagiosState.CRITICAL, NagiosState.UNKNOWN, NagiosState.WARNING, NagiosState.OK)
# No server was contacted in these stages: whether mail works is unknown.
_UNTESTED = frozenset({Stage.SETTINGS, Stage.PASSWORD})
# The provider itself has said that this login is over.
_REJECTED = frozenset({Cause.OAUTH_RENEWAL_FAILED, Cause.OAUTH_CLIENT_REJECTED})
# What smtp-tui could not see says nothing about the mail server.
_UNSEEN = frozenset({Cause.INTERNAL_ERROR, Cause.PROVE_MAILBOX_FAILED})
# Somebody must act on these. Certificate expiry has its own thresholds, and the others do no harm
# by themselves: an alarm that never ends is ignored.
MATTERS = frozenset(
    {
        WarningId.LINK_OPEN,
        WarningId.PASSWORD_IN_CLEAR,
        WarningId.CERTIFICATE_NOT_VERIFIED,
        WarningId.ADDRESS_UNANSWERED,
        WarningId.OAUTH_ENDS_SOON,
        WarningId.ARRIVED_IN_JUNK,
    }
)


@record(kw_only=True)
class Thresholds:
    """Limits for a passed check: time left on the certificate, and the check's duration."""

    certificate_warning: ExpiryLimit = EXPIRES_SOON
    certificate_critical: ExpiryLimit = EXPIRES_VERY_SOON
    seconds_warning: ThresholdRange | None = None
    seconds_critical: ThresholdRange | None = None

    def state_of_certificate(self, verdict: Verdict) -> NagiosState:
        """Return the state for the time left on the server's certificate."""
        leaf = leaf_of(verdict)
        if leaf and leaf.is_below(self.certificate_critical):
            return NagiosState.CRITICAL
        is_low = leaf and leaf.is_below(self.certificate_warning)
        return NagiosState.WARNING if is_low else NagiosState.OK

    def exceeded(self, seconds: float) -> tuple[NagiosState, ThresholdRange] | None:
        """Return the worst state for a check's duration and its range, or None."""
        critical, warning = self.seconds_critical, self.seconds_warning
        if critical and critical.alarms(seconds):
            return NagiosState.CRITICAL, critical
        if warning and warning.alarms(seconds):
            return NagiosState.WARNING, warning
        return None

    def time(self, seconds: float, maximum: str) -> str:
        """Return a duration as performance data."""
        limits = (self.seconds_warning, self.seconds_critical)
        ranges = ";".join(limit.text if limit else "" for limit in limits)
        return f"{seconds:.3f}s;{ranges};0;{maximum}".rstrip(";")

    def days(self, leaf: Certificate) -> str:
        """Return the days that a certificate has left as performance data."""
        spans = (self.certificate_warning, self.certificate_critical)
        minimums = ";".join(f"{_days_text(span.of(leaf.lifetime))}:" for span in spans)
        return f"{_days_text(leaf.left())};{minimums}"


def state_of(verdict: Verdict, thresholds: Thresholds) -> NagiosState:
    """Return the state for a verdict."""
    if not verdict.ok:
        is_unknown = verdict.stage in _UNTESTED and verdict.cause not in _REJECTED
        is_unknown = is_unknown or verdict.cause in _UNSEEN
        return NagiosState.UNKNOWN if is_unknown else NagiosState.CRITICAL
    exceeded = thresholds.exceeded(verdict.seconds)
    return max(
        thresholds.state_of_certificate(verdict),
        exceeded[0] if exceeded else NagiosState.OK,
        NagiosState.WARNING if MATTERS & set(verdict.warnings) else NagiosState.OK,
    )


def state_of_all(summary: BatchSummary, thresholds: Thresholds) -> NagiosState:
    """Return the worst state of all results."""
    states = {state_of(result.verdict, thresholds) for result in summary.results}
    return next((state for state in _WORST_FIRST if state in states), NagiosState.OK)


def leaf_of(verdict: Verdict) -> Certificate | None:
    """Return the server's own certificate if it is readable."""
    leaf = verdict.tls.certificate if verdict.tls else None
    return leaf if leaf and leaf.is_readable else None


def _host(target: CheckTarget) -> str:
    host = target.request.values.get("host") if target.request else None
    return mask_credentials(host) if isinstance(host, str) else ""


SERVICE = "SMTP"
# Characters per sentence: some agents forward at most 1 KiB.
_LONGEST = 300
# A bar begins the performance data; angle brackets would be markup on old web pages.
_NOT_PLAIN = str.maketrans({"|": "/", "<": "(", ">": ")"})
# Performance data labels must not contain a quote or an equals sign.
_NOT_IN_LABEL = str.maketrans({"'": "_", "=": "_", "|": "/"})


def nagios_lines(summary: BatchSummary, thresholds: Thresholds) -> Iterator[str]:
    """Yield the lines of a plugin: a summary, then the details.

    All performance data is on the first line: not every program reads the others.
    """
    if len(summary.results) == 1:
        (result,) = summary.results
        state = state_of(result.verdict, thresholds).name
        data = " ".join(_performance(result, thresholds))
        yield f"{SERVICE} {state} - {_sentence(result, thresholds)} | {data}"
        for line in list(verdict_lines(result.verdict))[1:]:
            yield plain(line)
        return
    by_state: dict[NagiosState, list[CheckResult]] = {state: [] for state in _WORST_FIRST}
    count = len(summary.results)
    data = f"time={summary.seconds:.3f}s;;;0 failed={len(summary.failed)};;;0;{count}"
    for result in summary.results:
        by_state[state_of(result.verdict, thresholds)].append(result)
        label = f"{result.target.label} "
        data = " ".join([data, *_performance(result, thresholds, prefix=label)])
    counts = ", ".join(f"{len(found)} {state.name}" for state, found in by_state.items() if found)
    worst = state_of_all(summary, thresholds)
    first = f"{SERVICE} {worst.name} - {count} tables: {counts}"
    if worst is not NagiosState.OK:
        first += f"; {_sentence(by_state[worst][0], thresholds)}"
    yield f"{first} | {data}"
    for result in summary.results:
        yield f"{state_of(result.verdict, thresholds).name}: {_sentence(result, thresholds)}"


def trouble_line(reason: str) -> str:
    """Return the output line of a call that ran no check."""
    return f"{SERVICE} {NagiosState.UNKNOWN.name} - {plain(reason)}"


def plain(text: str) -> str:
    """Escape a text for one line of plugin output, whatever a server put into it."""
    return escape_controls(text).translate(_NOT_PLAIN)


def _sentence(result: CheckResult, thresholds: Thresholds) -> str:
    """Return the table and host, what happened, and what else sets the state."""
    verdict, host = result.verdict, _host(result.target)
    name = plain(result.target.label) + (f" ({plain(one_line(host, 80))})" if host else "")
    sentence = f"{name}: {_shortened(verdict.summary)}"
    reasons = []
    leaf = leaf_of(verdict)
    if verdict.ok and leaf and thresholds.state_of_certificate(verdict):
        reasons.append(f"certificate {in_words(leaf.left())}")
    if verdict.ok and (exceeded := thresholds.exceeded(verdict.seconds)):
        state, limit = exceeded
        reasons.append(f"the check took {verdict.seconds:.2f} s ({state.name} range {limit.text})")
    warnings = dict(zip(verdict.warnings, verdict.warning_texts, strict=True))
    warnings.pop(WarningId.CERTIFICATE_EXPIRES_SOON, None)  # covered by the thresholds
    # Show one warning, one that sets the state if any.
    first = next((id_ for id_ in warnings if id_ in MATTERS), next(iter(warnings), None))
    if first:
        reasons.append(_shortened(warnings[first]))
    return f"{sentence.rstrip('.')}; {'; '.join(reasons)}" if reasons else sentence


def _shortened(text: str) -> str:
    return plain(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _performance(result: CheckResult, thresholds: Thresholds, prefix: str = "") -> Iterator[str]:
    request = result.target.request
    settings = parse_settings(request.values).settings if request else None
    maximum = f"{settings.timeout:g}" if settings else ""
    yield f"{data_label(f'{prefix}time')}={thresholds.time(result.verdict.seconds, maximum)}"
    if result.verdict.delivery:
        for name, seconds in delivery_metrics(result.verdict.delivery):
            yield f"{data_label(prefix + name.removesuffix('_seconds'))}={seconds:.3f}s;;;0"
    if leaf := leaf_of(result.verdict):
        yield f"{data_label(f'{prefix}certificate_days')}={thresholds.days(leaf)}"


def delivery_metrics(delivery: DeliverySummary) -> Iterator[tuple[str, float]]:
    """Yield the durations of a delivery by name: the log's last handover, and the arrival."""
    if delivery.handovers and delivery.seconds is not None:
        yield "handover_seconds", delivery.seconds
    if delivery.arrival and delivery.arrival.seconds is not None:
        yield "delivery_seconds", delivery.arrival.seconds


def _days_text(span: timedelta) -> str:
    """Format days with at most two decimals, cut off to stay below a limit."""
    return f"{span // (timedelta(days=1) / 100) / 100:.2f}".rstrip("0").rstrip(".")


def data_label(name: str) -> str:
    """Return a name as a label of performance data."""
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
    "oauth_end_timestamp_seconds": (
        "When the sign-in that the login uses ends, in Unix time; absent where nobody says it."
    ),
    "stage": "1 for the stage that failed, or the last one that passed; 0 for the others.",
    "cause": "1 for the cause of a failure; absent when the check passed.",
    "warning": "1 for each warning of the check, 0 for the others.",
    "handover_seconds": (
        "With send --follow: seconds from the acceptance of the message to the log's last line."
    ),
    "delivery_seconds": (
        "With send --prove: seconds from the acceptance of the message until it was seen."
    ),
    "delivered": "With send --prove: whether the mailbox showed the message (1) or not (0).",
}

# Left out where no message was followed.
_OF_DELIVERY = ("handover_seconds", "delivery_seconds", "delivered")


def _samples(verdict: Verdict, moment: datetime) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield a verdict's samples: metric name, its own labels, and value."""
    # A changed label would end one series and begin another: stages and warnings are state sets,
    # each state with 1 or 0. There are too many causes for that.
    yield "up", {}, int(verdict.ok)
    yield "check_seconds", {}, round(verdict.seconds, 6)
    yield "last_run_timestamp_seconds", {}, round(moment.timestamp(), 3)
    if leaf := leaf_of(verdict):
        for end in ("not_before", "not_after"):
            name = f"certificate_{end}_timestamp_seconds"
            yield name, {}, int(getattr(leaf, end).timestamp())
    if verdict.facts and verdict.facts.sign_in_ends_at:
        yield "oauth_end_timestamp_seconds", {}, int(verdict.facts.sign_in_ends_at.timestamp())
    if verdict.delivery:
        for name, seconds in delivery_metrics(verdict.delivery):
            yield name, {}, round(seconds, 6)
        if verdict.delivery.arrival:
            yield "delivered", {}, int(verdict.delivery.arrival.found)
    for stage in Stage:
        yield "stage", {"stage": stage.value}, int(verdict.stage is stage)
    if verdict.cause:
        yield "cause", {"cause": verdict.cause}, 1
    for id_ in WarningId:
        yield "warning", {"warning": id_.value}, int(id_ in verdict.warnings)


def prometheus_text(summary: BatchSummary, moment: datetime) -> str:
    """Return the metrics of checks that ended at `moment`, with a final newline."""
    samples = {
        name: [f"# HELP smtp_tui_{name} {description}", f"# TYPE smtp_tui_{name} gauge"]
        for name, description in _GAUGES.items()
    }
    samples["build_info"].append(sample("build_info", {"version": smtp_tui.__version__}, 1))
    # A table named twice would give a duplicate series, which every collector rejects.
    verdicts = {
        (result.target.file, result.target.table, _host(result.target)): result.verdict
        for result in summary.results
    }
    for (file, table, host), verdict in verdicts.items():
        series = {"file": file or "", "table": table or "", "host": host}
        for name, state, value in _samples(verdict, moment):
            samples[name].append(sample(name, series | state, value))
    shown = (lines for name, lines in samples.items() if name not in _OF_DELIVERY or lines[2:])
    return "\n".join([*(line for lines in shown for line in lines), ""])


def sample(name: str, labels: Mapping[str, str], value: float) -> str:
    """Return a metric's line."""
    pairs = (
        f'{label}="{escape_controls(text).translate(_ESCAPES)}"' for label, text in labels.items()
    )
    return f"smtp_tui_{name}{{{','.join(pairs)}}} {value!r}"


def write_prometheus(path: Path, text: str) -> None:
    """Write metrics for a collector with `write_whole`; FileNotWrittenError if it fails."""
    # Every user may read it, as a web server or collector runs as its own user: it contains names
    # of files, tables and hosts, never a password.
    write_whole(path, text, name="metrics file", start="# HELP smtp_tui_", mode=0o644)
