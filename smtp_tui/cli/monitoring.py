"""Checks as programs read them: JSON Lines, a Nagios plugin's output, Prometheus' metrics."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.checks.batch import BatchSummary, CheckTarget
from smtp_tui.checks.exit_status import PASSED
from smtp_tui.checks.jsonlines import (
    change_line,
    domain_line,
    held_line,
    json_line,
    schema,
    summary_line,
    watched_line,
)
from smtp_tui.checks.monitoring import (
    Range,
    RangeError,
    Thresholds,
    nagios_lines,
    prometheus_text,
    range_of,
    state_of_all,
    write_prometheus,
)
from smtp_tui.checks.output_file import NotWrittenError
from smtp_tui.cli.check_request import is_batch
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.terminal import print_error, print_line, print_lines
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.certificates import Limit
from smtp_tui.smtp.events import Event

if TYPE_CHECKING:
    from smtp_tui.checks.watch import VerdictChanged, Watch
    from smtp_tui.discovery.domain import DomainFact

NOT_WRITTEN = 74
MOST_DAYS = 36500  # a hundred years
# Days are whole, so that nobody's share of 0.25 becomes six hours.
_LIMIT = re.compile(r"(?P<share>[0-9]{1,3}(?:\.[0-9]{1,4})?)%|(?P<days>[0-9]{1,5})")


class JsonReporter:
    """Prints one JSON object a line; the verdict of a check comes last."""

    def __init__(self, call: Invocation) -> None:
        self._quiet: bool = call.options.quiet
        self._is_batch = is_batch(call)
        self._awaits_domain: bool = call.options.domain_check

    def on_event(self, target: CheckTarget, event: Event) -> None:
        """Print an event; what only frames the dialogue has no line."""
        line = None if self._quiet else json_line(event, target.file, target.table)
        if line is not None:
            print_line(line)

    def on_result(self, target: CheckTarget, verdict: Verdict) -> None:
        """Print the verdict, unless `on_domain` will."""
        if not (self._awaits_domain and verdict.ok):
            self._print_verdict(target, verdict)

    def on_domain(self, target: CheckTarget, verdict: Verdict, facts: Sequence[DomainFact]) -> None:
        """Print the facts, and then the verdict."""
        print_line(domain_line(facts, target.file, target.table, verdict.seconds))
        self._print_verdict(target, verdict)

    def finish(self, summary: BatchSummary) -> None:
        """Of several checks, print the summary object."""
        if self._is_batch:
            print_line(summary_line(summary))

    def on_change(self, target: CheckTarget, change: VerdictChanged) -> None:
        """Print what changed, then the check's own lines."""
        print_line(change_line(change, target.file, target.table))
        for event in change.events:
            self.on_event(target, event)
        self._print_verdict(target, change.verdict)

    def on_pause(self, target: CheckTarget, moment: datetime, reason: str) -> None:
        """Print that nothing is sent until something changes."""
        print_line(held_line(moment, reason, target.file, target.table))

    def on_end(self, target: CheckTarget, watch: Watch) -> None:
        """Print the object that ends a watch."""
        print_line(watched_line(watch, target.file, target.table))

    def _print_verdict(self, target: CheckTarget, verdict: Verdict) -> None:
        line = json_line(verdict, target.file, target.table)
        assert line is not None
        print_line(line)


def print_schema(call: Invocation) -> int:
    """Print the JSON Schema of what `check --json` prints."""
    names = set(call.command.options) - {"json_schema"}
    if call.words or any(getattr(call.options, name) not in (None, False, []) for name in names):
        raise UsageError("check --json-schema allows no other argument")
    print_lines(json.dumps(schema(), indent=2))
    return PASSED


class SummaryReporter:
    """The base of what is only printed when all checks are over."""

    def on_event(self, target: CheckTarget, event: Event) -> None:
        """Print nothing."""

    def on_result(self, target: CheckTarget, verdict: Verdict) -> None:
        """Print nothing."""

    def on_domain(self, target: CheckTarget, verdict: Verdict, facts: Sequence[DomainFact]) -> None:
        """Print nothing; these formats do not allow --domain-check."""


class NagiosReporter(SummaryReporter):
    """Prints a line with performance data, and exits with the state of a plugin."""

    def __init__(self, call: Invocation) -> None:
        self._thresholds = thresholds_of(call)

    def finish(self, summary: BatchSummary) -> int:
        """Print all lines and return the worst state."""
        for line in nagios_lines(summary, self._thresholds):
            print_line(line)
        return int(state_of_all(summary, self._thresholds))


class PrometheusReporter(SummaryReporter):
    """Prints metrics, or writes them to the file of --output."""

    def __init__(self, call: Invocation) -> None:
        self._file: str | None = call.options.output

    def finish(self, summary: BatchSummary) -> int | None:
        """Print or write the metrics, and name the files that could not be read."""
        text = prometheus_text(summary, datetime.now(UTC))
        if self._file is None:
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(encoding="utf-8")  # the format's, whatever the locale's is
            print_lines(text)
        else:
            try:
                write_prometheus(Path(self._file), text)
            except NotWrittenError as error:
                print_error(str(error))
                return NOT_WRITTEN
        for result in summary.results:
            if result.target.refusal:
                print_error(result.target.refusal)
        return None


def thresholds_of(call: Invocation) -> Thresholds:
    """Return the thresholds that a call names, or the usual ones; UsageError where one is wrong."""
    usual = Thresholds()
    warning, critical = _limit(call, "warning"), _limit(call, "critical")
    if warning and critical and _is_above(critical, warning):
        raise UsageError(
            "the critical threshold of the certificate must not be above its warning threshold"
        )
    return Thresholds(
        certificate_warning=warning or usual.certificate_warning,
        certificate_critical=critical or _at_most(usual.certificate_critical, warning),
        seconds_warning=_seconds_range(call, "warning"),
        seconds_critical=_seconds_range(call, "critical"),
    )


def _limit(call: Invocation, level: str) -> Limit | None:
    """Return what a call says of a certificate's time left: a share, or days."""
    text = getattr(call.options, f"certificate_{level}")
    days = getattr(call.options, f"{level}_days")
    if text is None:
        text = None if days is None else str(days)
    elif days is not None:
        raise UsageError(
            f"--certificate-{level} and --{level}-days mean the same: give only one of them"
        )
    if text is None:
        return None
    found = _LIMIT.fullmatch(text)
    if found and found["share"] and float(found["share"]) <= 100:
        return Limit(share=float(found["share"]) / 100)
    if found and found["days"] and int(found["days"]) <= MOST_DAYS:
        return Limit(most=timedelta(days=int(found["days"])))
    option = f"--certificate-{level}" if days is None else f"--{level}-days"
    share = " or a share of the lifetime such as 25%" if days is None else ""
    raise UsageError(f"{option} needs days, 0 to {MOST_DAYS}{share}")


def _is_above(limit: Limit, other: Limit) -> bool:
    # Of a share and a number of days neither is above the other: the lifetime decides.
    if limit.share is not None and other.share is not None:
        return limit.share > other.share
    return limit.most is not None and other.most is not None and limit.most > other.most


def _at_most(usual: Limit, given: Limit | None) -> Limit:
    """Return the usual critical limit, no higher than the warning limit that a call gives."""
    if given is None:
        return usual
    return Limit(
        share=min((one for one in (usual.share, given.share) if one is not None), default=None),
        most=min((one for one in (usual.most, given.most) if one is not None), default=None),
    )


def _seconds_range(call: Invocation, level: str) -> Range | None:
    text = getattr(call.options, level)
    try:
        return None if text is None else range_of(text)
    except RangeError as error:
        raise UsageError(f"--{level} needs a range of seconds: {error}") from None
