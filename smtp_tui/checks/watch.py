"""One check again and again: changes are reported, a rejected password is not sent twice."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

from smtp_tui.checks.request import CheckTarget
from smtp_tui.checks.run import run, verdict_without_check
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.smtp.events import Event, Stage
from smtp_tui.smtp.redaction import Redactors

_PERMANENT = range(500, 600)
_MECHANISM_UNKNOWN = 504  # the password was not looked at


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
    """The verdict is another than before: when that was, of which check, and all that it told."""

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
        known: Verdict | None = None
        held: CheckTarget | None = None
        while True:
            attempt = self._attempt()
            # A file that cannot be read just now tells nothing of another password.
            is_other = held and attempt.request is not None and attempt.mark != held.mark
            if held is None or is_other:
                held = None
                change = await self._check(attempt, known)
                known = change.verdict
                if change.before is None or _kind(change.before) != _kind(known):
                    self.changes += change.before is not None
                    yield change
                if refuses_password(change.verdict):
                    held = attempt
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
    reply = verdict.reply
    return (
        not verdict.ok
        and verdict.stage is Stage.AUTH
        and reply is not None
        and reply.code in _PERMANENT
        and reply.code != _MECHANISM_UNKNOWN
        and verdict.facts is not None
        and verdict.facts.mechanism is not None
    )


def next_due(due: float, every: float, now: float) -> float:
    """Return when to check next: a multiple of `every` after `due`."""
    # What was missed is left out: a machine that slept must not make up for it all at once.
    return due + every * max(1, math.ceil((now - due) / every))


def _kind(verdict: Verdict) -> tuple[object, ...]:
    """Return what two verdicts share that are the same to whoever watches."""
    # Not the texts: a server may count in them.
    return verdict.ok, verdict.stage, verdict.cause
