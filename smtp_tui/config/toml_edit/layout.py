"""How one table of a TOML text is laid out: its lines or braces, its spacing and alignment.

Lines are cut and put in with the missing end of a last line kept missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from smtp_tui.config.tablepath import TablePath
from smtp_tui.config.toml_edit.scan import Header, KeyValue, Statement, scan
from smtp_tui.records import record

Span = tuple[int, int]
Splice = tuple[int, int, str]


def whole(text: str, start: int, end: int) -> Span:
    """Widen a span to the lines it touches, their ends included."""
    stop = text.find("\n", end)
    return text.rfind("\n", 0, start) + 1, len(text) if stop < 0 else stop + 1


def indentation(text: str, position: int) -> str:
    """Return what stands before `position` on its line."""
    return text[text.rfind("\n", 0, position) + 1 : position]


def ending(text: str, position: int = 0) -> str:
    """Return the end of the line at `position`; of the first line where the text just stops."""
    stop = text.find("\n", position)
    # The last line may just stop; the file's first line shows how its lines end.
    if stop < 0 and position > 0:
        return ending(text)
    return "\r\n" if stop > 0 and text[stop - 1] == "\r" else "\n"


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Put each splice's text in the place of its span; the spans do not overlap."""
    pieces = []
    position = 0
    for start, end, piece in sorted(splices):
        pieces += [text[position:start], piece]
        position = end
    return "".join((*pieces, text[position:]))


def without(text: str, spans: Iterable[Span]) -> str:
    """Cut whole lines out."""
    rest = spliced(text, {(start, end, "") for start, end in spans})
    # The last line had no end, and so has the one that is the last now.
    if not text.endswith("\n") and rest.endswith("\n"):
        rest = rest.removesuffix("\n").removesuffix("\r")
    return rest


def inserted(text: str, position: int, added: Sequence[str], end: str) -> str:
    """Put whole lines, given without their ends, at the beginning of a line or the text's end."""
    before, after = text[:position], text[position:]
    block = end.join(added)
    if before and not before.endswith("\n"):
        return before + end + block
    return before + block + end + after


_BEFORE_COMMENT = re.compile(r" +(?=#)")


@record
class TableLayout:
    """A table in its text; `statements` are those of the whole text."""

    text: str
    path: TablePath
    statements: Sequence[Statement]

    @classmethod
    def find(cls, text: str, path: TablePath) -> TableLayout:
        """Scan a valid TOML text for the table at `path`."""
        return cls(text, path, scan(text))

    def under(self, keys: tuple[str, ...] = ()) -> list[Statement]:
        """List the statements at or below `keys` of the table."""
        whole = self.path + keys
        return [found for found in self.statements if found.path[: len(whole)] == whole]

    def nests(self, found: Statement) -> bool:
        """Tell whether a statement stands between the braces of one of the table's values."""
        return isinstance(found, KeyValue) and found.inline and len(found.base) > len(self.path)

    @property
    def members(self) -> list[KeyValue]:
        """The pairs of the table's own body, dotted ones included, in the text's order."""
        depth = len(self.path)
        return [
            found
            for found in self.under()
            if isinstance(found, KeyValue) and len(found.base) <= depth < len(found.path)
        ]

    def siblings(self, member: KeyValue) -> list[KeyValue]:
        """The pairs in the same braces, in the text's order."""
        return [
            found
            for found in self.statements
            if isinstance(found, KeyValue) and found.inline and found.base == member.base
        ]

    @property
    def header(self) -> Header | None:
        """The table's own header line, if it has one."""
        return next(
            (
                found
                for found in self.statements
                if isinstance(found, Header) and found.path == self.path
            ),
            None,
        )

    @property
    def holder(self) -> KeyValue | None:
        """The pair whose value is this table, written between braces."""
        return next(
            (
                found
                for found in self.statements
                if isinstance(found, KeyValue) and found.path == self.path
            ),
            None,
        )

    def prefix(self, member: KeyValue) -> str:
        """What stands before the key's own part: `smtp.` of `smtp.host = …`."""
        start, _ = member.parts[len(self.path) - len(member.base)]
        return self.text[member.start : start]

    def separator(self, pair: KeyValue) -> str:
        """What stands between a key and its value: ` = `."""
        _, end = pair.parts[-1]
        return self.text[end : pair.value[0]]

    def fitting(self, end: int, like: KeyValue) -> str:
        """What to put between a new key, which ends in column `end`, and its value.

        It is as with the member `like`, or in line with the `=` or the values of them all.
        """
        before, _, after = self.separator(like).partition("=")
        members = self.members
        # Keys of one length are in line by chance, so nobody lined them up.
        if len({self._column(member.parts[-1][1]) for member in members}) == 1:
            return f"{before}={after}"
        signs = {self._column(self.text.index("=", member.parts[-1][1])) for member in members}
        values = {self._column(member.value[0]) for member in members}
        if len(signs) == 1:
            before = " " * max(signs.pop() - end, 1 if before else 0)
        elif len(values) == 1:
            after = " " * max(values.pop() - end - len(before) - 1, 1 if after else 0)
        return f"{before}={after}"

    def gap(self, pair: KeyValue, length: int) -> tuple[int, str]:
        """Where the blanks end that part a value from its comment, and those for a new `length`.

        Comments that stand in one column are kept in it.
        """
        start, end = pair.value
        found = _BEFORE_COMMENT.match(self.text, end)
        ends = [_BEFORE_COMMENT.match(self.text, member.value[1]) for member in self.members]
        columns = [self._column(blanks.end()) for blanks in ends if blanks]
        aligned = len(columns) > 1 and len(set(columns)) == 1
        if found is None or "\n" in self.text[start:end] or not aligned:
            return end, ""
        blanks = len(found.group()) + end - start - length
        return found.end(), " " * max(blanks, 1)

    def _column(self, position: int) -> int:
        return len(indentation(self.text, position))
