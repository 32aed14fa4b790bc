"""Outcomes in Prometheus' text exposition format, as its textfile collector reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from smtp_tui import __version__
from smtp_tui.checks.batch import BatchSummary, CheckResult
from smtp_tui.checks.monitoring.states import host_of, leaf_of
from smtp_tui.checks.output_file import OutputKind, write_whole
from smtp_tui.records import record
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Stage, WarningId

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
