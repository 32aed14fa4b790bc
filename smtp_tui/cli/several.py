"""`smtp-tui check` of several tables: each one's lines together, in order, and a summary."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from smtp_tui.checks.many import Subject, Summary, Told, run_all
from smtp_tui.checks.status import PASSED, exit_status
from smtp_tui.cli.calls import Call
from smtp_tui.cli.check import recording, tell_json, told_lines
from smtp_tui.cli.output import tell
from smtp_tui.cli.requests import jobs_of, subjects_of
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.labels import label

if TYPE_CHECKING:
    from smtp_tui.cli.reporting import Recorder


def check_several(call: Call) -> int:
    """Check every table that a call means, side by side; return the highest exit status."""
    recorder = recording(call)
    make = _JsonTeller if call.options.json else _Teller
    teller = None if recorder and recorder.takes_output else make(quiet=call.options.quiet)
    jobs = jobs_of(call)
    subjects = subjects_of(call)
    status = asyncio.run(_check(subjects, jobs, teller, recorder))
    return recorder.finish(status) if recorder else status


async def _check(
    subjects: list[Subject], jobs: int, teller: _Teller | None, recorder: Recorder | None
) -> int:
    async with aclosing(run_all(subjects, jobs)) as told:
        async for one in told:
            if isinstance(one, Summary):
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
        self._current: Subject | None = None

    def tell(self, subject: Subject, told: Told) -> None:
        """Tell what happened to a subject; `quiet` leaves the first line of its verdict."""
        if self.quiet:
            if isinstance(told, Verdict):
                tell(f"{subject.label}: {told_lines(told)[0]}")
            return
        if subject is not self._current:
            if self._current:
                tell("")
            self._current = subject
            tell(f"{subject.label}:")
        for line in told_lines(told):
            tell(line)

    def tell_summary(self, summary: Summary) -> None:
        """Tell in one line how many passed, and which did not."""
        count, failed = len(summary.outcomes), summary.failed
        if not self.quiet:
            tell("")
        named = ", ".join(
            f"{one.subject.label} ({label(one.verdict.cause or '')})" for one in failed
        )
        tables = "1 table" if count == 1 else f"{count} tables"
        told = f"{len(failed)} failed: {named}" if failed else "none failed"
        tell(f"{tables} in {summary.seconds:.2f} s: {count - len(failed)} passed, {told}")


class _JsonTeller(_Teller):
    """Tells it as JSON Lines."""

    def tell(self, subject: Subject, told: Told) -> None:
        """Print an event or a verdict with its subject's file and table."""
        tell_json(told, subject.file, subject.table)

    def tell_summary(self, summary: Summary) -> None:
        """Print the summary object."""
        from smtp_tui.checks.jsonlines import summary_line

        tell(summary_line(summary))
