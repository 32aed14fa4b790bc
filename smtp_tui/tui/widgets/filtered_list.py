"""Filter a list by a few letters that are typed above it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.geometry import Offset
from textual.message import Message

from smtp_tui.tui.style import DIM, STRONG, Span
from smtp_tui.tui.textual_compat import NoRepaintOnResize
from smtp_tui.tui.widgets.line import KeyHints
from smtp_tui.tui.widgets.line_editor import LineEditor
from smtp_tui.tui.widgets.list import WORD_START, ListView

RowT = TypeVar("RowT")


def filter_rows(
    words: Sequence[str],
    rows: Iterable[RowT],
    searched: Callable[[RowT], str],
    distance: Callable[[RowT, Sequence[str]], int],
) -> tuple[RowT, ...]:
    """Return the rows whose `searched` text has a word that begins with each of `words`.

    If there are none, the rows that contain the words anywhere. The order is by `distance`.
    """
    rows = [row for row in rows if all(word in searched(row) for word in words)]
    begins = [re.compile(WORD_START + re.escape(word)) for word in words]
    found = [row for row in rows if all(begin.search(searched(row)) for begin in begins)]
    return tuple(sorted(found or rows, key=lambda row: distance(row, words)))


def word_distance(text: str, words: Sequence[str]) -> int:
    """Return how well words match a text: 0 if they begin it, 1 if each begins a word of it."""
    text = text.casefold()
    if text.startswith(" ".join(words)):
        return 0
    return 1 if all(any(part.startswith(word) for part in text.split()) for word in words) else 2


def _words(text: str) -> list[str]:
    """Return the words to search for in a typed text; of an address, its domain."""
    return [word.rpartition("@")[2] for word in text.casefold().split()]


class FindLine(LineEditor):
    """The line editor that filters a list."""

    # The list has the other keys that move.
    BINDINGS: ClassVar[list[BindingType]] = [("home,end", "leave_to_list")]

    def __init__(self, label: str, placeholder: str, on_edited: Callable[[], None]) -> None:
        super().__init__()
        self._label = f"{label}  "
        self._on_edited = on_edited
        self.placeholder = placeholder
        self._note = ""
        # The cursor's place in the list below, once the arrow keys have moved it.
        self.list_cursor: Callable[[], Offset] | None = None

    @property
    def value_at(self) -> int:
        """The column where the text begins."""
        return cell_len(self._label)

    def spans(self, width: int) -> list[Span]:
        """Return label, text and note."""
        room = width - self.value_at
        value, used = self.value_spans(room)
        note = self._note.rjust(room - used) if len(self._note) + 2 <= room - used else ""
        return [(self._label, STRONG), *value, (note, DIM)]

    def cursor_at(self) -> Offset:
        """Return the chosen row, for screen readers; the cursor in the text if that was typed."""
        if self.list_cursor is None:
            return super().cursor_at()
        return self.list_cursor() + Offset(0, self.size.height)

    def action_move(self, place: str) -> None:
        """Move the cursor in the text."""
        self.list_cursor = None
        super().action_move(place)

    def show_note(self, note: str) -> None:
        """Show how much was found, at the end of the line."""
        self._note = note
        self.repaint()

    def edited(self) -> None:
        """Filter the list."""
        self._on_edited()

    def action_leave_to_list(self) -> None:
        """Leave Home and End to the list."""
        raise SkipAction


class FilteredList(NoRepaintOnResize, Vertical, Generic[RowT]):
    """A line to type a few letters into, and below it the rows that contain them.

    `searched` is the text of a row that is matched. The nearest match by `distance` is chosen; it
    is the first one unless the list `keeps_order`. Without `pages`, PgUp and PgDn are the screen's.
    """

    DEFAULT_CSS = "FilteredList { height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "clear"),
        ("up", "go(-1)"),
        ("down", "go(1)"),
        ("pageup", "page(-1)"),
        ("pagedown", "page(1)"),
        ("home", "go(-100000)"),
        ("end", "go(100000)"),
    ]

    class Moved(Message):
        """Another row is chosen, or the rows changed."""

    def __init__(
        self,
        rows: ListView[RowT],
        searched: Callable[[RowT], str],
        *,
        distance: Callable[[RowT, Sequence[str]], int] | None = None,
        label: str = "Find",
        placeholder: str = "a few letters",
        keeps_order: bool = False,
        pages: bool = True,
        is_steady: bool = True,
    ) -> None:
        super().__init__()
        self._keeps_order = keeps_order
        self._pages = pages
        self.line = FindLine(label, placeholder, self._filter)
        self.rows = rows
        rows.move_by = self.action_go
        # The letters go to the line, and its height stays while fewer rows match.
        rows.can_focus, rows.is_steady, rows.marks_more = False, is_steady, False
        rows.none_found = rows.none_found or "Nothing matches."
        self._all = rows.rows
        self._searched = searched
        self._distance = distance or (lambda row, words: word_distance(searched(row), words))

    def on_mount(self) -> None:
        """Show how long the list is."""
        self._moved()

    def compose(self) -> ComposeResult:
        """Stack line and list."""
        yield self.line
        yield self.rows

    @property
    def chosen(self) -> RowT | None:
        """The chosen row; None if nothing matches."""
        return self.rows.chosen

    def limit(self, most: int) -> None:
        """Limit the height to `most` lines."""
        head = 0 if self.rows.heading(self.size.width) is None else 1
        self.rows.limit(max(min(most - 1, len(self._all) + head), 1))

    def choose(self, row: RowT) -> None:
        """Move to a row, if it is listed."""
        if row in self.rows.rows:
            self.rows.show(self.rows.rows, self.rows.rows.index(row))
            self._moved()

    def replace(self, rows: Iterable[RowT]) -> None:
        """List other rows; the chosen one stays chosen if it is among them."""
        self._all = tuple(rows)
        self.update()

    def update(self) -> None:
        """Filter again, because the text of the rows has changed."""
        found = self.found(self.line.text)
        index = found.index(self.chosen) if self.chosen in found else self.rows.index
        self.rows.show(found, index)
        self._show_place()

    def action_go(self, by: int) -> None:
        """Move by rows."""
        self.rows.action_go(by)
        self._moved(self.rows.cursor_at)

    def action_clear(self) -> None:
        """Show all rows again; if all are shown, leave Escape to the screen."""
        if not self.line.text:
            raise SkipAction
        chosen = self.chosen
        self.line.load("")
        self._filter()
        if chosen is not None:
            self.choose(chosen)

    def action_page(self, pages: int) -> None:
        """Move by screenfuls."""
        if not self._pages:
            raise SkipAction
        self.rows.action_page(pages)
        self._moved(self.rows.cursor_at)

    def found(self, text: str) -> tuple[RowT, ...]:
        """Return the rows that match a text, nearest first."""
        return filter_rows(
            _words(text), self._all, lambda row: self._searched(row).casefold(), self._distance
        )

    def _filter(self) -> None:
        words, found = _words(self.line.text), self.found(self.line.text)
        self.rows.words = words
        if self._keeps_order and words and found:
            listed = [row for row in self._all if row in found]
            self.rows.show(listed, listed.index(found[0]))
        else:
            self.rows.show(found)
        for hints in self.screen.query(KeyHints):
            hints.rename_back("Clear" if self.line.text else "")
        self._moved()

    def _moved(self, cursor: Callable[[], Offset] | None = None) -> None:
        """Show the place in the list; `cursor` is the terminal's if the arrows moved it there."""
        self.line.list_cursor = cursor
        self._show_place()
        self.post_message(self.Moved())

    def _show_place(self) -> None:
        rows = self.rows
        place = f"{rows.index + bool(rows.rows)} of {len(rows.rows)}"
        self.line.show_note("  ".join(filter(None, (self.line.left_out, place))))
