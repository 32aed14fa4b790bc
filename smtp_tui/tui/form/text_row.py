"""A row whose value is typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.geometry import Offset
from textual.message import Message

from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.form.rows import Row
from smtp_tui.tui.keys.keymap import with_alt
from smtp_tui.tui.style import CURSOR, DIM, PLAIN, Span, to_charset, truncate
from smtp_tui.tui.widgets.line_editor import LineBuffer

BULLET = "•"
_USER = re.compile(r"(?:[A-Za-z][\w+.-]*://)?[^\s:/@]*:(?!//)")
_PORT = re.compile(r"\d{0,5}(?:[/?].*)?")

# Ctrl+A, B, C, Q, S belong to terminals and multiplexers; Ctrl+X, O, T, L, G to the whole screen.
_KEYS = {
    "left": "left",
    "right": "right",
    "ctrl+left": "word_left",
    "ctrl+right": "word_right",
    "home": "home",
    "end,ctrl+e": "end",
    "backspace": "delete_left",
    "delete,ctrl+d": "delete_right",
    "ctrl+w": "delete_word",
    "ctrl+u": "delete_to_start",
    "ctrl+k": "delete_to_end",
}


def password_span(text: str) -> tuple[int, int]:
    """Return where the password stands in a URL, or in `user:password@host`, also half typed."""
    user = _USER.match(text)
    if user is None or " " in text:
        return 0, 0
    end = text.rfind("@", user.end())
    if end >= 0:
        return user.end(), end
    is_whole = "://" not in user[0] or _PORT.fullmatch(text, user.end())
    return (0, 0) if is_whole else (user.end(), len(text))


class TextRow(Row):
    """A text, a number or a secret, edited in place."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(keys, f"edit('{name}')", show=False) for keys, name in _KEYS.items()
    ]

    class Edited(Message):
        """The text changed; what it is now, the row tells."""

        def __init__(self, row: TextRow) -> None:
            super().__init__()
            self.row = row

    class Emptied(Message):
        """Something was deleted where nothing was typed: what the file holds may go."""

        def __init__(self, row: TextRow) -> None:
            super().__init__()
            self.row = row

    _first = 0  # of the characters, the first that is in sight

    @cached_property
    def _line(self) -> LineBuffer:
        return LineBuffer()

    @property
    def text(self) -> str:
        """What the line holds."""
        return self._line.text

    @property
    def gap(self) -> str:
        """The cursor behind the text is the first of the cells between."""
        at_end = self.has_focus and self.text and self._line.cursor == len(self.text)
        return " " if at_end else super().gap

    def load(self, text: str) -> None:
        """Hold another text, as if it had been there before."""
        self._line.replace(text)
        self._first = 0
        self.repaint()

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the text with the cursor in it, or the placeholder."""
        if not self.text or self.look.is_fixed:
            return self._placeholder_spans(width)
        cells = self._cells()
        if not self.has_focus:
            shown = truncate("".join(cells), width)
            return [(shown, PLAIN)], cell_len(shown)
        return self._window(cells, width)

    def on_key(self, event: Key) -> None:
        """Type a character."""
        if event.character is not None and event.is_printable and not with_alt(event.key):
            event.stop()
            event.prevent_default()
            self._insert(event.character)

    def on_paste(self, event: Paste) -> None:
        """Type the first line of what is pasted: a setting has one line."""
        event.stop()
        lines = event.text.splitlines()
        if lines:
            self._insert(lines[0])

    def watch_has_focus(self, has_focus: bool) -> None:
        """Put the cursor behind the text; without the focus show the text from its beginning."""
        self._line.end()
        self._first = 0
        super().watch_has_focus(has_focus)
        if has_focus:
            self._place_cursor()

    def action_edit(self, name: str) -> None:
        """Move in the text or delete from it."""
        if self.look.is_fixed:
            return
        line, before = self._line, self._line.text
        deed: dict[str, Callable[[], None]] = {
            "left": lambda: line.move(-1),
            "right": lambda: line.move(1),
        }
        deed.get(name, getattr(line, name, line.end))()
        if name.startswith("delete") and not before:
            self.post_message(self.Emptied(self))
        self._show_edit(before)

    def _insert(self, text: str) -> None:
        if not self.look.is_fixed:
            before = self._line.text
            self._line.insert(text)
            self._show_edit(before)

    def _show_edit(self, before: str) -> None:
        self.repaint()
        self._place_cursor()
        if self._line.text != before:
            self.post_message(self.Edited(self))

    def _cells(self) -> list[str]:
        """Each character as it may be shown; what could steer a terminal stands escaped."""
        if self.look.is_masked:
            return [BULLET] * len(self.text)
        cells = [to_charset(escape_controls(character)) for character in self.text]
        start, end = password_span(self.text)
        return [*cells[:start], *[BULLET] * (end - start), *cells[end:]]

    def _window(self, cells: list[str], width: int) -> tuple[list[Span], int]:
        """Return the part of the text that holds the cursor."""
        cursor = self._line.cursor
        self._first = min(self._first, cursor)
        while self._first < cursor and self._before_cursor(cells) + 1 > width:
            self._first += 1
        while self._first and self._end_fits(cells, self._first - 1, width):
            self._first -= 1  # the window grew, or was not known when the text was first placed
        lead = "…" if self._first else ""
        head = lead + "".join(cells[self._first : cursor])
        under = cells[cursor] if cursor < len(cells) else " "
        room = max(width - cell_len(head) - cell_len(under), 0)
        tail = truncate("".join(cells[cursor + 1 :]), room)
        used = cell_len(head) + cell_len(under) + cell_len(tail)
        return [(head, PLAIN), (under, CURSOR), (tail, PLAIN)], used

    def _end_fits(self, cells: list[str], first: int, width: int) -> bool:
        """Whether all from a character on has room, the cursor behind it included."""
        at_end = self._line.cursor == len(cells)
        return (1 if first else 0) + sum(map(cell_len, cells[first:])) + at_end <= width

    def _before_cursor(self, cells: list[str]) -> int:
        lead = 1 if self._first else 0
        return lead + sum(map(cell_len, cells[self._first : self._line.cursor]))

    def _placeholder_spans(self, width: int) -> tuple[list[Span], int]:
        shown = truncate(self.look.placeholder, width)
        if not self.has_focus:
            return [(shown, DIM)], cell_len(shown)
        return [(shown[:1] or " ", CURSOR), (shown[1:], DIM)], max(cell_len(shown), 1)

    def _place_cursor(self) -> None:
        before = 0 if self.look.is_fixed else self._before_cursor(self._cells())
        corner = self.content_region.offset
        self.app.cursor_position = corner + Offset(self.value_at + before, 0)
