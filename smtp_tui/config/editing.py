"""Change keys of one table in a TOML text and leave every other byte as it is.

The text is cut and pasted at the places `scanning` finds: tomlkit would put a new key below the
comment that closes its section, lose CRLF and indentation, and turn a table given as a value into
a sub-table at the end of the file. Whether the outcome is right is `proof`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smtp_tui.config import lines
from smtp_tui.config.adding import with_added
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.layout import Table
from smtp_tui.config.proof import same
from smtp_tui.config.scanning import Header, Pair
from smtp_tui.config.spelling import spelled_value
from smtp_tui.config.tablepath import TablePath, spelled, spelled_key


def edited(
    text: str, path: TablePath, values: Mapping[str, Any], changes: Mapping[str, object]
) -> str:
    """Return `text` with `changes` made to the table at `path`, which holds `values` now.

    None removes a key. DocumentError if the table is written in a way that cannot be edited.
    """
    splices: list[lines.Splice] = []
    moved = []
    table = Table.find(text, path)
    for key, new in changes.items():
        if new is None or key not in values:
            continue
        found = _replacement(table, (key,), values[key], new)
        if found is None:
            moved.append(key)
        else:
            splices += found
    text = _without(lines.spliced(text, splices), path, moved)
    added = {
        key: new
        for key, new in changes.items()
        if new is not None and (key not in values or key in moved)
    }
    if added:
        text = with_added(text, path, added)
    text = _without(text, path, [key for key, new in changes.items() if new is None])
    in_array = any(isinstance(step, int) for step in path)
    if values and path and not in_array and not Table.find(text, path).under():
        raise DocumentError(f"{spelled(path)} would disappear with its last key")
    return text


def _replacement(
    table: Table, keys: tuple[str, ...], old: object, new: object
) -> list[lines.Splice] | None:
    """Change a value where it stands; None if it must be taken out and put in anew."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        inner = [
            _replacement(table, (*keys, key), old[key], new[key])
            for key in old
            if not same(old[key], new[key])
        ]
        return None if None in inner else [splice for found in inner for splice in found or ()]
    whole = table.path + keys
    match [found for found in table.under(keys) if found.path == whole or not table.nests(found)]:
        case [Pair() as pair] if pair.path == whole:
            start, end = pair.value
            spelled = spelled_value(new, like=table.text[start:end])
            after, blanks = table.gap(pair, len(spelled))
            return [(start, after, spelled + blanks)]
        case [Pair() as pair] if len(pair.base) < len(whole):
            # `password.keyring = "x"` becomes `password = …`.
            _, start = pair.parts[len(whole) - len(pair.base) - 1]
            return [(start, pair.end, table.separator(pair) + spelled_value(new))]
        case [Header(), Pair() as pair] if isinstance(new, dict) and len(new) == 1:
            ((key, value),) = new.items()
            like = table.text[slice(*pair.value)]
            line = spelled_key(key) + table.separator(pair) + spelled_value(value, like)
            return [(pair.start, pair.end, line)]
    return None


def _without(text: str, path: TablePath, keys: list[str]) -> str:
    if not keys:
        return text
    table = Table.find(text, path)
    if any(member.inline for member in table.members):
        for key in keys:
            text = _without_member(text, path, key)
        return text
    return lines.without(
        text,
        [
            lines.whole(text, found.start, found.end)
            for key in keys
            for found in table.under((key,))
            if not table.nests(found)
        ],
    )


def _without_member(text: str, path: TablePath, key: str) -> str:
    """Take a key out of a table between braces, together with one comma."""
    while True:
        table = Table.find(text, path)
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
