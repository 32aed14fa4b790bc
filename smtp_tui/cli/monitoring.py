"""`smtp-tui check --format nagios` and `prometheus`: all is checked, then told at once."""

from __future__ import annotations

import asyncio
import io
import sys
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from smtp_tui.checks.batch import BatchSummary, CheckTarget, run_batch
from smtp_tui.checks.exit_status import PASSED, exit_status
from smtp_tui.checks.monitoring import Thresholds
from smtp_tui.cli.formats import NAGIOS
from smtp_tui.cli.output import print_error, print_line
from smtp_tui.cli.parser import Invocation
from smtp_tui.cli.requests import check_request, check_targets, file_of, is_batch, jobs_of
from smtp_tui.cli.thresholds import thresholds_of
from smtp_tui.cli.verdicts import verdict_lines
from smtp_tui.config.errors import DocumentError, SeveralTablesError

NOT_WRITTEN = 74


def check_monitored(call: Invocation, format_: str) -> int:
    """Check what a call means and tell it to a monitoring system; return the exit status."""
    thresholds = thresholds_of(call)
    jobs = jobs_of(call)
    subjects = [_without_looks(one) for one in _subjects(call)]
    summary = asyncio.run(_summary(subjects, jobs))
    if format_ == NAGIOS:
        return _tell_nagios(summary, thresholds)
    return _tell_prometheus(summary, call.options.output)


def _subjects(call: Invocation) -> list[CheckTarget]:
    if is_batch(call):
        return check_targets(call)
    try:
        request = check_request(call)
    except SeveralTablesError:
        raise
    except DocumentError as error:
        return [CheckTarget(file=file_of(call), table=call.options.table, refusal=str(error))]
    return [CheckTarget(file=request.file, table=request.table, request=request)]


def _without_looks(subject: CheckTarget) -> CheckTarget:
    """Leave out what is done beside the dialogue: nobody wants that every minute."""
    if subject.request is None:
        return subject
    return replace(subject, request=replace(subject.request, extra=0.0))


async def _summary(subjects: list[CheckTarget], jobs: int) -> BatchSummary:
    async with aclosing(run_batch(subjects, jobs)) as told:
        async for one in told:
            if isinstance(one, BatchSummary):
                return one
    raise AssertionError("several checks end with a summary")


def _tell_nagios(summary: BatchSummary, thresholds: Thresholds) -> int:
    from smtp_tui.checks.monitoring import nagios_lines, state_of_all

    for line in nagios_lines(summary, thresholds, verdict_lines):
        print_line(line)
    return int(state_of_all(summary, thresholds))


def _tell_prometheus(summary: BatchSummary, place: str | None) -> int:
    from smtp_tui.checks.monitoring import prometheus_text, write_prometheus
    from smtp_tui.checks.output_file import NotWrittenError

    text = prometheus_text(summary, datetime.now(UTC))
    if place is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # the format's, whatever the locale's is
        for line in text.removesuffix("\n").split("\n"):
            print_line(line)
    else:
        try:
            write_prometheus(Path(place), text)
        except NotWrittenError as error:
            print_error(str(error))
            return NOT_WRITTEN
    for one in summary.outcomes:
        if one.subject.refusal:
            print_error(one.subject.refusal)
    return max((exit_status(one.verdict) for one in summary.outcomes), default=PASSED)
