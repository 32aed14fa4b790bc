"""How far a check has come: the stages in one line between form and log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

from rich.cells import cell_len

from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.smtp.delivery import MailRequest
from smtp_tui.smtp.events import Event, Stage, StageEntered
from smtp_tui.tui.style import ACCENT, BAD, DIM, FOCUS, PLAIN, Span
from smtp_tui.tui.widgets.line import SingleLineWidget

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


class StageState(Enum):
    """Where a stage stands."""

    TO_COME = "to come"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


@record
class StageStep:
    """A stage as the strip shows it."""

    stage: Stage
    state: StageState
    seconds: float = 0.0


class StageTracker:
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

    def steps(self) -> list[StageStep]:
        """Return the stages entered, in their order, then those to come."""
        seen = [
            StageStep(stage, self._state(stage), seconds)
            for stage, seconds in self._spent.items()
            if stage in self._expected or stage is self._failed
        ]
        return [*seen, *(StageStep(stage, StageState.TO_COME) for stage in self._ahead())]

    def _ahead(self) -> list[Stage]:
        """The stages that may still come; once it is over, those that the failure kept alayout."""
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

    def _state(self, stage: Stage) -> StageState:
        if stage is self._failed:
            return StageState.FAILED
        return StageState.RUNNING if stage is self._current else StageState.PASSED


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


RULE = "─"
CUT = "…"
_GAPS = (f" {RULE}{RULE} ", f" {RULE} ", " ")


@record
class ProgressLayout:
    """The stages as spans, and what stands at the right."""

    spans: tuple[Span, ...]
    right: str

    @property
    def width(self) -> int:
        """The cells that it takes, with a space and a piece of rule at both sides of the right."""
        about = 4 if self.right else 0
        return sum(cell_len(text) for text, _ in self.spans) + cell_len(self.right) + about


def progress_layouts(
    steps: Sequence[StageStep], right: str, *, keeps_right: bool = False
) -> Iterator[ProgressLayout]:
    """Yield closer and closer ways: first the right goes, then times, then the first stages."""
    whole = [_spans_of(step) for step in steps]
    for gap in _GAPS:
        yield ProgressLayout(_joined(whole, gap), right)
    right = right if keeps_right else ""
    yield ProgressLayout(_joined(whole, " "), right)
    passed = [step for step in steps if step.state is StageState.PASSED]
    timed = {step.stage for step in passed}
    for quickest in sorted(passed, key=lambda step: step.seconds):
        timed.discard(quickest.stage)
        parts = [_spans_of(step, with_time=step.stage in timed) for step in steps]
        yield ProgressLayout(_joined(parts, " "), right)
    parts = [_spans_of(step, with_time=False) for step in steps]
    for first in range(1, len(steps)):
        yield ProgressLayout(_joined([[(CUT, DIM)], *parts[first:]], " "), right)


def _joined(parts: Sequence[Sequence[Span]], gap: str) -> tuple[Span, ...]:
    spans = [span for part in parts for span in ((gap, DIM), *part)]
    return tuple(spans[1:])


def _spans_of(step: StageStep, *, with_time: bool = True) -> list[Span]:
    name = NAMES[step.stage]
    match step.state:
        case StageState.TO_COME:
            return [(name, DIM)]
        case StageState.RUNNING:
            return [(name, ACCENT), (" …", ACCENT)]
        case StageState.FAILED:
            return [(f"{name} ✗", BAD)]
        case StageState.PASSED if with_time:
            return [(name, PLAIN), (f" {duration(step.seconds)}", DIM)]
        case StageState.PASSED:
            return [(name, PLAIN)]


class ProgressBar(SingleLineWidget):
    """One line: each stage's name and milliseconds, the sign of the one that failed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.stages = StageTracker()
        self._below = 0
        self._shown_as = ""
        self._is_focused = False

    def begin(self, mail: MailRequest | None = None) -> None:
        """A new check begins; `mail` is what it is to hand over."""
        self.stages = StageTracker(expected_stages(mail))
        self.repaint()

    def follow(self, event: Event) -> None:
        """Take note of a stage."""
        if isinstance(event, StageEntered):
            self.stages.enter(event.stage, event.seconds)
            self.repaint()

    def conclude(self, verdict: Verdict) -> None:
        """The check is over."""
        self.stages.conclude(ok=verdict.ok, stage=verdict.stage, seconds=verdict.seconds)
        self.repaint()

    def stop(self) -> None:
        """The check was stopped."""
        self.stages.stop()
        self.repaint()

    def mark_focused(self, is_focused: bool) -> None:
        """Show whether the focus is in the log below."""
        self._is_focused = is_focused
        self.repaint()

    def show_log_state(self, state: tuple[int, str]) -> None:
        """Say how many lines of the log stand below what is in sight, and which are shown how."""
        self._below, self._shown_as = state
        self.repaint()

    def spans(self, width: int) -> list[Span]:
        """Return the rule with the stages in it, and at the right what there is room for."""
        lead = [(">", FOCUS) if self._is_focused else (RULE, DIM), (" ", PLAIN)]
        layouts = progress_layouts(
            self.stages.steps(), self._right(), keeps_right=self._shows_log_state
        )
        room = width - len(lead)
        layout = next((one for one in layouts if one.width <= room), None)
        if layout is None:
            return [*lead, (CUT, DIM)]
        rule = RULE * (room - layout.width)
        if not layout.right:
            return [*lead, *layout.spans, (f" {rule}"[: len(rule)], DIM)]
        return [
            *lead,
            *layout.spans,
            (f" {RULE}{rule}", DIM),
            (layout.right, PLAIN),
            (f" {RULE}", DIM),
        ]

    @property
    def _shows_log_state(self) -> bool:
        return bool(self._below or self._shown_as)

    def _right(self) -> str:
        if self._shows_log_state:
            more = f"{self._below} more, End" if self._below else ""
            return f" {'; '.join(filter(None, (self._shown_as, more)))}"
        if self.stages.seconds is not None:
            return f" {duration(self.stages.seconds)} ms".replace("s ms", " s")
        return ""
