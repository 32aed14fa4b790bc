"""How checks are run and reported: one interface, one class for each form of output.

`cli.check.FORMATS` names the class of each `--format`. What monitoring systems read, and the report
for a ticket, are in modules of their own that a plain check does not load.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from smtp_tui.checks.batch import BatchSummary, CheckResult, run_batch
from smtp_tui.checks.exit_status import PASSED, exit_status, verdict_lines
from smtp_tui.checks.request import CheckTarget
from smtp_tui.checks.run import run
from smtp_tui.cli.check import is_batch
from smtp_tui.cli.commands import Invocation, resume_collection
from smtp_tui.cli.terminal import print_line, wrapped
from smtp_tui.diagnosis.causes import label
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Event
from smtp_tui.smtp.transcript import lines_of

if TYPE_CHECKING:
    from smtp_tui.discovery.domain import DomainCheck, DomainFact

WIDTH = 80
_SIGNS = {"good": "+", "note": "i", "bad": "!", "unknown": "?"}


class Reporter:
    """Makes output of checks, driven by `run_checks`; a form overrides what it shows."""

    def __init__(self, call: Invocation) -> None:
        self.options = call.options
        self.is_batch = is_batch(call)

    def on_event(self, target: CheckTarget, event: Event) -> None:
        """Report what happens while a target is checked."""

    def on_result(self, target: CheckTarget, verdict: Verdict) -> None:
        """Report what the check of a target came to; its events have come before."""

    def on_domain(self, target: CheckTarget, verdict: Verdict, facts: Sequence[DomainFact]) -> None:
        """Report what DNS says about the sender's domain, after a check that passed."""

    def finish(self, summary: BatchSummary) -> int | None:
        """Report all checks together; return the exit status, None where the verdicts decide it."""


class TextReporter(Reporter):
    """Prints lines for people: the dialogue as it happens, then the verdict."""

    _current: CheckTarget | None = None

    def on_event(self, target: CheckTarget, event: Event) -> None:
        """Print the lines of an event."""
        if not self.options.quiet:
            self._print_heading(target)
            for line in lines_of(event):
                print_line(str(line))

    def on_result(self, target: CheckTarget, verdict: Verdict) -> None:
        """Print the verdict; of several, `quiet` leaves the first line with the table's name."""
        lines = list(verdict_lines(verdict))
        if not self.is_batch:
            if target.refusal:  # the call ends with it, on standard error
                return
        elif self.options.quiet:
            lines = [f"{target.label}: {lines[0]}"]
        else:
            self._print_heading(target)
        for line in lines:
            print_line(line)

    def _print_heading(self, target: CheckTarget) -> None:
        if self.is_batch and target is not self._current:
            if self._current:
                print_line("")
            self._current = target
            print_line(f"{target.label}:")

    def on_domain(
        self, _target: CheckTarget, _verdict: Verdict, facts: Sequence[DomainFact]
    ) -> None:
        """Print a line for each fact, with a sign for its weight."""
        for fact in facts:
            head = f"  {_SIGNS[fact.weight]} {fact.subject}: "
            for line in wrapped(fact.text, WIDTH, head, "    "):
                print_line(line)

    def finish(self, summary: BatchSummary) -> None:
        """Of several checks, print how many passed, and which did not."""
        if not self.is_batch:
            return
        count, failed = len(summary.results), summary.failed
        if not self.options.quiet:
            print_line("")
        named = ", ".join(
            f"{result.target.label} ({label(result.verdict.cause or '')})" for result in failed
        )
        tables = "1 table" if count == 1 else f"{count} tables"
        failures = f"{len(failed)} failed: {named}" if failed else "none failed"
        print_line(f"{tables} in {summary.seconds:.2f} s: {count - len(failed)} passed, {failures}")


def run_checks(
    targets: Sequence[CheckTarget],
    jobs: int,
    reporters: Sequence[Reporter],
    domain: DomainCheck | None = None,
) -> int:
    """Check the targets, `jobs` at a time; drive the reporters, and return the exit status.

    `domain` looks the sender's domain up after a check that passed.
    """
    resume_collection()
    return asyncio.run(_run(targets, jobs, reporters, domain))


async def _run(
    targets: Sequence[CheckTarget],
    jobs: int,
    reporters: Sequence[Reporter],
    domain: DomainCheck | None,
) -> int:
    async with aclosing(_checks(targets, jobs)) as checks:
        async for item in checks:
            if isinstance(item, BatchSummary):
                status = max((exit_status(each.verdict) for each in item.results), default=PASSED)
                for reporter in reporters:
                    own = reporter.finish(item)
                    status = status if own is None else own
                return status
            target, happening = item
            if not isinstance(happening, Verdict):
                for reporter in reporters:
                    reporter.on_event(target, happening)
                continue
            for reporter in reporters:
                reporter.on_result(target, happening)
            if domain and happening.ok and target.request:
                connected = happening.facts.connected if happening.facts else None
                facts = await domain.facts(target.request.sending_settings, connected)
                for reporter in reporters:
                    reporter.on_domain(target, happening, facts)
    raise AssertionError("checks end with a summary")


async def _checks(
    targets: Sequence[CheckTarget], jobs: int
) -> AsyncGenerator[tuple[CheckTarget, Event | Verdict] | BatchSummary, None]:
    if len(targets) != 1 or targets[0].request is None:
        async with aclosing(run_batch(targets, jobs)) as items:
            async for item in items:
                yield item
        return
    # One check needs no tasks and queues between the dialogue and what is printed of it.
    (target,) = targets
    started = time.monotonic()
    outcomes = []
    async with aclosing(run(targets[0].request)) as happenings:
        async for happening in happenings:
            yield target, happening
            if isinstance(happening, Verdict):
                outcomes.append(CheckResult(target=target, verdict=happening))
    yield BatchSummary(results=tuple(outcomes), seconds=time.monotonic() - started)
