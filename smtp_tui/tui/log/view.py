"""How a row of the log looks. Pure.

The log: the dialogue line by line, to read, search, filter and copy by keyboard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.message import Message
from textual.strip import Strip

from smtp_tui.smtp.transcript import Line, Mark
from smtp_tui.tui.commands import LOG_COMMANDS
from smtp_tui.tui.keymap import bindings
from smtp_tui.tui.log.model import Entry, LogHeading, LogModel, LogSearch, Row, line_of, pieces
from smtp_tui.tui.style import (
    ACCENT,
    DIM,
    FOCUS,
    PLAIN,
    STRONG,
    WARNING,
    Span,
    make_strip,
    to_charset,
)
from smtp_tui.tui.widgets.line import DiffedWidget

CUT = "…"
CURSOR_SIGN, BLOCK_SIGN = ">", "|"
LEAD = 12
"""The cells before a text: a sign, the seconds, the mark."""
_REVERSE = Style(reverse=True)
_STYLES: dict[Mark, Style] = {
    Mark.SENT: ACCENT,
    Mark.RECEIVED: PLAIN,
    Mark.FACT: DIM,
    Mark.WARNING: WARNING,
}


def render_row(
    rows: LogModel, index: int, width: int, left: int, pattern: re.Pattern[str] | None
) -> Strip:
    """Return a row in `width` cells, its text from cell `left` on, matches of `pattern` marked."""
    number, start, end = rows.piece(index)
    entry = rows.entry(number)
    line = line_of(entry)
    if line is None:
        return _title(str(entry), width, pattern)
    style = _STYLES[line.mark]
    spans = _marked(rows.text(number), style, pattern)
    text = Strip([Segment(*span) for span in spans])
    if rows.is_wrapped:
        before = cell_len(rows.text(number)[:start])
        shown = cell_len(rows.text(number)[start:end])
        text = text.crop(before, before + shown)
    else:
        text = _window(text, left, width - LEAD)
    lead = _lead(line, style, pattern) if start == 0 else [(" " * LEAD, PLAIN)]
    whole = Strip([*make_strip(lead, LEAD), *text])
    return whole.adjust_cell_length(width, PLAIN).simplify()


def with_sign(strip: Strip, sign: str) -> Strip:
    """Put a sign into the first cell of a row."""
    return Strip([Segment(sign, FOCUS), *strip.crop(1)])


def _lead(line: Line, style: Style, pattern: re.Pattern[str] | None) -> list[Span]:
    # A search for "-> ehlo" finds mark and text together; the mark then stands marked too.
    hit = pattern.match(f"{line.mark} {line.text}") if pattern else None
    return [
        (f"{line.seconds:8.3f} ", DIM),
        (line.mark, style + _REVERSE if hit else style),
        (" ", PLAIN),
    ]


def _title(text: str, width: int, pattern: re.Pattern[str] | None) -> Strip:
    text, dash = to_charset(text), to_charset("─")
    rule = dash * max(width - cell_len(text) - 4, 2)
    spans = [(f"{dash}{dash} ", DIM), *_marked(text, STRONG, pattern), (f" {rule}", DIM)]
    return _window(Strip([Segment(*span) for span in spans]), 0, width)


def _marked(text: str, style: Style, pattern: re.Pattern[str] | None) -> list[Span]:
    """Return a text with each match reversed, which shows without colours too."""
    spans: list[Span] = []
    at = 0
    for match in pattern.finditer(text) if pattern else ():
        spans += [(text[at : match.start()], style), (match.group(), style + _REVERSE)]
        at = match.end()
    return [span for span in (*spans, (text[at:], style)) if span[0]]


def _window(text: Strip, left: int, width: int) -> Strip:
    """Cut a text to what is in sight of it, a sign at each end that is cut."""
    whole, right, cut = text.cell_length, left + width, Segment(to_charset(CUT), DIM)
    shown = text.crop(left, right)
    if whole > right and width > 0:
        shown = Strip([*shown.crop(0, width - 1).adjust_cell_length(width - 1), cut])
    if left and whole > 0 and width > 1:
        shown = Strip([cut, *shown.crop(1)])
    return shown


# rf

FLUSH_INTERVAL = 0.1
"""Seconds between two pictures of lines that come without end; keys never wait for them."""
NO_FOLDS = "There is nothing to unfold: the log shows no certificate."
_SIDEWAYS = 8


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

    class FocusGained(Message):
        """The focus came here."""

    class FocusLost(Message):
        """The focus went elsewhere."""

    class ZoomToggled(Message):
        """The log wants the whole height, or gives it back."""

    class ViewChanged(Message):
        """How many rows are below the view, and how it was asked to show them."""

        def __init__(self, below: int, shown_as: str) -> None:
            super().__init__()
            self.below = below
            self.shown_as = shown_as

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows = LogModel()
        self.search: LogSearch | None = None
        self.cursor = 0
        # The entry where a marked block begins; it ends at the cursor.
        self.block: int | None = None
        self._follows = True
        self._top = self._left = 0
        self._reported = (0, "")
        self._message = ""
        self._pending: list[Entry] = []
        self._flushed_at = 0.0
        self._is_flush_due = False

    # Lines that come in

    @property
    def entries(self) -> Sequence[Entry]:
        """All lines, those included that are shown with the next flush."""
        return (*self.rows.entries, *self._pending)

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
        if self.rows.headings:
            number = self.rows.headings[-1]
            heading = self.rows.entry(number)
            if isinstance(heading, LogHeading):
                self.rows.replace(number, heading.ended(outcome))
                self.repaint()

    # What is seen

    @property
    def current_row(self) -> Row:
        """The place under the cursor."""
        return self.rows.rows[self.cursor] if len(self.rows) else (self.rows.first, 0)

    def show_message(self, text: str) -> None:
        """Show a message over the last rows, until the next key."""
        if text != self._message:
            self._message = text
            self.repaint()

    def repaint(self) -> None:
        """Show what changed, and report the state of the view."""
        shown_as = [self.rows.filter.value, "wrapped" if self.rows.is_wrapped else ""]
        if self.block is not None:
            shown_as.append(f"{len(self.selected_entries())} marked")
        state = self._last_top - self._top, ", ".join(filter(None, shown_as))
        if state != self._reported:
            self._reported = state
            self.post_message(self.ViewChanged(*state))
        super().repaint()

    def on_resize(self) -> None:
        """Wrap lines again where they are wrapped, and stay at the place."""
        with self.keeping_place():
            if self.rows.is_wrapped:
                self.rows.wrap(self._text_width)

    def draw(self) -> list[Strip]:
        """Return the rows that are in sight, and over the last ones what is to be read first."""
        width, height = self.size
        strips = [self._draw_row(self._top + y, width) for y in range(height)]
        over = [make_strip(self.search.spans(self.current_row[0]), width)] if self.search else []
        if self._message:
            over = [
                make_strip([(f" {piece}", STRONG)], width)
                for piece in pieces(self._message, max(width - 1, 1))
            ]
        return [*strips[: max(height - len(over), 0)], *over[:height]]

    def _draw_row(self, index: int, width: int) -> Strip:
        if index >= len(self.rows):
            return Strip.blank(width, PLAIN)
        pattern = self.search.pattern if self.search else None
        strip = render_row(self.rows, index, width, self._left, pattern)
        if index == self.cursor and self.has_focus:
            return with_sign(strip, CURSOR_SIGN)
        if self.block is not None:
            low, high = sorted((self.block, self.current_row[0]))
            if low <= self.rows.rows[index][0] <= high:
                return with_sign(strip, BLOCK_SIGN)
        return strip

    @property
    def _text_width(self) -> int:
        return max(self.size.width - LEAD, 1)

    @property
    def _view_height(self) -> int:
        return max(self.size.height - (self.search is not None), 1)

    @property
    def _last(self) -> int:
        return max(len(self.rows) - 1, 0)

    @property
    def _last_top(self) -> int:
        return max(len(self.rows) - self._view_height, 0)

    # Where the cursor is

    def move_to(self, index: int) -> None:
        """Put the cursor into a row, and bring that into sight."""
        self.cursor = min(max(index, 0), self._last)
        self._follows = self.cursor == self._last
        self._scroll_to_cursor()
        self.repaint()

    def go_to(self, number: int) -> None:
        """Go to an entry, and to the beginning of its text."""
        self.move_to(self.rows.index_of(number))

    @contextmanager
    def keeping_place(self) -> Iterator[None]:
        """Change the rows in here: what is under the cursor stays, and stays where it is seen."""
        place, below_top = self.current_row, self.cursor - self._top
        yield
        self.cursor = self._last if self._follows else self.rows.index_of(*place)
        self._top = self.cursor - below_top
        self._scroll_to_cursor()
        self.repaint()

    def selected_entries(self) -> Sequence[Entry]:
        """Return the marked block, else the line under the cursor."""
        if not len(self.rows):
            return ()
        here = self.current_row[0]
        low, high = sorted((self.block if self.block is not None else here, here))
        numbers = range(max(low, self.rows.first), high + 1)
        entries = [self.rows.entry(number) for number in numbers]
        return [entry for entry in entries if self.rows.filter.takes(entry)]

    def clear_block(self) -> None:
        """Mark no block any more."""
        self.block = None
        self.repaint()

    def _scroll_to_cursor(self) -> None:
        lowest = self._last_top if self._follows else self._top
        top = min(max(lowest, self.cursor - self._view_height + 1), self.cursor)
        self._top = min(max(top, 0), self._last_top)

    def _scroll_sideways(self, columns: int) -> None:
        most = 0 if self.rows.is_wrapped else max(self.rows.widest - self._text_width, 0)
        self._left = min(max(self._left + columns, 0), most)
        self.repaint()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Say that the focus came or went."""
        super().watch_has_focus(has_focus)
        if not has_focus and self.search and self.search.is_typed:
            self._end_search()
        self.repaint()
        self.post_message(self.FocusGained() if has_focus else self.FocusLost())

    # What the keys do

    def on_key(self, event: Key) -> None:
        """While a search is typed, keys go into it; those that mean nothing there act as ever."""
        self.show_message("")
        if not (self.search and self.search.is_typed):
            return
        if event.key == "enter":
            with self.keeping_place():
                self.search.is_typed = False
                if not self.search.line.text:
                    self.search = None
        elif event.key == "escape" or (event.key == "backspace" and not self.search.line.text):
            self.step_back()
        elif event.is_printable and event.character:
            self._type_search(event.character)
        elif not self.search.edit(event.key):
            return
        else:
            self._type_search("")
        event.stop()
        event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        """Search for the first line of what is pasted."""
        event.stop()
        lines = event.text.splitlines()
        if lines and self.search and self.search.is_typed:
            self._type_search(lines[0])

    def step_back(self) -> bool:
        """Leave a search, else take back the mark of a block; False where there is neither."""
        if self.search:
            origin = self.search.origin if self.search.is_typed else None
            self._end_search()
            if origin is not None:
                self.go_to(origin)
            return True
        had_block = self.block is not None
        self.clear_block()
        return had_block

    def action_move(self, rows: int) -> None:
        """Go up or down."""
        self.move_to(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """Go up or down by what is in sight."""
        rows = pages * max(self._view_height - 1, 1)
        self._top = min(max(self._top + rows, 0), self._last_top)
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
            self.rows.wrap(0 if self.rows.is_wrapped else self._text_width)

    def action_fold(self) -> None:
        """Fold or unfold the certificates under the cursor; elsewhere all of them."""
        if not self.rows.has_folds:
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

    def action_zoom(self) -> None:
        """Take the whole height, or give it back."""
        self.post_message(self.ZoomToggled())

    def _go_to_heading(self, way: int) -> None:
        number = self.rows.heading(self.current_row[0], way)
        if number is not None:
            self._top = min(self.rows.index_of(number), self._last_top)
            self.go_to(number)

    def _end_search(self) -> None:
        with self.keeping_place():
            self.search = None

    def _type_search(self, text: str) -> None:
        """Type into the search, and go to the first match from where it began."""
        search = self.search
        if search is None:
            return
        search.line.insert(text)
        search.scan(self.rows)
        number = search.nearest(search.origin, 1, inclusive=True)
        if number is None:
            self.go_to(search.origin)
        else:
            self._go_to_match(number)

    def _find_again(self, way: int) -> None:
        if self.search is None:
            self.action_find()
            return
        number = self.search.nearest(self.current_row[0], way)
        if number is None:
            self.repaint()
        else:
            self._go_to_match(number)

    def _go_to_match(self, number: int) -> None:
        """Go to an entry with a match, and to the match itself where the line is long."""
        with self.keeping_place():
            self.rows.reveal(number)
        self.go_to(number)
        pattern = self.search.pattern if self.search else None
        match = pattern.search(self.rows.text(number)) if pattern else None
        if match is None:
            return
        start, end = match.span()
        if self.rows.is_wrapped:
            self.move_to(self.rows.index_of(number, start))
        elif start < self._left + bool(self._left) or end >= self._left + self._text_width:
            self._left = 0
            self._scroll_sideways(0 if end < self._text_width else start - self._text_width // 3)
