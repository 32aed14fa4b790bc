"""Several checks at a time, reported one after the other."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from smtp_tui.checks.request import CheckTarget
from smtp_tui.checks.run import run, verdict_without_check
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.smtp.events import Event
from smtp_tui.smtp.redaction import Redactors

# A lookup, two attempts to connect, or a connection and an experiment.
DESCRIPTORS_OF_A_CHECK = 3
# Standard streams, the event loop, and the files of the program itself.
DESCRIPTORS_KEPT = 32


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


Told = Event | Verdict


async def run_batch(
    targets: Sequence[CheckTarget], jobs: int
) -> AsyncGenerator[tuple[CheckTarget, Told] | BatchSummary, None]:
    """Check `jobs` targets at a time and yield what happens, the summary last.

    What belongs to a target comes together, its verdict last, and the targets come in their
    order: the first that is not over as it happens, the later ones from what was kept of them. Wrap
    it in `contextlib.aclosing`.
    """
    started = time.monotonic()
    # What a server learned in the check of one table, it may repeat in that of another.
    redactors = Redactors()
    turn = asyncio.Semaphore(_affordable(jobs))
    queues: list[asyncio.Queue[Told | None]] = [asyncio.Queue() for _ in targets]
    tasks = [
        asyncio.create_task(_run_one(target, turn, queue, redactors))
        for target, queue in zip(targets, queues, strict=True)
    ]
    results = []
    try:
        for target, task, queue in zip(targets, tasks, queues, strict=True):
            while (told := await queue.get()) is not None:
                yield target, told
                if isinstance(told, Verdict):
                    results.append(CheckResult(target=target, verdict=told))
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


async def _run_one(
    target: CheckTarget,
    turn: asyncio.Semaphore,
    queue: asyncio.Queue[Told | None],
    redactors: Redactors,
) -> None:
    try:
        if target.request is None:
            queue.put_nowait(verdict_without_check(target))
            return
        request = replace(target.request, redactors=redactors)
        # Leaving early closes the connection at once, and not when the collector comes by.
        async with turn, aclosing(run(request)) as events:
            async for told in events:
                queue.put_nowait(told)
    finally:
        queue.put_nowait(None)
