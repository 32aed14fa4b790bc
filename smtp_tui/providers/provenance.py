"""Where a preset, a reply rule or an advice is from, and when its source was last read.

One mechanism for all three: an entry of a data file has `source` (a text) or `sources` (a list of
texts), and `taken`, the day on which somebody last read them. An entry without `taken` is undated.
Nothing here looks at the clock by itself: what is old is asked for, and no test asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum

from smtp_tui.records import record

KEYS = frozenset({"source", "sources", "taken"})
"""The keys of an entry that belong here."""


class Kind(StrEnum):
    """What an entry is."""

    PRESET = "preset"
    REPLY = "reply"
    ADVICE = "advice"


@record(kw_only=True)
class Provenance:
    """The sources of one entry; `taken` is None where nobody wrote down the day."""

    kind: Kind
    name: str
    sources: tuple[str, ...]
    taken: date | None = None

    def is_older_than(self, days: int, today: date) -> bool:
        """Whether more than so many days have passed since; an undated entry is always older."""
        return self.taken is None or today - self.taken > timedelta(days)


def provenance_of(kind: Kind, name: str, entry: Mapping[str, object]) -> Provenance:
    """Read an entry's sources and date; ValueError names what is wrong."""
    sources = entry.get("sources", entry.get("source"))
    listed = [sources] if isinstance(sources, str) else sources
    if not isinstance(listed, list | tuple) or not listed or not all(map(_is_text, listed)):
        raise ValueError(f"{kind} {name}: it names no source")
    taken = entry.get("taken")
    # A date with a time is a date to Python, too.
    if taken is not None and type(taken) is not date:
        raise ValueError(f"{kind} {name}: taken is not a date")
    return Provenance(kind=kind, name=name, sources=tuple(listed), taken=taken)


def older_than(entries: Iterable[Provenance], days: int, today: date) -> Iterator[Provenance]:
    """Yield the entries that are older, the undated first, then the oldest first."""
    found = [one for one in entries if one.is_older_than(days, today)]
    yield from sorted(found, key=lambda one: (one.taken or date.min, one.kind, one.name))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
