"""The lines at the edges: what is being edited, and which keys there are."""

from __future__ import annotations

from rich.cells import cell_len
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.keys.commands import Hints
from smtp_tui.tui.style import ACCENT, DIM, PLAIN, STRONG, Span, make_strip, truncate_left
from smtp_tui.tui.textual_compat import NoRepaintOnResize
from smtp_tui.tui.widgets.line import SingleLineWidget


class StatusBar(SingleLineWidget):
    """The file, whose it is, the table in it, and whether the form says something else."""

    def __init__(
        self,
        file: str,
        table: str,
        application: str = "",
        beside: str = "",
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._beside = f"  {beside}" if beside else ""
        self._application = f" · {escape_controls(application)}" if application else ""
        self._file = escape_controls(file)
        self._table = escape_controls(table)
        self._state = ""

    def tell(self, state: str) -> None:
        """Show another state."""
        self._state = state
        self.repaint()

    def spans(self, width: int) -> list[Span]:
        """Return file, table and application at the left, the state at the right."""
        table = f" · {self._table}{self._application}"
        used = cell_len(table) + cell_len(self._beside) + cell_len(self._state)
        file = truncate_left(self._file, max(width - used - 4, 8))
        gap = width - cell_len(file) - used - 2
        return [
            (f" {file}", STRONG),
            (table, PLAIN),
            (self._beside, DIM),
            (" " * max(gap, 1), PLAIN),
            (self._state, ACCENT),
        ]


class KeyHints(SingleLineWidget):
    """Keys and what they do."""

    def __init__(self, hints: Hints, *, indent: int = 1, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hints = hints
        self._indent = indent

    def show(self, hints: Hints) -> None:
        """Tell other keys."""
        self._hints = hints
        self.repaint()

    def spans(self, width: int) -> list[Span]:
        """Return the hints that fit, with the alternative keys where there is room for all."""
        whole = self._indent + sum(len(keys) + len(word) + 3 for keys, word in self._hints) - 2
        spans: list[Span] = [(" " * self._indent, PLAIN)]
        used = self._indent
        for keys, word in self._hints:
            shown = keys if whole <= width else keys.split()[0]
            used += len(shown) + len(word) + 3
            if used - 2 <= width:
                spans += [(shown, STRONG), (f" {word}  ", DIM)]
        return spans


class Divider(NoRepaintOnResize, Widget):
    """A rule between form and sidebar; the part beside what is in sight of a long form is thick."""

    DEFAULT_CSS = "Divider { width: 1; height: 100%; }"

    _span: tuple[int, int] | None = None

    def mark(self, top: int, shown: int, whole: int) -> None:
        """Mark what is in sight of `whole` lines; nothing when that is all of them."""
        span = None
        if 0 < shown < whole:
            start = round(top * shown / whole)
            span = start, start + max(round(shown * shown / whole), 1)
        if span != self._span:
            self._span = span
            self.refresh(Region(0, 0, 1, self.size.height))

    def render_line(self, y: int) -> Strip:
        """Return one cell of the rule."""
        start, end = self._span or (0, 0)
        return make_strip([("┃", PLAIN) if start <= y < end else ("│", DIM)], 1)
