"""Run many checks at a time, or one check periodically."""

from __future__ import annotations

import asyncio
import math
import resource
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

from smtp_tui.checks.request import CheckTarget
from smtp_tui.checks.run import run, verdict_without_check
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.smtp.events import Event, Stage
from smtp_tui.smtp.redaction import RedactorGroup

# Open at a time: a lookup, two connection attempts, or a connection and an experiment.
DESCRIPTORS_OF_A_CHECK = 3
# Standard streams, the event loop, and the program's own files.
DESCRIPTORS_KEPT = 32
_PERMANENT = range(500, 600)
_MECHANISM_UNKNOWN = 504  # the server did not check the password


@record(kw_only=True)
class CheckResult:
    """A target and the verdict of its check."""

    target: CheckTarget
    verdict: Verdict


@record(kw_only=True)
class BatchSummary:
    """All results, in the order of the targets, and their total duration in seconds."""

    results: tuple[CheckResult, ...]
    seconds: float

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Results of failed checks."""
        return tuple(result for result in self.results if not result.verdict.ok)

    @property
    def ok(self) -> bool:
        """Whether all checks passed."""
        return not self.failed


async def run_batch(
    targets: Sequence[CheckTarget], jobs: int
) -> AsyncGenerator[tuple[CheckTarget, Event | Verdict] | BatchSummary, None]:
    """Check `jobs` targets at a time and yield their events, the summary last.

    Events come target by target, in the order of the targets and each verdict last: those of the
    first unfinished target as they happen, those of later targets from a queue. Wrap it in
    `contextlib.aclosing`.
    """
    started = time.monotonic()
    # A server may repeat in one table's check a password from the check of another.
    redactors = RedactorGroup()
    slots = asyncio.Semaphore(limit_jobs(jobs))
    queues: list[asyncio.Queue[Event | Verdict | None]] = [asyncio.Queue() for _ in targets]

    async def check(target: CheckTarget, queue: asyncio.Queue[Event | Verdict | None]) -> None:
        try:
            if target.request is None:
                queue.put_nowait(verdict_without_check(target))
                return
            request = replace(target.request, redactors=redactors)
            # Leaving early closes the connection at once, not at garbage collection.
            async with slots, aclosing(run(request)) as events:
                async for event in events:
                    queue.put_nowait(event)
        finally:
            queue.put_nowait(None)

    tasks = [asyncio.create_task(check(*pair)) for pair in zip(targets, queues, strict=True)]
    results = []
    try:
        for target, task, queue in zip(targets, tasks, queues, strict=True):
            while (event := await queue.get()) is not None:
                yield target, event
                if isinstance(event, Verdict):
                    results.append(CheckResult(target=target, verdict=event))
            await task
        yield BatchSummary(results=tuple(results), seconds=time.monotonic() - started)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def limit_jobs(jobs: int) -> int:
    """Return `jobs`, or as many as the file descriptor limit allows."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return jobs
    return max(1, min(jobs, (limit - DESCRIPTORS_KEPT) // DESCRIPTORS_OF_A_CHECK))


class Clock:
    """The machine's clock; tests replace it."""

    def now(self) -> float:
        """Return the monotonic time in seconds."""
        return time.monotonic()

    def moment(self) -> datetime:
        """Return the local time with its offset from UTC."""
        return datetime.now().astimezone()

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds`."""
        await asyncio.sleep(seconds)


@record(kw_only=True)
class VerdictChanged:
    """A check whose verdict differs from `before` (None for the first), with its events."""

    number: int
    moment: datetime
    attempt: CheckTarget
    events: tuple[Event, ...]
    verdict: Verdict
    before: Verdict | None


@record(kw_only=True)
class PausedAfterRejection:
    """The server rejected the password; no check runs until the target changes."""

    moment: datetime
    attempt: CheckTarget


class RepeatedChecks:
    """Checks `every` seconds apart, and their counts."""

    def __init__(self, attempt: Callable[[], CheckTarget], every: float, clock: Clock) -> None:
        self.checks = self.passed = self.changes = 0
        self._attempt = attempt
        self._every = every
        self._clock = clock
        self._started = clock.now()
        self._redactors = RedactorGroup()

    @property
    def seconds(self) -> float:
        """Seconds since the watch began."""
        return self._clock.now() - self._started

    async def rounds(self) -> AsyncGenerator[VerdictChanged | PausedAfterRejection, None]:
        """Yield verdict changes and pauses; end only if a rejected password cannot change.

        Wrap it in `contextlib.aclosing`.
        """
        due = self._clock.now()
        before: Verdict | None = None
        paused: CheckTarget | None = None
        while True:
            attempt = self._attempt()
            # An unreadable file does not mean that the password changed.
            if paused is None or (attempt.request is not None and attempt.mark != paused.mark):
                paused = None
                change = await self._check(attempt, before)
                verdict = change.verdict
                if before is None or _kind(before) != _kind(verdict):
                    self.changes += before is not None
                    yield change
                before = verdict
                if refuses_password(verdict):
                    paused = attempt
                    yield PausedAfterRejection(moment=self._clock.moment(), attempt=attempt)
                    if not attempt.can_change:
                        return
            due = next_due(due, self._every, self._clock.now())
            await self._clock.sleep(due - self._clock.now())

    async def _check(self, attempt: CheckTarget, before: Verdict | None) -> VerdictChanged:
        events: list[Event] = []
        if attempt.request is None:
            verdict = verdict_without_check(attempt)
        else:
            request = replace(attempt.request, redactors=self._redactors)
            async with aclosing(run(request)) as stream:
                async for event in stream:
                    if isinstance(event, Verdict):
                        verdict = event
                    else:
                        events.append(event)
        self.checks += 1
        self.passed += verdict.ok
        return VerdictChanged(
            number=self.checks,
            moment=self._clock.moment(),
            attempt=attempt,
            events=tuple(events),
            verdict=verdict,
            before=before,
        )


def refuses_password(verdict: Verdict) -> bool:
    """Whether the server rejected the login permanently: a retry may lock the account."""
    reply, facts = verdict.reply, verdict.facts
    if verdict.ok or verdict.stage is not Stage.AUTH or not (reply and facts and facts.mechanism):
        return False
    return reply.code in _PERMANENT and reply.code != _MECHANISM_UNKNOWN


def next_due(due: float, every: float, now: float) -> float:
    """Return the next check time: `due` plus a multiple of `every`."""
    # Missed checks are skipped: a machine that slept must not catch up all at once.
    return due + every * max(1, math.ceil((now - due) / every))


def _kind(verdict: Verdict) -> tuple[object, ...]:
    """Return what makes two verdicts equal for a watch."""
    # Not the texts: a server may put counters into them.
    return verdict.ok, verdict.stage, verdict.cause
