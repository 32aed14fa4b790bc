"""Show the log; scroll, search, filter, fold and mark it by keyboard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.geometry import Offset, clamp
from textual.reactive import var
from textual.strip import Strip

from smtp_tui.tui.commands import LOG_COMMANDS
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.log.entries import Entry, FoldableLogLine, LogHeading
from smtp_tui.tui.log.model import LogModel, nearest, pieces
from smtp_tui.tui.log.render import LEAD, render_row
from smtp_tui.tui.log.search import LogSearch
from smtp_tui.tui.style import FOCUS, PLAIN, STRONG, make_strip
from smtp_tui.tui.widgets.line import ChangedLinesWidget

CURSOR_SIGN, BLOCK_SIGN = ">", "|"
# Seconds between repaints in a flood of lines; keys never wait for them.
FLUSH_INTERVAL = 0.1
NO_FOLDS = "There is nothing to unfold: the log shows no certificate."
_SIDEWAYS = 8


class LogView(ChangedLinesWidget, can_focus=True):
    """The log with a cursor; it follows new lines while the cursor is on the last one.

    Only cells that changed are painted.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home", "ends(-1)", show=False),
        Binding("end", "ends(1)", show=False),
        Binding("left", "sideways(-1)", show=False),
        Binding("right", "sideways(1)", show=False),
        *bindings(LOG_COMMANDS),
    ]

    # The number of rows below the view, and its filter, wrapping and marked lines; for watchers.
    view_state: var[tuple[int, str]] = var((0, ""))

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.rows = LogModel()
        self.search: LogSearch | None = None
        self.cursor = 0
        # The entry where a marked block begins; it ends at the cursor.
        self.block: int | None = None
        self._follows = True
        self._top = self._left = 0
        self._message = ""
        self._pending: list[Entry] = []
        self._flushed_at = 0.0
        self._is_flush_due = False

    # New lines

    def add(self, entries: Iterable[Entry]) -> None:
        """Add entries; show them at once, or at the next flush (ten a second)."""
        self._pending.extend(entries)
        if self._is_flush_due or not self._pending:
            return
        wait = FLUSH_INTERVAL - (monotonic() - self._flushed_at)
        if wait <= 0:
            self.flush()
        else:
            self._is_flush_due = True
            self.set_timer(wait, self.flush)

    def flush(self) -> None:
        """Show the pending entries."""
        self._is_flush_due = False
        if not self._pending:
            return
        self._flushed_at = monotonic()
        with self.keeping_place():
            self.rows.extend(self._pending)
            self._pending.clear()
            if self.search:
                self.search.scan_new(self.rows)

    def begin_test(self, heading: LogHeading) -> None:
        """Add the heading of a new test, and follow its lines."""
        self._follows = True
        self.add([heading])

    def end_test(self, outcome: str) -> None:
        """Show the outcome in the heading of the last test."""
        self.flush()
        self.rows.end_test(outcome)
        self.repaint()

    # Display

    @property
    def current_row(self) -> tuple[int, int]:
        """The row under the cursor."""
        return self.rows.rows[self.cursor] if len(self.rows) else (self.rows.first, 0)

    def show_message(self, text: str) -> None:
        """Show a message over the last rows, until the next key."""
        if text != self._message:
            self._message = text
            self.repaint()

    def repaint(self) -> None:
        """Repaint what changed, and update `view_state`."""
        wrapped = "wrapped" if self.rows.width else ""
        marked = "" if self.block is None else f"{len(self.selected_entries())} marked"
        shown_as = ", ".join(filter(None, (self.rows.filter.value, wrapped, marked)))
        self.view_state = self._last_top - self._top, shown_as
        super().repaint()

    def on_resize(self) -> None:
        """Wrap lines again if wrapping is on, and keep the position."""
        with self.keeping_place():
            if self.rows.width:
                self.rows.wrap(self._text_width)

    def cursor_at(self) -> Offset:
        """Return the place in the search being typed, else the cursor's row."""
        if self.search and self.search.is_typed:
            return Offset(self.search.cursor_column, self.size.height - 1)
        return Offset(0, clamp(self.cursor - self._top, 0, max(self.size.height - 1, 0)))

    def draw(self) -> list[Strip]:
        """Return the visible rows; search line or message cover the last ones."""
        width, height = self.size
        strips = [self._draw_row(self._top + y, width) for y in range(height)]
        overlay = [make_strip(self.search.spans(self.current_row[0]), width)] if self.search else []
        if self._message:
            rows = pieces(self._message, width - 1)
            overlay = [make_strip([(f" {row}", STRONG)], width) for row in rows]
        return [*strips[: max(height - len(overlay), 0)], *overlay[:height]]

    def _draw_row(self, index: int, width: int) -> Strip:
        if index >= len(self.rows):
            return Strip.blank(width, PLAIN)
        pattern = self.search.pattern if self.search else None
        strip = render_row(self.rows, index, width, self._left, pattern)
        current = self.current_row[0]
        low, high = sorted((current if self.block is None else self.block, current))
        if index == self.cursor and self.has_focus:
            sign = CURSOR_SIGN
        elif self.block is not None and low <= self.rows.rows[index][0] <= high:
            sign = BLOCK_SIGN
        else:
            return strip
        return Strip([Segment(sign, FOCUS), *strip.crop(1)])

    @property
    def _text_width(self) -> int:
        return max(self.size.width - LEAD, 1)

    @property
    def _view_height(self) -> int:
        return max(self.size.height - (self.search is not None), 1)

    @property
    def _last_top(self) -> int:
        return max(len(self.rows) - self._view_height, 0)

    # Cursor

    def move_to(self, index: int) -> None:
        """Move the cursor to a row, and scroll to it."""
        last = max(len(self.rows) - 1, 0)
        self.cursor = clamp(index, 0, last)
        self._follows = self.cursor == last
        self._scroll_to_cursor()

    def go_to(self, number: int) -> None:
        """Go to the first row of an entry."""
        self.move_to(self.rows.index_of(number))

    @contextmanager
    def keeping_place(self) -> Iterator[None]:
        """Keep the cursor's row on its screen line while rows change, or follow the end."""
        position, below_top = self.current_row, self.cursor - self._top
        yield
        last = max(len(self.rows) - 1, 0)
        self.cursor = last if self._follows else self.rows.index_of(*position)
        self._top = self.cursor - below_top
        self._scroll_to_cursor()

    def _scroll_to_cursor(self) -> None:
        lowest = self._last_top if self._follows else self._top
        top = min(max(lowest, self.cursor - self._view_height + 1), self.cursor)
        self._top = clamp(top, 0, self._last_top)
        self.repaint()

    def _scroll_sideways(self, columns: int) -> None:
        max_left = 0 if self.rows.width else max(self.rows.widest - self._text_width, 0)
        self._left = clamp(self._left + columns, 0, max_left)
        self.repaint()

    def selected_entries(self) -> Sequence[Entry]:
        """Return the entries in the marked block, else the one under the cursor."""
        if not len(self.rows):
            return ()
        current = self.current_row[0]
        low, high = sorted((current if self.block is None else self.block, current))
        entries = map(self.rows.entry, range(max(low, self.rows.first), high + 1))
        return [*filter(self.rows.filter.takes, entries)]

    def clear_block(self) -> None:
        """Clear the marked block."""
        self.block = None
        self.repaint()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the cursor with the focus only; without it, end a search being typed."""
        super().watch_has_focus(has_focus)
        if not has_focus and self.search and self.search.is_typed:
            self._end_search()
        self.repaint()

    # Key actions

    def on_key(self, event: Key) -> None:
        """Pass keys to a search being typed; keys that it does not use act as usual."""
        self.show_message("")
        search = self.search
        if search is None or not search.is_typed:
            return
        if event.key == "enter":
            with self.keeping_place():
                search.is_typed = False
                self.search = search if search.line.text else None
        elif event.key == "escape" or (event.key == "backspace" and not search.line.text):
            self.step_back()
        elif event.is_printable and event.character:
            self._type_search(search, event.character)
        elif search.edit(event.key):
            self._type_search(search, "")
        else:
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        """Search for the first line of a paste."""
        event.stop()
        lines = event.text.splitlines()
        if lines and self.search and self.search.is_typed:
            self._type_search(self.search, lines[0])

    def step_back(self) -> bool:
        """End a search, else clear a marked block; return False if there is neither."""
        search = self.search
        if search is None:
            had_block = self.block is not None
            self.clear_block()
            return had_block
        self._end_search()
        if search.is_typed:
            self.go_to(search.origin)
        return True

    def action_move(self, rows: int) -> None:
        """Move the cursor by rows."""
        self.move_to(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        rows = pages * max(self._view_height - 1, 1)
        self._top = clamp(self._top + rows, 0, self._last_top)
        self.move_to(self.cursor + rows)

    def action_ends(self, direction: int) -> None:
        """Go to the start of the first or the last line."""
        self._scroll_sideways(-self.rows.widest)
        self.move_to(0 if direction < 0 else len(self.rows))

    def action_sideways(self, direction: int) -> None:
        """Scroll long lines."""
        self._scroll_sideways(direction * _SIDEWAYS)

    def action_find(self) -> None:
        """Start a search."""
        with self.keeping_place():
            self.search = LogSearch(self.current_row[0])

    def action_next_match(self) -> None:
        """Go to the next line with a match."""
        self._find_again(1)

    def action_previous_match(self) -> None:
        """Go to the previous line with a match."""
        self._find_again(-1)

    def action_filter(self) -> None:
        """Switch to the next filter."""
        with self.keeping_place():
            self.rows.show(self.rows.filter.following)
            if self.search:
                self.search.scan(self.rows)

    def action_wrap(self) -> None:
        """Switch wrapping on or off."""
        with self.keeping_place():
            self._left = 0
            self.rows.wrap(0 if self.rows.width else self._text_width)

    def action_fold(self) -> None:
        """Toggle the fold under the cursor; elsewhere all folds."""
        if not any(isinstance(entry, FoldableLogLine) for entry in self.rows.entries):
            self.show_message(NO_FOLDS)
            return
        with self.keeping_place():
            owner = self.rows.fold(self.current_row[0])
        if owner is not None:
            self.go_to(owner)

    def action_earlier_test(self) -> None:
        """Go to the heading above."""
        self._go_to_heading(-1)

    def action_later_test(self) -> None:
        """Go to the heading below."""
        self._go_to_heading(1)

    def action_mark(self) -> None:
        """Start a block at the cursor, or clear it."""
        self.block = self.current_row[0] if self.block is None else None
        self.repaint()

    async def action_zoom(self) -> None:
        """Give the log the whole height, or restore the form."""
        await self.run_action("screen.zoom")

    def _go_to_heading(self, direction: int) -> None:
        number = nearest(self.rows.headings, self.current_row[0], direction)
        if number is not None:
            self._top = min(self.rows.index_of(number), self._last_top)
            self.go_to(number)

    def _find_again(self, direction: int) -> None:
        if self.search is None:
            self.action_find()
            return
        number = nearest(self.search.matches, self.current_row[0], direction)
        if number is not None:
            self._go_to_match(self.search, number)

    def _end_search(self) -> None:
        with self.keeping_place():
            self.search = None

    def _type_search(self, search: LogSearch, text: str) -> None:
        """Insert text into the search, and go to the first match from its origin."""
        search.line.insert(text)
        search.scan(self.rows)
        number = nearest(search.matches, search.origin - 1, 1)
        if number is None:
            self.go_to(search.origin)
        else:
            self._go_to_match(search, number)

    def _go_to_match(self, search: LogSearch, number: int) -> None:
        """Go to an entry with a match, and scroll to the match in a long line."""
        with self.keeping_place():
            self.rows.reveal(number)
        self.go_to(number)
        match = search.pattern.search(self.rows.text(number)) if search.pattern else None
        if match is None:
            return
        start, end = match.span()
        if self.rows.width:
            self.move_to(self.rows.index_of(number, start))
        elif start < self._left + bool(self._left) or end >= self._left + self._text_width:
            self._left = 0
            self._scroll_sideways(0 if end < self._text_width else start - self._text_width // 3)
