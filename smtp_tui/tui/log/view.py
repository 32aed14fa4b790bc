"""The log: the dialogue line by line, to read, search, filter and copy by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import starmap
from time import monotonic
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.geometry import clamp
from textual.reactive import var
from textual.strip import Strip

from smtp_tui.smtp.transcript import Line
from smtp_tui.tui.commands import LOG_COMMANDS
from smtp_tui.tui.keymap import bindings
from smtp_tui.tui.log.model import Entry, Fold, LogHeading, LogModel, LogSearch, nearest, pieces
from smtp_tui.tui.style import DIM, FOCUS, MARKS, PLAIN, STRONG, Span, make_strip, to_charset
from smtp_tui.tui.widgets.line import DiffedWidget

CURSOR_SIGN, BLOCK_SIGN = ">", "|"
# The cells before a text: a sign, the seconds, the mark.
LEAD = 12
# Seconds between two pictures of lines that come without end; keys never wait for them.
FLUSH_INTERVAL = 0.1
NO_FOLDS = "There is nothing to unfold: the log shows no certificate."
_SIDEWAYS = 8
# A reversed match shows without colours too.
_MATCH = Style(reverse=True)


def render_row(
    rows: LogModel, index: int, width: int, left: int, pattern: re.Pattern[str] | None
) -> Strip:
    """Return a row in `width` cells, its text from cell `left` on, matches of `pattern` marked."""
    number, start, end = rows.piece(index)
    line = rows.entry(number)
    if not isinstance(line, Line):
        text, dash = to_charset(str(line)), to_charset("─")
        rule = dash * max(width - cell_len(text) - 4, 2)
        title = [(f"{dash}{dash} ", DIM), *_marked(text, STRONG, pattern), (f" {rule}", DIM)]
        return _window(title, 0, width)
    text, style = rows.text(number), MARKS[line.mark]
    spans = _marked(text, style, pattern)
    if rows.width:
        before = cell_len(text[:start])
        shown = Strip(starmap(Segment, spans)).crop(before, before + cell_len(text[start:end]))
    else:
        shown = _window(spans, left, width - LEAD)
    lead: list[Span] = [(" " * LEAD, PLAIN)]
    if start == 0:
        # A search for "-> ehlo" finds mark and text together; the mark then stands marked too.
        is_found = pattern is not None and pattern.match(f"{line.mark} {line.text}")
        mark = (line.mark, style + _MATCH if is_found else style)
        lead = [(f"{line.seconds:8.3f} ", DIM), mark, (" ", PLAIN)]
    return Strip([*make_strip(lead, LEAD), *shown]).adjust_cell_length(width, PLAIN).simplify()


def _marked(text: str, style: Style, pattern: re.Pattern[str] | None) -> list[Span]:
    """Return a text with each match reversed."""
    spans: list[Span] = []
    at = 0
    for match in pattern.finditer(text) if pattern else ():
        spans += [(text[at : match.start()], style), (match.group(), style + _MATCH)]
        at = match.end()
    return [span for span in (*spans, (text[at:], style)) if span[0]]


def _window(spans: Iterable[Span], left: int, width: int) -> Strip:
    """Cut a text to what is in sight of it, a sign at each end that is cut."""
    text, cut = Strip(starmap(Segment, spans)), Segment(to_charset("…"), DIM)
    shown = text.crop(left, left + width)
    if text.cell_length > left + width and width > 0:
        shown = Strip([*shown.crop(0, width - 1).adjust_cell_length(width - 1), cut])
    if left and text.cell_length > 0 and width > 1:
        shown = Strip([cut, *shown.crop(1)])
    return shown


class LogView(DiffedWidget, can_focus=True):
    """Lines as they happen, and what the keys do with them; it follows the end while it is there.

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

    # How many rows are below the view, and how it was asked to show them; for others to watch.
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

    # Lines that come in

    def add(self, entries: Iterable[Entry]) -> None:
        """Take lines; they are shown at once, or with the next of ten flushes a second."""
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
        """Show now what waits for the next flush."""
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
        """Separate a new test from what stands above, and follow it."""
        self._follows = True
        self.add([heading])

    def end_test(self, outcome: str) -> None:
        """Show in the heading of the last test what came of it."""
        self.flush()
        self.rows.end_test(outcome)
        self.repaint()

    # What is seen

    @property
    def current_row(self) -> tuple[int, int]:
        """The place under the cursor."""
        return self.rows.rows[self.cursor] if len(self.rows) else (self.rows.first, 0)

    def show_message(self, text: str) -> None:
        """Show a message over the last rows, until the next key."""
        if text != self._message:
            self._message = text
            self.repaint()

    def repaint(self) -> None:
        """Show what changed, and keep the state of the view true."""
        wrapped = "wrapped" if self.rows.width else ""
        marked = "" if self.block is None else f"{len(self.selected_entries())} marked"
        shown_as = ", ".join(filter(None, (self.rows.filter.value, wrapped, marked)))
        self.view_state = self._last_top - self._top, shown_as
        super().repaint()

    def on_resize(self) -> None:
        """Wrap lines again where they are wrapped, and stay at the place."""
        with self.keeping_place():
            if self.rows.width:
                self.rows.wrap(self._text_width)

    def draw(self) -> list[Strip]:
        """Return the rows that are in sight, and over the last ones what is to be read first."""
        width, height = self.size
        strips = [self._draw_row(self._top + y, width) for y in range(height)]
        over = [make_strip(self.search.spans(self.current_row[0]), width)] if self.search else []
        if self._message:
            rows = pieces(self._message, width - 1)
            over = [make_strip([(f" {row}", STRONG)], width) for row in rows]
        return [*strips[: max(height - len(over), 0)], *over[:height]]

    def _draw_row(self, index: int, width: int) -> Strip:
        if index >= len(self.rows):
            return Strip.blank(width, PLAIN)
        pattern = self.search.pattern if self.search else None
        strip = render_row(self.rows, index, width, self._left, pattern)
        here = self.current_row[0]
        low, high = sorted((here if self.block is None else self.block, here))
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

    # Where the cursor is

    def move_to(self, index: int) -> None:
        """Put the cursor into a row, and bring that into sight."""
        last = max(len(self.rows) - 1, 0)
        self.cursor = clamp(index, 0, last)
        self._follows = self.cursor == last
        self._scroll_to_cursor()

    def go_to(self, number: int) -> None:
        """Go to an entry, and to the beginning of its text."""
        self.move_to(self.rows.index_of(number))

    @contextmanager
    def keeping_place(self) -> Iterator[None]:
        """Change the rows in here: what is under the cursor stays, and stays where it is seen."""
        place, below_top = self.current_row, self.cursor - self._top
        yield
        last = max(len(self.rows) - 1, 0)
        self.cursor = last if self._follows else self.rows.index_of(*place)
        self._top = self.cursor - below_top
        self._scroll_to_cursor()

    def _scroll_to_cursor(self) -> None:
        lowest = self._last_top if self._follows else self._top
        top = min(max(lowest, self.cursor - self._view_height + 1), self.cursor)
        self._top = clamp(top, 0, self._last_top)
        self.repaint()

    def _scroll_sideways(self, columns: int) -> None:
        most = 0 if self.rows.width else max(self.rows.widest - self._text_width, 0)
        self._left = clamp(self._left + columns, 0, most)
        self.repaint()

    def selected_entries(self) -> Sequence[Entry]:
        """Return the marked block, else the line under the cursor."""
        if not len(self.rows):
            return ()
        here = self.current_row[0]
        low, high = sorted((here if self.block is None else self.block, here))
        entries = map(self.rows.entry, range(max(low, self.rows.first), high + 1))
        return [*filter(self.rows.filter.takes, entries)]

    def clear_block(self) -> None:
        """Mark no block any more."""
        self.block = None
        self.repaint()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the cursor where the focus is; a search that is being typed ends without it."""
        super().watch_has_focus(has_focus)
        if not has_focus and self.search and self.search.is_typed:
            self._end_search()
        self.repaint()

    # What the keys do

    def on_key(self, event: Key) -> None:
        """While a search is typed, keys go into it; those that mean nothing there act as ever."""
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
        """Search for the first line of what is pasted."""
        event.stop()
        lines = event.text.splitlines()
        if lines and self.search and self.search.is_typed:
            self._type_search(self.search, lines[0])

    def step_back(self) -> bool:
        """Leave a search, else take back the mark of a block; False where there is neither."""
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
        """Go up or down."""
        self.move_to(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """Go up or down by what is in sight."""
        rows = pages * max(self._view_height - 1, 1)
        self._top = clamp(self._top + rows, 0, self._last_top)
        self.move_to(self.cursor + rows)

    def action_ends(self, way: int) -> None:
        """Go to the first line or to the last, and to the beginning of it."""
        self._scroll_sideways(-self.rows.widest)
        self.move_to(0 if way < 0 else len(self.rows))

    def action_sideways(self, way: int) -> None:
        """Read on in long lines."""
        self._scroll_sideways(way * _SIDEWAYS)

    def action_find(self) -> None:
        """Begin a search."""
        with self.keeping_place():
            self.search = LogSearch(self.current_row[0])

    def action_next_match(self) -> None:
        """Go to the next line with a match."""
        self._find_again(1)

    def action_previous_match(self) -> None:
        """Go to the previous line with a match."""
        self._find_again(-1)

    def action_filter(self) -> None:
        """Show the next selection of lines."""
        with self.keeping_place():
            self.rows.show(self.rows.filter.following)
            if self.search:
                self.search.scan(self.rows)

    def action_wrap(self) -> None:
        """Wrap long lines, or leave them whole."""
        with self.keeping_place():
            self._left = 0
            self.rows.wrap(0 if self.rows.width else self._text_width)

    def action_fold(self) -> None:
        """Fold or unfold the certificates under the cursor; elsewhere all of them."""
        if not any(isinstance(entry, Fold) for entry in self.rows.entries):
            self.show_message(NO_FOLDS)
            return
        with self.keeping_place():
            head = self.rows.fold(self.current_row[0])
        if head is not None:
            self.go_to(head)

    def action_earlier_test(self) -> None:
        """Go to the heading above."""
        self._go_to_heading(-1)

    def action_later_test(self) -> None:
        """Go to the heading below."""
        self._go_to_heading(1)

    def action_mark(self) -> None:
        """Begin a block at the cursor, or forget it."""
        self.block = self.current_row[0] if self.block is None else None
        self.repaint()

    async def action_zoom(self) -> None:
        """Take the whole height, or give it back."""
        await self.run_action("screen.zoom")

    def _go_to_heading(self, way: int) -> None:
        number = nearest(self.rows.headings, self.current_row[0], way)
        if number is not None:
            self._top = min(self.rows.index_of(number), self._last_top)
            self.go_to(number)

    def _find_again(self, way: int) -> None:
        if self.search is None:
            self.action_find()
            return
        number = nearest(self.search.matches, self.current_row[0], way)
        if number is not None:
            self._go_to_match(self.search, number)

    def _end_search(self) -> None:
        with self.keeping_place():
            self.search = None

    def _type_search(self, search: LogSearch, text: str) -> None:
        """Type into the search, and go to the first match from where it began."""
        search.line.insert(text)
        search.scan(self.rows)
        number = nearest(search.matches, search.origin - 1, 1)
        if number is None:
            self.go_to(search.origin)
        else:
            self._go_to_match(search, number)

    def _go_to_match(self, search: LogSearch, number: int) -> None:
        """Go to an entry with a match, and to the match itself where the line is long."""
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
