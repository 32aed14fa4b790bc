"""Describe the layout of one table in a TOML text: lines or braces, spacing and alignment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from smtp_tui.config.tablepath import TablePath
from smtp_tui.config.toml_edit.scan import KeyValue, Span, Statement, TomlTableHeader, scan

Splice = tuple[int, int, str]

_BEFORE_COMMENT = re.compile(r" +(?=#)")


def whole(text: str, start: int, end: int) -> Span:
    """Extend a span to whole lines, line ends included."""
    stop = text.find("\n", end)
    return text.rfind("\n", 0, start) + 1, len(text) if stop < 0 else stop + 1


def indentation(text: str, position: int) -> str:
    """Return the text before `position` on its line."""
    return text[text.rfind("\n", 0, position) + 1 : position]


def ending(text: str, position: int = 0) -> str:
    """Return the end of the line at `position`: LF or CRLF."""
    stop = text.find("\n", position)
    # The last line may have no end, so use that of the first line.
    if stop < 0 and position > 0:
        return ending(text)
    return "\r\n" if stop > 0 and text[stop - 1] == "\r" else "\n"


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Replace each splice's span by its text; the spans do not overlap."""
    pieces = []
    position = 0
    for start, end, piece in sorted(splices):
        pieces += [text[position:start], piece]
        position = end
    return "".join((*pieces, text[position:]))


def inserted(text: str, position: int, added: Sequence[str], end: str) -> str:
    """Insert lines, given without line ends, at the start of a line or at the end of the text."""
    before, after = text[:position], text[position:]
    block = end.join(added)
    # If the last line had no end, the new last line has none either.
    if before and not before.endswith("\n"):
        return before + end + block
    return before + block + end + after


class TomlTableLayout:
    """The table at `path` of a valid TOML text; `statements` are those of the whole text.

    `header` is its header line, `holder` the pair whose inline table it is, and `members` are the
    pairs of its body, dotted ones included, in the text's order.
    """

    def __init__(self, text: str, path: TablePath) -> None:
        self.text, self.path, self.statements = text, path, scan(text)
        here = [found for found in self.statements if found.path == path]
        self.header = next((found for found in here if isinstance(found, TomlTableHeader)), None)
        self.holder = next((found for found in here if isinstance(found, KeyValue)), None)
        pairs = [found for found in self.under() if isinstance(found, KeyValue)]
        self.members = [pair for pair in pairs if len(pair.base) <= len(path) < len(pair.path)]

    def under(self, keys: tuple[str, ...] = ()) -> list[Statement]:
        """List the statements at or below `keys` of the table."""
        full = self.path + keys
        return [found for found in self.statements if found.path[: len(full)] == full]

    def nests(self, found: Statement) -> bool:
        """Return whether a statement is inside an inline table below this table."""
        return isinstance(found, KeyValue) and found.inline and len(found.base) > len(self.path)

    def prefix(self, member: KeyValue) -> str:
        """Return the text before the key's own part: `smtp.` of `smtp.host = …`."""
        start, _ = member.parts[len(self.path) - len(member.base)]
        return self.text[member.start : start]

    def separator(self, pair: KeyValue) -> str:
        """Return the text between a key and its value, such as ` = `."""
        return self.text[pair.parts[-1][1] : pair.value[0]]

    def fitting(self, end: int, like: KeyValue) -> str:
        """Return the separator between a new key, which ends in column `end`, and its value."""
        # The separator is that of the member `like`, or aligned with the `=` or values of all.
        before, _, after = self.separator(like).partition("=")
        ends = [member.parts[-1][1] for member in self.members]
        # Keys of equal length are aligned by chance, not on purpose.
        if len(set(map(self._column, ends))) == 1:
            return f"{before}={after}"
        signs = {self._column(self.text.index("=", end)) for end in ends}
        values = {self._column(member.value[0]) for member in self.members}
        if len(signs) == 1:
            before = " " * max(signs.pop() - end, 1 if before else 0)
        elif len(values) == 1:
            after = " " * max(values.pop() - end - len(before) - 1, 1 if after else 0)
        return f"{before}={after}"

    def gap(self, pair: KeyValue, length: int) -> tuple[int, str]:
        """Return the end of the blanks before a comment, and the blanks for a value of `length`."""
        # Keep comments aligned that are all in the same column.
        start, end = pair.value
        found = _BEFORE_COMMENT.match(self.text, end)
        ends = [_BEFORE_COMMENT.match(self.text, member.value[1]) for member in self.members]
        columns = [self._column(blanks.end()) for blanks in ends if blanks]
        aligned = len(columns) > 1 and len(set(columns)) == 1
        if found is None or "\n" in self.text[start:end] or not aligned:
            return end, ""
        return found.end(), " " * max(len(found.group()) + end - start - length, 1)

    def _column(self, position: int) -> int:
        return len(indentation(self.text, position))
