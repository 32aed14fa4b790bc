"""How far a check has come, and how long each stage took. Pure."""

from __future__ import annotations

from enum import Enum

from smtp_tui.records import record
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.message import Mail

NAMES = {
    Stage.SETTINGS: "settings",
    Stage.PASSWORD: "password",
    Stage.RESOLVE: "resolve",
    Stage.CONNECT: "connect",
    Stage.GREETING: "greeting",
    Stage.EHLO: "EHLO",
    Stage.TLS: "TLS",
    Stage.AUTH: "AUTH",
    Stage.ENVELOPE: "envelope",
    Stage.MESSAGE: "message",
}
EXPECTED = (Stage.RESOLVE, Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.TLS, Stage.AUTH)
"""The stages of a test without recipients."""

_OPTIONAL = (Stage.TLS, Stage.AUTH)
AWAITED = {
    Stage.SETTINGS: "the settings",
    Stage.PASSWORD: "the password",
    Stage.RESOLVE: "the host's addresses",
    Stage.CONNECT: "the connection",
    Stage.GREETING: "the greeting",
    Stage.EHLO: "the reply to EHLO",
    Stage.TLS: "the TLS handshake",
    Stage.AUTH: "the reply to AUTH",
    Stage.ENVELOPE: "the reply to the envelope",
    Stage.MESSAGE: "the reply to the message",
}


class State(Enum):
    """Where a stage stands."""

    TO_COME = "to come"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


@record
class Step:
    """A stage as the strip shows it."""

    stage: Stage
    state: State
    seconds: float = 0.0


class Progress:
    """Follows the stages of one check; a stage entered again goes on counting."""

    def __init__(self, expected: tuple[Stage, ...] = EXPECTED) -> None:
        self._expected = expected
        self._spent: dict[Stage, float] = {}
        self._current: Stage | None = None
        self._since = 0.0
        self._failed: Stage | None = None
        self.seconds: float | None = None

    @property
    def current(self) -> Stage | None:
        """The stage that is running."""
        return self._current

    def enter(self, stage: Stage, seconds: float) -> None:
        """A stage begins; the one before has passed."""
        self._leave(seconds)
        self._current, self._since = stage, seconds
        self._spent.setdefault(stage, 0.0)

    def conclude(self, *, ok: bool, stage: Stage, seconds: float) -> None:
        """The check is over; where it failed, `stage` says at which."""
        self._leave(seconds)
        self._current = None
        self.seconds = seconds
        if not ok:
            self._failed = stage
            self._spent.setdefault(stage, 0.0)

    def stop(self) -> None:
        """Somebody stopped the check: the stage that was running has not passed."""
        if self._current is not None:
            self._spent.pop(self._current, None)
        self._current = None

    def steps(self) -> list[Step]:
        """Return the stages entered, in their order, then those to come."""
        seen = [
            Step(stage, self._state(stage), seconds)
            for stage, seconds in self._spent.items()
            if stage in self._expected or stage is self._failed
        ]
        return [*seen, *(Step(stage, State.TO_COME) for stage in self._ahead())]

    def _ahead(self) -> list[Stage]:
        """The stages that may still come; once it is over, those that the failure kept away."""
        ahead = [stage for stage in self._expected if self._may_come(stage)]
        if self.seconds is None:
            return ahead
        if self._failed not in self._expected:
            return []
        after = self._expected[self._expected.index(self._failed) + 1 :]
        return [stage for stage in ahead if stage in after]

    def _may_come(self, stage: Stage) -> bool:
        """Whether a stage was not entered, nor passed over."""
        later = self._expected[self._expected.index(stage) + 1 :]
        is_passed_over = stage in _OPTIONAL and not self._spent.keys().isdisjoint(later)
        return stage not in self._spent and not is_passed_over

    def _leave(self, seconds: float) -> None:
        if self._current is not None:
            self._spent[self._current] += max(seconds - self._since, 0.0)

    def _state(self, stage: Stage) -> State:
        if stage is self._failed:
            return State.FAILED
        return State.RUNNING if stage is self._current else State.PASSED


def expected_stages(mail: Mail | None) -> tuple[Stage, ...]:
    """Return the stages to come of a check with what it is to hand over."""
    if mail is None:
        return EXPECTED
    envelope = (*EXPECTED, Stage.ENVELOPE)
    return envelope if mail.body is None else (*envelope, Stage.MESSAGE)


def duration(seconds: float) -> str:
    """Write a stage's time: milliseconds without unit, seconds with it once they are many."""
    milliseconds = round(seconds * 1000)
    return str(milliseconds) if milliseconds < 10_000 else f"{seconds:.0f}s"
