"""What differs between the last two tests, side by side where there is room for that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import ClassVar

from rich.cells import set_cell_size
from rich.style import Style
from textual.binding import Binding, BindingType

from smtp_tui.tui.bench.trial import Done
from smtp_tui.tui.ink import DIM, PLAIN, STRONG, Span
from smtp_tui.tui.log.compare import (
    Pair,
    Side,
    dialogue,
    named,
    pairs_of,
    setting_pairs,
    shortened,
    unified,
)
from smtp_tui.tui.log.rows import pieces
from smtp_tui.tui.sheet import Sheet
from smtp_tui.tui.sidebar.prose import Block, plain

WIDE = 120
"""From here on two columns have room for most lines of a dialogue."""
_INKS = {Side.SAME: DIM, Side.SKIPPED: DIM}
_GAP = " │ "


def compare_blocks(earlier: Done, later: Done, width: int) -> Iterator[Block]:
    """Yield the page for a width."""
    yield plain("The last two tests", STRONG)
    yield plain("Times and the content of the server's challenges are ignored.", DIM, gap=False)
    settings = setting_pairs(earlier, later)
    said = shortened(list(pairs_of(dialogue(earlier), dialogue(later))))
    titles = Pair(Side.CHANGED, named(0, earlier), named(1, later))
    yield from _section("Settings", titles, settings, "Both had the same settings.", width)
    is_same = all(pair.side is Side.SKIPPED for pair in said)
    yield from _section(
        "Dialogue", titles, [] if is_same else said, "Both had the same dialogue.", width
    )


def _section(
    title: str, names: Pair, pairs: Sequence[Pair], none: str, width: int
) -> Iterator[Block]:
    yield plain(title, STRONG)
    if not pairs:
        yield plain(none, gap=False)
        return
    rows = _beside if width >= WIDE else _below
    for row in (*rows([names], width, STRONG), *rows(pairs, width, None)):
        yield Block(tuple(row), is_preformatted=True, gap=False)


def _below(pairs: Sequence[Pair], width: int, ink: Style | None) -> Iterator[list[Span]]:
    for side, text in unified(pairs):
        style = ink or _INKS.get(side, PLAIN)
        for number, piece in enumerate(pieces(text, width - 2)):
            yield [(f"{side} " if number == 0 else "  ", style), (piece, style)]


def _beside(pairs: Sequence[Pair], width: int, ink: Style | None) -> Iterator[list[Span]]:
    room = (width - 2 - len(_GAP)) // 2
    for pair in pairs:
        style = ink or _INKS.get(pair.side, PLAIN)
        sides = pieces(pair.left, room), pieces(pair.right, room)
        for number, (left, right) in enumerate(zip_longest(*sides, fillvalue="")):
            sign = f"{pair.side if number == 0 and ink is None else ' '} "
            yield [
                (sign, STRONG),
                (set_cell_size(left, room), style),
                (_GAP, DIM),
                (right, style),
            ]


class CompareScreen(Sheet, inherit_bindings=True):
    """The whole screen for two tests."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "close", show=False)]

    def __init__(self, earlier: Done, later: Done) -> None:
        super().__init__()
        self._pair = earlier, later

    def blocks(self, width: int) -> Sequence[Block]:
        """Return what differs, set for the width there is."""
        return [*compare_blocks(*self._pair, width)]
