"""A check again and again: the time between, what is told, and that no account is locked."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smtp_tui.checks import batch
from smtp_tui.checks.batch import (
    Clock,
    PausedAfterRejection,
    RepeatedChecks,
    VerdictChanged,
    next_due,
    refuses_password,
)
from smtp_tui.checks.request import CheckRequest, CheckTarget
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.smtp.events import AuthStarted, Event, Stage
from smtp_tui.smtp.replies import Reply
from tests.table import table

START = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
STARTED = AuthStarted(seconds=0.1, mechanism="PLAIN", reason="named")


class FakeClock(Clock):
    """A time that goes by only when it is slept away, or spent in a check."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def moment(self) -> datetime:
        return START + timedelta(seconds=self.time)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def verdict(
    cause: str | None,
    stage: Stage = Stage.AUTH,
    code: int | None = None,
    mechanism: str | None = "PLAIN",
) -> Verdict:
    return Verdict(
        seconds=0.1,
        ok=cause is None,
        stage=stage,
        cause=cause,
        summary="So it is.",
        reply=Reply(code=code, lines=(b"no",)) if code else None,
        facts=CheckSummary(mechanism=mechanism),
    )


PASSED = verdict(None)
GREYLISTED = verdict("greylisted", Stage.ENVELOPE, 451)
REJECTED = verdict("auth-rejected", Stage.AUTH, 535)


class Relay:
    """Stands in for the check: the verdicts of its rounds, each after so many seconds."""

    def __init__(self, clock: FakeClock, *verdicts: Verdict, takes: float = 1.0) -> None:
        self.asked = 0
        self._verdicts = iter(verdicts)
        self._clock = clock
        self._takes = takes

    async def run(self, request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
        self.asked += 1
        self._clock.time += self._takes
        yield STARTED
        yield next(self._verdicts)


REQUEST = CheckRequest(values={"host": "a"}, base=Path())


def attempts(*marks: str | None) -> Iterator[CheckTarget]:
    """One attempt a round, the last for ever; a mark None is a file that cannot be read."""
    for mark in itertools.chain(marks, itertools.repeat(marks[-1])):
        request = None if mark is None else REQUEST
        yield CheckTarget(request=request, refusal="gone" if mark is None else "", mark=mark)


async def told_by(watch: RepeatedChecks, count: int) -> list[VerdictChanged | PausedAfterRejection]:
    """The first things that a watch tells."""
    told: list[VerdictChanged | PausedAfterRejection] = []
    async with aclosing(watch.rounds()) as rounds:
        async for one in rounds:
            told.append(one)
            if len(told) == count:
                break
    return told


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def watch_of(
    clock: FakeClock, relay: Relay, monkeypatch: pytest.MonkeyPatch, *marks: str | None
) -> RepeatedChecks:
    monkeypatch.setattr(batch, "run", relay.run)
    found = attempts(*(marks or ("same",)))
    return RepeatedChecks(lambda: next(found), 60, clock)


async def test_only_what_changes_is_told(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    relay = Relay(clock, PASSED, PASSED, GREYLISTED, GREYLISTED, PASSED)
    watch = watch_of(clock, relay, monkeypatch)
    told = await told_by(watch, 3)
    changes = [one for one in told if isinstance(one, VerdictChanged)]
    assert [(one.number, one.verdict.cause) for one in changes] == [
        (1, None),
        (3, "greylisted"),
        (5, None),
    ]
    assert [one.before and one.before.cause for one in changes] == [None, None, "greylisted"]
    assert changes[1].moment == START + timedelta(seconds=121)
    assert changes[1].events == (STARTED,)
    assert (watch.checks, watch.passed, watch.changes) == (5, 3, 2)
    assert watch.seconds == 241


async def test_no_drift(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_of(clock, Relay(clock, PASSED, PASSED, PASSED, GREYLISTED), monkeypatch)
    await told_by(watch, 2)
    assert clock.slept == [59, 59, 59]


async def test_a_check_that_takes_longer_than_the_interval_is_not_made_up_for(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(clock, PASSED, PASSED, GREYLISTED, takes=130)
    await told_by(watch_of(clock, relay, monkeypatch), 2)
    assert clock.slept == [50, 50]


@table(("now", "due"), [(0, 60), (1, 60), (59.9, 60), (60, 60), (60.1, 120), (200, 240)])
def test_the_next_time_is_a_multiple(now: float, due: float) -> None:
    assert next_due(0, 60, now) == due


async def test_a_refused_password_is_not_sent_again(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(clock, REJECTED, PASSED)
    marks = ["old"] * 50 + [None] * 3 + ["old"] * 3 + ["new"]
    told = await told_by(watch_of(clock, relay, monkeypatch, *marks), 3)
    assert [type(one) for one in told] == [VerdictChanged, PausedAfterRejection, VerdictChanged]
    assert relay.asked == 2
    assert isinstance(told[2], VerdictChanged)
    assert told[2].moment == START + timedelta(seconds=56 * 60 + 1)
    assert len(clock.slept) == 56
    assert min(clock.slept) == 59


async def test_it_is_told_each_time_that_a_new_one_is_refused(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(clock, REJECTED, REJECTED)
    told = await told_by(watch_of(clock, relay, monkeypatch, "a", "a", "b"), 3)
    assert [type(one) for one in told] == [
        VerdictChanged,
        PausedAfterRejection,
        PausedAfterRejection,
    ]
    assert relay.asked == 2


async def test_it_ends_where_nothing_can_change(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(clock, PASSED, REJECTED)
    monkeypatch.setattr(batch, "run", relay.run)
    attempt = CheckTarget(request=REQUEST, can_change=False)
    told = await told_by(RepeatedChecks(lambda: attempt, 60, clock), 9)
    assert [type(one) for one in told] == [VerdictChanged, VerdictChanged, PausedAfterRejection]


async def test_a_file_that_cannot_be_read_is_a_verdict(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(clock, PASSED, PASSED)
    told = await told_by(watch_of(clock, relay, monkeypatch, "a", None, "a"), 3)
    causes = [one.verdict.cause for one in told if isinstance(one, VerdictChanged)]
    assert causes == [None, "settings-invalid", None]


@table(
    ("outcome", "refused"),
    [
        (REJECTED, True),
        (verdict("auth-app-password-needed", Stage.AUTH, 534), True),
        (verdict("auth-temporarily-unavailable", Stage.AUTH, 454), False),
        (verdict("auth-mechanism-not-offered", Stage.AUTH, 504), False),
        (verdict("server-closed", Stage.AUTH), False),
        (verdict("relay-denied", Stage.ENVELOPE, 550), False),
        (verdict("auth-rejected", Stage.AUTH, 535, mechanism=None), False),
        (PASSED, False),
    ],
)
def test_what_counts_as_a_refused_password(*, outcome: Verdict, refused: bool) -> None:
    assert refuses_password(outcome) is refused


async def test_a_file_that_brings_out_a_defect_does_not_end_the_watch(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "run", Relay(clock, PASSED, PASSED).run)
    good = CheckTarget(request=REQUEST)
    found = iter([good, CheckTarget(defect=RecursionError()), good])
    told = await told_by(RepeatedChecks(lambda: next(found), 60, clock), 3)
    causes = [one.verdict.cause for one in told if isinstance(one, VerdictChanged)]
    assert causes == [None, "internal-error", None]
