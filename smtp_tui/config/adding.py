"""Put new keys into a table of a TOML text, in the manner of the keys that are there."""

from __future__ import annotations

from collections.abc import Mapping

from smtp_tui.config import lines
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.layout import Table
from smtp_tui.config.scanning import Header, Pair
from smtp_tui.config.spelling import spelled_value
from smtp_tui.config.tablepath import ROOT, TablePath, spelled, spelled_key


def with_added(text: str, path: TablePath, added: Mapping[str, object]) -> str:
    """Add keys after the table's last one, or a new section at the end of the file."""
    table = Table.find(text, path)
    members = table.members
    if members and members[-1].inline:
        return _between_braces(table, members[-1], added)
    if members:
        return _below_member(table, members[-1], added)
    if table.header is not None:
        return _below_header(table, table.header, added)
    if table.holder is not None:
        return _into_empty_braces(table, table.holder, added)
    if path == ROOT:
        return _at_top(table, added)
    return _as_section(table, added)


def _between_braces(table: Table, last: Pair, added: Mapping[str, object]) -> str:
    start = f", {table.prefix(last)}"
    separator = table.separator(last)
    pieces = [f"{start}{_pair(key, separator, value)}" for key, value in added.items()]
    return lines.spliced(table.text, [(last.end, last.end, "".join(pieces))])


def _below_member(table: Table, last: Pair, added: Mapping[str, object]) -> str:
    text = table.text
    start = lines.indentation(text, last.start) + table.prefix(last)
    separator = table.separator(last)
    column = table.column()
    block = []
    for key, value in added.items():
        fitted = separator
        if column is not None:
            gap = max(column - len(start + spelled_key(key)), 1 if separator[0] != "=" else 0)
            fitted = " " * gap + separator.lstrip()
        block.append(start + _pair(key, fitted, value))
    _, position = lines.whole(text, last.start, last.end)
    return lines.inserted(text, position, block, lines.ending(text, last.end))


def _below_header(table: Table, header: Header, added: Mapping[str, object]) -> str:
    text = table.text
    indentation = lines.indentation(text, header.start)
    block = [indentation + _pair(key, " = ", value) for key, value in added.items()]
    _, position = lines.whole(text, header.start, header.end)
    return lines.inserted(text, position, block, lines.ending(text, header.end))


def _into_empty_braces(table: Table, holder: Pair, added: Mapping[str, object]) -> str:
    start, end = holder.value
    if table.text[start:end].strip("{}\t ") != "":
        raise DocumentError(f"{spelled(table.path)} is written in a way this program cannot edit")
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
            f"{spelled(table.path)} has no header of its own and cannot be given one here"
        )
    block = [f"[{spelled(table.path)}]"]
    block += [_pair(key, " = ", value) for key, value in added.items()]
    last = text.rstrip(" \t").removesuffix("\n").removesuffix("\r").rpartition("\n")[2]
    if last.strip():
        block.insert(0, "")
    return lines.inserted(text, len(text), block, lines.ending(text))


def _pair(key: str, separator: str, value: object) -> str:
    return f"{spelled_key(key)}{separator}{spelled_value(value)}"
