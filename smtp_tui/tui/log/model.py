"""Store the log's entries, compute the rows to show, and search the entries.

An entry keeps its number when older entries are dropped, so a number identifies a position.
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
from smtp_tui.safe_text import escape_controls
from smtp_tui.smtp.certificates import in_words
from smtp_tui.smtp.events import Event, TlsEstablished, TlsFailed
from smtp_tui.smtp.transcript import TranscriptLine, TranscriptMark, lines_of
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.style import DIM, FOCUS, OURS, PLAIN, STRONG, Span, to_charset
from smtp_tui.tui.widgets.line_editor import LineEditBuffer

# A long session must not fill the memory; dropping a tenth at a time keeps a flood of lines quick.
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
    """The heading of a test: its number, time of day, title and outcome."""

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
class FoldableLogLine(TranscriptLine):
    """A line with details below it; while they are folded, `short` replaces the line."""

    short: str
    begins_folded: bool


@record
class FoldedLogLine(TranscriptLine):
    """A line that the nearest `FoldableLogLine` above it can hide."""


Title = LogHeading | LogNotice
Entry = TranscriptLine | Title


class LogFilter(Enum):
    """Which lines are shown; headings always are. The value is the name on the screen."""

    ALL = ""
    DIALOGUE = "dialogue only"
    REMARKS = "warnings and facts"

    @property
    def following(self) -> LogFilter:
        """The next filter; the first one after the last."""
        filters: list[LogFilter] = [*LogFilter, LogFilter.ALL]
        return filters[filters.index(self) + 1]

    def takes(self, entry: Entry) -> bool:
        """Whether an entry is shown."""
        if not isinstance(entry, TranscriptLine) or self is LogFilter.ALL:
            return True
        return (entry.mark in (TranscriptMark.SENT, TranscriptMark.RECEIVED)) is (
            self is LogFilter.DIALOGUE
        )


def text_of(entry: Entry, *, is_folded: bool = False) -> str:
    """Return an entry's text as shown, without sign, time and mark."""
    match entry:
        case FoldableLogLine():
            return f"[+] {entry.short}" if is_folded else f"[-] {entry.text}"
        case FoldedLogLine():
            return f"    {entry.text}"
        case TranscriptLine():
            return entry.text
        case _:
            return str(entry)


def entries_of(event: Event) -> list[Entry]:
    """Return an event's lines, those about a certificate chain below a `FoldableLogLine`."""
    lines = lines_of(event)
    if not isinstance(event, TlsEstablished | TlsFailed) or not event.chain:
        return [*lines]
    head, first, *details = lines
    leaf, *issuers = event.chain
    short = leaf.subject
    if leaf.is_readable:
        name, *others = leaf.names or (leaf.subject or "no name",)
        names = f"{name} and {len(others)} more" if others else name
        short = f"certificate for {names}, {in_words(leaf.left())}"
    short += f", {len(issuers)} above it" if issuers else ""
    # One certificate is hardly longer than its summary; a chain is.
    fold = FoldableLogLine(
        first.seconds, first.mark, first.text, escape_controls(short), bool(issuers)
    )
    return [head, fold, *(FoldedLogLine(line.seconds, line.mark, line.text) for line in details)]


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

    def reveal(self, number: int) -> None:
        """Unfold the fold that hides an entry."""
        owner = self._owner(number)
        if owner in self._folded and owner != number:
            self._folded.remove(owner)
            self._rebuild_rows()

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


class LogSearch:
    """An incremental search: its text, the matching entries and the line that shows it."""

    def __init__(self, origin: int) -> None:
        # The entry under the cursor at the start, to return to.
        self.origin = origin
        self.line = LineEditBuffer()
        # Whether keys still edit the text.
        self.is_typed = True
        self.pattern: re.Pattern[str] | None = None
        self.matches: list[int] = []
        self._scanned = 0
        self._hidden = 0

    def edit(self, key: str) -> bool:
        """Edit the text with a key; return False for a key that does not edit."""
        if key in _MOVES:
            self.line.move(_MOVES[key])
        elif key in _DELETIONS:
            self.line.delete(_DELETIONS[key])
        else:
            return False
        return True

    def scan(self, model: LogModel) -> None:
        """Search all entries again, folded or not; count matches that the filter hides."""
        self.pattern = pattern_for(self.line.text)
        self.matches, self._scanned, self._hidden = [], model.first, 0
        self.scan_new(model)

    def scan_new(self, model: LogModel) -> None:
        """Search entries added since, and forget matches that were dropped."""
        if self.pattern is None:
            return
        del self.matches[: bisect_left(self.matches, model.first)]
        for number in range(max(self._scanned, model.first), model.end):
            entry = model.entry(number)
            # The mark is searched too: "-> ehlo" finds only what was sent.
            text = f"{entry.mark} {entry.text}" if isinstance(entry, TranscriptLine) else str(entry)
            if not self.pattern.search(text):
                continue
            if model.filter.takes(entry):
                self.matches.append(number)
            else:
                self._hidden += 1
        self._scanned = model.end

    def summary(self, number: int) -> str:
        """Return which of the matching lines this is, or how many match."""
        if self.pattern is None:
            return ""
        count, index = len(self.matches), bisect_left(self.matches, number)
        if not count:
            hidden = f", but {self._hidden} hidden by the filter" if self._hidden else ""
            return f"not found{hidden}"
        if index < count and self.matches[index] == number:
            return f"{index + 1} of {count}"
        return f"{count} lines" if count > 1 else "1 line"

    def spans(self, number: int) -> list[Span]:
        """Return the search line, with the log's cursor at an entry."""
        summary = (f"  {self.summary(number)}" if self.pattern else "", STRONG)
        text, cursor = self.line.text, self.line.cursor
        if not self.is_typed:
            keys = [
                span
                for action, label in _SEARCH_KEYS
                for span in ((f"   {key_of(action)}", STRONG), (f" {label}", DIM))
            ]
            return [("/", OURS), (escape_controls(text), PLAIN), summary, *keys]
        return [
            ("/", OURS),
            (escape_controls(text[:cursor]), PLAIN),
            (escape_controls(text[cursor : cursor + 1]) or " ", FOCUS),
            (escape_controls(text[cursor + 1 :]), PLAIN),
            summary,
        ]


def pattern_for(text: str) -> re.Pattern[str] | None:
    """Compile a literal text, case-insensitive unless it has a capital."""
    if not text:
        return None
    has_capital = any(letter.isupper() for letter in text)
    return re.compile(re.escape(text), 0 if has_capital else re.IGNORECASE)
