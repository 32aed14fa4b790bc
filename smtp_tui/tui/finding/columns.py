"""Text in columns that share out the width there is. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from smtp_tui.tui.ink import fitted

_GAP, _NARROW_GAP = 2, 1


def widths_for(
    rows: Sequence[Sequence[str]], width: int, least: Sequence[int]
) -> tuple[tuple[int, ...], int]:
    """Return each column's cells and the gap between them.

    Where they do not fit, the widest of those that are above their `least` gives way first.
    """
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    gap = _GAP if sum(widths) + _GAP * (len(widths) - 1) <= width else _NARROW_GAP
    room = width - gap * (len(widths) - 1)
    while (excess := sum(widths) - room) > 0:
        spare = [max(one - floor, 0) for one, floor in zip(widths, least, strict=True)]
        if not any(spare):
            break
        widest = max((at for at, some in enumerate(spare) if some), key=widths.__getitem__)
        widths[widest] -= min(excess, 1)
    return tuple(widths), gap


def cells_of(
    row: Sequence[str], widths: Sequence[int], gap: int, *, right: Sequence[int] = ()
) -> list[str]:
    """Return a row's texts, each cut or filled to its column; `right` columns are flush there."""
    cells = []
    for number, (text, width) in enumerate(zip(row, widths, strict=True)):
        shown = fitted(text, width)
        pad = " " * (width - cell_len(shown))
        cell = f"{pad}{shown}" if number in right else set_cell_size(shown, width)
        cells.append(cell + " " * gap)
    return cells
