"""Show the log's lines: follow new ones, keep the cursor's place, draw what is visible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset, clamp
from textual.reactive import var
from textual.strip import Strip

from smtp_tui.tui.log.entries import Entry, LogHeading
from smtp_tui.tui.log.model import LogModel, pieces
from smtp_tui.tui.log.render import LEAD, render_row
from smtp_tui.tui.log.search import LogSearch
from smtp_tui.tui.style import PLAIN, STRONG, make_strip
from smtp_tui.tui.widgets.line import LinesWidget

CURSOR_SIGN, BLOCK_SIGN = ">", "|"
# Seconds between repaints in a flood of lines; keys never wait for them.
FLUSH_INTERVAL = 0.1


class LogLines(LinesWidget, can_focus=True):
    """The log's lines with a cursor; new lines are followed while it is on the last one.

    Only cells that changed are painted.
    """

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
        # The first row shown, and the first cell of its text.
        self.top = self.left = 0
        self._drawn_height = 0
        self._message, self._message_style = "", STRONG
        self._had_message = False
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

    def show_message(self, text: str, style: Style = STRONG) -> None:
        """Show a message over the last rows, until the next key."""
        if text != self._message:
            self._message, self._message_style = text, style
            self.repaint()

    def repaint(self) -> None:
        """Repaint what changed, and update `view_state`."""
        wrapped = "wrapped" if self.rows.width else ""
        marked = "" if self.block is None else f"{len(self.selected_entries())} marked"
        shown_as = ", ".join(filter(None, (self.rows.filter.value, wrapped, marked)))
        self.view_state = self.last_top - self.top, shown_as
        super().repaint()

    def on_resize(self) -> None:
        """Wrap lines again if wrapping is on, and keep the position."""
        with self.keeping_place():
            if self.rows.width:
                self.rows.wrap(self.text_width)

    def cursor_at(self) -> Offset:
        """Return the place in the search being typed, else the cursor's row."""
        if self.search and self.search.is_typed:
            return Offset(self.search.cursor_column, self.size.height - 1)
        return Offset(0, clamp(self.cursor - self.top, 0, max(self.size.height - 1, 0)))

    def draw(self) -> list[Strip]:
        """Return the visible rows; search line or message cover the last ones."""
        # Textual paints a new size before it reports it; lines scrolled then would be sent in vain.
        self._fit_top()
        width, height = self.size
        self._keep_lines_in_place()
        strips = [self._draw_row(self.top + y, width) for y in range(height)]
        overlay = [make_strip(self.search.spans(self.current_row[0]), width)] if self.search else []
        if self._message:
            rows = pieces(self._message, width - 1)
            overlay = [make_strip([(f" {row}", self._message_style)], width) for row in rows]
        return [*strips[: max(height - len(overlay), 0)], *overlay[:height]]

    def _keep_lines_in_place(self) -> None:
        """Follow the end, or keep each line where it stands on the screen, in a new height."""
        # A layout moves the upper edge; Textual reports the new size only after it has painted.
        grown, self._drawn_height = self.size.height - self._drawn_height, self.size.height
        if grown:
            top = self.last_top if self._follows else self.top - grown
            top = min(max(top, self.cursor - self.view_height + 1), self.cursor)
            self.top = clamp(top, 0, self.last_top)

    def _draw_row(self, index: int, width: int) -> Strip:
        if index >= len(self.rows):
            return Strip.blank(width, PLAIN)
        pattern = self.search.pattern if self.search else None
        strip = render_row(self.rows, index, width, self.left, pattern)
        current = self.current_row[0]
        low, high = sorted((current if self.block is None else self.block, current))
        if index == self.cursor and self.has_focus:
            sign = CURSOR_SIGN
        elif self.block is not None and low <= self.rows.rows[index][0] <= high:
            sign = BLOCK_SIGN
        else:
            return strip
        return Strip([Segment(sign, STRONG), *strip.crop(1)])

    @property
    def text_width(self) -> int:
        """The cells that a text may take."""
        return max(self.size.width - LEAD, 1)

    @property
    def view_height(self) -> int:
        """The rows that show lines; the search line takes one."""
        return max(self.size.height - (self.search is not None), 1)

    @property
    def last_top(self) -> int:
        """The first row shown at the end of the log."""
        return max(len(self.rows) - self.view_height, 0)

    # Cursor

    def move_to(self, index: int) -> None:
        """Move the cursor to a row, and scroll to it."""
        last = max(len(self.rows) - 1, 0)
        self.cursor = clamp(index, 0, last)
        self._follows = self.cursor == last
        self.scroll_to_cursor()

    def go_to(self, number: int) -> None:
        """Go to the first row of an entry."""
        self.move_to(self.rows.index_of(number))

    @contextmanager
    def keeping_place(self) -> Iterator[None]:
        """Keep the cursor's row on its screen line while rows change, or follow the end."""
        position, below_top = self.current_row, self.cursor - self.top
        yield
        last = max(len(self.rows) - 1, 0)
        self.cursor = last if self._follows else self.rows.index_of(*position)
        self.top = self.cursor - below_top
        self.scroll_to_cursor()

    def scroll_to_cursor(self) -> None:
        """Scroll as little as needed, or to the end if the view follows new lines."""
        self._fit_top()
        self.repaint()

    def _fit_top(self) -> None:
        lowest = self.last_top if self._follows else self.top
        top = min(max(lowest, self.cursor - self.view_height + 1), self.cursor)
        self.top = clamp(top, 0, self.last_top)

    def scroll_sideways(self, columns: int) -> None:
        """Scroll to other columns, up to the end of the longest line."""
        max_left = 0 if self.rows.width else max(self.rows.widest - self.text_width, 0)
        self.left = clamp(self.left + columns, 0, max_left)
        self.repaint()

    def selected_entries(self) -> Sequence[Entry]:
        """Return the entries in the marked block, else those under the cursor."""
        if not len(self.rows):
            return ()
        current = self.current_row[0]
        low, high = sorted((current if self.block is None else self.block, current))
        last = self.rows.end_of(high)
        entries = map(self.rows.entry, range(max(low, self.rows.first), last + 1))
        return [*filter(self.rows.filter.takes, entries)]

    def clear_block(self) -> None:
        """Clear the marked block."""
        self.block = None
        self.repaint()
