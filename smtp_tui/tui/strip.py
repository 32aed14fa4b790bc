"""The strip of stages: the rule between form and log, and what a check has passed."""

from __future__ import annotations

from rich.cells import cell_len

from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Entered, Event
from smtp_tui.tui.ink import ACCENT, BAD, DIM, FOCUS, PLAIN, Span
from smtp_tui.tui.lines import OneLine
from smtp_tui.tui.stages import NAMES, Progress, State, Step, duration

RULE = "─"


class StageStrip(OneLine):
    """One line: each stage's name and milliseconds, the sign of the one that failed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.progress = Progress()
        self._below = 0
        self._is_marked = False

    def begin(self) -> None:
        """A new check begins."""
        self.progress = Progress()
        self.repaint()

    def follow(self, event: Event) -> None:
        """Take note of a stage."""
        if isinstance(event, Entered):
            self.progress.enter(event.stage, event.seconds)
            self.repaint()

    def conclude(self, verdict: Verdict) -> None:
        """The check is over."""
        self.progress.conclude(ok=verdict.ok, stage=verdict.stage, seconds=verdict.seconds)
        self.repaint()

    def stop(self) -> None:
        """The check was stopped."""
        self.progress.stop()
        self.repaint()

    def mark(self, is_marked: bool) -> None:
        """Show whether the focus is in the log below."""
        self._is_marked = is_marked
        self.repaint()

    def tell_below(self, lines: int) -> None:
        """Say how many lines of the log stand below what is in sight."""
        if lines != self._below:
            self._below = lines
            self.repaint()

    def spans(self, width: int) -> list[Span]:
        """Return the rule with the stages in it, and at the right what there is room for."""
        steps = [_step_spans(step) for step in self.progress.steps()]
        size = sum(cell_len(text) for step in steps for text, _ in step)
        between = next(
            (gap for gap in (f" {RULE}{RULE} ", f" {RULE} ", " ") if self._fits(gap, size, width)),
            " ",
        )
        spans: list[Span] = [(">", FOCUS) if self._is_marked else (RULE, DIM), (" ", PLAIN)]
        for number, step in enumerate(steps):
            spans += [(between, DIM), *step] if number else step
        used = sum(cell_len(text) for text, _ in spans)
        right = self._right()
        rest = width - used - cell_len(right) - 3
        if rest < 1 or not right:
            return [*spans, (" " + RULE * max(width - used - 1, 0), DIM)]
        return [*spans, (f" {RULE * rest}", DIM), (right, PLAIN), (f" {RULE}", DIM)]

    def _fits(self, gap: str, size: int, width: int) -> bool:
        count = len(self.progress.steps()) - 1
        return size + count * len(gap) + len(self._right()) + 5 <= width

    def _right(self) -> str:
        if self._below:
            return f" {self._below} more, End"
        if self.progress.seconds is not None:
            return f" {duration(self.progress.seconds)} ms".replace("s ms", " s")
        return ""


def _step_spans(step: Step) -> list[Span]:
    name = NAMES[step.stage]
    match step.state:
        case State.TO_COME:
            return [(name, DIM)]
        case State.RUNNING:
            return [(name, ACCENT), (" …", ACCENT)]
        case State.FAILED:
            return [(f"{name} ✗", BAD)]
        case State.PASSED:
            return [(name, PLAIN), (f" {duration(step.seconds)}", DIM)]
