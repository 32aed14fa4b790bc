"""What the menu of commands offers, and which of it a few letters mean. Pure.

The menu of all commands and fields, at the bottom of the screen: a few letters find one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.strip import Strip

from smtp_tui.records import record
from smtp_tui.settings.fields import FIELDS
from smtp_tui.tui.form.jump import letters
from smtp_tui.tui.form.text_row import TextRow
from smtp_tui.tui.keys.commands import COMMANDS, LOG_COMMANDS, Command, key_of
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.style import CURSOR, DIM, PLAIN, STRONG, Span, make_strip, truncate
from smtp_tui.tui.textual_compat import PaintOnceScreen
from smtp_tui.tui.widgets.bars import KeyHints
from smtp_tui.tui.widgets.dialog import DialogBody
from smtp_tui.tui.widgets.line import DiffedWidget


@record
class PaletteEntry:
    """A command to do, or a field to go to: what it is called, what it does, which keys do it."""

    what: Command | str
    title: str
    help: str
    keys: str

    @property
    def words(self) -> str:
        """All that one may type to find it."""
        key = self.what if isinstance(self.what, str) else self.what.action
        return f"{self.title} {key} {self.help} {self.keys}".casefold()


def palette_entries() -> tuple[PaletteEntry, ...]:
    """Return all commands, and all fields."""
    commands = [one for one in (*COMMANDS, *LOG_COMMANDS) if one.help and one.action != "commands"]
    jump = key_of("jump")
    fields = [
        PaletteEntry(
            field.key,
            f"Go to {field.label}",
            field.summary,
            f"{jump} {letters()[field.key].upper()}",
        )
        for field in FIELDS
    ]
    return (*(PaletteEntry(one, one.title, one.help, one.keys) for one in commands), *fields)


def matching_entries(text: str, offered: Iterable[PaletteEntry]) -> tuple[PaletteEntry, ...]:
    """Return what holds every word typed, what it is called before what it is said to do."""
    words = text.casefold().split()
    found = [one for one in offered if all(word in one.words for word in words)]
    return tuple(sorted(found, key=lambda one: _distance(one, words)))


def _distance(offer: PaletteEntry, words: list[str]) -> int:
    """Tell how far what was typed is from a name: 0 where all begin words of it."""
    title = offer.title.casefold()
    names = [*title.split(), *(offer.what.split("_") if isinstance(offer.what, str) else ())]
    if all(any(name.startswith(word) for name in names) for word in words):
        return 0
    return 1 if all(word in title for word in words) else 2


ROWS = 12
MENU = "Menu"
NONE_FOUND = "No command or field matches."
PLACEHOLDER = "a few letters of a command, a key or a field"
_AROUND = 5  # the line above, the field, the keys, and two lines of the form
_TITLE, _GAP = 26, 2


class PaletteList(DiffedWidget):
    """A list of which one line is chosen; only the lines that change are painted."""

    DEFAULT_CSS = "PaletteList { height: 1; }"

    def __init__(self, offered: Sequence[PaletteEntry]) -> None:
        super().__init__()
        self._offered = tuple(offered)
        self._index = self._top = 0

    @property
    def chosen(self) -> PaletteEntry | None:
        """What is chosen, if there is anything."""
        return self._offered[self._index] if self._offered else None

    def show(self, offered: Sequence[PaletteEntry]) -> None:
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
            lines = [make_strip([(f"  {NONE_FOUND}", DIM)], width)]
        return [*lines, *(Strip.blank(width, PLAIN) for _ in range(height - len(lines)))]


def _line(offer: PaletteEntry, width: int, *, is_chosen: bool) -> Strip:
    """Return sign and title, what it does as far as there is room, and its keys at the right."""
    title = truncate(offer.title, width - 2 - _GAP - cell_len(offer.keys))
    room = width - 2 - max(_TITLE, cell_len(title) + _GAP) - _GAP - cell_len(offer.keys)
    help_text = truncate(offer.help, room) if room > 8 else ""
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
    return make_strip(spans, width)


class Palette(PaintOnceScreen, ModalScreen[Command | str | None], inherit_bindings=False):
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
        self._all = palette_entries()
        self._row = TextRow("find", MENU, label_width=len(MENU))
        self._list = PaletteList(self._all)

    def compose(self) -> ComposeResult:
        """Stack field, list and keys."""
        with DialogBody(classes="box"):
            yield self._row
            yield self._list
            hints = (("Enter", "Run"), ("Up Down", "Choose"), ("Esc", "Back"))
            yield KeyHints(hints, indent=0)

    def on_mount(self) -> None:
        """Begin with all."""
        self._row.show(RowState(placeholder=PLACEHOLDER))
        self.set_focus(self._row)

    def on_resize(self) -> None:
        """Leave some of the form in sight."""
        self._list.styles.height = max(min(ROWS, self.size.height - _AROUND), 1)

    def on_text_row_edited(self, event: TextRow.Edited) -> None:
        """List what is meant."""
        event.stop()
        self._list.show(matching_entries(event.row.text, self._all))

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
