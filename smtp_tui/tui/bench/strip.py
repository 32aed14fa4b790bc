"""The strip of stages: the rule between form and log, and what a check has passed."""

from __future__ import annotations

from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Entered, Event
from smtp_tui.smtp.message import Mail
from smtp_tui.tui.bench.stages import Progress, duration, expected_stages
from smtp_tui.tui.bench.ways import CUT, RULE, ways_to_show
from smtp_tui.tui.ink import DIM, FOCUS, PLAIN, Span
from smtp_tui.tui.lines import OneLine


class StageStrip(OneLine):
    """One line: each stage's name and milliseconds, the sign of the one that failed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.progress = Progress()
        self._below = 0
        self._words = ""
        self._is_marked = False

    def begin(self, mail: Mail | None = None) -> None:
        """A new check begins; `mail` is what it is to hand over."""
        self.progress = Progress(expected_stages(mail))
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

    def tell_log(self, below: int, words: str = "") -> None:
        """Say how many lines of the log stand below what is in sight, and which are shown how."""
        if (below, words) != (self._below, self._words):
            self._below, self._words = below, words
            self.repaint()

    def spans(self, width: int) -> list[Span]:
        """Return the rule with the stages in it, and at the right what there is room for."""
        lead = [(">", FOCUS) if self._is_marked else (RULE, DIM), (" ", PLAIN)]
        ways = ways_to_show(self.progress.steps(), self._right(), keeps_right=self._speaks_of_log)
        room = width - len(lead)
        way = next((way for way in ways if way.width <= room), None)
        if way is None:
            return [*lead, (CUT, DIM)]
        rule = RULE * (room - way.width)
        if not way.right:
            return [*lead, *way.spans, (f" {rule}"[: len(rule)], DIM)]
        return [*lead, *way.spans, (f" {RULE}{rule}", DIM), (way.right, PLAIN), (f" {RULE}", DIM)]

    @property
    def _speaks_of_log(self) -> bool:
        return bool(self._below or self._words)

    def _right(self) -> str:
        if self._speaks_of_log:
            more = f"{self._below} more, End" if self._below else ""
            return f" {'; '.join(filter(None, (self._words, more)))}"
        if self.progress.seconds is not None:
            return f" {duration(self.progress.seconds)} ms".replace("s ms", " s")
        return ""
