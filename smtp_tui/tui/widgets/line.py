"""Widgets that repaint only the cells that changed."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from smtp_tui.tui.style import PLAIN, Span, changed_span, make_strip
from smtp_tui.tui.textual_compat import NoRepaintOnResize


class DiffedWidget(NoRepaintOnResize, Widget):
    """A widget of lines; subclasses say how they look, and when they are to be painted anew."""

    def __init__(
        self, *, id: str | None = None, classes: str | None = None, disabled: bool = False
    ) -> None:
        super().__init__(id=id, classes=classes, disabled=disabled)
        self._drawn: list[Strip] = []

    def draw(self) -> list[Strip]:
        """Return every line, as wide as the widget is."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Show what changed, and nothing else."""
        if not self._is_drawn:
            self._drawn = []  # it was never shown in this size, and will be drawn when it is
            return
        old, self._drawn = self._drawn, self.draw()
        pairs = zip(old, self._drawn, strict=True)
        spans = [(y, changed_span(*pair)) for y, pair in enumerate(pairs) if pair[0] != pair[1]]
        regions = [Region(span[0], y, span[1] - span[0], 1) for y, span in spans if span]
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """Return a line as it was last drawn."""
        if not self._is_drawn:
            self._drawn = self.draw()
        return self._drawn[y] if y < len(self._drawn) else Strip.blank(self.size.width, PLAIN)

    @property
    def _is_drawn(self) -> bool:
        width, height = self.size
        return len(self._drawn) == height > 0 and self._drawn[0].cell_length == width


class SingleLineWidget(DiffedWidget):
    """A line made of spans; subclasses say what it shows."""

    DEFAULT_CSS = "SingleLineWidget { height: 1; }"

    def spans(self, width: int) -> list[Span]:
        """Return what the line shows, for a width in cells."""
        raise NotImplementedError

    def draw(self) -> list[Strip]:
        """Return the line, and blank ones where there is room for more."""
        width, height = self.size
        line = make_strip(self.spans(width), width)
        return [line, *[Strip.blank(width, PLAIN)] * (height - 1)][:height]
