"""A text of several lines that is typed or pasted at its end.

Textual's own `TextArea` is slow to load, and shows control characters and passwords as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.message import Message
from textual.strip import Strip

from smtp_tui.diagnosis.error_lookup.log_redactor import LogRedactor
from smtp_tui.diagnosis.error_lookup.lookup import LONGEST_TEXT
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.style import CURSOR, DIM, PLAIN, Span, make_strip, truncate, truncate_left
from smtp_tui.tui.widgets.line import DiffedWidget

HINT = "Type the error, or paste it with your terminal's paste key: one line or many."
_CUT = "\n…\n"


def bounded(text: str) -> str:
    """Return a text as its lines, of a long one the beginning and the end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) <= LONGEST_TEXT:
        return text
    half = (LONGEST_TEXT - len(_CUT)) // 2
    return f"{text[:half]}{_CUT}{text[-half:]}"


class PasteArea(DiffedWidget, can_focus=True):
    """Shows the last lines of what it holds, passwords hidden."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+j", "add('\\n')", show=False),
        Binding("tab", "add(' ')", show=False),
        Binding("backspace", "cut", show=False),
        Binding("ctrl+w", "cut_word", show=False),
    ]

    hint = HINT

    @dataclass
    class Edited(Message):
        """The text changed; what it is now, the widget tells."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._is_due = False

    def bounded(self, text: str) -> str:
        """Return what is held of a text."""
        return bounded(text)

    def shown(self, text: str, height: int) -> list[str]:
        """Return the last lines of it, without its secrets; one may go over several."""
        return LogRedactor(text).masked(text).split("\n")[-height:]

    @property
    def text(self) -> str:
        """What was typed and pasted; no repr shows it."""
        return self._text

    def on_key(self, event: Key) -> None:
        """Type a character."""
        if event.character is not None and event.is_printable:
            event.stop()
            event.prevent_default()
            self._hold(self._text + event.character)

    def on_paste(self, event: Paste) -> None:
        """Take all lines of what is pasted."""
        event.stop()
        self._hold(self._text + event.text)

    def action_add(self, text: str) -> None:
        """Type what is no printable character: without bracketed paste, lines end in Enter."""
        self._hold(self._text + text)

    def action_cut(self) -> None:
        """Take the last character away."""
        self._hold(self._text[:-1])

    def action_cut_word(self) -> None:
        """Take the last word away."""
        kept = self._text.rstrip()
        self._hold(kept[: len(kept) - len(kept.split()[-1])] if kept else "")

    def clear(self) -> None:
        """Hold nothing."""
        self._hold("")

    def _hold(self, text: str) -> None:
        text = self.bounded(text)
        if text == self._text:
            return
        self._text = text
        self.post_message(self.Edited())
        if not self._is_due:  # a paste may come key by key: one painting for all that wait
            self._is_due = True
            self.call_after_refresh(self._show)

    def _show(self) -> None:
        self._is_due = False
        self.repaint()

    def draw(self) -> list[Strip]:
        """Draw the last lines, the cursor behind them."""
        width, height = self.size
        if not self._text:
            lines: list[list[Span]] = [[(self.hint[:1], CURSOR), (self.hint[1:], DIM)]]
        else:
            shown = self.shown(self._text, height)
            lines = [[(truncate(escape_controls(line), width), PLAIN)] for line in shown[:-1]]
            last = truncate_left(escape_controls(shown[-1]), max(width - 1, 1))
            lines.append([(last, PLAIN), (" ", CURSOR)])
        lines += [[]] * (height - len(lines))
        return [make_strip(line, width) for line in lines]
