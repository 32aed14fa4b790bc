"""A diff to read: signs and colours, one line a line, scrolled in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from smtp_tui.config.diffing import DiffLine, Mark
from smtp_tui.smtp.escaping import visible
from smtp_tui.tui.appearing import Placed
from smtp_tui.tui.ink import ACCENT, DIM, PLAIN, strip_of

GONE, ADDED = Style(color="red"), Style(color="green")
STYLES = {Mark.GONE: GONE, Mark.ADDED: ADDED, Mark.PLACE: ACCENT, Mark.SAME: PLAIN}
_ASIDE = 16  # columns a step
_MORE = "…"


class DiffView(Placed, ScrollView, can_focus=True):
    """The lines of a diff."""

    DEFAULT_CSS = "DiffView { height: auto; scrollbar-size: 0 0; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go(-1)", show=False),
        Binding("down,j", "go(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home", "go(-1000000)", show=False),
        Binding("end", "go(1000000)", show=False),
        Binding("left", "aside(-1)", show=False),
        Binding("right", "aside(1)", show=False),
    ]

    def __init__(self, lines: Sequence[DiffLine]) -> None:
        super().__init__()
        self._lines = [
            (visible(str(line).expandtabs()), STYLES.get(line.mark, DIM)) for line in lines
        ]
        self._widest = max((cell_len(text) for text, _ in self._lines), default=0)
        self._most = 1
        self._left = 0

    def limit(self, most: int) -> None:
        """Take at most so many lines."""
        self._most = max(most, 1)
        self.refresh(layout=True)

    def get_content_height(self, _container: Size, _viewport: Size, _width: int) -> int:
        """Return the lines that all take, as far as there is room."""
        return min(len(self._lines), self._most)

    def on_resize(self) -> None:
        """Know how far there is to scroll."""
        self.virtual_size = Size(self.size.width, len(self._lines))

    def render_line(self, y: int) -> Strip:
        """Return what is in sight of a line; the last one tells that there is more."""
        width, number = self.size.width, y + self.scroll_offset.y
        if number >= len(self._lines):
            return Strip.blank(width, PLAIN)
        text, style = self._lines[number]
        whole = strip_of([(text, style)], max(self._widest, width))
        shown = whole.crop(self._left, self._left + width).adjust_cell_length(width, PLAIN)
        is_cut = y == self.size.height - 1 and number < len(self._lines) - 1
        if is_cut or cell_len(text) > self._left + width:
            return Strip([*shown.crop(0, width - 1), *strip_of([(_MORE, DIM)], 1)])
        return shown

    def action_go(self, by: int) -> None:
        """Read on by lines."""
        self.scroll_to(y=self.scroll_offset.y + by, animate=False)

    def action_page(self, by: int) -> None:
        """Read on by what is in sight."""
        self.action_go(by * max(self.size.height - 1, 1))

    def action_aside(self, by: int) -> None:
        """Read on in long lines."""
        most = max(self._widest - self.size.width, 0)
        left = min(max(self._left + by * _ASIDE, 0), most)
        if left != self._left:
            self._left = left
            self.refresh()
