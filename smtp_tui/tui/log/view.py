"""The sight of the log: which rows are in it, where the cursor stands, and how it looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from textual.message import Message
from textual.strip import Strip

from smtp_tui.tui.ink import PLAIN, STRONG, strip_of
from smtp_tui.tui.lines import Sparing
from smtp_tui.tui.log.lines import Entry
from smtp_tui.tui.log.paint import BLOCK_SIGN, CURSOR_SIGN, LEAD, painted, signed
from smtp_tui.tui.log.rows import Row, Rows, pieces
from smtp_tui.tui.log.search import Search


class LogView(Sparing, can_focus=True):
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
        self.rows = Rows()
        self.search: Search | None = None
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
        over = [strip_of(self.search.spans(self.here[0]), width)] if self.search else []
        if self._said:
            over = [
                strip_of([(f" {piece}", STRONG)], width)
                for piece in pieces(self._said, max(width - 1, 1))
            ]
        return [*strips[: max(height - len(over), 0)], *over[:height]]

    def _row(self, index: int, width: int) -> Strip:
        if index >= len(self.rows):
            return Strip.blank(width, PLAIN)
        pattern = self.search.pattern if self.search else None
        strip = painted(self.rows, index, width, self._left, pattern)
        if index == self.cursor and self.has_focus:
            return signed(strip, CURSOR_SIGN)
        return signed(strip, BLOCK_SIGN) if self._is_in_block(index) else strip

    def _is_in_block(self, index: int) -> bool:
        if self.block is None:
            return False
        low, high = sorted((self.block, self.here[0]))
        return low <= self.rows.rows[index][0] <= high
