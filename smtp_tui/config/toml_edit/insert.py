"""Put new keys into a table of a TOML text as by a person's hand.

A key goes below its own comment, or after its neighbours and in their manner, or into a new
section.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.tablepath import ROOT, TablePath, spelled, spelled_key
from smtp_tui.config.toml_edit.layout import (
    TableLayout,
    ending,
    indentation,
    inserted,
    spliced,
    whole,
)
from smtp_tui.config.toml_edit.scan import Header, KeyValue, sections
from smtp_tui.config.toml_edit.values import toml_value
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY

_COMMENT = re.compile(r"^(?P<indentation>[ \t]*)#+[ \t]*(?P<text>[^\r\n]*)", re.MULTILINE)
_BLANK_LINE = re.compile(r"\n[ \t]*(?=\r?\n)")


@record
class InsertionPoint:
    """Where a key's line goes, at the beginning of a line or the text's end, and how it looks."""

    position: int
    indentation: str
    separator: str


def insert_keys(text: str, path: TablePath, added: Mapping[str, object]) -> str:
    """Add keys where they stand as comments, after their neighbours, or as a new section."""
    table = TableLayout.find(text, path)
    members = table.members
    if members and members[-1].inline:
        return _between_braces(table, added)
    if members or table.header is not None:
        text, added = _below_comments(table, added)
        if not added:
            return text
        table = TableLayout.find(text, path)
    if table.members:
        return _below_members(table, added)
    lines = [_pair(key, " = ", value) for key, value in added.items()]
    if header := table.header:
        start = indentation(text, header.start)
        _, position = whole(text, header.start, header.end)
        return inserted(text, position, [start + line for line in lines], ending(text, header.end))
    if holder := table.holder:
        start_of_value, end = holder.value
        if text[start_of_value:end].strip("{}\t ") != "":
            raise DocumentError(f"{spelled(path)} is written in a form that smtp-tui cannot edit")
        return spliced(text, [(start_of_value, end, f"{{ {', '.join(lines)} }}")])
    return _at_top(table, lines) if path == ROOT else _as_section(table, added, lines)


def insertion_point_for(table: TableLayout, key: str, prefix: str) -> InsertionPoint | None:
    """Find the last comment of a table's lines that is this key with a value, as `#port = 25`.

    `prefix` is what stands before the table's keys: `smtp.` where they are dotted. The value may be
    missing, as in `#port =`.
    """
    names = "|".join(map(re.escape, {key, spelled_key(key)}))
    pair = re.compile(rf"{re.escape(prefix)}(?:{names})(?P<separator>[ \t]*=[ \t]*)(?P<value>.*)")
    point = None
    for comment in _comments(table):
        found = pair.fullmatch(comment["text"].rstrip())
        if found and _is_value(found["value"]):
            _, below = whole(table.text, comment.start(), comment.end())
            # `#port =` has lost the blank before its value.
            separator = found["separator"] if found["value"] else f"{found['separator'].rstrip()} "
            point = InsertionPoint(below, comment["indentation"], separator)
    return point


def _comments(table: TableLayout) -> Iterator[re.Match[str]]:
    """Yield the comments on lines of their own between the header and the next table's.

    They end with a section that is commented out itself. Comments that stand right above the next
    header, a blank line between them and the rest, are its own.
    """
    text = table.text
    header = table.header
    if table.members:  # the header above the table's keys; None for those at the top of the file
        last = table.members[-1].start
        above = [
            found for found in table.statements if isinstance(found, Header) and found.start < last
        ]
        header = above[-1] if above else None
    position = header.end if header else 0
    following = sorted(table.statements, key=lambda found: found.start)
    for found in [*(found for found in following if found.start >= position), None]:
        if found and found.start < position:  # within the value before it
            continue
        start, end = position, found.start if found else len(text)
        if isinstance(found, Header):
            blank = [line.end() for line in _BLANK_LINE.finditer(text[start:end])]
            end = start + blank[-1] if blank else end
        for comment in _COMMENT.finditer(text, start, end):
            if comment["text"].startswith("["):
                return
            yield comment
        if found is None or isinstance(found, Header):
            return
        position = found.end


def _is_value(text: str) -> bool:
    """Whether a text is one TOML value, perhaps with a comment, or none; prose is neither."""
    try:
        return not text or len(tomllib.loads(f"value = {text}")) == 1
    except tomllib.TOMLDecodeError:
        return False


def _below_comments(
    table: TableLayout, added: Mapping[str, object]
) -> tuple[str, dict[str, object]]:
    """Put those keys in that stand in the table as comments; return the text and the others."""
    text = table.text
    last = table.members[-1] if table.members else None
    prefix = table.prefix(last) if last else ""
    points = {
        key: point
        for key in added
        if (point := insertion_point_for(table, key, prefix)) is not None
    }
    # From the bottom up, so that what is put in moves no place that is to come.
    for key, point in sorted(points.items(), key=lambda found: found[1].position, reverse=True):
        start = (indentation(table.text, last.start) if last else point.indentation) + prefix
        separator = table.fitting(len(start + spelled_key(key)), last) if last else point.separator
        line = start + _pair(key, separator, added[key])
        text = inserted(text, point.position, [line], ending(text, point.position - 1))
    return text, {key: added[key] for key in added if key not in points}


def _neighbours(table: TableLayout, keys: Iterable[str]) -> dict[KeyValue, list[str]]:
    """Find for new keys the pairs of the table that they go after, those of one pair in order.

    It is the nearest of those that come before a key in the order of our settings; where there is
    none, and for a key that is not ours, the table's last pair.
    """
    # Host before port before password: the order in which people write them.
    places = {key: place for place, key in enumerate(BY_KEY)}
    found: dict[KeyValue, list[str]] = {}
    for key in sorted(keys, key=lambda key: places.get(key, len(places))):
        before = [
            (places[name], member.start, member)
            for member in table.members
            if (name := str(member.path[len(table.path)])) in places
            and places[name] < places.get(key, -1)
        ]
        found.setdefault(max(before)[2] if before else table.members[-1], []).append(key)
    return found


def _between_braces(table: TableLayout, added: Mapping[str, object]) -> str:
    splices = []
    for member, keys in _neighbours(table, added).items():
        start, separator = f", {table.prefix(member)}", table.separator(member)
        pieces = [f"{start}{_pair(key, separator, added[key])}" for key in keys]
        splices.append((member.end, member.end, "".join(pieces)))
    return spliced(table.text, splices)


def _below_members(table: TableLayout, added: Mapping[str, object]) -> str:
    text, found = table.text, _neighbours(table, added)
    # From the bottom up, so that what is put in moves no place that is to come.
    for member in sorted(found, key=lambda pair: pair.start, reverse=True):
        start = indentation(table.text, member.start) + table.prefix(member)
        block = [
            start + _pair(key, table.fitting(len(start + spelled_key(key)), member), added[key])
            for key in found[member]
        ]
        _, position = whole(table.text, member.start, member.end)
        text = inserted(text, position, block, ending(table.text, member.end))
    return text


def _at_top(table: TableLayout, lines: list[str]) -> str:
    """Put the root's first keys before the first header and the comment that belongs to it."""
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


def _as_section(table: TableLayout, added: Mapping[str, object], lines: list[str]) -> str:
    """Put a new table where its header stands as a comment, or at the end of the text."""
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
        # Where another table's keys follow they would become this table's.
        following = (found for found in table.statements if found.start >= below)
        first = min(following, key=lambda found: found.start, default=None)
        if not isinstance(first, KeyValue):
            text = inserted(text, below, [header], ending(text, below - 1))
            return insert_keys(text, table.path, added)
    last = text.rstrip(" \t").removesuffix("\n").removesuffix("\r").rpartition("\n")[2]
    block = [*([""] if last.strip() else []), header, *lines]
    return inserted(text, len(text), block, ending(text))


def _pair(key: str, separator: str, value: object) -> str:
    return f"{spelled_key(key)}{separator}{toml_value(value)}"
