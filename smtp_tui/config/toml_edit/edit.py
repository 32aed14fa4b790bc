"""Change keys of one table in a TOML text, leave every other byte as it is, and prove it.

The text is cut and pasted at the places that `scan` finds: tomlkit would put a new key below the
comment that closes its section, lose CRLF and indentation, and turn a table given as a value into
a sub-table at the end of the file.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from smtp_tui.config.errors import DocumentError, one_line
from smtp_tui.config.tablepath import TablePath, spelled, spelled_key
from smtp_tui.config.toml_edit import layout
from smtp_tui.config.toml_edit.insert import insert_keys
from smtp_tui.config.toml_edit.layout import TableLayout
from smtp_tui.config.toml_edit.scan import Header, KeyValue, Statement, scan
from smtp_tui.config.toml_edit.values import toml_value
from smtp_tui.records import record


def apply_edits(
    text: str, path: TablePath, values: Mapping[str, Any], changes: Mapping[str, object]
) -> str:
    """Return `text` with `changes` made to the table at `path`, which holds `values` now.

    None removes a key. DocumentError if the table is written in a way that cannot be edited.
    """
    splices: list[layout.Splice] = []
    moved = []
    table = TableLayout.find(text, path)
    for key, new in changes.items():
        if new is None or key not in values:
            continue
        found = _replacement(table, (key,), values[key], new)
        if found is None:
            moved.append(key)
        else:
            splices += found
    text = _without(layout.spliced(text, splices), path, moved)
    added = {
        key: new
        for key, new in changes.items()
        if new is not None and (key not in values or key in moved)
    }
    if added:
        text = insert_keys(text, path, added)
    text = _without(text, path, [key for key, new in changes.items() if new is None])
    in_array = any(isinstance(step, int) for step in path)
    # An application may tell a table that is empty from one that is absent.
    if values and path and not in_array and not TableLayout.find(text, path).under():
        raise DocumentError(f"{spelled(path)} would disappear with its last key")
    return text


def _replacement(
    table: TableLayout, keys: tuple[str, ...], old: object, new: object
) -> list[layout.Splice] | None:
    """Change a value where it stands; None if it must be taken out and put in anew."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        inner = [
            _replacement(table, (*keys, key), old[key], new[key])
            for key in old
            if not same_data(old[key], new[key])
        ]
        return None if None in inner else [splice for found in inner for splice in found or ()]
    whole = table.path + keys
    match [found for found in table.under(keys) if found.path == whole or not table.nests(found)]:
        case [KeyValue() as pair] if pair.path == whole:
            start, end = pair.value
            spelled = toml_value(new, like=table.text[start:end])
            after, blanks = table.gap(pair, len(spelled))
            return [(start, after, spelled + blanks)]
        case [KeyValue() as pair] if len(pair.base) < len(whole):
            # `password.keyring = "x"` becomes `password = …`.
            _, start = pair.parts[len(whole) - len(pair.base) - 1]
            return [(start, pair.end, table.separator(pair) + toml_value(new))]
        case [Header(), KeyValue() as pair] if isinstance(new, dict) and len(new) == 1:
            ((key, value),) = new.items()
            like = table.text[slice(*pair.value)]
            line = spelled_key(key) + table.separator(pair) + toml_value(value, like)
            return [(pair.start, pair.end, line)]
    return None


def _without(text: str, path: TablePath, keys: list[str]) -> str:
    if not keys:
        return text
    table = TableLayout.find(text, path)
    if any(member.inline for member in table.members):
        for key in keys:
            text = _without_member(text, path, key)
        return text
    return layout.without(
        text,
        [
            layout.whole(text, found.start, found.end)
            for key in keys
            for found in table.under((key,))
            if not table.nests(found)
        ],
    )


def _without_member(text: str, path: TablePath, key: str) -> str:
    """Take a key out of a table between braces, together with one comma."""
    while True:
        table = TableLayout.find(text, path)
        member = next((found for found in table.members if found.path[len(path)] == key), None)
        if member is None:
            return text
        siblings = table.siblings(member)
        place = siblings.index(member)
        start, end = member.start, member.end
        if place + 1 < len(siblings):
            end = siblings[place + 1].start
        elif place > 0:
            start = siblings[place - 1].end
        text = text[:start] + text[end:]


def same_data(one: object, other: object) -> bool:
    """Tell whether two TOML values are the same in type and value; 1, 1.0 and true are not."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_data(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_data, one, other))
    # By their text NaN is NaN, and a date keeps its offset.
    return repr(one) == repr(other)


def verify_edit(
    old: str, new: str, data: Mapping[str, Any], path: TablePath, changes: Mapping[str, object]
) -> dict[str, Any]:
    """Return the data of the text `new`; DocumentError if it is not `old` with `changes` made.

    `data` is what `old` means; `changes` are those of the table at `path`, None removes.
    """
    try:
        outcome = tomllib.loads(new)
    except ValueError as error:
        raise DocumentError(f"the change would not be valid TOML ({one_line(error)})") from None
    if not same_data(outcome, _expected(data, path, changes)):
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
            start, end = layout.whole(text, found.start, found.end)
            pieces.append(text[position:start])
            position = max(position, end)
        return "".join((*pieces, text[position:])).rstrip("\r\n")
