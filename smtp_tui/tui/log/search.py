"""A search in the log: what is looked for, which lines have it, and how that is told. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.keys.commands import key_of
from smtp_tui.tui.log.model import LogModel, searched
from smtp_tui.tui.style import ACCENT, CURSOR, DIM, PLAIN, STRONG, Span
from smtp_tui.tui.widgets.line_editor import LineBuffer

NOTHING = "not found"
_EDITS: dict[str, Callable[[LineBuffer], None]] = {
    "left": LineBuffer.left,
    "right": LineBuffer.right,
    "home": LineBuffer.home,
    "end": LineBuffer.end,
    "backspace": LineBuffer.delete_left,
    "delete": LineBuffer.delete_right,
    "ctrl+w": LineBuffer.delete_word,
    "ctrl+u": LineBuffer.delete_to_start,
    "ctrl+k": LineBuffer.delete_to_end,
}


class LogSearch:
    """A search from its first letter until it is left."""

    def __init__(self, origin: int) -> None:
        self.origin = origin
        """The entry that one stood at, to go back to."""
        self.line = LineBuffer()
        self.is_typed = True
        """Whether the keys still go into what is looked for."""
        self.pattern: re.Pattern[str] | None = None
        self.found: list[int] = []
        self._looked = 0
        self._elsewhere = 0

    def edit(self, key: str) -> bool:
        """Move in what is looked for or delete from it; False where the key does neither."""
        deed = _EDITS.get(key)
        if deed:
            deed(self.line)
        return deed is not None

    def look(self, rows: LogModel) -> None:
        """Look through all that the filter shows, folded or not."""
        self.pattern = pattern_for(self.line.text)
        self.found, self._looked, self._elsewhere = [], rows.first, 0
        self.look_on(rows)

    def look_on(self, rows: LogModel) -> None:
        """Look through what came since, and forget what is there no longer."""
        if self.pattern is None:
            return
        del self.found[: bisect_left(self.found, rows.first)]
        for number in range(max(self._looked, rows.first), rows.end):
            entry = rows.entry(number)
            if not self.pattern.search(searched(entry)):
                continue
            if rows.filter.takes(entry):
                self.found.append(number)
            else:
                self._elsewhere += 1
        self._looked = rows.end

    def beside(self, number: int, way: int, *, inclusive: bool = False) -> int | None:
        """Return the next or the previous entry with a match; beyond the last it begins anew."""
        if not self.found:
            return None
        if way > 0:
            at = (bisect_left if inclusive else bisect_right)(self.found, number)
        else:
            at = bisect_left(self.found, number) - 1
        return self.found[at % len(self.found)]

    def told(self, number: int) -> str:
        """Say which of the lines with a match this is, or how many there are."""
        if self.pattern is None:
            return ""
        if not self.found:
            hidden = f", but {self._elsewhere} hidden by the filter" if self._elsewhere else ""
            return f"{NOTHING}{hidden}"
        at = bisect_left(self.found, number)
        if at < len(self.found) and self.found[at] == number:
            return f"{at + 1} of {len(self.found)}"
        return f"{len(self.found)} lines" if len(self.found) > 1 else "1 line"

    def spans(self, number: int) -> list[Span]:
        """Return the line that shows the search."""
        told = f"  {self.told(number)}" if self.pattern else ""
        if not self.is_typed:
            keys: list[Span] = []
            for key, word in _keys():
                keys += [(f"   {key}", STRONG), (f" {word}", DIM)]
            return [("/", ACCENT), (escape_controls(self.line.text), PLAIN), (told, STRONG), *keys]
        text, cursor = self.line.text, self.line.cursor
        under = escape_controls(text[cursor : cursor + 1]) or " "
        return [
            ("/", ACCENT),
            (escape_controls(text[:cursor]), PLAIN),
            (under, CURSOR),
            (escape_controls(text[cursor + 1 :]), PLAIN),
            (told, STRONG),
        ]


def _keys() -> Iterator[tuple[str, str]]:
    yield key_of("next_match"), "next"
    yield key_of("previous_match"), "previous"
    yield key_of("back"), "ends"


def pattern_for(text: str) -> re.Pattern[str] | None:
    """Make a pattern of a text as it stands: without regard to case unless it has a capital."""
    if not text:
        return None
    has_capital = any(letter.isupper() for letter in text)
    return re.compile(re.escape(text), 0 if has_capital else re.IGNORECASE)
