"""Where a new key goes, as by a person's hand: below its own comment, or after its neighbours.

Put new keys into a table of a TOML text, beside their neighbours and in their manner.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.tablepath import ROOT, TablePath, spelled, spelled_key
from smtp_tui.config.toml_edit import insert, layout
from smtp_tui.config.toml_edit.layout import TableLayout
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


def neighbours(table: TableLayout, keys: Iterable[str]) -> dict[KeyValue, list[str]]:
    """Find for new keys the pairs of the table that they go after, those of one pair in order.

    It is the nearest of those that come before a key in the order of our settings; where there is
    none, and for a key that is not ours, the table's last pair.
    """
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


def insertion_point_for(table: TableLayout, key: str, prefix: str) -> InsertionPoint | None:
    """Find the last comment of a table's lines that is this key with a value, as `#port = 25`.

    `prefix` is what stands before the table's keys: `smtp.` where they are dotted. The value may be
    missing, as in `#port =`.
    """
    names = "|".join(map(re.escape, {key, spelled_key(key)}))
    pair = re.compile(rf"{re.escape(prefix)}(?:{names})(?P<separator>[ \t]*=[ \t]*)(?P<value>.*)")
    slot = None
    for comment in _comments(table):
        found = pair.fullmatch(comment["text"].rstrip())
        if found and _is_value(found["value"]):
            _, below = layout.whole(table.text, comment.start(), comment.end())
            separator = found["separator"] if found["value"] else f"{found['separator'].rstrip()} "
            slot = InsertionPoint(below, comment["indentation"], separator)
    return slot


def place_of_section(table: TableLayout) -> int | None:
    """Find the line below a header that is commented out, where no other table's keys follow it."""
    for path, _, below in sections(table.text):
        in_text = any(one.start < below - 1 < one.end for one in table.statements)
        if path != table.path or in_text:
            continue
        following = (found for found in table.statements if found.start >= below)
        first = min(following, key=lambda found: found.start, default=None)
        if not isinstance(first, KeyValue):
            return below
    return None


def _comments(table: TableLayout) -> Iterator[re.Match[str]]:
    """Yield the comments on lines of their own, up to a section that is commented out itself."""
    for start, end in _gaps(table):
        for comment in _COMMENT.finditer(table.text, start, _end_of_ours(table, start, end)):
            if comment["text"].startswith("["):
                return
            yield comment


def _gaps(table: TableLayout) -> Iterator[layout.Span]:
    """Yield what lies between the statements from the header on that the table's keys are below."""
    header = _header(table)
    position = header.end if header else 0
    for found in sorted(table.statements, key=lambda found: found.start):
        if found.start < position:
            continue
        yield position, found.start
        if isinstance(found, Header):
            return
        position = found.end
    yield position, len(table.text)


def _end_of_ours(table: TableLayout, start: int, end: int) -> int:
    """Where a gap's comments end that are not the next section's.

    Those are its own that stand right above its header, a blank line between them and the rest.
    """
    if not any(isinstance(found, Header) and found.start == end for found in table.statements):
        return end
    gap = table.text[start:end]
    blank = [found.end() for found in _BLANK_LINE.finditer(gap)]
    return start + blank[-1] if blank else end


def _header(table: TableLayout) -> Header | None:
    """Return the header above the table's keys; None for those at the top of the file."""
    if not table.members:
        return table.header
    last = table.members[-1].start
    above = [one for one in table.statements if isinstance(one, Header) and one.start < last]
    return above[-1] if above else None


def _is_value(text: str) -> bool:
    """Whether a text is one TOML value, perhaps with a comment, or none; prose is neither."""
    if not text:
        return True
    try:
        return len(tomllib.loads(f"value = {text}")) == 1
    except tomllib.TOMLDecodeError:
        return False


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
    if table.header is not None:
        return _below_header(table, table.header, added)
    if table.holder is not None:
        return _into_empty_braces(table, table.holder, added)
    if path == ROOT:
        return _at_top(table, added)
    return _as_section(table, added)


def _below_comments(
    table: TableLayout, added: Mapping[str, object]
) -> tuple[str, dict[str, object]]:
    """Put those keys in that stand in the table as comments; return the text and the others."""
    text = table.text
    last = table.members[-1] if table.members else None
    prefix = table.prefix(last) if last else ""
    found = [(insert.insertion_point_for(table, key, prefix), key) for key in added]
    slots = [(slot, key) for slot, key in found if slot]
    # From the bottom up, so that what is put in moves no place that is to come.
    for slot, key in sorted(slots, key=lambda one: one[0].position, reverse=True):
        start = (layout.indentation(table.text, last.start) if last else slot.indentation) + prefix
        end = len(start + spelled_key(key))
        separator = table.fitting(end, last) if last else slot.separator
        line = start + _pair(key, separator, added[key])
        ending = layout.ending(text, slot.position - 1)
        text = layout.inserted(text, slot.position, [line], ending)
    return text, {key: added[key] for slot, key in found if slot is None}


def _between_braces(table: TableLayout, added: Mapping[str, object]) -> str:
    splices = []
    for member, keys in insert.neighbours(table, added).items():
        start, separator = f", {table.prefix(member)}", table.separator(member)
        pieces = [f"{start}{_pair(key, separator, added[key])}" for key in keys]
        splices.append((member.end, member.end, "".join(pieces)))
    return layout.spliced(table.text, splices)


def _below_members(table: TableLayout, added: Mapping[str, object]) -> str:
    text, found = table.text, insert.neighbours(table, added)
    # From the bottom up, so that what is put in moves no place that is to come.
    for member in sorted(found, key=lambda one: one.start, reverse=True):
        start = layout.indentation(table.text, member.start) + table.prefix(member)
        block = [
            start + _pair(key, table.fitting(len(start + spelled_key(key)), member), added[key])
            for key in found[member]
        ]
        _, position = layout.whole(table.text, member.start, member.end)
        text = layout.inserted(text, position, block, layout.ending(table.text, member.end))
    return text


def _below_header(table: TableLayout, header: Header, added: Mapping[str, object]) -> str:
    text = table.text
    indentation = layout.indentation(text, header.start)
    block = [indentation + _pair(key, " = ", value) for key, value in added.items()]
    _, position = layout.whole(text, header.start, header.end)
    return layout.inserted(text, position, block, layout.ending(text, header.end))


def _into_empty_braces(table: TableLayout, holder: KeyValue, added: Mapping[str, object]) -> str:
    start, end = holder.value
    if table.text[start:end].strip("{}\t ") != "":
        raise DocumentError(f"{spelled(table.path)} is written in a form that smtp-tui cannot edit")
    pairs = ", ".join(_pair(key, " = ", value) for key, value in added.items())
    return layout.spliced(table.text, [(start, end, f"{{ {pairs} }}")])


def _at_top(table: TableLayout, added: Mapping[str, object]) -> str:
    """Put the root's first keys before the first header and the comment that belongs to it."""
    text = table.text
    position = len(text)
    if table.statements:
        position, _ = layout.whole(text, table.statements[0].start, table.statements[0].start)
        while position > 0:
            above, _ = layout.whole(text, position - 1, position - 1)
            if not text[above:position].lstrip().startswith("#"):
                break
            position = above
    block = [_pair(key, " = ", value) for key, value in added.items()]
    return layout.inserted(text, position, block, layout.ending(text))


def _as_section(table: TableLayout, added: Mapping[str, object]) -> str:
    text = table.text
    if any(isinstance(step, int) for step in table.path):
        raise DocumentError(
            f"{spelled(table.path)} has no header of its own, and smtp-tui cannot add one here"
        )
    header = f"[{spelled(table.path)}]"
    if (place := insert.place_of_section(table)) is not None:
        text = layout.inserted(text, place, [header], layout.ending(text, place - 1))
        return insert_keys(text, table.path, added)
    block = [header]
    block += [_pair(key, " = ", value) for key, value in added.items()]
    last = text.rstrip(" \t").removesuffix("\n").removesuffix("\r").rpartition("\n")[2]
    if last.strip():
        block.insert(0, "")
    return layout.inserted(text, len(text), block, layout.ending(text))


def _pair(key: str, separator: str, value: object) -> str:
    return f"{spelled_key(key)}{separator}{toml_value(value)}"
