"""Search the log's entries as the text is typed."""

from __future__ import annotations

import re
from bisect import bisect_left

from rich.cells import cell_len

from smtp_tui.safe_text import escape_controls
from smtp_tui.smtp.transcript import TranscriptLine
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.log.model import LogModel
from smtp_tui.tui.style import DIM, OURS, PLAIN, STRONG, Span, to_charset
from smtp_tui.tui.widgets.line_editor import LineEditBuffer

_SEARCH_KEYS = (("next_match", "next"), ("previous_match", "previous"), ("back", "ends"))
_MOVES = {
    "left": "left",
    "right": "right",
    "home": "start",
    "ctrl+a": "start",
    "end": "end",
    "ctrl+e": "end",
}
_DELETIONS = {
    "backspace": "left",
    "delete": "right",
    "ctrl+w": "word_left",
    "ctrl+u": "start",
    "ctrl+k": "end",
}


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
        # What a paste left out, until the next key.
        self.note = ""
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

    @property
    def cursor_column(self) -> int:
        """The column of the cursor in the search line."""
        before = self.line.text[: self.line.cursor]
        return 1 + cell_len(to_charset(escape_controls(before)))

    def spans(self, number: int) -> list[Span]:
        """Return the search line, with the log's cursor at an entry."""
        summary = (f"  {self.summary(number)}" if self.pattern else "", STRONG)
        spans = [("/", OURS), (escape_controls(self.line.text), PLAIN), summary]
        if self.is_typed:
            return [*spans, (f"   {self.note}", DIM)]
        keys = (
            span
            for action, label in _SEARCH_KEYS
            for span in ((f"   {key_of(action)}", STRONG), (f" {label}", DIM))
        )
        return [*spans, *keys]


def pattern_for(text: str) -> re.Pattern[str] | None:
    """Compile a literal text, case-insensitive unless it has a capital."""
    if not text:
        return None
    has_capital = any(letter.isupper() for letter in text)
    return re.compile(re.escape(text), 0 if has_capital else re.IGNORECASE)
