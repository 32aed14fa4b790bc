"""List widgets in which one row is chosen, and the layout of columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len
from rich.style import Style
from textual.binding import BindingType
from textual.events import Click
from textual.geometry import Offset, Size
from textual.strip import Strip

from smtp_tui.tui.style import DIM, FOCUS, PLAIN, Span, make_strip, truncate
from smtp_tui.tui.widgets.line import WHEEL, LinesWidget, press_key

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


# Behind this, a pattern matches at the beginning of a word only.
WORD_START = r"(?<![^\W_])"
_HIT = Style(bold=True, underline=True)


def mark_hits(spans: Iterable[Span], words: Sequence[str]) -> Iterator[Span]:
    """Yield spans in which the beginnings of words that were searched for are marked."""
    pattern = f"{WORD_START}({'|'.join(map(re.escape, words))})"
    for text, style in spans:
        # Every second part is a hit.
        for at, part in enumerate(re.split(pattern, text, flags=re.IGNORECASE)):
            yield part, style + _HIT if at % 2 else style


class ListView(LinesWidget, Generic[RowT], can_focus=True):
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
    # The span of a row's first line that names the row; None: they all do.
    name_span: int | None = 0
    # The words that the rows were filtered by.
    words: Sequence[str] = ()
    # Whether a list with columns marks that there are rows above and below.
    marks_more = True
    # A steady list keeps its height: if it shrank during typing, everything below it would move and
    # be repainted.
    is_steady = False
    highest = 10_000
    _most = 1
    _top = 0
    _cursor_line = 0
    _laid_out: tuple[int, list[tuple[int, list[Span]]]] | None = None

    def __init__(self, rows: Iterable[RowT] = (), index: int = 0) -> None:
        super().__init__()
        self.rows = tuple(rows)
        self.index = index
        # Moves the cursor for the mouse; a filter replaces it to show the new place too.
        self.move_by: Callable[[int], None] = self.action_go

    def heading(self, width: int) -> list[Span] | None:
        """Return the heading for a width in cells; None if the list has no columns."""
        del width
        return None

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield the lines of each row, for a width in cells."""
        raise NotImplementedError

    def _mark(self, lead: str, spans: list[Span]) -> list[Span]:
        """Return the chosen row's first line with its name marked; the rest keeps its colours."""
        end = len(spans) if self.name_span is None else self.name_span + 1
        name = "".join(text for text, _ in spans[:end])
        shown = name.rstrip()
        return [(f"{lead}{shown}", FOCUS), (name[len(shown) :], PLAIN), *spans[end:]]

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
        return min(len(self._lines(width)) + head, self._most)

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

    def on_click(self, event: Click) -> None:
        """Go to the clicked row; take it if it is chosen already."""
        head = 0 if self.heading(self.size.width - LEAD) is None else 1
        lines, at = self._lines(self.size.width), self._top + event.y - head
        if event.y < head or at >= len(lines):
            return
        row = lines[at][0]
        if row == self.index:
            press_key(self.app, "Enter")
        else:
            self.move_by(row - self.index)

    def on_mouse_scroll_up(self) -> None:
        """Go up by some rows."""
        self.move_by(-WHEEL)

    def on_mouse_scroll_down(self) -> None:
        """Go down by some rows."""
        self.move_by(WHEEL)

    def cursor_at(self) -> Offset:
        """Return the beginning of the chosen row."""
        return Offset(LEAD, self._cursor_line)

    def action_page(self, pages: int) -> None:
        """Scroll by screenfuls, each overlapping by one line; the cursor goes to the top row."""
        width, height = self.size
        lines = self._lines(width)
        room = max(height - (self.heading(width - LEAD) is not None), 1)
        most = max(len(lines) - room, 0)
        top = max(min(self._top + pages * max(room - 1, 1), most), 0)
        # At an end, the cursor goes to the first or last row.
        starts = {row: at for at, (row, _) in reversed([*enumerate(lines)])}
        below = [row for row, at in starts.items() if at >= top]
        index = len(self.rows) - 1 if pages > 0 and top == most else min(below, default=0)
        self._top = top
        self.action_go(index - self.index)

    def marked_line(self) -> int:
        """Return which of the chosen row's lines is marked."""
        return 0

    def draw(self) -> list[Strip]:
        """Return the heading and the visible lines, scrolled to the chosen row."""
        width, height = self.size
        heading, lines = self.heading(width - LEAD), self._lines(width)
        strips = [] if heading is None else [make_strip([(" " * LEAD, PLAIN), *heading], width)]
        room = max(height - len(strips), 1)
        own = [at for at, (row, _) in enumerate(lines) if row == self.index] or [0]
        marked = own[0] + self.marked_line() if self.rows else -1
        # Scroll no further than needed; show the top of a row that is higher than the list.
        top = max(min(self._top, len(lines) - room), own[-1] + 1 - room, 0)
        self._top = top = min(top, own[0])
        self._cursor_line = len(strips) + max(marked - top, 0)
        shown = range(top, min(top + room, len(lines)))
        for at in shown:
            spans = lines[at][1]
            is_cut = (at == shown[0] and at > 0) or (at == shown[-1] and at < len(lines) - 1)
            more = "…" if is_cut and heading is not None and self.marks_more else " "
            if at == marked and self.is_marked:
                spans = self._mark(f">{more}", spans)
            else:
                spans = [(" ", PLAIN), (more, DIM), *spans]
            if self.words:
                spans = [*mark_hits(spans, self.words)]
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
