"""Run checks and report them: the reporter interface and the text reporter.

`cli.check.FORMATS` names the class of each `--format`. The reporters for monitoring systems and for
tickets are in modules that a plain check does not load.
"""

from __future__ import annotations

import asyncio
import sys
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
from smtp_tui.cli.terminal import print_error, print_line, wrapped
from smtp_tui.diagnosis.causes import label
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.lazy import load
from smtp_tui.smtp.events import Event, MessageQueued
from smtp_tui.smtp.transcript import lines_of

if TYPE_CHECKING:
    from smtp_tui.discovery.facts import DomainFact
    from smtp_tui.discovery.sender_report import SenderCheck, SenderReport

WIDTH = 80
_SIGNS = {"good": "+", "note": "i", "bad": "!", "unknown": "?"}


class Reporter:
    """Reports checks, driven by `run_checks`; subclasses override what they show."""

    def __init__(self, call: Invocation) -> None:
        self.options = call.options
        self.is_batch = is_batch(call)

    def on_event(self, target: CheckTarget, event: Event) -> None:
        """Report an event of a target's check."""

    def on_result(self, target: CheckTarget, verdict: Verdict) -> None:
        """Report the verdict on a target, after its events."""

    def on_lookup(self) -> None:
        """Say that DNS is asked about the sender's domain, which may take long."""

    def on_domain(
        self,
        target: CheckTarget,
        verdict: Verdict,
        facts: Sequence[DomainFact],
        sender: SenderReport,
    ) -> None:
        """Report DNS facts about the sender's domain, after a check that passed.

        `sender` is what receivers require of it.
        """

    def finish(self, summary: BatchSummary) -> int | None:
        """Report all checks; return the exit status, or None to derive it from the verdicts."""


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
        """Print the verdict; in a quiet batch, only its first line with the table's name."""
        lines = list(verdict_lines(verdict))
        if not self.is_batch:
            if target.refusal:  # printed on stderr when the call ends
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

    def on_lookup(self) -> None:
        """Say it where a person waits."""
        if sys.stderr.isatty() and not self.options.quiet:
            print_error("asking DNS about the sender's domain")

    def on_domain(
        self,
        _target: CheckTarget,
        _verdict: Verdict,
        facts: Sequence[DomainFact],
        sender: SenderReport,
    ) -> None:
        """Print a line for each fact and requirement, with a sign for its weight."""
        for fact in facts:
            head = f"  {_SIGNS[fact.weight]} {fact.subject}: "
            for line in wrapped(fact.text, WIDTH, head, "    "):
                print_line(line)
        for sign, text in load("discovery.sender_report:report_lines")(sender):
            head = f"  {sign} " if sign else ""
            # A link stays whole.
            for line in wrapped(text, WIDTH, head, "    ", break_long_words=False):
                print_line(line)

    def finish(self, summary: BatchSummary) -> None:
        """Print how many checks of a batch passed, and which failed."""
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
    domain: SenderCheck | None = None,
) -> int:
    """Check the targets, `jobs` at a time; drive the reporters and return the exit status.

    `domain` looks up the sender's domain after a check that passed.
    """
    resume_collection()
    return asyncio.run(_run(targets, jobs, reporters, domain))


async def _run(
    targets: Sequence[CheckTarget],
    jobs: int,
    reporters: Sequence[Reporter],
    domain: SenderCheck | None,
) -> int:
    queued: dict[str, tuple[MessageQueued, float]] = {}
    try:
        return await _reported(targets, jobs, reporters, domain, queued)
    except asyncio.CancelledError:  # Ctrl+C, while the message is looked for
        for event, moment in queued.values():
            print_error(_stopped_text(event, time.monotonic() - moment))
        raise


def _stopped_text(event: MessageQueued, seconds: float) -> str:
    name = f" as {event.queue_id}" if event.queue_id else ""
    return (
        f"stopped: the server had accepted the message{name}; smtp-tui had not seen within "
        f"{seconds:.0f} s what became of it"
    )


async def _reported(
    targets: Sequence[CheckTarget],
    jobs: int,
    reporters: Sequence[Reporter],
    domain: SenderCheck | None,
    queued: dict[str, tuple[MessageQueued, float]],
) -> int:
    async with aclosing(_checks(targets, jobs)) as checks:
        async for item in checks:
            if isinstance(item, BatchSummary):
                status = max(
                    (exit_status(result.verdict) for result in item.results), default=PASSED
                )
                for reporter in reporters:
                    own_status = reporter.finish(item)
                    status = status if own_status is None else own_status
                return status
            target, update = item
            if isinstance(update, MessageQueued):
                queued[target.label] = update, time.monotonic()
            if not isinstance(update, Verdict):
                for reporter in reporters:
                    reporter.on_event(target, update)
                continue
            queued.pop(target.label, None)
            for reporter in reporters:
                reporter.on_result(target, update)
            if domain and update.ok and target.request:
                for reporter in reporters:
                    reporter.on_lookup()
                settings = target.request.sending_settings
                facts = await domain.facts(settings, update.facts)
                sender = await domain.report(settings, facts)
                for reporter in reporters:
                    reporter.on_domain(target, update, facts, sender)
    raise AssertionError("checks end with a summary")


async def _checks(
    targets: Sequence[CheckTarget], jobs: int
) -> AsyncGenerator[tuple[CheckTarget, Event | Verdict] | BatchSummary, None]:
    if len(targets) != 1 or targets[0].request is None:
        async with aclosing(run_batch(targets, jobs)) as items:
            async for item in items:
                yield item
        return
    # A single check needs no tasks and queues between the dialogue and the reporters.
    (target,) = targets
    started = time.monotonic()
    results = []
    request = targets[0].request
    # They load ctypes and more, for a check from another place, and readers of mail logs.
    runner = load("checks.side_by_side:run") if request.place else run
    if request.follow:
        runner = load("checks.after_sending:run")
    if request.prove:
        runner = load("checks.prove:run")
    async with aclosing(runner(request)) as updates:
        async for update in updates:
            yield target, update
            if isinstance(update, Verdict):
                results.append(CheckResult(target=target, verdict=update))
    yield BatchSummary(results=tuple(results), seconds=time.monotonic() - started)
