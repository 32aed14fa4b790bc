"""Report checks to programs: JSON Lines, Nagios plugin output and Prometheus metrics."""

from __future__ import annotations

import io
import json
import re
import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.checks.batch import BatchSummary
from smtp_tui.checks.exit_status import PASSED
from smtp_tui.checks.jsonlines import json_line, named_line, schema
from smtp_tui.checks.monitoring import (
    ThresholdRange,
    Thresholds,
    nagios_lines,
    prometheus_text,
    range_of,
    state_of_all,
    write_prometheus,
)
from smtp_tui.checks.output_file import FileNotWrittenError
from smtp_tui.checks.request import CheckTarget
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.reporters import Reporter
from smtp_tui.cli.terminal import NOT_WRITTEN, print_error, print_line, print_lines
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.certificates import ExpiryLimit
from smtp_tui.smtp.events import Event

if TYPE_CHECKING:
    from smtp_tui.discovery.facts import DomainFact
    from smtp_tui.discovery.sender_report import SenderReport

MOST_DAYS = 36500  # a hundred years
# Days are whole, so that a share given as 0.25 is not six hours.
_LIMIT = re.compile(r"(?P<share>[0-9]{1,3}(?:\.[0-9]{1,4})?)%|(?P<days>[0-9]{1,5})")


class JsonReporter(Reporter):
    """Prints one JSON object per line; a check's verdict comes last."""

    def on_event(self, target: CheckTarget, event: Event) -> None:
        """Print an event, unless it only frames the dialogue."""
        line = json_line(event, target.file, target.table)
        if line is not None and not self.options.quiet:
            print_line(line)

    def on_result(self, target: CheckTarget, verdict: Verdict) -> None:
        """Print the verdict, unless `on_domain` will."""
        if not (self.options.domain_check and verdict.ok):
            print_line(str(json_line(verdict, target.file, target.table)))

    def on_domain(
        self,
        target: CheckTarget,
        verdict: Verdict,
        facts: Sequence[DomainFact],
        sender: SenderReport,
    ) -> None:
        """Print the requirements and the facts, then the verdict."""
        for demand in sender.demands:
            print_line(named_line("demand", demand, target.file, target.table))
        for result in sender.lists:
            print_line(named_line("blocklist", result, target.file, target.table))
        found = facts, verdict.seconds
        print_line(named_line("domain", found, target.file, target.table))
        print_line(str(json_line(verdict, target.file, target.table)))

    def finish(self, summary: BatchSummary) -> None:
        """Print the summary object of a batch."""
        if self.is_batch:
            print_line(named_line("summary", summary, None, None))


def print_schema(call: Invocation) -> int:
    """Print the JSON Schema of what `check --json` prints."""
    if call.words or call.given.keys() != {"json_schema"}:
        raise UsageError("check --json-schema allows no other argument")
    print_lines(json.dumps(schema(), indent=2))
    return PASSED


class NagiosReporter(Reporter):
    """Prints a line with performance data; the exit status is the plugin state."""

    def __init__(self, call: Invocation) -> None:
        super().__init__(call)
        self._thresholds = thresholds_of(call.options)

    def finish(self, summary: BatchSummary) -> int:
        """Print all lines and return the worst state."""
        for line in nagios_lines(summary, self._thresholds):
            print_line(line)
        return int(state_of_all(summary, self._thresholds))


class PrometheusReporter(Reporter):
    """Prints metrics, or writes them to the file of --output."""

    def finish(self, summary: BatchSummary) -> int | None:
        """Print or write the metrics, and name the files that could not be read."""
        text = prometheus_text(summary, datetime.now(UTC))
        if not put_metrics(text, self.options.output):
            return NOT_WRITTEN
        for result in summary.results:
            if result.target.refusal:
                print_error(result.target.refusal)
        return None


def put_metrics(text: str, output: str | None) -> bool:
    """Print metrics, or write them to the file of --output; say why it cannot be written."""
    if output is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # of the format, not of the locale
        print_lines(text)
        return True
    try:
        write_prometheus(Path(output), text)
    except FileNotWrittenError as error:
        print_error(str(error))
        return False
    return True


def thresholds_of(options: Namespace) -> Thresholds:
    """Return the given thresholds, with defaults for the rest; UsageError if one is invalid."""
    defaults = Thresholds()
    warning, critical = _limit(options, "warning"), _limit(options, "critical")
    if warning and critical and _is_above(critical, warning):
        raise UsageError(
            "the critical threshold of the certificate must not be above its warning threshold"
        )
    return Thresholds(
        certificate_warning=warning or defaults.certificate_warning,
        certificate_critical=critical or _at_most(defaults.certificate_critical, warning),
        seconds_warning=_seconds_range(options, "warning"),
        seconds_critical=_seconds_range(options, "critical"),
    )


def _limit(options: Namespace, level: str) -> ExpiryLimit | None:
    """Return the limit on a certificate's time left: a share, or days."""
    text, days = getattr(options, f"certificate_{level}"), getattr(options, f"{level}_days")
    if text is not None and days is not None:
        raise UsageError(
            f"--certificate-{level} and --{level}-days mean the same: give only one of them"
        )
    if text is None and days is None:
        return None
    match = _LIMIT.fullmatch(str(days) if text is None else text)
    if match and match["share"] and float(match["share"]) <= 100:
        return ExpiryLimit(share=float(match["share"]) / 100)
    if match and match["days"] and int(match["days"]) <= MOST_DAYS:
        return ExpiryLimit(most=timedelta(days=int(match["days"])))
    if days is None:
        share = "or a share of the lifetime such as 25%"
        raise UsageError(f"--certificate-{level} needs days, 0 to {MOST_DAYS} {share}")
    raise UsageError(f"--{level}-days needs days, 0 to {MOST_DAYS}")


def _is_above(limit: ExpiryLimit, other: ExpiryLimit) -> bool:
    # A share and a number of days do not compare: the lifetime decides.
    if limit.share is not None and other.share is not None:
        return limit.share > other.share
    return limit.most is not None and other.most is not None and limit.most > other.most


def _at_most(default: ExpiryLimit, warning: ExpiryLimit | None) -> ExpiryLimit:
    """Return the default critical limit, no higher than the given warning limit."""
    if warning is None:
        return default
    shares = (limit.share for limit in (default, warning) if limit.share is not None)
    days = (limit.most for limit in (default, warning) if limit.most is not None)
    return ExpiryLimit(share=min(shares, default=None), most=min(days, default=None))


def _seconds_range(options: Namespace, level: str) -> ThresholdRange | None:
    text = getattr(options, level)
    try:
        return None if text is None else range_of(text)
    except ValueError as error:
        raise UsageError(f"--{level} needs a range of seconds: {error}") from None
