"""Several checks: many at a time, or the same again and again."""

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
from smtp_tui.smtp.redaction import Redactors

# A lookup, two attempts to connect, or a connection and an experiment.
DESCRIPTORS_OF_A_CHECK = 3
# Standard streams, the event loop, and the files of the program itself.
DESCRIPTORS_KEPT = 32
_PERMANENT = range(500, 600)
_MECHANISM_UNKNOWN = 504  # the password was not looked at


@record(kw_only=True)
class CheckResult:
    """A table and what its check amounted to."""

    target: CheckTarget
    verdict: Verdict


@record(kw_only=True)
class BatchSummary:
    """All outcomes, in the order of the targets, and the seconds they took together."""

    results: tuple[CheckResult, ...]
    seconds: float

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Those that did not pass."""
        return tuple(result for result in self.results if not result.verdict.ok)

    @property
    def ok(self) -> bool:
        """Whether all passed."""
        return not self.failed


async def run_batch(
    targets: Sequence[CheckTarget], jobs: int
) -> AsyncGenerator[tuple[CheckTarget, Event | Verdict] | BatchSummary, None]:
    """Check `jobs` targets at a time and yield what happens, the summary last.

    What belongs to a target comes together, its verdict last, and the targets come in their
    order: the first that is not over as it happens, the later ones from what was kept of them. Wrap
    it in `contextlib.aclosing`.
    """
    started = time.monotonic()
    # What a server learned in the check of one table, it may repeat in that of another.
    redactors = Redactors()
    turn = asyncio.Semaphore(_affordable(jobs))
    queues: list[asyncio.Queue[Event | Verdict | None]] = [asyncio.Queue() for _ in targets]

    async def check(target: CheckTarget, queue: asyncio.Queue[Event | Verdict | None]) -> None:
        try:
            if target.request is None:
                queue.put_nowait(verdict_without_check(target))
                return
            request = replace(target.request, redactors=redactors)
            # Leaving early closes the connection at once, and not when the collector comes by.
            async with turn, aclosing(run(request)) as events:
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


def _affordable(jobs: int) -> int:
    """How many of the jobs this process has file descriptors for."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return jobs
    return max(1, min(jobs, (limit - DESCRIPTORS_KEPT) // DESCRIPTORS_OF_A_CHECK))


class Clock:
    """The machine's own time; the tests have another."""

    def now(self) -> float:
        """Return the monotonic clock's seconds."""
        return time.monotonic()

    def moment(self) -> datetime:
        """Return the local time with its offset from UTC."""
        return datetime.now().astimezone()

    async def sleep(self, seconds: float) -> None:
        """Let time go by."""
        await asyncio.sleep(seconds)


@record(kw_only=True)
class VerdictChanged:
    """Another verdict than `before`: when, of which check, and all that happened in it."""

    number: int
    moment: datetime
    attempt: CheckTarget
    events: tuple[Event, ...]
    verdict: Verdict
    before: Verdict | None


@record(kw_only=True)
class Paused:
    """The password was refused and will not be sent before something changes."""

    moment: datetime
    attempt: CheckTarget


class Watch:
    """Checks every so many seconds, and counts."""

    def __init__(self, attempt: Callable[[], CheckTarget], every: float, clock: Clock) -> None:
        self.checks = self.passed = self.changes = 0
        self._attempt = attempt
        self._every = every
        self._clock = clock
        self._started = clock.now()
        self._redactors = Redactors()

    @property
    def seconds(self) -> float:
        """How long it has been watching."""
        return self._clock.now() - self._started

    async def rounds(self) -> AsyncGenerator[VerdictChanged | Paused, None]:
        """Yield what changes, for ever; it ends where a refused password cannot become another.

        Wrap it in `contextlib.aclosing`.
        """
        due = self._clock.now()
        before: Verdict | None = None
        paused: CheckTarget | None = None
        while True:
            attempt = self._attempt()
            # A file that cannot be read just now says nothing of another password.
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
                    yield Paused(moment=self._clock.moment(), attempt=attempt)
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
    """Whether a login was tried and refused for good: once more, and the account may be locked."""
    reply, facts = verdict.reply, verdict.facts
    if verdict.ok or verdict.stage is not Stage.AUTH or not (reply and facts and facts.mechanism):
        return False
    return reply.code in _PERMANENT and reply.code != _MECHANISM_UNKNOWN


def next_due(due: float, every: float, now: float) -> float:
    """Return when to check next: a multiple of `every` after `due`."""
    # What was missed is left out: a machine that slept must not make up for it all at once.
    return due + every * max(1, math.ceil((now - due) / every))


def _kind(verdict: Verdict) -> tuple[object, ...]:
    """Return what two verdicts share that are the same to whoever watches."""
    # Not the texts: a server may count in them.
    return verdict.ok, verdict.stage, verdict.cause
