"""A row of the form: sign, label, value and note in one line, drawn by one widget."""

from __future__ import annotations

from rich.cells import cell_len
from textual.message import Message

from smtp_tui.diagnosis.advice import Advice
from smtp_tui.settings.fields import FIELDS
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.smtp.escaping import visible
from smtp_tui.tui.form.looks import Look
from smtp_tui.tui.ink import ACCENT, BAD, CURSOR, DIM, FOCUS, PLAIN, Span, fitted
from smtp_tui.tui.lines import OneLine
from smtp_tui.tui.sidebar.live import SIGNS

LABEL_WIDTH = max(len(field.label) for field in FIELDS)
GAP = 2
SIGN_WIDTH = GAP + 1


class Row(OneLine, can_focus=True):
    """One setting in one line."""

    class Entered(Message):
        """The focus came to a row."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    class Left(Message):
        """The focus left a row."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    def __init__(
        self,
        topic: str,
        label: str,
        *,
        label_width: int = LABEL_WIDTH,
        classes: str | None = None,
    ) -> None:
        super().__init__(classes=classes)
        self._head_width = label_width + GAP
        self.topic = topic
        self.label = label
        self.look = Look()
        self.letter = ""

    @property
    def value_at(self) -> int:
        """The column that the value begins in."""
        return 1 + self._head_width

    def show(self, look: Look) -> None:
        """Take another look."""
        self.look = look
        self.repaint()

    def show_letter(self, letter: str) -> None:
        """Show the letter that leads here in place of the sign; an empty one takes it away."""
        self.letter = letter
        self.repaint()

    def spans(self, width: int) -> list[Span]:
        """Return sign and label, the value, and what fits of problem, note and advice."""
        room = width - self.value_at
        if self.look.limit:
            return [*self._head(), *self._limited(room)]
        reserved = SIGN_WIDTH if self.look.advice else 0
        value, used = self.value_spans(room - reserved)
        return [*self._head(), *value, *self._tail(room - used)]

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the value, and how many of `width` cells it takes."""
        raise NotImplementedError

    @property
    def gap(self) -> str:
        """What stands between the value and its note."""
        return "  "

    @property
    def hides_problem(self) -> bool:
        """Whether the line has no room to say what is wrong."""
        if not self.look.problem:
            return False
        room = self.size.width - self.value_at
        return cell_len(self.look.problem) + 4 > room - self.value_spans(room)[1]

    def watch_has_focus(self, has_focus: bool) -> None:
        """Mark or unmark the line and tell the form."""
        super().watch_has_focus(has_focus)
        self.repaint()
        self.post_message(self.Entered(self) if has_focus else self.Left(self))

    def _head(self) -> list[Span]:
        label = self.label.ljust(self._head_width)
        if self.letter:
            return [(self.letter, CURSOR), (label, FOCUS if self.has_focus else PLAIN)]
        if self.has_focus:
            return [(">", FOCUS), (label, FOCUS)]
        if self.look.limit:
            return [(" ", PLAIN), (label, DIM)]
        if self.look.problem:
            return [("!", BAD), (label, PLAIN)]
        return [("*", ACCENT) if self.look.is_changed else (" ", PLAIN), (label, PLAIN)]

    def _limited(self, room: int) -> list[Span]:
        """Return what counts and why it cannot be set, all in grey."""
        shown = visible(mask_credentials(self.look.chosen or self.look.text))
        told = f"{shown}  {self.look.limit}" if shown else self.look.limit
        return [(fitted(told, room), DIM)]

    def _tail(self, room: int) -> list[Span]:
        if self.look.problem:
            fits = cell_len(self.look.problem) + 4 <= room
            return [(f"{self.gap}! {self.look.problem}" if fits else f"{self.gap}!", BAD)]
        note = f"{self.gap}{self.look.note}" if self.look.note else ""
        if self.look.advice is None:
            return [(note, DIM)] if cell_len(note) <= room else []
        return self._advised(self.look.advice, note, room)

    def _advised(self, advice: Advice, note: str, room: int) -> list[Span]:
        """Return note and advice, as much of them as there is room for; the sign always."""
        sign, style = SIGNS[advice.severity]
        for before, after in ((note, f" {advice.short}"), ("", f" {advice.short}"), (note, "")):
            gap = "  " if before else self.gap
            if cell_len(before + gap + sign + after) <= room:
                return [(before, DIM), (f"{gap}{sign}{after}", style)]
        return [(f"{self.gap}{sign}", style)]
