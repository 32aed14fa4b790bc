"""`smtp-tui check` of several tables: each one's lines together, in order, and a summary."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from smtp_tui.checks.batch import BatchSummary, CheckTarget, Told, run_batch
from smtp_tui.checks.exit_status import PASSED, exit_status
from smtp_tui.cli.check import print_json, recording, text_lines
from smtp_tui.cli.output import print_line
from smtp_tui.cli.parser import Invocation
from smtp_tui.cli.requests import check_targets, jobs_of
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import label

if TYPE_CHECKING:
    from smtp_tui.cli.reporting import Recorder


def check_several(call: Invocation) -> int:
    """Check every table that a call means, side by side; return the highest exit status."""
    recorder = recording(call)
    make = _JsonTeller if call.options.json else _Teller
    teller = None if recorder and recorder.takes_output else make(quiet=call.options.quiet)
    jobs = jobs_of(call)
    subjects = check_targets(call)
    status = asyncio.run(_check(subjects, jobs, teller, recorder))
    return recorder.finish(status) if recorder else status


async def _check(
    subjects: list[CheckTarget], jobs: int, teller: _Teller | None, recorder: Recorder | None
) -> int:
    async with aclosing(run_batch(subjects, jobs)) as told:
        async for one in told:
            if isinstance(one, BatchSummary):
                if teller:
                    teller.tell_summary(one)
                return max((exit_status(each.verdict) for each in one.outcomes), default=PASSED)
            subject, what = one
            if recorder:
                recorder.hear(what, subject.request, subject.file, subject.table)
            if teller and (isinstance(what, Verdict) or not teller.quiet):
                teller.tell(subject, what)
    raise AssertionError("several checks end with a summary")


class _Teller:
    """Tells it in words: of each table its name, its dialogue, its verdict."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self._current: CheckTarget | None = None

    def tell(self, subject: CheckTarget, told: Told) -> None:
        """Tell what happened to a subject; `quiet` leaves the first line of its verdict."""
        if self.quiet:
            if isinstance(told, Verdict):
                print_line(f"{subject.label}: {text_lines(told)[0]}")
            return
        if subject is not self._current:
            if self._current:
                print_line("")
            self._current = subject
            print_line(f"{subject.label}:")
        for line in text_lines(told):
            print_line(line)

    def tell_summary(self, summary: BatchSummary) -> None:
        """Tell in one line how many passed, and which did not."""
        count, failed = len(summary.outcomes), summary.failed
        if not self.quiet:
            print_line("")
        named = ", ".join(
            f"{one.subject.label} ({label(one.verdict.cause or '')})" for one in failed
        )
        tables = "1 table" if count == 1 else f"{count} tables"
        told = f"{len(failed)} failed: {named}" if failed else "none failed"
        print_line(f"{tables} in {summary.seconds:.2f} s: {count - len(failed)} passed, {told}")


class _JsonTeller(_Teller):
    """Tells it as JSON Lines."""

    def tell(self, subject: CheckTarget, told: Told) -> None:
        """Print an event or a verdict with its subject's file and table."""
        print_json(told, subject.file, subject.table)

    def tell_summary(self, summary: BatchSummary) -> None:
        """Print the summary object."""
        from smtp_tui.checks.jsonlines import summary_line

        print_line(summary_line(summary))
