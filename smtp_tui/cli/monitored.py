"""`smtp-tui check --format nagios` and `prometheus`: all is checked, then told at once."""

from __future__ import annotations

import asyncio
import io
import sys
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from smtp_tui.checks.many import Subject, Summary, run_all
from smtp_tui.checks.monitoring.states import Thresholds
from smtp_tui.checks.status import PASSED, exit_status
from smtp_tui.cli.calls import Call
from smtp_tui.cli.formats import NAGIOS
from smtp_tui.cli.output import complain, tell
from smtp_tui.cli.requests import file_of, jobs_of, means_several, request_of, subjects_of
from smtp_tui.cli.thresholds import thresholds_of
from smtp_tui.cli.verdicts import verdict_lines
from smtp_tui.config.errors import DocumentError, SeveralTablesError

NOT_WRITTEN = 74


def check_monitored(call: Call, format_: str) -> int:
    """Check what a call means and tell it to a monitoring system; return the exit status."""
    thresholds = thresholds_of(call)
    jobs = jobs_of(call)
    subjects = [_without_looks(one) for one in _subjects(call)]
    summary = asyncio.run(_summary(subjects, jobs))
    if format_ == NAGIOS:
        return _tell_nagios(summary, thresholds)
    return _tell_prometheus(summary, call.options.output)


def _subjects(call: Call) -> list[Subject]:
    if means_several(call):
        return subjects_of(call)
    try:
        request = request_of(call)
    except SeveralTablesError:
        raise
    except DocumentError as error:
        return [Subject(file=file_of(call), table=call.options.table, refusal=str(error))]
    return [Subject(file=request.file, table=request.table, request=request)]


def _without_looks(subject: Subject) -> Subject:
    """Leave out what is done beside the dialogue: nobody wants that every minute."""
    if subject.request is None:
        return subject
    return replace(subject, request=replace(subject.request, extra=0.0))


async def _summary(subjects: list[Subject], jobs: int) -> Summary:
    async with aclosing(run_all(subjects, jobs)) as told:
        async for one in told:
            if isinstance(one, Summary):
                return one
    raise AssertionError("several checks end with a summary")


def _tell_nagios(summary: Summary, thresholds: Thresholds) -> int:
    from smtp_tui.checks.monitoring.nagios import nagios_lines, state_of_all

    for line in nagios_lines(summary, thresholds, verdict_lines):
        tell(line)
    return int(state_of_all(summary, thresholds))


def _tell_prometheus(summary: Summary, place: str | None) -> int:
    from smtp_tui.checks.monitoring.prometheus import prometheus_text, write_prometheus
    from smtp_tui.checks.whole_file import NotWrittenError

    text = prometheus_text(summary, datetime.now(UTC))
    if place is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # the format's, whatever the locale's is
        for line in text.removesuffix("\n").split("\n"):
            tell(line)
    else:
        try:
            write_prometheus(Path(place), text)
        except NotWrittenError as error:
            complain(str(error))
            return NOT_WRITTEN
    for one in summary.outcomes:
        if one.subject.refusal:
            complain(one.subject.refusal)
    return max((exit_status(one.verdict) for one in summary.outcomes), default=PASSED)
