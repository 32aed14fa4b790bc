"""Counts what a change did beside its purpose, without a look at how the program finds its way.

Whoever writes a text for a test says which line belongs to which key: it ends in `«key`. A line
that several keys share has `‹` and `›` round what they may change.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

MARK, OPEN, CLOSE = "«", "‹", "›"
BOM = "\ufeff"


@dataclass(frozen=True)
class Marked:
    """A text without its marks; of each line the key it belongs to, and what keys may share."""

    text: str
    owners: tuple[str | None, ...]
    shared: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str, end: str = "\n") -> Marked:
        """Take the marks out; the lines end in `end` then."""
        parts = [line.partition(MARK) for line in text.split("\n")]
        shared = [_cut(line) for line, _, _ in parts if OPEN in line]
        lines = [line.replace(OPEN, "").replace(CLOSE, "") for line, _, _ in parts]
        return cls(end.join(lines), tuple(owner or None for *_, owner in parts), tuple(shared))

    def bytes_outside(self, new: str, keys: Collection[str]) -> int:
        """Count the bytes of `new` that differ in lines which are none of the changed `keys`."""
        lines = _lines(self.text)
        free = {number for number, owner in enumerate(self.owners) if owner in keys}
        free |= {number for number, line in enumerate(lines) if self._is_shared(line)}
        own = {lines[number] for number in free}
        spelled = spells(keys)
        return bytes_outside(
            self.text,
            new,
            free.__contains__,
            lambda line: line in own or spelled(line) or self._is_shared(line),
        )

    def _is_shared(self, line: str) -> bool:
        return any(line.startswith(left) and line.endswith(right) for left, right in self.shared)


def bytes_outside(
    old: str, new: str, may_go: Callable[[int], bool], may_come: Callable[[str], bool]
) -> int:
    """Count the bytes that went, but for lines that may, and that came, but for such that may.

    The end of the last line is free, as something may be put below it; of the kind of line ends
    `foreign_ends` tells.
    """
    kept = deque(line for number, line in enumerate(_lines(old)) if not may_go(number))
    while kept and not kept[-1]:
        kept.pop()
    count = 0 if new.startswith(BOM) == old.startswith(BOM) else len(BOM.encode())
    for line in _lines(new):
        if kept and line == kept[0]:
            kept.popleft()
        elif line and not may_come(line):
            count += len(line.encode())
    return count + sum(len(line.encode()) for line in kept)


def foreign_ends(old: str, new: str) -> int:
    """Count the line ends that are not of the old text's kind."""
    of_dos, all_ends = new.count("\r\n"), new.count("\n")
    return all_ends - of_dos if "\r\n" in old else of_dos


def spells(keys: Collection[str]) -> Callable[[str], bool]:
    """Make the test whether a line is a pair of one of these keys."""
    names = "|".join(map(re.escape, keys)) or "-"
    ours = re.compile(rf"""\s*(?:[\w."' ]+\.\s*)?["']?(?:{names})["']?\s*=""")
    return lambda line: ours.match(line) is not None


def _cut(line: str) -> tuple[str, str]:
    before, _, rest = line.removeprefix(BOM).partition(OPEN)
    return before, rest.rpartition(CLOSE)[2]


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.removeprefix(BOM).split("\n")]
