"""Prove a change before it is written: only the wanted keys differ, and only their lines."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from smtp_tui.config import lines
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.scanning import Header, Statement, scan
from smtp_tui.config.tablepath import TablePath
from smtp_tui.config.wording import one_line
from smtp_tui.records import record


def same(one: object, other: object) -> bool:
    """Tell whether two TOML values are the same in type and value; 1, 1.0 and true are not."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    # By their text NaN is NaN, and a date keeps its offset.
    return repr(one) == repr(other)


def prove(
    old: str, new: str, data: Mapping[str, Any], path: TablePath, changes: Mapping[str, object]
) -> dict[str, Any]:
    """Return the data of the text `new`; DocumentError if it is not `old` with `changes` made.

    `data` is what `old` means; `changes` are those of the table at `path`, None removes.
    """
    try:
        outcome = tomllib.loads(new)
    except ValueError as error:
        raise DocumentError(f"the change would not be valid TOML ({one_line(error)})") from None
    if not same(outcome, _expected(data, path, changes)):
        raise DocumentError("the change would affect other keys")
    before, after = scan(old), scan(new)
    made = all(found.path != path for found in before if isinstance(found, Header))
    claims = _Claims(path, tuple(changes), made)
    if claims.untouched(old, before) != claims.untouched(new, after):
        raise DocumentError("the change would affect lines of other keys")
    return outcome


def _expected(
    data: Mapping[str, Any], path: TablePath, changes: Mapping[str, object]
) -> dict[str, Any]:
    expected = copy.deepcopy(dict(data))
    table: Any = expected
    for step in path:
        table = table.setdefault(step, {}) if isinstance(table, dict) else table[step]
    for key, value in changes.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
    return expected


@record
class _Claims:
    """Which lines a change of `keys` may touch; `made` if the table's header comes with it."""

    path: TablePath
    keys: tuple[str, ...]
    made: bool

    def covers(self, found: Statement) -> bool:
        depth = len(self.path)
        if found.path[:depth] == self.path and len(found.path) > depth:
            return found.path[depth] in self.keys
        if isinstance(found, Header):
            return self.made and found.path == self.path
        # A table between braces shares its lines with the key that holds it.
        return not found.inline and self.path[: len(found.path)] == found.path

    def untouched(self, text: str, statements: Iterable[Statement]) -> str:
        """Return the other lines; line ends at the very end are free, to append needs them."""
        pieces = []
        position = 0
        for found in sorted(filter(self.covers, statements), key=lambda found: found.start):
            start, end = lines.whole(text, found.start, found.end)
            pieces.append(text[position:start])
            position = max(position, end)
        return "".join((*pieces, text[position:])).rstrip("\r\n")
