"""How far a check has come: the stages in one line between form and log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import Enum

from rich.cells import cell_len

from smtp_tui.records import record
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.message import MailRequest
from smtp_tui.tui.style import ACCENT, BAD, DIM, FOCUS, PLAIN, Span
from smtp_tui.tui.widgets.line import SingleLineWidget

# Each stage's name in the line, and what is waited for in it.
STAGES = {
    Stage.SETTINGS: ("settings", "the settings"),
    Stage.PASSWORD: ("password", "the password"),
    Stage.RESOLVE: ("resolve", "the host's addresses"),
    Stage.CONNECT: ("connect", "the connection"),
    Stage.GREETING: ("greeting", "the greeting"),
    Stage.EHLO: ("EHLO", "the reply to EHLO"),
    Stage.TLS: ("TLS", "the TLS handshake"),
    Stage.AUTH: ("AUTH", "the reply to AUTH"),
    Stage.ENVELOPE: ("envelope", "the reply to the envelope"),
    Stage.MESSAGE: ("message", "the reply to the message"),
}
# The stages of a test without recipients. Settings and password are named only if they fail.
EXPECTED = (Stage.RESOLVE, Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.TLS, Stage.AUTH)
# An unencrypted connection has no TLS stage, and a relay that trusts its network no login.
_OPTIONAL = (Stage.TLS, Stage.AUTH)
_RULE, _CUT = "─", "…"
_GAPS = (f" {_RULE}{_RULE} ", f" {_RULE} ", " ")


class StageState(Enum):
    """Where a stage stands."""

    TO_COME = "to come"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


@record
class StageStep:
    """A stage as the line shows it."""

    stage: Stage
    state: StageState
    seconds: float = 0.0


class StageTracker:
    """Follows the stages of one check; a stage entered again goes on counting."""

    def __init__(self, expected: tuple[Stage, ...] = EXPECTED) -> None:
        self.current: Stage | None = None
        # How long the check took, once it is over.
        self.seconds: float | None = None
        self._expected = expected
        self._spent: dict[Stage, float] = {}
        self._since = 0.0
        self._failed: Stage | None = None

    def enter(self, stage: Stage, seconds: float) -> None:
        """A stage begins; the one before has passed."""
        self._leave(seconds)
        self.current, self._since = stage, seconds
        self._spent.setdefault(stage, 0.0)

    def conclude(self, *, ok: bool, stage: Stage, seconds: float) -> None:
        """The check is over; where it failed, `stage` says at which."""
        self._leave(seconds)
        self.current, self.seconds = None, seconds
        if not ok:
            self._failed = stage
            self._spent.setdefault(stage, 0.0)

    def stop(self) -> None:
        """Somebody stopped the check: the stage that was running has not passed."""
        if self.current is not None:
            self._spent.pop(self.current, None)
        self.current = None

    def steps(self) -> list[StageStep]:
        """Return the stages entered, in their order, then those to come."""
        expected, steps = self._expected, []
        for stage, seconds in self._spent.items():
            state = StageState.RUNNING if stage is self.current else StageState.PASSED
            state = StageState.FAILED if stage is self._failed else state
            if stage in expected or stage is self._failed:
                steps.append(StageStep(stage, state, seconds))
        for at, stage in enumerate(expected):
            is_passed_over = stage in _OPTIONAL and not self._spent.keys().isdisjoint(expected[at:])
            # Once the check is over, only what its failure kept away is still to come.
            is_missed = self._failed in expected[:at]
            may_come = stage not in self._spent and not is_passed_over
            if may_come and (self.seconds is None or is_missed):
                steps.append(StageStep(stage, StageState.TO_COME))
        return steps

    def _leave(self, seconds: float) -> None:
        if self.current is not None:
            self._spent[self.current] += max(seconds - self._since, 0.0)


def expected_stages(mail: MailRequest | None) -> tuple[Stage, ...]:
    """Return the stages to come of a check with what it is to hand over."""
    if mail is None:
        return EXPECTED
    envelope = (*EXPECTED, Stage.ENVELOPE)
    return envelope if mail.body is None else (*envelope, Stage.MESSAGE)


def duration(seconds: float) -> str:
    """Write a stage's time: milliseconds without unit, seconds with it once they are many."""
    milliseconds = round(seconds * 1000)
    return str(milliseconds) if milliseconds < 10_000 else f"{seconds:.0f}s"


def progress_layouts(
    steps: Sequence[StageStep], right: str, *, keeps_right: bool = False
) -> Iterator[tuple[list[Span], str]]:
    """Yield closer and closer layouts: first the right goes, then times, then the first stages."""
    timed = {step.stage for step in steps}
    for gap in _GAPS:
        yield _joined(steps, gap, timed), right
    right = right if keeps_right else ""
    yield _joined(steps, " ", timed), right
    for quickest in sorted(steps, key=lambda step: step.seconds):
        if quickest.state is StageState.PASSED:
            timed.discard(quickest.stage)
            yield _joined(steps, " ", timed), right
    for first in range(1, len(steps)):
        yield [(f"{_CUT} ", DIM), *_joined(steps[first:], " ", timed)], right


def _joined(steps: Sequence[StageStep], gap: str, timed: Collection[Stage]) -> list[Span]:
    """Return the names of stages, with their times where these are wanted."""
    spans: list[Span] = []
    for step in steps:
        name, _ = STAGES[step.stage]
        spans.append((gap, DIM))
        match step.state:
            case StageState.TO_COME:
                spans.append((name, DIM))
            case StageState.RUNNING:
                spans.append((f"{name} …", ACCENT))
            case StageState.FAILED:
                spans.append((f"{name} ✗", BAD))
            case StageState.PASSED:
                time = f" {duration(step.seconds)}" if step.stage in timed else ""
                spans += [(name, PLAIN), (time, DIM)]
    return spans[1:]


class ProgressBar(SingleLineWidget):
    """One line: each stage's name and milliseconds, the sign of the one that failed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.stages = StageTracker()
        self._log_state = ""
        self._is_focused = False

    def begin(self, mail: MailRequest | None = None) -> None:
        """A new check begins; `mail` is what it is to hand over."""
        self.stages = StageTracker(expected_stages(mail))
        self.repaint()

    def mark_focused(self, is_focused: bool) -> None:
        """Show whether the focus is in the log below."""
        self._is_focused = is_focused
        self.repaint()

    def show_log_state(self, state: tuple[int, str]) -> None:
        """Say how many lines of the log stand below what is in sight, and which are shown how."""
        below, shown_as = state
        more = f"{below} more, End" if below else ""
        self._log_state = "; ".join(filter(None, (shown_as, more)))
        self.repaint()

    def spans(self, width: int) -> list[Span]:
        """Return the rule with the stages in it, and at the right what there is room for."""
        lead = [(">", FOCUS) if self._is_focused else (_RULE, DIM), (" ", PLAIN)]
        right, room = self._log_state, width - len(lead)
        if not right and self.stages.seconds is not None:
            right = f"{duration(self.stages.seconds)} ms".replace("s ms", " s")
        steps, keeps_right = self.stages.steps(), bool(self._log_state)
        for spans, shown in progress_layouts(steps, right, keeps_right=keeps_right):
            # At its left stand a space, a piece of rule and a space; at its right the same.
            used = sum(cell_len(text) for text, _ in spans) + (cell_len(shown) + 5 if shown else 0)
            rule = _RULE * (room - used)
            if used <= room and not shown:
                return [*lead, *spans, (f" {rule}"[: len(rule)], DIM)]
            if used <= room:
                ends = (f" {_RULE}{rule}", DIM), (f" {shown}", PLAIN), (f" {_RULE}", DIM)
                return [*lead, *spans, *ends]
        return [*lead, (_CUT, DIM)]
