"""Checks as programs read them: JSON Lines, a Nagios plugin's output, Prometheus' metrics."""

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
from smtp_tui.checks.jsonlines import (
    json_line,
    named_line,
    schema,
)
from smtp_tui.checks.monitoring import (
    Range,
    Thresholds,
    nagios_lines,
    prometheus_text,
    range_of,
    state_of_all,
    write_prometheus,
)
from smtp_tui.checks.output_file import NotWrittenError
from smtp_tui.checks.request import CheckTarget
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.reporters import Reporter
from smtp_tui.cli.terminal import NOT_WRITTEN, print_error, print_line, print_lines
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.certificates import Limit
from smtp_tui.smtp.events import Event

if TYPE_CHECKING:
    from smtp_tui.discovery.domain import DomainFact

MOST_DAYS = 36500  # a hundred years
# Days are whole, so that nobody's share of 0.25 becomes six hours.
_LIMIT = re.compile(r"(?P<share>[0-9]{1,3}(?:\.[0-9]{1,4})?)%|(?P<days>[0-9]{1,5})")


class JsonReporter(Reporter):
    """Prints one JSON object a line; the verdict of a check comes last."""

    def on_event(self, target: CheckTarget, event: Event) -> None:
        """Print an event; what only frames the dialogue has no line."""
        line = json_line(event, target.file, target.table)
        if line is not None and not self.options.quiet:
            print_line(line)

    def on_result(self, target: CheckTarget, verdict: Verdict) -> None:
        """Print the verdict, unless `on_domain` will."""
        if not (self.options.domain_check and verdict.ok):
            print_line(str(json_line(verdict, target.file, target.table)))

    def on_domain(self, target: CheckTarget, verdict: Verdict, facts: Sequence[DomainFact]) -> None:
        """Print the facts, and then the verdict."""
        found = facts, verdict.seconds
        print_line(named_line("domain", found, target.file, target.table))
        print_line(str(json_line(verdict, target.file, target.table)))

    def finish(self, summary: BatchSummary) -> None:
        """Of several checks, print the summary object."""
        if self.is_batch:
            print_line(named_line("summary", summary, None, None))


def print_schema(call: Invocation) -> int:
    """Print the JSON Schema of what `check --json` prints."""
    if call.words or call.given.keys() != {"json_schema"}:
        raise UsageError("check --json-schema allows no other argument")
    print_lines(json.dumps(schema(), indent=2))
    return PASSED


class NagiosReporter(Reporter):
    """Prints a line with performance data, and exits with the state of a plugin."""

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
        if self.options.output is None:
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(encoding="utf-8")  # the format's, whatever the locale's is
            print_lines(text)
        else:
            try:
                write_prometheus(Path(self.options.output), text)
            except NotWrittenError as error:
                print_error(str(error))
                return NOT_WRITTEN
        for result in summary.results:
            if result.target.refusal:
                print_error(result.target.refusal)
        return None


def thresholds_of(options: Namespace) -> Thresholds:
    """Return the thresholds that a call names, or the usual ones; UsageError where one is wrong."""
    usual = Thresholds()
    warning, critical = _limit(options, "warning"), _limit(options, "critical")
    if warning and critical and _is_above(critical, warning):
        raise UsageError(
            "the critical threshold of the certificate must not be above its warning threshold"
        )
    return Thresholds(
        certificate_warning=warning or usual.certificate_warning,
        certificate_critical=critical or _at_most(usual.certificate_critical, warning),
        seconds_warning=_seconds_range(options, "warning"),
        seconds_critical=_seconds_range(options, "critical"),
    )


def _limit(options: Namespace, level: str) -> Limit | None:
    """Return what a call says of a certificate's time left: a share, or days."""
    text, days = getattr(options, f"certificate_{level}"), getattr(options, f"{level}_days")
    if text is not None and days is not None:
        raise UsageError(
            f"--certificate-{level} and --{level}-days mean the same: give only one of them"
        )
    if text is None and days is None:
        return None
    found = _LIMIT.fullmatch(str(days) if text is None else text)
    if found and found["share"] and float(found["share"]) <= 100:
        return Limit(share=float(found["share"]) / 100)
    if found and found["days"] and int(found["days"]) <= MOST_DAYS:
        return Limit(most=timedelta(days=int(found["days"])))
    if days is None:
        share = "or a share of the lifetime such as 25%"
        raise UsageError(f"--certificate-{level} needs days, 0 to {MOST_DAYS} {share}")
    raise UsageError(f"--{level}-days needs days, 0 to {MOST_DAYS}")


def _is_above(limit: Limit, other: Limit) -> bool:
    # Of a share and a number of days neither is above the other: the lifetime decides.
    if limit.share is not None and other.share is not None:
        return limit.share > other.share
    return limit.most is not None and other.most is not None and limit.most > other.most


def _at_most(usual: Limit, given: Limit | None) -> Limit:
    """Return the usual critical limit, no higher than the warning limit that a call gives."""
    if given is None:
        return usual
    shares = (limit.share for limit in (usual, given) if limit.share is not None)
    days = (limit.most for limit in (usual, given) if limit.most is not None)
    return Limit(share=min(shares, default=None), most=min(days, default=None))


def _seconds_range(options: Namespace, level: str) -> Range | None:
    text = getattr(options, level)
    try:
        return None if text is None else range_of(text)
    except ValueError as error:
        raise UsageError(f"--{level} needs a range of seconds: {error}") from None
