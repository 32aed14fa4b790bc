"""Change keys of one table in a TOML text, keep every other byte, and verify that.

The text is edited at the positions that `scan` finds: tomlkit would put a new key below the comment
that closes its section, lose CRLF and indentation, and turn a table given as a value into a
subtable at the end of the file. New keys go where a person would put them: below their
commented-out version, after related keys in their style, or into a new section.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

from smtp_tui.config.errors import DocumentError, one_line
from smtp_tui.config.tablepath import ROOT, Changes, Table, TablePath, spelled, spelled_key
from smtp_tui.config.toml_edit.layout import (
    Splice,
    TomlTableLayout,
    ending,
    indentation,
    inserted,
    spliced,
    whole,
)
from smtp_tui.config.toml_edit.scan import KeyValue, Statement, TomlTableHeader, scan, sections
from smtp_tui.config.toml_edit.values import toml_value
from smtp_tui.settings.fields import BY_KEY

_COMMENT = re.compile(r"^(?P<indentation>[ \t]*)#+[ \t]*(?P<text>[^\r\n]*)", re.MULTILINE)
_BLANK_LINE = re.compile(r"\n[ \t]*(?=\r?\n)")


def apply_edits(text: str, path: TablePath, values: Table, changes: Changes) -> str:
    """Return `text` with `changes` made to the table at `path`, which now holds `values`."""
    # None removes a key. DocumentError if the table is written in a form that cannot be edited.
    splices: list[Splice] = []
    moved = []
    table = TomlTableLayout(text, path)
    for key, new in changes.items():
        if new is not None and key in values:
            found = _replacement(table, (key,), values[key], new)
            if found is None:
                moved.append(key)
            splices += found or ()
    text = _remove_keys(spliced(text, splices), path, moved)
    added = {
        key: new
        for key, new in changes.items()
        if new is not None and (key not in values or key in moved)
    }
    if added:
        text = _add_keys(text, path, added)
    text = _remove_keys(text, path, [key for key, new in changes.items() if new is None])
    in_array = any(isinstance(step, int) for step in path)
    # For an application, an empty table may differ from an absent one.
    if values and path and not in_array and not TomlTableLayout(text, path).under():
        raise DocumentError(f"{spelled(path)} would disappear with its last key")
    return text


def _replacement(
    table: TomlTableLayout, keys: tuple[str, ...], old: object, new: object
) -> list[Splice] | None:
    """Return the edits that change a value in place; None if it must be removed and added."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        inner = [
            _replacement(table, (*keys, key), old[key], new[key])
            for key in old
            if not same_data(old[key], new[key])
        ]
        return None if None in inner else [splice for found in inner for splice in found or ()]
    path = table.path + keys
    match [found for found in table.under(keys) if found.path == path or not table.nests(found)]:
        case [KeyValue() as pair] if pair.path == path:
            start, end = pair.value
            value = toml_value(new, like=table.text[start:end])
            after, blanks = table.gap(pair, len(value))
            return [(start, after, value + blanks)]
        case [KeyValue() as pair] if len(pair.base) < len(path):
            # `password.keyring = "x"` becomes `password = …`.
            _, start = pair.parts[len(path) - len(pair.base) - 1]
            return [(start, pair.end, table.separator(pair) + toml_value(new))]
        case [TomlTableHeader(), KeyValue() as pair] if isinstance(new, dict) and len(new) == 1:
            ((key, value),) = new.items()
            like = table.text[slice(*pair.value)]
            line = spelled_key(key) + table.separator(pair) + toml_value(value, like)
            return [(pair.start, pair.end, line)]
    return None


def _remove_keys(text: str, path: TablePath, keys: list[str]) -> str:
    """Remove keys: their whole lines, or in an inline table the pair with one comma."""
    for key in keys:
        table = TomlTableLayout(text, path)
        if not any(member.inline for member in table.members):
            found = [found for found in table.under((key,)) if not table.nests(found)]
            rest = spliced(text, {(*whole(text, item.start, item.end), "") for item in found})
            # If the last line had no end, the new last line has none either.
            if not text.endswith("\n") and rest.endswith("\n"):
                rest = rest.removesuffix("\n").removesuffix("\r")
            text = rest
            continue
        while member := next((pair for pair in table.members if pair.path[len(path)] == key), None):
            pairs = [found for found in table.statements if isinstance(found, KeyValue)]
            siblings = [pair for pair in pairs if pair.inline and pair.base == member.base]
            place = siblings.index(member)
            start, end = member.start, member.end
            if place + 1 < len(siblings):
                end = siblings[place + 1].start
            elif place > 0:
                start = siblings[place - 1].end
            text = text[:start] + text[end:]
            table = TomlTableLayout(text, path)
    return text


def _add_keys(text: str, path: TablePath, added: Changes) -> str:
    """Add keys below their commented-out version, after related keys, or as a new section."""
    table = TomlTableLayout(text, path)
    last = table.members[-1] if table.members else None
    if (last and not last.inline) or table.header:
        prefix = table.prefix(last) if last else ""
        found = {key: insertion_point(table, key, prefix) for key in added}
        points = [(point, key) for key, point in found.items() if point]
        # From the bottom up, so that an insertion does not move the later positions.
        for (position, indent, separator), key in sorted(points, reverse=True):
            start = (indentation(table.text, last.start) if last else indent) + prefix
            if last:
                separator = table.fitting(len(start + spelled_key(key)), last)
            line = start + _pair(key, separator, added[key])
            text = inserted(text, position, [line], ending(text, position - 1))
        added = {key: value for key, value in added.items() if not found[key]}
        if not added:
            return text
        table = TomlTableLayout(text, path)
    if table.members:
        return _insert_members(table, added)
    lines = [_pair(key, " = ", value) for key, value in added.items()]
    if header := table.header:
        start = indentation(text, header.start)
        _, position = whole(text, header.start, header.end)
        return inserted(text, position, [start + line for line in lines], ending(text, header.end))
    if holder := table.holder:
        first, end = holder.value
        if text[first:end].strip("{}\t ") != "":
            raise DocumentError(f"{spelled(path)} is written in a form that smtp-tui cannot edit")
        return spliced(text, [(first, end, f"{{ {', '.join(lines)} }}")])
    return _insert_at_top(table, lines) if path == ROOT else _insert_section(table, added, lines)


def insertion_point(table: TomlTableLayout, key: str, prefix: str) -> tuple[int, str, str] | None:
    """Find the last comment of a table that is this key with a value, like `#port = 25`.

    `prefix` is the text before the table's keys, such as `smtp.` for dotted keys. The value may be
    missing, as in `#port =`. Return the position of the next line, the comment's indentation and
    the separator between key and value.
    """
    names = "|".join(map(re.escape, {key, spelled_key(key)}))
    pair = re.compile(rf"{re.escape(prefix)}(?:{names})(?P<separator>[ \t]*=[ \t]*)(?P<value>.*)")
    point = None
    for comment in _comments(table):
        if (found := pair.fullmatch(comment["text"].rstrip())) is None:
            continue
        try:
            tomllib.loads(f"value = {found['value'] or 0}")
        except tomllib.TOMLDecodeError:  # prose
            continue
        _, below = whole(table.text, comment.start(), comment.end())
        # `#port =` lacks the blank before a value.
        separator = found["separator"] if found["value"] else f"{found['separator'].rstrip()} "
        point = below, comment["indentation"], separator
    return point


def _comments(table: TomlTableLayout) -> Iterator[re.Match[str]]:
    """Yield the comment lines between the table's header and the next header."""
    # A commented-out section ends them. Comments directly above the next header, after a blank
    # line, belong to that header.
    text, header = table.text, table.header
    if table.members:  # the header above the table's keys; None at the top of the file
        last = table.members[-1].start
        headers = [found for found in table.statements if isinstance(found, TomlTableHeader)]
        header = next((found for found in reversed(headers) if found.start < last), None)
    position = header.end if header else 0
    below = sorted(
        (found.start, found.end, isinstance(found, TomlTableHeader))
        for found in table.statements
        if found.start >= position
    )
    for start, end, is_header in [*below, (len(text), len(text), True)]:
        if start < position:  # inside the previous value
            continue
        stop = start
        if is_header and start < len(text):
            blank = [line.end() for line in _BLANK_LINE.finditer(text[position:start])]
            stop = position + blank[-1] if blank else start
        for comment in _COMMENT.finditer(text, position, stop):
            if comment["text"].startswith("["):
                return
            yield comment
        if is_header:
            return
        position = end


def _insert_members(table: TomlTableLayout, added: Changes) -> str:
    """Insert each key after the last existing key that precedes it in the order of our settings."""
    # Without such a key, and for a key that is not ours, insert after the table's last pair. The
    # order is the usual one: host, port, password.
    places = {key: place for place, key in enumerate(BY_KEY)}
    neighbours: dict[KeyValue, list[str]] = {}
    for key in sorted(added, key=lambda key: places.get(key, len(places))):
        before = [
            (places[name], member.start, member)
            for member in table.members
            if (name := str(member.path[len(table.path)])) in places
            and places[name] < places.get(key, -1)
        ]
        neighbours.setdefault(max(before)[2] if before else table.members[-1], []).append(key)
    text = table.text
    # From the bottom up, so that an insertion does not move the later positions.
    for member, keys in sorted(neighbours.items(), key=lambda item: item[0].start, reverse=True):
        prefix, separator = table.prefix(member), table.separator(member)
        if member.inline:
            pieces = [f", {prefix}{_pair(key, separator, added[key])}" for key in keys]
            text = text[: member.end] + "".join(pieces) + text[member.end :]
            continue
        start = indentation(table.text, member.start) + prefix
        block = [
            start + _pair(key, table.fitting(len(start + spelled_key(key)), member), added[key])
            for key in keys
        ]
        _, position = whole(table.text, member.start, member.end)
        text = inserted(text, position, block, ending(table.text, member.end))
    return text


def _insert_at_top(table: TomlTableLayout, lines: list[str]) -> str:
    """Insert the root's first keys before the first header and the comment above it."""
    text = table.text
    position = len(text)
    if table.statements:
        position, _ = whole(text, table.statements[0].start, table.statements[0].start)
        while position > 0:
            above, _ = whole(text, position - 1, position - 1)
            if not text[above:position].lstrip().startswith("#"):
                break
            position = above
    return inserted(text, position, lines, ending(text))


def _insert_section(table: TomlTableLayout, added: Changes, lines: list[str]) -> str:
    """Insert a new table below its commented-out header, or at the end of the text."""
    text = table.text
    if any(isinstance(step, int) for step in table.path):
        raise DocumentError(
            f"{spelled(table.path)} has no header of its own, and smtp-tui cannot add one here"
        )
    header = f"[{spelled(table.path)}]"
    for path, _, below in sections(text):
        in_text = any(found.start < below - 1 < found.end for found in table.statements)
        if path != table.path or in_text:
            continue
        # Keys of another table that follow would become keys of this one.
        following = (found for found in table.statements if found.start >= below)
        first = min(following, key=lambda found: found.start, default=None)
        if not isinstance(first, KeyValue):
            text = inserted(text, below, [header], ending(text, below - 1))
            return _add_keys(text, table.path, added)
    last = text.rstrip(" \t").removesuffix("\n").removesuffix("\r").rpartition("\n")[2]
    block = [*([""] if last.strip() else []), header, *lines]
    return inserted(text, len(text), block, ending(text))


def _pair(key: str, separator: str, value: object) -> str:
    return f"{spelled_key(key)}{separator}{toml_value(value)}"


def same_data(left: object, right: object) -> bool:
    """Return whether two TOML values have equal type and value; 1, 1.0 and true differ."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_data(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_data, left, right))
    # Compared by repr(), NaN equals NaN, and dates with different offsets differ.
    return repr(left) == repr(right)


def verify_edit(
    old: str, new: str, data: Table, path: TablePath, changes: Changes
) -> dict[str, Any]:
    """Return the data of the text `new`; DocumentError if it is not `old` with `changes` made."""
    # `data` is the data of `old`; `changes` are of the table at `path`, None removes a key.
    try:
        outcome = tomllib.loads(new)
    except ValueError as error:
        raise DocumentError(f"the change would not be valid TOML ({one_line(error)})") from None
    expected = copy.deepcopy(dict(data))
    table: Any = expected
    for step in path:
        table = table.setdefault(step, {}) if isinstance(table, dict) else table[step]
    for key, value in changes.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
    if not same_data(outcome, expected):
        raise DocumentError("the change would affect other keys")
    before, after = scan(old), scan(new)
    is_new = all(found.path != path for found in before if isinstance(found, TomlTableHeader))

    def may_change(found: Statement) -> bool:
        if found.path[: len(path)] == path and len(found.path) > len(path):
            return found.path[len(path)] in changes
        if isinstance(found, TomlTableHeader):
            return is_new and found.path == path
        # An inline table shares its lines with the key that holds it.
        return not found.inline and path[: len(found.path)] == found.path

    old_rest = _other_lines(old, filter(may_change, before))
    if old_rest != _other_lines(new, filter(may_change, after)):
        raise DocumentError("the change would affect lines of other keys")
    return outcome


def _other_lines(text: str, statements: Iterable[Statement]) -> str:
    """Return all lines but those of the statements, without line ends at the end of the text."""
    pieces = []
    position = 0
    for found in sorted(statements, key=lambda found: found.start):
        start, end = whole(text, found.start, found.end)
        pieces.append(text[position:start])
        position = max(position, end)
    return "".join((*pieces, text[position:])).rstrip("\r\n")
