"""List widgets in which one row is chosen, and the layout of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.geometry import Size
from textual.strip import Strip

from smtp_tui.tui.style import DIM, FOCUS, PLAIN, Span, make_strip, truncate
from smtp_tui.tui.widgets.line import ChangedLinesWidget

RowT = TypeVar("RowT")
# Cells before each line, for the cursor and the sign of hidden lines.
LEAD = 2
_GAP, _NARROW_GAP = 2, 1


def column_widths(
    rows: Sequence[Sequence[str]], width: int, least: Sequence[int]
) -> tuple[tuple[int, ...], int]:
    """Return each column's width in cells, and the gap between columns.

    If they do not fit, the widest column above its `least` width shrinks first.
    """
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    gap = _GAP if sum(widths) + _GAP * (len(widths) - 1) <= width else _NARROW_GAP
    room = width - gap * (len(widths) - 1)
    while (excess := sum(widths) - room) > 0:
        spare = [max(cells - floor, 0) for cells, floor in zip(widths, least, strict=True)]
        if not any(spare):
            break
        widest = max((at for at, cells in enumerate(spare) if cells), key=widths.__getitem__)
        widths[widest] -= min(excess, 1)
    return tuple(widths), gap


def fit_cells(
    row: Sequence[str], widths: Sequence[int], gap: int, *, right: Sequence[int] = ()
) -> list[str]:
    """Return a row's texts, each cut or padded to its column; `right` columns align right."""
    cells = []
    for column, (text, width) in enumerate(zip(row, widths, strict=True)):
        shown = truncate(text, width)
        pad = " " * (width - cell_len(shown))
        cells.append((pad + shown if column in right else shown + pad) + " " * gap)
    return cells


def filter_rows(
    words: Sequence[str],
    rows: Iterable[RowT],
    searched: Callable[[RowT], str],
    distance: Callable[[RowT, Sequence[str]], int],
) -> tuple[RowT, ...]:
    """Return the rows whose `searched` text contains every word, by ascending `distance`."""
    found = [row for row in rows if all(word in searched(row) for word in words)]
    return tuple(sorted(found, key=lambda row: distance(row, words)))


class ListView(ChangedLinesWidget, Generic[RowT], can_focus=True):
    """A list, with a heading if it has columns; subclasses lay out its rows.

    It scrolls so that the chosen row is visible.
    """

    DEFAULT_CSS = "ListView { height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("up,k", "go(-1)"),
        ("down,j", "go(1)"),
        ("home", "go(-100000)"),
        ("end", "go(100000)"),
    ]

    none_found = ""
    # A steady list keeps its height: if it shrank during typing, everything below it would move and
    # be repainted.
    is_steady = False
    highest = 10_000
    _most = 1
    _top = 0
    _laid_out: tuple[int, list[tuple[int, list[Span]]]] | None = None

    def __init__(self, rows: Iterable[RowT] = (), index: int = 0) -> None:
        super().__init__()
        self.rows = tuple(rows)
        self.index = index

    def heading(self, width: int) -> list[Span] | None:
        """Return the heading for a width in cells; None if the list has no columns."""
        del width
        return None

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield the lines of each row, for a width in cells."""
        raise NotImplementedError

    def mark(self, lead: str, spans: list[Span], width: int) -> list[Span]:
        """Return the chosen row's first line, marked over the whole width."""
        text = f"{lead}{''.join(part for part, _ in spans)}"
        return [(text + " " * max(width - cell_len(text), 0), FOCUS)]

    @property
    def is_marked(self) -> bool:
        """Whether the chosen row is marked."""
        return True

    @property
    def chosen(self) -> RowT | None:
        """The chosen row; None if the list is empty."""
        return self.rows[self.index] if self.rows else None

    def limit(self, most: int) -> None:
        """Limit the height to `most` lines, heading included."""
        most = min(most, self.highest)
        if most != self._most:
            self._most = most
            self.refresh(layout=True)

    def get_content_height(self, _container: Size, _viewport: Size, width: int) -> int:
        """Return the number of lines of heading and rows, up to the limit."""
        if self.is_steady:
            return self._most
        head = 0 if self.heading(width - LEAD) is None else 1
        return min(len(self._lines(width)) + head, self._most) if self.rows else 0

    def show(self, rows: Iterable[RowT], index: int = 0) -> None:
        """Show other rows."""
        self.rows, self._laid_out = tuple(rows), None
        self.index = max(min(index, len(self.rows) - 1), 0)
        if self.get_content_height(self.size, self.size, self.size.width) != self.size.height:
            self.refresh(layout=True)
        self.repaint()

    def action_go(self, by: int) -> None:
        """Move the cursor by rows, stopping at the ends."""
        self.index = max(min(self.index + by, len(self.rows) - 1), 0)
        self.repaint()

    def draw(self) -> list[Strip]:
        """Return the heading and the visible lines, scrolled to the chosen row."""
        width, height = self.size
        heading, lines = self.heading(width - LEAD), self._lines(width)
        strips = [] if heading is None else [make_strip([(" " * LEAD, PLAIN), *heading], width)]
        room = max(height - len(strips), 1)
        own = [at for at, (row, _) in enumerate(lines) if row == self.index] or [0]
        # Scroll no further than needed; show the top of a row that is higher than the list.
        top = max(min(self._top, len(lines) - room), own[-1] + 1 - room, 0)
        self._top = top = min(top, own[0])
        shown = range(top, min(top + room, len(lines)))
        for at in shown:
            spans = lines[at][1]
            is_cut = (at == shown[0] and at > 0) or (at == shown[-1] and at < len(lines) - 1)
            more = "…" if is_cut and heading is not None else " "
            if at == own[0] and self.rows and self.is_marked:
                spans = self.mark(f">{more}", spans, width)
            else:
                spans = [(" ", PLAIN), (more, DIM), *spans]
            strips.append(make_strip(spans, width))
        return [*strips, *[Strip.blank(width, PLAIN)] * (height - len(strips))][:height]

    def _lines(self, width: int) -> list[tuple[int, list[Span]]]:
        """Return every line with the index of its row."""
        # A key moves only the cursor: lay out the rows once for each width.
        if self._laid_out is None or self._laid_out[0] != width:
            rows = enumerate(self.layout_rows(width - LEAD))
            lines = [(index, line) for index, row in rows for line in row]
            if not lines and self.none_found:
                lines = [(0, [(self.none_found, DIM)])]
            self._laid_out = width, lines
        return self._laid_out[1]


class Menu(ListView[str]):
    """A list of plain lines, as high as its style allows."""

    _most = 10_000

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield each line, truncated."""
        for line in self.rows:
            yield ([(truncate(line, width), PLAIN)],)

    def mark(self, lead: str, spans: list[Span], width: int) -> list[Span]:
        """Return the chosen line, marking only its text."""
        del width
        return [(f"{lead}{spans[0][0]}", FOCUS)]
