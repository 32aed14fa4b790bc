"""How a row of the log looks. Pure.

The sight of the log: which rows are in it, where the cursor stands, and how it looks.

How lines come into the log: at once, or in bursts of ten a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from smtp_tui.smtp.transcript import Line, Mark
from smtp_tui.tui.log.model import Entry, LogHeading, LogModel, Row, line_of, pieces
from smtp_tui.tui.log.search import LogSearch
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
_INKS: dict[Mark, Style] = {
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
    ink = _INKS[line.mark]
    spans = _marked(rows.text(number), ink, pattern)
    text = Strip([Segment(*span) for span in spans])
    if rows.is_wrapped:
        before = cell_len(rows.text(number)[:start])
        shown = cell_len(rows.text(number)[start:end])
        text = text.crop(before, before + shown)
    else:
        text = _window(text, left, width - LEAD)
    lead = _lead(line, ink, pattern) if start == 0 else [(" " * LEAD, PLAIN)]
    whole = Strip([*make_strip(lead, LEAD), *text])
    return whole.adjust_cell_length(width, PLAIN).simplify()


def signed(strip: Strip, sign: str) -> Strip:
    """Put a sign into the first cell of a row."""
    return Strip([Segment(sign, FOCUS), *strip.crop(1)])


def _lead(line: Line, ink: Style, pattern: re.Pattern[str] | None) -> list[Span]:
    # A search for "-> ehlo" finds mark and text together; the mark then stands marked too.
    hit = pattern.match(f"{line.mark} {line.text}") if pattern else None
    return [
        (f"{line.seconds:8.3f} ", DIM),
        (line.mark, ink + _REVERSE if hit else ink),
        (" ", PLAIN),
    ]


def _title(text: str, width: int, pattern: re.Pattern[str] | None) -> Strip:
    text, dash = to_charset(text), to_charset("─")
    rule = dash * max(width - cell_len(text) - 4, 2)
    spans = [(f"{dash}{dash} ", DIM), *_marked(text, STRONG, pattern), (f" {rule}", DIM)]
    return _window(Strip([Segment(*span) for span in spans]), 0, width)


def _marked(text: str, ink: Style, pattern: re.Pattern[str] | None) -> list[Span]:
    """Return a text with each match reversed, which shows without colours too."""
    spans: list[Span] = []
    at = 0
    for match in pattern.finditer(text) if pattern else ():
        spans += [(text[at : match.start()], ink), (match.group(), ink + _REVERSE)]
        at = match.end()
    return [span for span in (*spans, (text[at:], ink)) if span[0]]


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


class LogView(DiffedWidget, can_focus=True):
    """Rows of the log, of which only cells that changed are painted.

    It follows the end while the cursor stands there.
    """

    class Told(Message):
        """The state of the view: how many rows are below it, and how it was asked to show them."""

        def __init__(self, below: int, words: str) -> None:
            super().__init__()
            self.below = below
            self.words = words

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows = LogModel()
        self.search: LogSearch | None = None
        self.cursor = 0
        self.block: int | None = None
        self._follows = True
        self._top = self._left = 0
        self._told = (0, "")
        self._said = ""

    @property
    def here(self) -> Row:
        """The place under the cursor."""
        return self.rows.rows[self.cursor] if len(self.rows) else (self.rows.first, 0)

    def tell(self, text: str) -> None:
        """Say something over the last rows, until the next key."""
        if text != self._said:
            self._said = text
            self.repaint()

    def repaint(self) -> None:
        """Show what changed, and tell of the state of the view."""
        self._tell()
        super().repaint()

    def on_resize(self) -> None:
        """Break lines anew where they are wrapped, and stay at the place."""
        with self.held():
            if self.rows.is_wrapped:
                self.rows.wrap(self.text_width)

    @property
    def text_width(self) -> int:
        """The cells that a text has."""
        return max(self.size.width - LEAD, 1)

    @property
    def view_height(self) -> int:
        """The rows that are in sight; a search takes one of them."""
        return max(self.size.height - (self.search is not None), 1)

    def go(self, index: int) -> None:
        """Put the cursor into a row, and bring that into sight."""
        self.cursor = min(max(index, 0), self._last)
        self._follows = self.cursor == self._last
        self._keep_in_sight()
        self.repaint()

    def page(self, pages: int) -> None:
        """Move by what is in sight."""
        rows = pages * max(self.view_height - 1, 1)
        self._top = min(max(self._top + rows, 0), self._last_top)
        self.go(self.cursor + rows)

    def aside(self, columns: int) -> None:
        """Read on in long lines."""
        most = 0 if self.rows.is_wrapped else max(self.rows.widest - self.text_width, 0)
        self._left = min(max(self._left + columns, 0), most)
        self.repaint()

    def go_to(self, number: int) -> None:
        """Go to an entry, and to the beginning of its text."""
        self.go(self.rows.index_of(number))

    def reach(self, start: int, end: int) -> None:
        """Bring cells of a long text into sight."""
        left = self._left
        if start < left + bool(left) or end >= left + self.text_width:
            self._left = 0
            self.aside(0 if end < self.text_width else start - self.text_width // 3)

    def to_top(self, number: int) -> None:
        """Go to an entry and have what follows it in sight."""
        self._top = min(self.rows.index_of(number), self._last_top)
        self.go_to(number)

    def chosen(self) -> Sequence[Entry]:
        """Return the marked block, else the line under the cursor."""
        if not len(self.rows):
            return ()
        here = self.here[0]
        low, high = sorted((self.block if self.block is not None else here, here))
        numbers = range(max(low, self.rows.first), high + 1)
        every = [self.rows.entry(number) for number in numbers]
        return [entry for entry in every if self.rows.filter.takes(entry)]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Change the rows in here: what is under the cursor stays, and stays where it is seen."""
        place, below_top = self.here, self.cursor - self._top
        yield
        self.cursor = self._last if self._follows else self.rows.index_of(*place)
        self._top = self.cursor - below_top
        self._keep_in_sight()
        self.repaint()

    @property
    def _last(self) -> int:
        return max(len(self.rows) - 1, 0)

    @property
    def _last_top(self) -> int:
        return max(len(self.rows) - self.view_height, 0)

    def _keep_in_sight(self) -> None:
        lowest = self._last_top if self._follows else self._top
        top = min(max(lowest, self.cursor - self.view_height + 1), self.cursor)
        self._top = min(max(top, 0), self._last_top)

    def _tell(self) -> None:
        words = [self.rows.filter.value, "wrapped" if self.rows.is_wrapped else ""]
        if self.block is not None:
            words.append(f"{len(self.chosen())} marked")
        told = self._last_top - self._top, ", ".join(filter(None, words))
        if told != self._told:
            self._told = told
            self.post_message(self.Told(*told))

    def draw(self) -> list[Strip]:
        """Return the rows that are in sight, and over the last ones what is to be read first."""
        width, height = self.size
        strips = [self._row(self._top + y, width) for y in range(height)]
        over = [make_strip(self.search.spans(self.here[0]), width)] if self.search else []
        if self._said:
            over = [
                make_strip([(f" {piece}", STRONG)], width)
                for piece in pieces(self._said, max(width - 1, 1))
            ]
        return [*strips[: max(height - len(over), 0)], *over[:height]]

    def _row(self, index: int, width: int) -> Strip:
        if index >= len(self.rows):
            return Strip.blank(width, PLAIN)
        pattern = self.search.pattern if self.search else None
        strip = render_row(self.rows, index, width, self._left, pattern)
        if index == self.cursor and self.has_focus:
            return signed(strip, CURSOR_SIGN)
        return signed(strip, BLOCK_SIGN) if self._is_in_block(index) else strip

    def _is_in_block(self, index: int) -> bool:
        if self.block is None:
            return False
        low, high = sorted((self.block, self.here[0]))
        return low <= self.rows.rows[index][0] <= high


BEAT = 0.1
"""Seconds between two pictures of lines that come without end; keys never wait for them."""


class LogFeed(LogView):
    """Takes what happens as it happens, however fast."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._waiting: list[Entry] = []
        self._shown_at = 0.0
        self._is_due = False

    @property
    def entries(self) -> Sequence[Entry]:
        """All lines, those included that are shown with the next beat."""
        return (*self.rows.entries, *self._waiting)

    def add(self, entries: Iterable[Entry]) -> None:
        """Take lines; shown at once, or with the next of ten beats a second."""
        self._waiting.extend(entries)
        if self._is_due or not self._waiting:
            return
        wait = BEAT - (monotonic() - self._shown_at)
        if wait <= 0:
            self._show_waiting()
        else:
            self._is_due = True
            self.set_timer(wait, self._show_waiting)

    def catch_up(self) -> None:
        """Show now what waits for the next beat: nothing more will come."""
        if self._waiting:
            self._show_waiting()

    def begin(self, heading: LogHeading) -> None:
        """Separate a new test from what stands above, and follow it."""
        self._follows = True
        self.add([heading])

    def end(self, outcome: str) -> None:
        """Tell in the heading of the last test what came of it."""
        self.catch_up()
        if self.rows.headings:
            number = self.rows.headings[-1]
            heading = self.rows.entry(number)
            if isinstance(heading, LogHeading):
                self.rows.replace(number, heading.ended(outcome))
                self.repaint()

    def _show_waiting(self) -> None:
        self._is_due = False
        self._shown_at = monotonic()
        with self.held():
            self.rows.extend(self._waiting)
            self._waiting.clear()
            if self.search:
                self.search.look_on(self.rows)
