"""A widget that shows pages of prose, as many lines as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from smtp_tui.tui.ink import DIM, PLAIN, Span, changed_span, strip_of
from smtp_tui.tui.sidebar.prose import Block, flow


class Page(ScrollView, can_focus=False):
    """Blocks of text, flowed to the widget's width; the height is the text's, up to a limit."""

    DEFAULT_CSS = """
    Page {
        height: auto;
        scrollbar-size: 0 0;
        overflow-x: hidden;
    }
    """

    def __init__(
        self,
        blocks: Sequence[Block] = (),
        *,
        most: int | None = None,
        indent: int = 0,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._blocks = tuple(blocks)
        self._most = most
        self._indent = indent
        self._flowed: tuple[int, list[list[Span]]] | None = None

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What is shown."""
        return self._blocks

    def line_count(self, width: int) -> int:
        """Return how many lines the text takes at a width, the limit observed."""
        if not self._blocks:
            return 0
        return min(len(self._lines(width)), self._most or 10_000)

    def get_content_height(self, _container: Size, _viewport: Size, width: int) -> int:
        """Return the number of lines that the text takes."""
        return self.line_count(width)

    def show(self, blocks: Sequence[Block], *, from_top: bool = True) -> None:
        """Show other blocks; only what differs is painted."""
        if tuple(blocks) == self._blocks:
            return
        height = range(self.size.height)
        old, lines = [self.render_line(y) for y in height], self.line_count(self.size.width)
        self._blocks, self._flowed = tuple(blocks), None
        self._fit()
        if from_top:
            self.scroll_to(y=0, animate=False)
        if self.styles.is_auto_height and self.line_count(self.size.width) != lines:
            self.refresh(layout=True)
            return
        new = [self.render_line(y) for y in height]
        spans = [(y, changed_span(old[y], new[y])) for y in height]
        regions = [Region(span[0], y, span[1] - span[0], 1) for y, span in spans if span]
        if regions:
            self.refresh(*regions)

    def limit(self, most: int) -> None:
        """Take at most so many lines."""
        if most != self._most:
            self._most, self._flowed = most, None
            self.refresh(layout=True)

    def on_resize(self) -> None:
        """Flow anew."""
        self._fit()

    def render_line(self, y: int) -> Strip:
        """Return one line of the text; the last one tells that there is more."""
        width, lines = self.size.width, self._lines(self.size.width)
        number = y + self.scroll_offset.y
        spans = lines[number] if number < len(lines) else []
        is_cut = number < len(lines) - 1 and y == self.size.height - 1
        left, room = [(" " * self._indent, PLAIN)], width - self._indent
        if is_cut:
            return Strip.join([strip_of(left, self._indent), _with_more(spans, room)])
        return strip_of([*left, *spans], width)

    def _fit(self) -> None:
        width = self.size.width
        self.virtual_size = Size(width, len(self._lines(width)))

    def _lines(self, width: int) -> list[list[Span]]:
        if self._flowed is None or self._flowed[0] != width:
            self._flowed = width, flow(self._blocks, width - self._indent)
        return self._flowed[1]


def _with_more(spans: list[Span], width: int) -> Strip:
    used = sum(cell_len(text) for text, _ in spans)
    kept = strip_of(spans, min(used, width - 1))
    sign = " …" if used < width - 1 else "…"
    return Strip([*kept, *strip_of([(sign, DIM)], width - kept.cell_length)])
