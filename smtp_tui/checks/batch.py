"""Several checks side by side, told one after the other."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from smtp_tui.checks.run import CheckRequest, failed, refused, run
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.smtp.events import Event
from smtp_tui.smtp.redaction import Redactors

# A lookup, two attempts to connect, or a connection and an experiment.
DESCRIPTORS_OF_A_CHECK = 3
# Standard streams, the event loop, and the files of the program itself.
DESCRIPTORS_KEPT = 32


@record(kw_only=True)
class CheckTarget:
    """One table to check: what to ask for, or why that cannot be known.

    `defect` is the unexpected error that reading the table ended with.
    """

    file: str | None
    table: str | None
    request: CheckRequest | None = None
    refusal: str = ""
    defect: Exception | None = None

    @property
    def label(self) -> str:
        """Its name among others."""
        return ": ".join(filter(None, (self.file, self.table))) or "the call"


@record(kw_only=True)
class CheckResult:
    """A subject and what its check amounted to."""

    subject: CheckTarget
    verdict: Verdict


@record(kw_only=True)
class BatchSummary:
    """All outcomes, in the order of the subjects, and the seconds they took together."""

    outcomes: tuple[CheckResult, ...]
    seconds: float

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Those that did not pass."""
        return tuple(one for one in self.outcomes if not one.verdict.ok)

    @property
    def ok(self) -> bool:
        """Whether all passed."""
        return not self.failed


Told = Event | Verdict


async def run_batch(
    subjects: Sequence[CheckTarget], jobs: int
) -> AsyncGenerator[tuple[CheckTarget, Told] | BatchSummary, None]:
    """Check `jobs` subjects at a time and yield what happens, the Summary last.

    What belongs to a subject comes together, its verdict last, and the subjects come in their
    order: the first that is not over as it happens, the later ones from what was kept of them. Wrap
    it in `contextlib.aclosing`.
    """
    started = time.monotonic()
    redactors = Redactors()
    turn = asyncio.Semaphore(_affordable(jobs))
    kept: list[asyncio.Queue[Told | None]] = [asyncio.Queue() for _ in subjects]
    tasks = [
        asyncio.create_task(_run_one(subject, turn, queue, redactors))
        for subject, queue in zip(subjects, kept, strict=True)
    ]
    outcomes = []
    try:
        for subject, task, queue in zip(subjects, tasks, kept, strict=True):
            while (told := await queue.get()) is not None:
                yield subject, told
                if isinstance(told, Verdict):
                    outcomes.append(CheckResult(subject=subject, verdict=told))
            await task
        yield BatchSummary(outcomes=tuple(outcomes), seconds=time.monotonic() - started)
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
    subject: CheckTarget,
    turn: asyncio.Semaphore,
    queue: asyncio.Queue[Told | None],
    redactors: Redactors,
) -> None:
    try:
        if subject.request is None:
            none = failed(subject.defect) if subject.defect else refused(subject.refusal)
            queue.put_nowait(none)
            return
        request = replace(subject.request, redactors=redactors)
        async with turn, aclosing(run(request)) as events:
            async for told in events:
                queue.put_nowait(told)
    finally:
        queue.put_nowait(None)
