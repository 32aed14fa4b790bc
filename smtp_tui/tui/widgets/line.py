"""Widgets of lines, and the bars at the edges of the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from textual.app import App
from textual.events import Click, Key
from textual.geometry import Offset, Region
from textual.strip import Strip
from textual.widget import Widget

from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.commands import ENGRAVED, Hints
from smtp_tui.tui.custom_keys import key_from
from smtp_tui.tui.style import (
    DIM,
    OURS,
    PLAIN,
    STRONG,
    Span,
    make_strip,
    truncate_left,
)
from smtp_tui.tui.textual_compat import NoRepaintOnResize


class LinesWidget(NoRepaintOnResize, Widget):
    """A widget of lines; subclasses draw the lines and call `repaint` after a change."""

    _drawn: Sequence[Strip] = ()

    def draw(self) -> list[Strip]:
        """Return every line, each as wide as the widget."""
        raise NotImplementedError

    def cursor_at(self) -> Offset | None:
        """Return where the terminal's cursor stands while this has the focus; None: the corner."""
        # Braille displays and screen readers follow the cursor, input methods open there.
        return None

    def repaint(self) -> None:
        """Draw the lines again at the next frame; the driver sends only the cells that changed."""
        self._drawn = ()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return a line as last drawn."""
        width, height = self.size
        if len(self._drawn) != height or self._drawn[0].cell_length != width:
            self._drawn = self.draw()
        return self._drawn[y] if y < len(self._drawn) else Strip.blank(width, PLAIN)


class SingleLineWidget(LinesWidget):
    """A line of spans, which subclasses return."""

    DEFAULT_CSS = "SingleLineWidget { height: 1; }"

    def spans(self, width: int) -> list[Span]:
        """Return the spans of the line, for a width in cells."""
        raise NotImplementedError

    def draw(self) -> list[Strip]:
        """Return the line, followed by blank lines up to the widget's height."""
        width, height = self.size
        line = make_strip(self.spans(width), width)
        return [line, *[Strip.blank(width, PLAIN)] * (height - 1)][:height]


class Rule(SingleLineWidget):
    """A line that separates parts."""

    def spans(self, width: int) -> list[Span]:
        """Return the line."""
        return [("─" * width, DIM)]


PROGRAM = "smtp-tui"
# Lines per notch of the mouse wheel, as everywhere in Textual.
WHEEL = 2
# Textual's names of the keys in hints.
_NAMED_KEYS = {shown: key for key, shown in ENGRAVED.items()}
_SIGNS = {"/": "slash", "?": "question_mark", ":": "colon"}


_LEAST_FILE = 8  # cells of a path that is cut


class StatusBar(SingleLineWidget):
    """The title: the program, the file, its table and format, and the unsaved state."""

    def __init__(self, file: str, table: str, file_format: str, *, id: str) -> None:
        super().__init__(id=id)
        self._file = escape_controls(file)
        self._about = f" · {escape_controls(table)}", f" · {escape_controls(file_format)}"
        self._state = ""

    def show(self, state: str) -> None:
        """Show another state."""
        self._state = state
        self.repaint()

    def spans(self, width: int) -> list[Span]:
        """Return program, file, table and format on the left, and the state on the right."""
        lead = f" {PROGRAM}  "
        # The unsaved state says more than the format, and a path's end more than its beginning.
        for count in range(len(self._about), -1, -1):
            about = "".join(self._about[:count])
            room = width - len(lead) - cell_len(about) - cell_len(self._state) - 3
            if room >= _LEAST_FILE:
                break
        file = truncate_left(self._file, max(room, _LEAST_FILE))
        return [
            (lead, STRONG),
            (file, PLAIN),
            (about, DIM),
            (" " * max(room + 2 - cell_len(file), 1), PLAIN),
            (self._state, OURS),
        ]


# Textual's Footer recomposes at each focus change and keeps its old keys alive: a Tab writes 4,243
# bytes with it, 678 with this line.
class KeyHints(SingleLineWidget):
    """A line of keys and what they do."""

    def __init__(self, hints: Hints, *, indent: int = 1, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hints = hints
        self._indent = indent
        self._back = ""

    def show(self, hints: Hints) -> None:
        """Show other hints."""
        if hints != self._hints:
            self._hints = hints
            self.repaint()

    def rename_back(self, word: str) -> None:
        """Show another word for the way back, the last hint; "" shows its own."""
        self._back = word
        self.repaint()

    def on_click(self, event: Click) -> None:
        """Press the clicked key."""
        press_key_at(self.app, self.spans(self.size.width), event.x)

    def spans(self, width: int) -> list[Span]:
        """Return the hints that fit, with alternative keys if everything fits."""
        whole = self._indent + sum(len(keys) + len(word) + 3 for keys, word in self._hints) - 2
        hints = [(keys if whole <= width else _first(keys), word) for keys, word in self._hints]
        # The way back is the last hint of a dialog; where space is short, others give way.
        back = hints[-1:] if hints and hints[-1][0] == "Esc" else []
        room = width - self._indent + 2 - sum(len(keys) + len(word) + 3 for keys, word in back)
        spans: list[Span] = [(" " * self._indent, PLAIN)]
        for keys, word in hints[: len(hints) - len(back)]:
            room -= len(keys) + len(word) + 3
            if room >= 0:
                spans += [(keys, STRONG), (f" {word}  ", DIM)]
        for keys, word in back:
            spans += [(keys, STRONG), (f" {self._back or word}", DIM)]
        return spans


def _first(keys: str) -> str:
    """Return the first of a command's keys, or a pair of opposite keys."""
    return "Up Down" if keys.startswith("Up Down") else keys.split()[0]


def press_key(app: App[Any], name: str) -> None:
    """Press a key, given by its name in the hints."""
    key = key_from(_NAMED_KEYS.get(name, name)).lower()
    app.post_message(Key(_SIGNS.get(key, key), key if len(key) == 1 else None))


def press_key_at(app: App[Any], spans: Sequence[Span], column: int) -> None:
    """Press the key whose name or label is at a column of a line."""
    key, end = "", 0
    for text, style in spans:
        key = text if style == STRONG else key
        end += cell_len(text)
        if column < end:
            break
    if key.strip():
        press_key(app, key.split()[0])


class Divider(NoRepaintOnResize, Widget):
    """The rule between form and sidebar; a thick part marks the visible part of a long form."""

    DEFAULT_CSS = "Divider { width: 1; height: 100%; }"

    _span: tuple[int, int] | None = None

    def mark(self, top: int, shown: int, whole: int) -> None:
        """Mark the `shown` lines from `top` of `whole` lines; mark nothing if all are shown."""
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
