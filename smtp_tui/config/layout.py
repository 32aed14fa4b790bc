"""How one table of a TOML text is laid out: its lines or braces, its spacing and alignment."""

from __future__ import annotations

import re
from collections.abc import Sequence

from smtp_tui.config import lines
from smtp_tui.config.scanning import Header, Pair, Statement, scan
from smtp_tui.config.tablepath import TablePath
from smtp_tui.records import record

_BEFORE_COMMENT = re.compile(r" +(?=#)")


@record
class Table:
    """A table in its text; `statements` are those of the whole text."""

    text: str
    path: TablePath
    statements: Sequence[Statement]

    @classmethod
    def find(cls, text: str, path: TablePath) -> Table:
        """Scan a valid TOML text for the table at `path`."""
        return cls(text, path, scan(text))

    def under(self, keys: tuple[str, ...] = ()) -> list[Statement]:
        """List the statements at or below `keys` of the table."""
        whole = self.path + keys
        return [found for found in self.statements if found.path[: len(whole)] == whole]

    def nests(self, found: Statement) -> bool:
        """Tell whether a statement stands between the braces of one of the table's values."""
        return isinstance(found, Pair) and found.inline and len(found.base) > len(self.path)

    @property
    def members(self) -> list[Pair]:
        """The pairs of the table's own body, dotted ones included, in the text's order."""
        depth = len(self.path)
        return [
            found
            for found in self.under()
            if isinstance(found, Pair) and len(found.base) <= depth < len(found.path)
        ]

    def siblings(self, member: Pair) -> list[Pair]:
        """The pairs in the same braces, in the text's order."""
        return [
            found
            for found in self.statements
            if isinstance(found, Pair) and found.inline and found.base == member.base
        ]

    @property
    def header(self) -> Header | None:
        """The table's own header line, if it has one."""
        return next(
            (
                found
                for found in self.under()
                if isinstance(found, Header) and found.path == self.path
            ),
            None,
        )

    @property
    def holder(self) -> Pair | None:
        """The pair whose value is this table, written between braces."""
        return next(
            (
                found
                for found in self.under()
                if isinstance(found, Pair) and found.path == self.path
            ),
            None,
        )

    def prefix(self, member: Pair) -> str:
        """What stands before the key's own part: `smtp.` of `smtp.host = …`."""
        start, _ = member.parts[len(self.path) - len(member.base)]
        return self.text[member.start : start]

    def separator(self, pair: Pair) -> str:
        """What stands between a key and its value: ` = `."""
        _, end = pair.parts[-1]
        return self.text[end : pair.value[0]]

    def fitting(self, end: int, like: Pair) -> str:
        """What to put between a new key, which ends in column `end`, and its value.

        It is as with the member `like`, or in line with the `=` or the values of them all.
        """
        before, _, after = self.separator(like).partition("=")
        members = self.members
        if len({self._column(member.parts[-1][1]) for member in members}) == 1:
            return f"{before}={after}"
        signs = {self._column(self.text.index("=", member.parts[-1][1])) for member in members}
        values = {self._column(member.value[0]) for member in members}
        if len(signs) == 1:
            before = " " * max(signs.pop() - end, 1 if before else 0)
        elif len(values) == 1:
            after = " " * max(values.pop() - end - len(before) - 1, 1 if after else 0)
        return f"{before}={after}"

    def gap(self, pair: Pair, length: int) -> tuple[int, str]:
        """Where the blanks end that part a value from its comment, and those for a new `length`.

        Comments that stand in one column are kept in it.
        """
        start, end = pair.value
        found = _BEFORE_COMMENT.match(self.text, end)
        if found is None or "\n" in self.text[start:end] or not self._has_comment_column:
            return end, ""
        blanks = len(found.group()) + end - start - length
        return found.end(), " " * max(blanks, 1)

    @property
    def _has_comment_column(self) -> bool:
        found = [_BEFORE_COMMENT.match(self.text, member.value[1]) for member in self.members]
        columns = [self._column(blanks.end()) for blanks in found if blanks]
        return len(columns) > 1 and len(set(columns)) == 1

    def _column(self, position: int) -> int:
        return len(lines.indentation(self.text, position))
