"""A search in the log: the text, which lines have it, and the line that shows it. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.keys.commands import key_of
from smtp_tui.tui.log.model import LogModel, searched
from smtp_tui.tui.style import ACCENT, CURSOR, DIM, PLAIN, STRONG, Span
from smtp_tui.tui.widgets.line_editor import LineBuffer

NOTHING = "not found"
_KEYS = (("next_match", "next"), ("previous_match", "previous"), ("back", "ends"))
_MOVES = {"left": "left", "right": "right", "home": "start", "end": "end"}
_DELETIONS = {
    "backspace": "left",
    "delete": "right",
    "ctrl+w": "word_left",
    "ctrl+u": "start",
    "ctrl+k": "end",
}


class LogSearch:
    """A search from its first letter until it is left."""

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
            if not self.pattern.search(searched(entry)):
                continue
            if rows.filter.takes(entry):
                self.matches.append(number)
            else:
                self._hidden += 1
        self._scanned = rows.end

    def nearest(self, number: int, way: int, *, inclusive: bool = False) -> int | None:
        """Return the next or the previous entry with a match; after the last comes the first."""
        if not self.matches:
            return None
        if way > 0:
            at = (bisect_left if inclusive else bisect_right)(self.matches, number)
        else:
            at = bisect_left(self.matches, number) - 1
        return self.matches[at % len(self.matches)]

    def summary(self, number: int) -> str:
        """Say which of the lines with a match this is, or how many there are."""
        if self.pattern is None:
            return ""
        if not self.matches:
            hidden = f", but {self._hidden} hidden by the filter" if self._hidden else ""
            return f"{NOTHING}{hidden}"
        at = bisect_left(self.matches, number)
        if at < len(self.matches) and self.matches[at] == number:
            return f"{at + 1} of {len(self.matches)}"
        return f"{len(self.matches)} lines" if len(self.matches) > 1 else "1 line"

    def spans(self, number: int) -> list[Span]:
        """Return the line that shows the search."""
        summary = (f"  {self.summary(number)}" if self.pattern else "", STRONG)
        text, cursor = self.line.text, self.line.cursor
        if self.is_typed:
            under = escape_controls(text[cursor : cursor + 1]) or " "
            return [
                ("/", ACCENT),
                (escape_controls(text[:cursor]), PLAIN),
                (under, CURSOR),
                (escape_controls(text[cursor + 1 :]), PLAIN),
                summary,
            ]
        keys: list[Span] = []
        for action, label in _KEYS:
            keys += [(f"   {key_of(action)}", STRONG), (f" {label}", DIM)]
        return [("/", ACCENT), (escape_controls(text), PLAIN), summary, *keys]


def pattern_for(text: str) -> re.Pattern[str] | None:
    """Make a pattern of a text as it stands: without regard to case unless it has a capital."""
    if not text:
        return None
    has_capital = any(letter.isupper() for letter in text)
    return re.compile(re.escape(text), 0 if has_capital else re.IGNORECASE)
