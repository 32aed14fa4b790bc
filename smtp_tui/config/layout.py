"""How one table of a TOML text is laid out: its lines or braces, its spacing and alignment."""

from __future__ import annotations

from collections.abc import Sequence

from smtp_tui.config import lines
from smtp_tui.config.scanning import Header, Pair, Statement, scan
from smtp_tui.config.tablepath import TablePath
from smtp_tui.records import record


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

    def column(self) -> int | None:
        """The column that the members' `=` stand in, if they are aligned."""
        ends = [len(self._before(member, member.parts[-1][1])) for member in self.members]
        columns = {
            end + self.separator(member).index("=")
            for end, member in zip(ends, self.members, strict=True)
        }
        return columns.pop() if len(columns) == 1 and len(set(ends)) > 1 else None

    def _before(self, member: Pair, position: int) -> str:
        return lines.indentation(self.text, member.start) + self.text[member.start : position]
