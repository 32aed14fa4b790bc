"""Values that are put together from text and variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby

from smtp_tui.interchange.entries import LONGEST, Entry, EnvRef, Unresolved
from smtp_tui.records import record

PLAIN = re.compile(r"[A-Za-z0-9_@%+:,./-]+")
"""Words that no reader of `.env` files takes for anything but themselves."""


@record
class Use:
    """A variable that is used in a value, and what stands for it where it is not set."""

    name: str
    default: str | None = None


Pieces = list[str | Use]


def joined(pieces: Pieces) -> Pieces:
    """Put neighbouring texts together; a value may come letter by letter."""
    found: Pieces = []
    for is_text, run in groupby(pieces, lambda piece: isinstance(piece, str)):
        alike = [*run]
        found += ["".join(map(str, alike))] if is_text else alike
    return found


def settled(name: str, line: int, pieces: Pieces, known: Mapping[str, str]) -> Entry:
    """Put a value together from what stands further up in the same file, as far as it does."""
    pieces = [piece for piece in pieces if piece != ""]
    uses = [piece for piece in pieces if isinstance(piece, Use)]
    unknown = [use for use in uses if use.name not in known]
    if not unknown:
        parts = [known[one.name] if isinstance(one, Use) else one for one in pieces]
        if sum(map(len, parts)) > LONGEST:
            return Entry(name, Unresolved("computed"), line)
        whole = "".join(parts)
        return Entry(name, whole, line, tuple(use.name for use in uses))
    if len(pieces) == 1:
        # An empty default is none: the program would go without.
        return Entry(name, EnvRef(unknown[0].name, unknown[0].default or None), line)
    listed = ", ".join(dict.fromkeys(use.name for use in unknown))
    return Entry(name, Unresolved("from-variables", {"names": listed}), line)


class Found:
    """The entries of a file so far, and the values that later lines can use."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.known: dict[str, str] = {}

    def add(self, entry: Entry) -> None:
        """Take one more."""
        self.entries.append(entry)
        if isinstance(entry.value, str):
            self.known[entry.name] = entry.value


def numbered(content: str) -> list[tuple[int, str]]:
    """Split a text into its lines, each with its number; a carriage return is part of the end."""
    return [(number, line.removesuffix("\r")) for number, line in enumerate(content.split("\n"), 1)]


def unreadable(line: int, why: str) -> Entry:
    """Make the entry of a line that cannot be read; what stands there may be a secret."""
    return Entry("", Unresolved(why), line)
