"""Which rows of the log there are to see: filtered, folded and wrapped. Pure.

An entry keeps its number for good, also when older ones are let go; so whoever remembers a place
remembers a number.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from rich.cells import cell_len

from smtp_tui.tui.ink import written
from smtp_tui.tui.log.lines import Detail, Entry, Filter, Fold, Heading, Remark, text_of

LEAST = 20_000
"""So many lines are kept at least."""
_MOST = LEAST + LEAST // 10

Row = tuple[int, int]
"""A row: an entry's number, and where in its text the row begins."""


class Rows:
    """The entries, and the rows that filter, folds and width make of them."""

    def __init__(self) -> None:
        self.first = 0
        self.filter = Filter.ALL
        self.rows: list[Row] = []
        self.headings: list[int] = []
        self.widest = 0
        self._entries: list[Entry] = []
        self._folded: set[int] = set()
        self._fold = -1
        self._width = 0
        self._gone = 0

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def entries(self) -> Sequence[Entry]:
        """All entries, whether they are shown or not."""
        return self._entries

    @property
    def end(self) -> int:
        """The number that the next entry will have."""
        return self.first + len(self._entries)

    @property
    def is_wrapped(self) -> bool:
        """Whether long lines take several rows."""
        return self._width > 0

    def entry(self, number: int) -> Entry:
        """Return an entry by its number."""
        return self._entries[number - self.first]

    def text(self, number: int) -> str:
        """Return an entry's text as it is shown."""
        return written(text_of(self.entry(number), is_folded=number in self._folded))

    def piece(self, index: int) -> tuple[int, int, int]:
        """Return a row's entry, and where in the text of that it begins and ends."""
        number, start = self.rows[index]
        after = self.rows[index + 1] if index + 1 < len(self.rows) else (-1, 0)
        return number, start, after[1] if after[0] == number else len(self.text(number))

    def index_of(self, number: int, start: int = 0) -> int:
        """Return the row that shows a place, or the nearest one above it."""
        return max(bisect_right(self.rows, (number, start)) - 1, 0)

    def extend(self, entries: Iterable[Entry]) -> None:
        """Take entries, and let the oldest go where they are too many."""
        begin = self.end
        self._entries.extend(entries)
        for number in range(begin, self.end):
            entry = self.entry(number)
            if isinstance(entry, Heading):
                self.headings.append(number)
            elif isinstance(entry, Fold) and entry.begins_folded:
                self._folded.add(number)
            text = text_of(entry)
            self.widest = max(self.widest, len(text) if text.isascii() else cell_len(text))
        self._lay_out(range(begin, self.end))
        self._let_go()

    def replace(self, number: int, entry: Entry) -> None:
        """Put another entry, of the same height, in the place of one that is still there."""
        if number >= self.first:
            self._entries[number - self.first] = entry

    def show(self, wanted: Filter) -> None:
        """Show what a filter takes."""
        self.filter = wanted
        self._lay_out_anew()

    def wrap(self, width: int) -> None:
        """Break texts at a width; 0: leave them whole."""
        if width != self._width:
            self._width = width
            self._lay_out_anew()

    def fold(self, number: int) -> int | None:
        """Fold or unfold what an entry belongs to; return the number of the line that stays.

        None where there is nothing to fold; then all folds are unfolded, or folded if all were not.
        """
        owner = self._owner(number)
        if owner is not None:
            self._folded ^= {owner}
        else:
            every = {self.first + at for at, one in enumerate(self._entries) if _folds(one)}
            self._folded = set() if self._folded else every
        self._lay_out_anew()
        return owner

    @property
    def has_folds(self) -> bool:
        """Whether there is anything to fold or unfold."""
        return any(map(_folds, self._entries))

    def reveal(self, number: int) -> None:
        """Unfold what hides an entry."""
        owner = self._owner(number)
        if owner in self._folded and owner != number:
            self._folded.remove(owner)
            self._lay_out_anew()

    def heading(self, number: int, way: int) -> int | None:
        """Return the heading above a place or below it; beyond the last of them begins anew."""
        if not self.headings:
            return None
        at = (
            bisect_left(self.headings, number) - 1
            if way < 0
            else bisect_right(self.headings, number)
        )
        return self.headings[at % len(self.headings)]

    def last_test(self) -> Sequence[Entry]:
        """Return the heading of the last test with all that is still there of it."""
        start = self.headings[-1] if self.headings else self.first
        return self._entries[start - self.first :]

    def _owner(self, number: int) -> int | None:
        if not self.first <= number < self.end:  # the log is empty, or the line is gone
            return None
        while number > self.first and isinstance(self.entry(number), Detail):
            number -= 1
        return number if isinstance(self.entry(number), Fold) else None

    def _lay_out_anew(self) -> None:
        self.rows.clear()
        self._fold = -1
        self._lay_out(range(self.first, self.end))

    def _lay_out(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            entry = self.entry(number)
            if isinstance(entry, Fold):
                self._fold = number
            elif isinstance(entry, Detail) and self._fold in self._folded:
                continue
            if not self.filter.takes(entry):
                continue
            self.rows.append((number, 0))
            if self._width and not isinstance(entry, Heading | Remark):
                starts = breaks(self.text(number), self._width)
                self.rows.extend((number, start) for start in starts)

    def _let_go(self) -> None:
        if len(self._entries) <= _MOST:
            return
        gone = len(self._entries) - LEAST
        self._gone += gone
        del self._entries[:gone]
        self.first += gone
        self._entries[0] = Remark(f"{self._gone} older lines were dropped")
        del self.headings[: bisect_right(self.headings, self.first)]
        self._folded = {number for number in self._folded if number > self.first}
        del self.rows[: bisect_left(self.rows, (self.first + 1, 0))]
        self.rows.insert(0, (self.first, 0))


def breaks(text: str, width: int) -> list[int]:
    """Return where the second and every further row of a text begins, after a space if it can."""
    starts: list[int] = []
    start = used = space = 0
    if len(text) <= width and text.isascii():
        return starts
    for at, character in enumerate(text):
        cells = cell_len(character)
        if used + cells > width and at > start:
            start = space if space > start + (at - start) // 2 else at
            starts.append(start)
            used = cell_len(text[start:at])
        used += cells
        if character == " ":
            space = at + 1
    return starts


def pieces(text: str, width: int) -> list[str]:
    """Return a text in rows of at most `width` cells."""
    starts = [0, *breaks(text, max(width, 1)), len(text)]
    return [text[start:end] for start, end in pairwise(starts)]


def _folds(entry: Entry) -> bool:
    return isinstance(entry, Fold)
