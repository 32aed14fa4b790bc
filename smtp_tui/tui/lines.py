"""A widget of one line that repaints only the cells that changed."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from smtp_tui.tui.ink import PLAIN, Span, changed_span, strip_of


class OneLine(Widget):
    """A line made of spans; subclasses say what it shows."""

    DEFAULT_CSS = "OneLine { height: 1; }"

    _drawn: Strip | None = None

    def spans(self, width: int) -> list[Span]:
        """Return what the line shows, for a width in cells."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Show what changed, and nothing else."""
        if self._drawn is None or self._drawn.cell_length != self.size.width:
            self._drawn = None  # it was never shown at this width, and will be drawn when it is
            return
        old, self._drawn = self._drawn, self._draw()
        changed = changed_span(old, self._drawn)
        if changed:
            start, end = changed
            self.refresh(Region(start, 0, end - start, 1))

    def render_line(self, y: int) -> Strip:
        """Return the line as it was last drawn."""
        if y:
            return Strip.blank(self.size.width, PLAIN)
        if self._drawn is None or self._drawn.cell_length != self.size.width:
            self._drawn = self._draw()
        return self._drawn

    def _draw(self) -> Strip:
        return strip_of(self.spans(self.size.width), self.size.width)
