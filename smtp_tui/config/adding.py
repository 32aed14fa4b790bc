"""Put new keys into a table of a TOML text, beside their neighbours and in their manner."""

from __future__ import annotations

from collections.abc import Mapping

from smtp_tui.config import lines, placing
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.layout import Table
from smtp_tui.config.scanning import Header, Pair
from smtp_tui.config.spelling import spelled_value
from smtp_tui.config.tablepath import ROOT, TablePath, spelled, spelled_key


def with_added(text: str, path: TablePath, added: Mapping[str, object]) -> str:
    """Add keys where they stand as comments, after their neighbours, or as a new section."""
    table = Table.find(text, path)
    members = table.members
    if members and members[-1].inline:
        return _between_braces(table, added)
    if members or table.header is not None:
        text, added = _below_comments(table, added)
        if not added:
            return text
        table = Table.find(text, path)
    if table.members:
        return _below_members(table, added)
    if table.header is not None:
        return _below_header(table, table.header, added)
    if table.holder is not None:
        return _into_empty_braces(table, table.holder, added)
    if path == ROOT:
        return _at_top(table, added)
    return _as_section(table, added)


def _below_comments(table: Table, added: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Put those keys in that stand in the table as comments; return the text and the others."""
    text = table.text
    last = table.members[-1] if table.members else None
    prefix = table.prefix(last) if last else ""
    found = [(placing.slot_for(table, key, prefix), key) for key in added]
    slots = [(slot, key) for slot, key in found if slot]
    # From the bottom up, so that what is put in moves no place that is to come.
    for slot, key in sorted(slots, key=lambda one: one[0].position, reverse=True):
        start = (lines.indentation(table.text, last.start) if last else slot.indentation) + prefix
        end = len(start + spelled_key(key))
        separator = table.fitting(end, last) if last else slot.separator
        line = start + _pair(key, separator, added[key])
        ending = lines.ending(text, slot.position - 1)
        text = lines.inserted(text, slot.position, [line], ending)
    return text, {key: added[key] for slot, key in found if slot is None}


def _between_braces(table: Table, added: Mapping[str, object]) -> str:
    splices = []
    for member, keys in placing.neighbours(table, added).items():
        start, separator = f", {table.prefix(member)}", table.separator(member)
        pieces = [f"{start}{_pair(key, separator, added[key])}" for key in keys]
        splices.append((member.end, member.end, "".join(pieces)))
    return lines.spliced(table.text, splices)


def _below_members(table: Table, added: Mapping[str, object]) -> str:
    text, found = table.text, placing.neighbours(table, added)
    # From the bottom up, so that what is put in moves no place that is to come.
    for member in sorted(found, key=lambda one: one.start, reverse=True):
        start = lines.indentation(table.text, member.start) + table.prefix(member)
        block = [
            start + _pair(key, table.fitting(len(start + spelled_key(key)), member), added[key])
            for key in found[member]
        ]
        _, position = lines.whole(table.text, member.start, member.end)
        text = lines.inserted(text, position, block, lines.ending(table.text, member.end))
    return text


def _below_header(table: Table, header: Header, added: Mapping[str, object]) -> str:
    text = table.text
    indentation = lines.indentation(text, header.start)
    block = [indentation + _pair(key, " = ", value) for key, value in added.items()]
    _, position = lines.whole(text, header.start, header.end)
    return lines.inserted(text, position, block, lines.ending(text, header.end))


def _into_empty_braces(table: Table, holder: Pair, added: Mapping[str, object]) -> str:
    start, end = holder.value
    if table.text[start:end].strip("{}\t ") != "":
        raise DocumentError(f"{spelled(table.path)} is written in a form that smtp-tui cannot edit")
    pairs = ", ".join(_pair(key, " = ", value) for key, value in added.items())
    return lines.spliced(table.text, [(start, end, f"{{ {pairs} }}")])


def _at_top(table: Table, added: Mapping[str, object]) -> str:
    """Put the root's first keys before the first header and the comment that belongs to it."""
    text = table.text
    position = len(text)
    if table.statements:
        position, _ = lines.whole(text, table.statements[0].start, table.statements[0].start)
        while position > 0:
            above, _ = lines.whole(text, position - 1, position - 1)
            if not text[above:position].lstrip().startswith("#"):
                break
            position = above
    block = [_pair(key, " = ", value) for key, value in added.items()]
    return lines.inserted(text, position, block, lines.ending(text))


def _as_section(table: Table, added: Mapping[str, object]) -> str:
    text = table.text
    if any(isinstance(step, int) for step in table.path):
        raise DocumentError(
            f"{spelled(table.path)} has no header of its own, and smtp-tui cannot add one here"
        )
    header = f"[{spelled(table.path)}]"
    if (place := placing.place_of_section(table)) is not None:
        text = lines.inserted(text, place, [header], lines.ending(text, place - 1))
        return with_added(text, table.path, added)
    block = [header]
    block += [_pair(key, " = ", value) for key, value in added.items()]
    last = text.rstrip(" \t").removesuffix("\n").removesuffix("\r").rpartition("\n")[2]
    if last.strip():
        block.insert(0, "")
    return lines.inserted(text, len(text), block, lines.ending(text))


def _pair(key: str, separator: str, value: object) -> str:
    return f"{spelled_key(key)}{separator}{spelled_value(value)}"
