"""The log's entries: lines, lines with details to unfold, headings and notices."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.smtp.certificates import in_words
from smtp_tui.smtp.events import Event, TlsEstablished, TlsFailed
from smtp_tui.smtp.transcript import TranscriptLine, TranscriptMark, lines_of


@record
class LogHeading:
    """The heading of a test or tap: its number, when it began, its title and outcome."""

    number: int
    moment: datetime
    title: str
    outcome: str = "running"
    kind: str = "test"

    @property
    def parts(self) -> tuple[str, str, str]:
        """Return the text before the outcome, the outcome, and the text after it."""
        before = f"{self.kind} {self.number}, {self.moment.astimezone():%H:%M:%S}, "
        return before, escape_controls(self.outcome), escape_controls(f", {self.title}")

    def __str__(self) -> str:
        return "".join(self.parts)


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
    # After a failure, admins look for the certificate: a single one is shown unfolded.
    is_folded = bool(issuers) or isinstance(event, TlsEstablished)
    fold = FoldableLogLine(first.seconds, first.mark, first.text, escape_controls(short), is_folded)
    return [head, fold, *(FoldedLogLine(line.seconds, line.mark, line.text) for line in details)]
