"""What the log holds, the rows that filter, folds and width make of it, and the search in it.

An entry keeps its number for good, also when older ones are dropped: a place is a number.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import Enum
from itertools import pairwise

from rich.cells import cell_len

from smtp_tui.records import record
from smtp_tui.smtp.certificates import in_words
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Event, TlsEstablished, TlsFailed
from smtp_tui.smtp.transcript import Line, Mark, lines_of
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.style import ACCENT, CURSOR, DIM, PLAIN, STRONG, Span, to_charset
from smtp_tui.tui.widgets.line_editor import LineBuffer

# A long watch must not fill the memory; dropping a tenth at a time keeps a flood of lines quick.
MIN_KEPT = 20_000
_MAX_KEPT = MIN_KEPT + MIN_KEPT // 10
_SEARCH_KEYS = (("next_match", "next"), ("previous_match", "previous"), ("back", "ends"))
_MOVES = {"left": "left", "right": "right", "home": "start", "end": "end"}
_DELETIONS = {
    "backspace": "left",
    "delete": "right",
    "ctrl+w": "word_left",
    "ctrl+u": "start",
    "ctrl+k": "end",
}

# An entry's number, and where in its text the row begins.
Row = tuple[int, int]


@record
class LogHeading:
    """Where a test begins: its number, the time of day, where it went, what came of it."""

    number: int
    clock: str
    title: str
    outcome: str = "running"

    def __str__(self) -> str:
        return escape_controls(f"test {self.number}, {self.clock}, {self.outcome}: {self.title}")


@record
class LogNotice:
    """A line about the log itself."""

    text: str

    def __str__(self) -> str:
        return escape_controls(self.text)


@record
class Fold(Line):
    """A line with details under it, which `short` sums up while they are folded away."""

    short: str
    begins_folded: bool


@record
class Detail(Line):
    """A line that folds away under the nearest `Fold` above it."""


Title = LogHeading | LogNotice
Entry = Line | Title


class LogFilter(Enum):
    """Which lines are shown; headings always are. The value is the name on the screen."""

    ALL = ""
    DIALOGUE = "dialogue only"
    REMARKS = "warnings and facts"

    @property
    def following(self) -> LogFilter:
        """The one that comes after it."""
        filters: list[LogFilter] = [*LogFilter, LogFilter.ALL]
        return filters[filters.index(self) + 1]

    def takes(self, entry: Entry) -> bool:
        """Whether an entry is shown."""
        if not isinstance(entry, Line) or self is LogFilter.ALL:
            return True
        return (entry.mark in (Mark.SENT, Mark.RECEIVED)) is (self is LogFilter.DIALOGUE)


def text_of(entry: Entry, *, is_folded: bool = False) -> str:
    """Return an entry's text as it is shown, without what stands before it."""
    match entry:
        case Fold():
            return f"[+] {entry.short}" if is_folded else f"[-] {entry.text}"
        case Detail():
            return f"    {entry.text}"
        case Line():
            return entry.text
        case _:
            return str(entry)


def entries_of(event: Event) -> list[Entry]:
    """Return an event's lines, those about a chain of certificates under one of them."""
    lines = lines_of(event)
    if not isinstance(event, TlsEstablished | TlsFailed) or not event.chain:
        return [*lines]
    head, first, *details = lines
    leaf, *above = event.chain
    short = leaf.subject
    if leaf.is_readable:
        name, *others = leaf.names or (leaf.subject or "no name",)
        names = f"{name} and {len(others)} more" if others else name
        short = f"certificate for {names}, {in_words(leaf.left())}"
    short += f", {len(above)} above it" if above else ""
    # One certificate says little more than its summary would; a chain is long.
    fold = Fold(first.seconds, first.mark, first.text, escape_controls(short), bool(above))
    return [head, fold, *(Detail(one.seconds, one.mark, one.text) for one in details)]


class LogModel:
    """The entries, and the rows that filter, folds and width make of them."""

    def __init__(self) -> None:
        # All entries, shown or not, and the number of the first one.
        self.entries: list[Entry] = []
        self.first = 0
        self.rows: list[Row] = []
        # The numbers of the headings.
        self.headings: list[int] = []
        self.filter = LogFilter.ALL
        # Where texts are broken; 0 leaves them whole.
        self.width = 0
        # The cells of the longest text.
        self.widest = 0
        self._folded: set[int] = set()
        # The fold that the next details belong to.
        self._fold = -1

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def end(self) -> int:
        """The number that the next entry will have."""
        return self.first + len(self.entries)

    def entry(self, number: int) -> Entry:
        """Return an entry by its number."""
        return self.entries[number - self.first]

    def text(self, number: int) -> str:
        """Return an entry's text as it is shown."""
        return to_charset(text_of(self.entry(number), is_folded=number in self._folded))

    def piece(self, index: int) -> tuple[int, int, int]:
        """Return a row's entry, and where in the text of that it begins and ends."""
        number, start = self.rows[index]
        after = self.rows[index + 1] if index + 1 < len(self.rows) else (-1, 0)
        return number, start, after[1] if after[0] == number else len(self.text(number))

    def index_of(self, number: int, start: int = 0) -> int:
        """Return the row that shows a place, or the nearest one above it."""
        return max(bisect_right(self.rows, (number, start)) - 1, 0)

    def extend(self, entries: Iterable[Entry]) -> None:
        """Take entries, and drop the oldest where they are too many."""
        begin = self.end
        self.entries.extend(entries)
        for number in range(begin, self.end):
            entry = self.entry(number)
            if isinstance(entry, LogHeading):
                self.headings.append(number)
            elif isinstance(entry, Fold) and entry.begins_folded:
                self._folded.add(number)
            text = text_of(entry)
            self.widest = max(self.widest, len(text) if text.isascii() else cell_len(text))
        self._add_rows(range(begin, self.end))
        if len(self.entries) > _MAX_KEPT:
            self._trim()

    def end_test(self, outcome: str) -> None:
        """Put the outcome of the last test into its heading, if that is still there."""
        heading = self.entry(self.headings[-1]) if self.headings else None
        if isinstance(heading, LogHeading):
            self.entries[self.headings[-1] - self.first] = replace(heading, outcome=outcome)

    def show(self, wanted: LogFilter) -> None:
        """Show what a filter takes."""
        self.filter = wanted
        self._rebuild_rows()

    def wrap(self, width: int) -> None:
        """Break texts at a width; 0: leave them whole."""
        if width != self.width:
            self.width = width
            self._rebuild_rows()

    def fold(self, number: int) -> int | None:
        """Fold or unfold what an entry belongs to; return the number of the line that stays.

        None where there is nothing to fold; then all folds are unfolded, or folded if all were not.
        """
        owner = self._owner(number)
        if owner is not None:
            self._folded ^= {owner}
        elif self._folded:
            self._folded.clear()
        else:
            numbered = enumerate(self.entries, self.first)
            self._folded = {at for at, entry in numbered if isinstance(entry, Fold)}
        self._rebuild_rows()
        return owner

    def reveal(self, number: int) -> None:
        """Unfold what hides an entry."""
        owner = self._owner(number)
        if owner in self._folded and owner != number:
            self._folded.remove(owner)
            self._rebuild_rows()

    def last_test(self) -> Sequence[Entry]:
        """Return the heading of the last test with all that is still there of it."""
        start = self.headings[-1] if self.headings else self.first
        return self.entries[start - self.first :]

    def _owner(self, number: int) -> int | None:
        if not self.first <= number < self.end:  # the log is empty, or the line is gone
            return None
        while number > self.first and isinstance(self.entry(number), Detail):
            number -= 1
        return number if isinstance(self.entry(number), Fold) else None

    def _rebuild_rows(self) -> None:
        self.rows.clear()
        self._fold = -1
        self._add_rows(range(self.first, self.end))

    def _add_rows(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            entry = self.entry(number)
            if isinstance(entry, Fold):
                self._fold = number
            elif isinstance(entry, Detail) and self._fold in self._folded:
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
        # The notice takes the place of the oldest line that is left.
        self.entries[0] = LogNotice(f"{self.first} older lines were dropped")
        del self.headings[: bisect_right(self.headings, self.first)]
        self._folded = {number for number in self._folded if number > self.first}
        del self.rows[: bisect_left(self.rows, (self.first + 1, 0))]
        self.rows.insert(0, (self.first, 0))


def breaks(text: str, width: int) -> list[int]:
    """Return where the second and each further row of a text begins, after a space if it can."""
    starts: list[int] = []
    start = used = space = 0
    if len(text) <= width and text.isascii():
        return starts
    for at, character in enumerate(text):
        cells = cell_len(character)
        if used + cells > width and at > start:
            # Where the word began too early, a row would be more than half empty.
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


def nearest(numbers: Sequence[int], number: int, way: int) -> int | None:
    """Return the next or the previous of some numbers; after the last comes the first."""
    if not numbers:
        return None
    at = bisect_right(numbers, number) if way > 0 else bisect_left(numbers, number) - 1
    return numbers[at % len(numbers)]


class LogSearch:
    """A search from its first letter until it is left: which lines match, and how it looks."""

    def __init__(self, origin: int) -> None:
        # The entry that the cursor stood at, to go back to.
        self.origin = origin
        self.line = LineBuffer()
        # Whether keys still go into the text.
        self.is_typed = True
        self.pattern: re.Pattern[str] | None = None
        self.matches: list[int] = []
        self._scanned = 0
        self._hidden = 0

    def edit(self, key: str) -> bool:
        """Edit the text; return False for a key that edits nothing."""
        if key in _MOVES:
            self.line.move(_MOVES[key])
        elif key in _DELETIONS:
            self.line.delete(_DELETIONS[key])
        else:
            return False
        return True

    def scan(self, rows: LogModel) -> None:
        """Search all that the filter shows, folded or not."""
        self.pattern = pattern_for(self.line.text)
        self.matches, self._scanned, self._hidden = [], rows.first, 0
        self.scan_new(rows)

    def scan_new(self, rows: LogModel) -> None:
        """Search what came since, and drop what is there no longer."""
        if self.pattern is None:
            return
        del self.matches[: bisect_left(self.matches, rows.first)]
        for number in range(max(self._scanned, rows.first), rows.end):
            entry = rows.entry(number)
            # With the mark in it, "-> ehlo" finds what was sent and not what came.
            text = f"{entry.mark} {entry.text}" if isinstance(entry, Line) else str(entry)
            if not self.pattern.search(text):
                continue
            if rows.filter.takes(entry):
                self.matches.append(number)
            else:
                self._hidden += 1
        self._scanned = rows.end

    def summary(self, number: int) -> str:
        """Say which of the lines with a match this is, or how many there are."""
        if self.pattern is None:
            return ""
        count, at = len(self.matches), bisect_left(self.matches, number)
        if not count:
            hidden = f", but {self._hidden} hidden by the filter" if self._hidden else ""
            return f"not found{hidden}"
        if at < count and self.matches[at] == number:
            return f"{at + 1} of {count}"
        return f"{count} lines" if count > 1 else "1 line"

    def spans(self, number: int) -> list[Span]:
        """Return the line that shows the search, the cursor of the log at an entry."""
        summary = (f"  {self.summary(number)}" if self.pattern else "", STRONG)
        text, cursor = self.line.text, self.line.cursor
        if not self.is_typed:
            keys = [
                span
                for action, label in _SEARCH_KEYS
                for span in ((f"   {key_of(action)}", STRONG), (f" {label}", DIM))
            ]
            return [("/", ACCENT), (escape_controls(text), PLAIN), summary, *keys]
        return [
            ("/", ACCENT),
            (escape_controls(text[:cursor]), PLAIN),
            (escape_controls(text[cursor : cursor + 1]) or " ", CURSOR),
            (escape_controls(text[cursor + 1 :]), PLAIN),
            summary,
        ]


def pattern_for(text: str) -> re.Pattern[str] | None:
    """Make a pattern of a text as it stands: without regard to case unless it has a capital."""
    if not text:
        return None
    has_capital = any(letter.isupper() for letter in text)
    return re.compile(re.escape(text), 0 if has_capital else re.IGNORECASE)
