"""What the log holds: lines of the dialogue, headings, and details that fold away. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from smtp_tui.records import record
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.escaping import visible
from smtp_tui.smtp.events import Event, TlsEstablished, TlsRefused
from smtp_tui.smtp.lifetimes import in_words
from smtp_tui.smtp.transcript import Line, Mark, lines_of

RUNNING = "running"
_FOLDED, _UNFOLDED, _UNDER = "[+] ", "[-] ", "    "


@record
class Heading:
    """Where a test begins: its number, the time of day, where it went, what came of it."""

    number: int
    clock: str
    title: str
    outcome: str = RUNNING

    def ended(self, outcome: str) -> Heading:
        """The same, with what came of the test."""
        return replace(self, outcome=outcome)

    def __str__(self) -> str:
        return visible(f"test {self.number}, {self.clock}, {self.outcome}: {self.title}")


@record
class Remark:
    """A line about the log itself."""

    text: str

    def __str__(self) -> str:
        return visible(self.text)


@record
class Fold:
    """A line with details under it, which `short` sums up while they are folded away."""

    line: Line
    short: str
    begins_folded: bool

    def __str__(self) -> str:
        return str(self.line)


@record
class Detail:
    """A line that folds away under the nearest `Fold` above it."""

    line: Line

    def __str__(self) -> str:
        return str(self.line)


Title = Heading | Remark
Entry = Line | Fold | Detail | Title


class Filter(Enum):
    """Which lines are shown; headings always are. The value tells it in words."""

    ALL = ""
    DIALOGUE = "dialogue only"
    REMARKS = "warnings and facts"

    @property
    def following(self) -> Filter:
        """The one that comes after it."""
        every = list(Filter)
        return every[(every.index(self) + 1) % len(every)]

    def takes(self, entry: Entry) -> bool:
        """Whether an entry is shown."""
        line = line_of(entry)
        if line is None or self is Filter.ALL:
            return True
        is_dialogue = line.mark in (Mark.SENT, Mark.RECEIVED)
        return is_dialogue is (self is Filter.DIALOGUE)


def line_of(entry: Entry) -> Line | None:
    """Return the line of the transcript that an entry is; a title is none."""
    if isinstance(entry, Line):
        return entry
    return entry.line if isinstance(entry, Fold | Detail) else None


def text_of(entry: Entry, *, is_folded: bool = False) -> str:
    """Return an entry's text as it is shown, without what stands before it."""
    match entry:
        case Fold(line, short):
            return f"{_FOLDED}{short}" if is_folded else f"{_UNFOLDED}{line.text}"
        case Detail(line):
            return f"{_UNDER}{line.text}"
        case Line():
            return entry.text
        case _:
            return str(entry)


def searched(entry: Entry) -> str:
    """Return what a search looks at: the mark and the whole text."""
    line = line_of(entry)
    return f"{line.mark} {line.text}" if line else str(entry)


def entries_of(event: Event) -> list[Entry]:
    """Return an event's lines, those about a chain of certificates under one of them."""
    lines = lines_of(event)
    if not isinstance(event, TlsEstablished | TlsRefused) or not event.chain:
        return [*lines]
    head, leaf, *details = lines
    fold = Fold(leaf, visible(_summed_up(event.chain)), begins_folded=len(event.chain) > 1)
    return [head, fold, *map(Detail, details)]


def _summed_up(chain: Sequence[Certificate]) -> str:
    leaf, above = chain[0], len(chain) - 1
    tail = f", {above} above it" if above else ""
    if not leaf.is_readable:
        return f"{leaf.subject}{tail}"
    first, *others = leaf.names or (leaf.subject or "no name",)
    whose = f"{first} and {len(others)} more" if others else first
    return f"certificate for {whose}, {in_words(leaf.left())}{tail}"
