"""Where a new key goes, as by a person's hand: below its own comment, or after its neighbours."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator

from smtp_tui.config import lines
from smtp_tui.config.commented import sections
from smtp_tui.config.layout import Table
from smtp_tui.config.scanning import Header, Pair
from smtp_tui.config.tablepath import spelled_key
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY

_COMMENT = re.compile(r"^(?P<indentation>[ \t]*)#+[ \t]*(?P<text>[^\r\n]*)", re.MULTILINE)

_BLANK_LINE = re.compile(r"\n[ \t]*(?=\r?\n)")


@record
class Slot:
    """Where a key's line goes, at the beginning of a line or the text's end, and how it looks."""

    position: int
    indentation: str
    separator: str


def neighbours(table: Table, keys: Iterable[str]) -> dict[Pair, list[str]]:
    """Find for new keys the pairs of the table that they go after, those of one pair in order.

    It is the nearest of those that come before a key in the order of our settings; where there is
    none, and for a key that is not ours, the table's last pair.
    """
    places = {key: place for place, key in enumerate(BY_KEY)}
    found: dict[Pair, list[str]] = {}
    for key in sorted(keys, key=lambda key: places.get(key, len(places))):
        before = [
            (places[name], member.start, member)
            for member in table.members
            if (name := str(member.path[len(table.path)])) in places
            and places[name] < places.get(key, -1)
        ]
        found.setdefault(max(before)[2] if before else table.members[-1], []).append(key)
    return found


def slot_for(table: Table, key: str, prefix: str) -> Slot | None:
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
            _, below = lines.whole(table.text, comment.start(), comment.end())
            separator = found["separator"] if found["value"] else f"{found['separator'].rstrip()} "
            slot = Slot(below, comment["indentation"], separator)
    return slot


def place_of_section(table: Table) -> int | None:
    """Find the line below a header that is commented out, where no other table's keys follow it."""
    for path, _, below in sections(table.text):
        in_text = any(one.start < below - 1 < one.end for one in table.statements)
        if path != table.path or in_text:
            continue
        following = (found for found in table.statements if found.start >= below)
        first = min(following, key=lambda found: found.start, default=None)
        if not isinstance(first, Pair):
            return below
    return None


def _comments(table: Table) -> Iterator[re.Match[str]]:
    """Yield the comments on lines of their own, up to a section that is commented out itself."""
    for start, end in _gaps(table):
        for comment in _COMMENT.finditer(table.text, start, _end_of_ours(table, start, end)):
            if comment["text"].startswith("["):
                return
            yield comment


def _gaps(table: Table) -> Iterator[lines.Span]:
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


def _end_of_ours(table: Table, start: int, end: int) -> int:
    """Where a gap's comments end that are not the next section's.

    Those are its own that stand right above its header, a blank line between them and the rest.
    """
    if not any(isinstance(found, Header) and found.start == end for found in table.statements):
        return end
    gap = table.text[start:end]
    blank = [found.end() for found in _BLANK_LINE.finditer(gap)]
    return start + blank[-1] if blank else end


def _header(table: Table) -> Header | None:
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
