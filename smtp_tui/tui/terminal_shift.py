"""Find rows that only move up or down: a terminal moves them itself, for a few bytes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import sub

from smtp_tui.records import record
from smtp_tui.tui.terminal_codes import BLANK, Row

# To delete lines in one place and insert them in another takes as many bytes as about so many
# characters.
_LEAST_SAVED = 24
_MOST_TRIED = 3


@record
class Shift:
    """The rows from `top` to `bottom` move up by `up` rows, or down if negative.

    The rows that nothing moves to become blank.
    """

    top: int
    bottom: int
    up: int


def shift_between(known: Sequence[Row], wanted: Sequence[Row]) -> Shift | None:
    """Return the shift after which the fewest characters are left to write, if it is worth it."""
    changed = [y for y, row in enumerate(wanted) if row != known[y]]
    if len(changed) < 2:
        return None
    best, most = None, _LEAST_SAVED - 1
    for up in _likely_shifts(known, wanted, changed):
        if up > 0:
            saved, top, bottom = _best_rows(known, wanted, up)
        else:
            saved, low, high = _best_rows(known[::-1], wanted[::-1], -up)
            top, bottom = len(known) - 1 - high, len(known) - 1 - low
        if saved > most:
            best, most = Shift(top, bottom, up), saved
    return best


def _likely_shifts(
    known: Sequence[Row], wanted: Sequence[Row], changed: Sequence[int]
) -> list[int]:
    """Return by how many rows most of the text moves up."""
    places: dict[str, list[int]] = defaultdict(list)
    for y in changed:
        for half in _halves(known[y]):
            places[half].append(y)
    shifts = Counter(
        old - y for y in changed for half in _halves(wanted[y]) for old in places.get(half, ())
    )
    return [up for up, _ in shifts.most_common() if up][:_MOST_TRIED]


def _halves(row: Row) -> Iterator[str]:
    """Yield the halves of a row with text: its mark or its end may change as it moves."""
    text = "".join([cell[0] for cell in row if cell])
    middle = len(row) // 2
    for half in (text[:middle], text[middle:]):
        if half.strip():
            yield half


def _best_rows(known: Sequence[Row], wanted: Sequence[Row], up: int) -> tuple[int, int, int]:
    """Return how many characters a shift up by so many rows saves; its first and last row."""
    blank: Row = [BLANK] * len(known[0])
    direct = list(map(_cost, known, wanted))
    blanked = list(accumulate(map(sub, direct, [_cost(blank, row) for row in wanted]), initial=0))
    best = saved = top = 0
    bottom = up
    first = 0
    for y, cost in enumerate(map(_cost, known[up:], wanted)):
        if saved < 0:
            saved, first = 0, y
        saved += direct[y] - cost
        whole = saved + blanked[y + up + 1] - blanked[y + 1]
        if whole > best:
            best, top, bottom = whole, first, y + up
    return best, top, bottom


def _cost(known: Row, wanted: Row) -> int:
    """Return how many characters turn one row into another; it takes few bytes to erase some."""
    if known == wanted:
        return 0
    return sum([new != old and new is not BLANK for old, new in zip(known, wanted, strict=True)])
