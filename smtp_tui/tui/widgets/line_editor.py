"""A single-line text editor."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.events import Click, Key, Paste
from textual.geometry import Offset

from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.style import DIM, FOCUS, PLAIN, Span, to_charset, truncate
from smtp_tui.tui.widgets.line import SingleLineWidget

BULLET = "•"
_WORD = re.compile(r"[\W_]*[^\W_]*")
_USER = re.compile(r"(?:[A-Za-z][\w+.-]*://)?[^\s:/@]*:(?!//)")
_PORT = re.compile(r"\d{0,5}(?:[/?].*)?")


class LineEditBuffer:
    """A text, the cursor's index in it, and a selection up to the cursor; no repr shows the text.

    A `place` to move or delete to is left, right, word_left, word_right, start or end.
    """

    __slots__ = ("_anchor", "cursor", "text")

    def __init__(self, text: str = "", cursor: int = 0) -> None:
        self.text = text
        self.cursor = cursor
        # The other end of the selection.
        self._anchor = cursor

    @property
    def selection(self) -> tuple[int, int]:
        """The indexes of the selected text; equal if nothing is selected."""
        return min(self._anchor, self.cursor), max(self._anchor, self.cursor)

    def insert(self, text: str) -> None:
        """Insert text at the cursor, in place of the selected text."""
        start, end = self.selection
        self.text = self.text[:start] + text + self.text[end:]
        self.cursor = self._anchor = start + len(text)

    def move(self, place: str) -> None:
        """Move the cursor; a step to the side goes to that end of a selection."""
        start, end = self.selection
        if start < end and place in ("left", "right"):
            self.cursor = start if place == "left" else end
        else:
            self.cursor = self._at(place)
        self._anchor = self.cursor

    def go_to(self, index: int) -> None:
        """Move the cursor to an index."""
        self.cursor = self._anchor = index

    def select(self, place: str) -> None:
        """Move the cursor and select the text that it passes."""
        self.cursor = self._at(place)

    def select_all(self) -> None:
        """Select the whole text."""
        self._anchor, self.cursor = 0, len(self.text)

    def delete(self, place: str) -> None:
        """Delete the selected text, else the text between the cursor and a place."""
        start, end = self.selection
        if start == end:
            start, end = sorted((self.cursor, self._at(place)))
        self.text = self.text[:start] + self.text[end:]
        self.cursor = self._anchor = start

    def _at(self, place: str) -> int:
        before, after = self.text[: self.cursor], self.text[self.cursor :]
        match place:
            case "left":
                return max(self.cursor - 1, 0)
            case "right":
                return min(self.cursor + 1, len(self.text))
            case "word_left":
                return self.cursor - len(_WORD.findall(before[::-1])[0])
            case "word_right":
                return self.cursor + len(_WORD.findall(after)[0])
            case _:
                return 0 if place == "start" else len(self.text)


def password_span(text: str) -> tuple[int, int]:
    """Return the span of the password in a URL or `user:password@host`, even half typed."""
    user = _USER.match(text)
    if user is None or " " in text:
        return 0, 0
    end = text.rfind("@", user.end())
    if end >= 0:
        return user.end(), end
    is_whole = "://" not in user[0] or _PORT.fullmatch(text, user.end())
    return (0, 0) if is_whole else (user.end(), len(text))


PASTE_CUT = "Pasted the first of {count} lines."


def first_line(pasted: str) -> tuple[str, int]:
    """Return the first line that is not blank, and how many lines there are from it on."""
    lines = pasted.splitlines()
    while len(lines) > 1 and not lines[0].strip():
        del lines[0]
    while len(lines) > 1 and not lines[-1].strip():
        del lines[-1]
    return "".join(lines[:1]), len(lines)


# Textual's own Input repaints its whole line for each key, shows control characters raw, and puts
# the typed text into the reprs of its messages, passwords included.
class LineEditor(SingleLineWidget, can_focus=True):
    """A text edited in place; subclasses draw what surrounds it.

    A fixed editor ignores keys. Passwords show as bullets, in URLs too.
    """

    # Terminals and multiplexers use Ctrl+B, C and Q; the screen uses Ctrl+X, O, T, L and G.
    BINDINGS: ClassVar[list[BindingType]] = [
        ("left", "move('left')"),
        ("right", "move('right')"),
        ("ctrl+left,alt+b,alt+left", "move('word_left')"),
        ("ctrl+right,alt+f,alt+right", "move('word_right')"),
        ("home", "move('start')"),
        ("end,ctrl+e", "move('end')"),
        ("ctrl+a", "start"),
        ("shift+left", "select('left')"),
        ("shift+right", "select('right')"),
        ("ctrl+shift+left", "select('word_left')"),
        ("ctrl+shift+right", "select('word_right')"),
        ("shift+home,ctrl+shift+home", "select('start')"),
        ("shift+end,ctrl+shift+end", "select('end')"),
        ("backspace", "delete('left')"),
        ("delete,ctrl+d", "delete('right')"),
        ("ctrl+w", "delete('word_left')"),
        ("ctrl+u", "delete('start')"),
        ("ctrl+k", "delete('end')"),
    ]

    placeholder = ""
    is_fixed = False
    is_masked = False
    # Whether a masked text is shown.
    is_shown = False
    # What the last edit, if it was a paste, did not insert.
    left_out = ""
    # Index of the first visible character.
    _first = 0

    @cached_property
    def _line(self) -> LineEditBuffer:
        return LineEditBuffer()

    @property
    def text(self) -> str:
        """The edited text; no repr shows it."""
        return self._line.text

    @property
    def value_at(self) -> int:
        """The column where the text begins."""
        return 0

    def load(self, text: str) -> None:
        """Replace the text without reporting an edit."""
        self._line, self._first = LineEditBuffer(text, len(text)), 0
        self.repaint()

    def edited(self) -> None:
        """React to a text changed by a key or a paste."""

    def emptied(self) -> None:
        """React to a delete key while there is no text."""

    def before_paste(self, line: str) -> None:
        """React to a text that is about to be pasted."""

    def on_key(self, event: Key) -> None:
        """Type a character."""
        # A key pressed with Alt has a character as if it had been typed.
        with_alt = event.key.startswith("alt+")
        if event.character is not None and event.is_printable and not with_alt:
            event.stop()
            event.prevent_default()
            self._edit(self._line.insert, event.character)

    def on_paste(self, event: Paste) -> None:
        """Insert the first line of the pasted text that is not blank."""
        event.stop()
        # No setting has more lines; ignore the rest of a file pasted by mistake.
        line, count = first_line(event.text)
        if line:
            self.before_paste(line)
            left_out = PASTE_CUT.format(count=count) if count > 1 else ""
            self._edit(self._line.insert, line, left_out)

    def on_click(self, event: Click) -> None:
        """Place the cursor at the clicked character."""
        room = event.x - self.value_at - (self._first > 0)
        index = self._first
        for cell in self._cells()[index:]:
            room -= cell_len(cell)
            if room < 0:
                break
            index += 1
        self._line.go_to(index)
        self.repaint()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Move the cursor to the end; without the focus, show the text from its beginning."""
        self._line.move("end")
        self._first = 0
        super().watch_has_focus(has_focus)
        self.repaint()

    def action_move(self, place: str) -> None:
        """Move the cursor."""
        self._edit(self._line.move, place)

    def action_select(self, place: str) -> None:
        """Move the cursor and select."""
        self._edit(self._line.select, place)

    def action_start(self) -> None:
        """Move the cursor to the start; at the start, select everything."""
        if self._line.cursor:
            self._edit(self._line.move, "start")
        elif not self.is_fixed:
            self._line.select_all()
            self.repaint()

    def action_delete(self, place: str) -> None:
        """Delete from the text."""
        if not self.text and not self.is_fixed:
            self.emptied()
        self._edit(self._line.delete, place)

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the text around the cursor, or the placeholder, and its width in cells."""
        if not self.text or self.is_fixed:
            shown = truncate(self.placeholder, width)
            return [(shown, DIM)], cell_len(shown)
        cells = self._cells()
        if not self.has_focus:
            shown = truncate("".join(cells), width)
            return [(shown, PLAIN)], cell_len(shown)
        return self._window(cells, width)

    def _edit(self, change: Callable[[str], None], argument: str, left_out: str = "") -> None:
        """Move, insert or delete, and show it."""
        if self.is_fixed:
            return
        before, self.left_out = self.text, left_out
        change(argument)
        self.repaint()
        if self.text != before:
            self.edited()

    def _cells(self) -> list[str]:
        """Return the text shown for each character, with control characters escaped."""
        if self.is_masked and not self.is_shown:
            return [BULLET] * len(self.text)
        cells = [to_charset(escape_controls(character)) for character in self.text]
        if self.is_shown:
            return cells
        # An admin may type a URL with a password into a host field.
        start, end = password_span(self.text)
        return [*cells[:start], *[BULLET] * (end - start), *cells[end:]]

    def _window(self, cells: list[str], width: int) -> tuple[list[Span], int]:
        """Return the spans of the part that contains the cursor, and their width in cells."""
        cursor = self._line.cursor
        self._first = min(self._first, cursor)
        # The character at the cursor shows; if more follows, so does the `…` behind it.
        under = 1 if cursor == len(cells) else 2
        while self._first < cursor and self._before_cursor(cells) + under > width:
            self._first += 1
        while self._first and self._end_fits(cells, self._first - 1, width):
            # The window grew, or its width was not known when the text was loaded.
            self._first -= 1
        lead = "…" if self._first else ""
        shown = truncate(lead + "".join(cells[self._first :]), width)
        start, end = (
            len(lead + "".join(cells[self._first : max(index, self._first)]))
            for index in self._line.selection
        )
        spans = [(shown[:start], PLAIN), (shown[start:end], FOCUS), (shown[end:], PLAIN)]
        return spans, cell_len(shown)

    def _end_fits(self, cells: list[str], first: int, width: int) -> bool:
        """Whether the text from `first` to its end fits, including a cursor at the end."""
        at_end = self._line.cursor == len(cells)
        return (first > 0) + sum(map(cell_len, cells[first:])) + at_end <= width

    def _before_cursor(self, cells: list[str]) -> int:
        """Return the number of cells between the left edge and the cursor."""
        before = cells[self._first : self._line.cursor]
        return (self._first > 0) + sum(map(cell_len, before))

    def cursor_at(self) -> Offset:
        """Return the place of the next character."""
        before = 0 if self.is_fixed else self._before_cursor(self._cells())
        return Offset(self.value_at + before, 0)
