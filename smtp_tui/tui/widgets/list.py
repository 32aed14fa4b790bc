"""Text in columns that share out the width there is. Pure.

Lines below each other of which one is chosen; only the cells that change are painted.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.geometry import Size
from textual.strip import Strip

from smtp_tui.tui.style import CURSOR, DIM, PLAIN, Span, make_strip, truncate
from smtp_tui.tui.widgets.line import DiffedWidget

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
        shown = truncate(text, width)
        pad = " " * (width - cell_len(shown))
        cell = f"{pad}{shown}" if number in right else set_cell_size(shown, width)
        cells.append(cell + " " * gap)
    return cells


LEAD = 2
"""Cells before each line, for the signs of the cursor and of what is out of sight."""
_MORE = "…"


class ListRows(DiffedWidget):
    """A list under a heading; subclasses say what stands in it.

    One that `is_steady` keeps its height whatever it holds, so that nothing moves below it.
    """

    DEFAULT_CSS = "ListRows { height: auto; }"

    def __init__(self, *, can_focus: bool = False, is_steady: bool = False) -> None:
        super().__init__()
        self.can_focus = can_focus
        self._is_steady = is_steady
        self.index = 0
        self._top = 0
        self._most = 1

    @property
    def count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    def heading(self, width: int) -> list[Span]:
        """Return the line above all, for a width in cells."""
        raise NotImplementedError

    def line(self, number: int, width: int) -> list[Span]:
        """Return a line, for a width in cells."""
        raise NotImplementedError

    def limit(self, most: int) -> None:
        """Take at most so many lines, the heading's among them."""
        if most != self._most:
            self._most = most
            self.refresh(layout=True)

    def get_content_height(self, _container: Size, _viewport: Size, _width: int) -> int:
        """Return the lines that all take, as far as there is room."""
        if self._is_steady:
            return self._most
        return min(self.count + 1, self._most) if self.count else 0

    def show(self) -> None:
        """Show what stands in it now."""
        self.index = max(min(self.index, self.count - 1), 0)
        if self.get_content_height(self.size, self.size, 0) != self.size.height:
            self.refresh(layout=True)
        self.repaint()

    def go(self, by: int) -> None:
        """Choose another, as far as there are any."""
        self.index = max(min(self.index + by, self.count - 1), 0)
        self.repaint()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the cursor, or hide it."""
        super().watch_has_focus(has_focus)
        self.repaint()

    def draw(self) -> list[Strip]:
        """Return the heading and the lines in sight, the chosen one among them."""
        width, height = self.size
        room = max(height - 1, 1)
        self._top = max(min(self._top, self.index, self.count - room), self.index - room + 1, 0)
        head = make_strip([(" " * LEAD, PLAIN), *self.heading(width - LEAD)], width)
        numbers = range(self._top, min(self._top + room, self.count))
        lines = [head, *(self._drawn_line(number, numbers, width) for number in numbers)]
        lines += [Strip.blank(width, PLAIN)] * (height - len(lines))
        return lines[:height]

    def _drawn_line(self, number: int, shown: range, width: int) -> Strip:
        spans = self.line(number, width - LEAD)
        is_cut = (number == shown[0] and number > 0) or (
            number == shown[-1] and number < self.count - 1
        )
        more = _MORE if is_cut else " "
        if number != self.index or not self._is_marked:
            return make_strip([(" ", PLAIN), (more, DIM), *spans], width)
        text = f">{more}{''.join(part for part, _ in spans)}"
        return make_strip([(text + " " * max(width - cell_len(text), 0), CURSOR)], width)

    @property
    def _is_marked(self) -> bool:
        return self.has_focus or not self.can_focus
