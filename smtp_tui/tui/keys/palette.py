"""The menu of all commands and fields, at the bottom of the screen: a few letters find one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.strip import Strip

from smtp_tui.tui.appearing import Appearing
from smtp_tui.tui.bars import HintBar
from smtp_tui.tui.box import Box
from smtp_tui.tui.form.looks import Look
from smtp_tui.tui.form.text_row import TextRow
from smtp_tui.tui.ink import CURSOR, DIM, PLAIN, STRONG, Span, fitted, strip_of
from smtp_tui.tui.keys.command import Command
from smtp_tui.tui.keys.offers import Offer, meant, offers
from smtp_tui.tui.lines import Sparing

ROWS = 12
MENU = "Menu"
NONE_FOUND = "No command or field matches."
PLACEHOLDER = "a few letters of a command, a key or a field"
_AROUND = 5  # the line above, the field, the keys, and two lines of the form
_TITLE, _GAP = 26, 2


class Offers(Sparing):
    """A list of which one line is chosen; only the lines that change are painted."""

    DEFAULT_CSS = "Offers { height: 1; }"

    def __init__(self, offered: Sequence[Offer]) -> None:
        super().__init__()
        self._offered = tuple(offered)
        self._index = self._top = 0

    @property
    def chosen(self) -> Offer | None:
        """What is chosen, if there is anything."""
        return self._offered[self._index] if self._offered else None

    def show(self, offered: Sequence[Offer]) -> None:
        """List others, the first one chosen."""
        self._offered, self._index = tuple(offered), 0
        self.repaint()

    def go(self, by: int) -> None:
        """Choose another; after the last comes the first."""
        if self._offered:
            step = self._index + by
            last = len(self._offered) - 1
            self._index = step % (last + 1) if abs(by) == 1 else min(max(step, 0), last)
            self.repaint()

    def draw(self) -> list[Strip]:
        """Return the part of the list that holds the chosen line."""
        width, height = self.size
        self._top = min(max(self._top, self._index - height + 1), self._index)
        shown = self._offered[self._top : self._top + height]
        lines = [
            _line(one, width, is_chosen=self._top + number == self._index)
            for number, one in enumerate(shown)
        ]
        if not lines:
            lines = [strip_of([(f"  {NONE_FOUND}", DIM)], width)]
        return [*lines, *(Strip.blank(width, PLAIN) for _ in range(height - len(lines)))]


def _line(offer: Offer, width: int, *, is_chosen: bool) -> Strip:
    """Return sign and title, what it does as far as there is room, and its keys at the right."""
    title = fitted(offer.title, width - 2 - _GAP - cell_len(offer.keys))
    room = width - 2 - max(_TITLE, cell_len(title) + _GAP) - _GAP - cell_len(offer.keys)
    help_text = fitted(offer.help, room) if room > 8 else ""
    after = " " * max(_TITLE - cell_len(title), _GAP) if help_text else ""
    used = cell_len(title + after + help_text + offer.keys)
    gap = " " * max(width - 2 - used, 0)
    spans: list[Span] = [
        (">" if is_chosen else " ", STRONG),
        (" ", PLAIN),
        (title, CURSOR if is_chosen else PLAIN),
        (after + help_text + gap, DIM),
        (offer.keys, STRONG),
    ]
    return strip_of(spans, width)


class Palette(Appearing, ModalScreen[Command | str | None], inherit_bindings=False):
    """Asks for a command or a field; the result is that, or None."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", show=False),
        Binding("escape,ctrl+p,f12", "leave", show=False),
        Binding("up,shift+tab", "go(-1)", show=False),
        Binding("down,tab", "go(1)", show=False),
        Binding("pageup", "go(-10)", show=False),
        Binding("pagedown", "go(10)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(classes="dialog")
        self._all = offers()
        self._row = TextRow("find", MENU, label_width=len(MENU))
        self._list = Offers(self._all)

    def compose(self) -> ComposeResult:
        """Stack field, list and keys."""
        with Box(classes="box"):
            yield self._row
            yield self._list
            hints = (("Enter", "Run"), ("Up Down", "Choose"), ("Esc", "Back"))
            yield HintBar(hints, indent=0)

    def on_mount(self) -> None:
        """Begin with all."""
        self._row.show(Look(placeholder=PLACEHOLDER))
        self.set_focus(self._row)

    def on_resize(self) -> None:
        """Leave some of the form in sight."""
        self._list.styles.height = max(min(ROWS, self.size.height - _AROUND), 1)

    def on_text_row_edited(self, event: TextRow.Edited) -> None:
        """List what is meant."""
        event.stop()
        self._list.show(meant(event.row.text, self._all))

    def on_text_row_emptied(self, event: TextRow.Emptied) -> None:
        """Nothing is below the empty field."""
        event.stop()

    def action_take(self) -> None:
        """Take the chosen one."""
        chosen = self._list.chosen
        if chosen is not None:
            self.dismiss(chosen.what)

    def action_go(self, by: int) -> None:
        """Choose another."""
        self._list.go(by)

    def action_leave(self) -> None:
        """Take none."""
        self.dismiss(None)
