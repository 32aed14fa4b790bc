"""A widget that shows pages of prose, as many lines as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from smtp_tui.tui.appearing import Placed
from smtp_tui.tui.ink import DIM, PLAIN, STRONG, Span, changed_span, strip_of
from smtp_tui.tui.sidebar.prose import Block, flow


class Page(Placed, ScrollView, can_focus=False):
    """Blocks of text, flowed to the widget's width; the height is the text's, up to a limit.

    Where that cuts the text, its last line ends in a sign and in `more`, the key that shows more.
    """

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
        more: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._blocks = tuple(blocks)
        self._most = most
        self._indent = indent
        self._more = more
        self._flowed: tuple[int, list[list[Span]]] | None = None

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What is shown."""
        return self._blocks

    @property
    def allow_vertical_scroll(self) -> bool:
        """Always: no layout looks again whether the text has become longer than the page."""
        return True

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
        if not self.size.width:  # it has no place, or none yet, and is drawn when it gets one
            self._blocks, self._flowed = tuple(blocks), None
            self.refresh(layout=self.styles.is_auto_height)
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

    def name_key(self, more: str) -> None:
        """Name the key that shows more, where the text is cut."""
        if more != self._more:
            self._more = more
            self.refresh(Region(0, self.size.height - 1, self.size.width, 1))

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
            shown = [] if _is_heading(lines, number) else spans
            return Strip.join(
                [strip_of(left, self._indent), _cut(shown, f"… {self._more}".rstrip(), room)]
            )
        return strip_of([*left, *spans], width)

    def _fit(self) -> None:
        width = self.size.width
        self.virtual_size = Size(width, len(self._lines(width)))

    def _lines(self, width: int) -> list[list[Span]]:
        if self._flowed is None or self._flowed[0] != width:
            self._flowed = width, flow(self._blocks, width - self._indent)
        return self._flowed[1]


def _is_heading(lines: Sequence[Sequence[Span]], number: int) -> bool:
    """Whether a line stands strong and alone: with nothing below it, it says nothing."""
    above = lines[number - 1] if number else None
    return above == [] and all(style == STRONG for text, style in lines[number] if text)


def _cut(spans: list[Span], more: str, width: int) -> Strip:
    """Return a line that says that there is more, whole words of it for which there is room."""
    room = max(width - cell_len(more) - 1, 0)
    text = "".join(text for text, _ in spans)
    if cell_len(text) > room:
        text = set_cell_size(text, room + 1).rpartition(" ")[0] or set_cell_size(text, room)
    kept = strip_of(spans, cell_len(text))
    rest = width - cell_len(text)
    return Strip([*kept, *strip_of([(more.rjust(rest), DIM)], rest)])
