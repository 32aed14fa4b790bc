"""Store the log's entries, and compute the rows to show after filter, folds and wrapping.

An entry keeps its number when older entries are dropped, so a number identifies a position.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from rich.cells import cell_len

from smtp_tui.tui.log.entries import (
    Entry,
    FoldableLogLine,
    FoldedLogLine,
    LogFilter,
    LogHeading,
    LogNotice,
    Title,
    text_of,
)
from smtp_tui.tui.style import to_charset

# A long session must not fill the memory; dropping a tenth at a time keeps a flood of lines quick.
MIN_KEPT = 20_000
_MAX_KEPT = MIN_KEPT + MIN_KEPT // 10

# An entry's number, and where in its text the row begins.
Row = tuple[int, int]


class LogModel:
    """The entries, and the rows to show after filter, folds and wrapping."""

    def __init__(self) -> None:
        # All entries, shown or not, and the number of the first one.
        self.entries: list[Entry] = []
        self.first = 0
        self.rows: list[Row] = []
        # The numbers of the headings.
        self.headings: list[int] = []
        self.filter = LogFilter.ALL
        # The cells at which texts wrap; 0 turns wrapping off.
        self.width = 0
        # The width of the longest text, in cells.
        self.widest = 0
        self._folded: set[int] = set()
        # The fold that the next details belong to.
        self._fold = -1

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def end(self) -> int:
        """The number of the next entry."""
        return self.first + len(self.entries)

    def entry(self, number: int) -> Entry:
        """Return an entry by its number."""
        return self.entries[number - self.first]

    def text(self, number: int) -> str:
        """Return an entry's text as shown."""
        return to_charset(text_of(self.entry(number), is_folded=number in self._folded))

    def piece(self, index: int) -> tuple[int, int, int]:
        """Return a row's entry number, and the row's start and end in the entry's text."""
        number, start = self.rows[index]
        after = self.rows[index + 1] if index + 1 < len(self.rows) else (-1, 0)
        return number, start, after[1] if after[0] == number else len(self.text(number))

    def index_of(self, number: int, start: int = 0) -> int:
        """Return the index of the row at a position, or of the nearest row above it."""
        return max(bisect_right(self.rows, (number, start)) - 1, 0)

    def extend(self, entries: Iterable[Entry]) -> None:
        """Append entries, and drop the oldest if there are too many."""
        begin = self.end
        self.entries.extend(entries)
        for number in range(begin, self.end):
            entry = self.entry(number)
            if isinstance(entry, LogHeading):
                self.headings.append(number)
            elif isinstance(entry, FoldableLogLine) and entry.begins_folded:
                self._folded.add(number)
            text = text_of(entry)
            self.widest = max(self.widest, len(text) if text.isascii() else cell_len(text))
        self._add_rows(range(begin, self.end))
        if len(self.entries) > _MAX_KEPT:
            self._trim()

    def end_test(self, outcome: str) -> None:
        """Set the outcome in the heading of the last test, unless it was dropped."""
        heading = self.entry(self.headings[-1]) if self.headings else None
        if isinstance(heading, LogHeading):
            self.entries[self.headings[-1] - self.first] = replace(heading, outcome=outcome)

    def show(self, wanted: LogFilter) -> None:
        """Apply a filter."""
        self.filter = wanted
        self._rebuild_rows()

    def wrap(self, width: int) -> None:
        """Wrap texts at a width in cells; 0 turns it off."""
        if width != self.width:
            self.width = width
            self._rebuild_rows()

    def fold(self, number: int) -> int | None:
        """Toggle the fold that an entry belongs to; return the number of its `FoldableLogLine`.

        If the entry belongs to no fold, return None and unfold all, or fold all if none is folded.
        """
        owner = self._owner(number)
        if owner is not None:
            self._folded ^= {owner}
        elif self._folded:
            self._folded.clear()
        else:
            numbered = enumerate(self.entries, self.first)
            self._folded = {
                number for number, entry in numbered if isinstance(entry, FoldableLogLine)
            }
        self._rebuild_rows()
        return owner

    def end_of(self, number: int) -> int:
        """Return the number of the last entry that an entry stands for while it is folded."""
        last = number
        if number in self._folded:
            while last + 1 < self.end and isinstance(self.entry(last + 1), FoldedLogLine):
                last += 1
        return last

    def reveal(self, number: int) -> None:
        """Unfold the fold that hides an entry."""
        owner = self._owner(number)
        if owner in self._folded and owner != number:
            self._folded.remove(owner)
            self._rebuild_rows()

    def heading_of(self, number: int) -> LogHeading | None:
        """Return the heading that an entry stands under; None if that was dropped."""
        index = bisect_right(self.headings, number) - 1
        heading = self.entry(self.headings[index]) if index >= 0 else None
        return heading if isinstance(heading, LogHeading) else None

    def last_test(self) -> Sequence[Entry]:
        """Return the heading and the remaining entries of the last test."""
        start = self.headings[-1] if self.headings else self.first
        return self.entries[start - self.first :]

    def _owner(self, number: int) -> int | None:
        if not self.first <= number < self.end:  # the log is empty, or the entry was dropped
            return None
        while number > self.first and isinstance(self.entry(number), FoldedLogLine):
            number -= 1
        return number if isinstance(self.entry(number), FoldableLogLine) else None

    def _rebuild_rows(self) -> None:
        self.rows.clear()
        self._fold = -1
        self._add_rows(range(self.first, self.end))

    def _add_rows(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            entry = self.entry(number)
            if isinstance(entry, FoldableLogLine):
                self._fold = number
            elif isinstance(entry, FoldedLogLine) and self._fold in self._folded:
                continue
            if not self.filter.takes(entry):
                continue
            self.rows.append((number, 0))
            if self.width and not isinstance(entry, Title):
                starts = breaks(self.text(number), self.width)
                self.rows.extend((number, start) for start in starts)

    def _trim(self) -> None:
        dropped = len(self.entries) - MIN_KEPT
        del self.entries[:dropped]
        self.first += dropped
        # The notice replaces the oldest remaining line.
        self.entries[0] = LogNotice(f"{self.first} older lines were dropped")
        del self.headings[: bisect_right(self.headings, self.first)]
        self._folded = {number for number in self._folded if number > self.first}
        del self.rows[: bisect_left(self.rows, (self.first + 1, 0))]
        self.rows.insert(0, (self.first, 0))


def breaks(text: str, width: int) -> list[int]:
    """Return where each row after the first begins in a text, after a space if possible."""
    starts: list[int] = []
    start = used = space = 0
    if len(text) <= width and text.isascii():
        return starts
    for index, character in enumerate(text):
        cells = cell_len(character)
        if used + cells > width and index > start:
            # A row that ended before a long word would be more than half empty: cut the word.
            start = space if space > start + (index - start) // 2 else index
            starts.append(start)
            used = cell_len(text[start:index])
        used += cells
        if character == " ":
            space = index + 1
    return starts


def pieces(text: str, width: int) -> list[str]:
    """Break a text into rows of at most `width` cells."""
    starts = [0, *breaks(text, max(width, 1)), len(text)]
    return [text[start:end] for start, end in pairwise(starts)]


def nearest(numbers: Sequence[int], number: int, direction: int) -> int | None:
    """Return the next or previous of sorted numbers; the first follows the last."""
    if not numbers:
        return None
    index = bisect_right(numbers, number) if direction > 0 else bisect_left(numbers, number) - 1
    return numbers[index % len(numbers)]
