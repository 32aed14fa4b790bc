"""Find the known name that a misspelled name stands for."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name of which `name` is a likely misspelling, or None."""
    folded = name.casefold().replace("-", "_")
    for other in known:
        slips = 2 if len(other) > 9 else 1
        # Short names are similar to too many others, so only swapped letters count.
        is_short = len(other) <= 4
        if abs(len(folded) - len(other)) > slips or (is_short and sorted(folded) != sorted(other)):
            continue
        if _slips(folded, other) <= slips:
            return other
    return None


def _slips(one: str, other: str) -> int:
    """Return how many letters were left out, added, changed or swapped."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        counts = [row]
        for column, wanted in enumerate(other, 1):
            count = min(counts[-1] + 1, last[column] + 1, last[column - 1] + (letter != wanted))
            is_swap = row > 1 < column and (letter, one[row - 2]) == (other[column - 2], wanted)
            counts.append(min(count, before[column - 2] + 1) if is_swap else count)
        before, last = last, counts
    return last[-1]
