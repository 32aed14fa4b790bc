"""A choice of one from a short list, at the bottom of the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from smtp_tui.interchange.spec import QUOTINGS, FormatSpec, formats
from smtp_tui.tui.messages import text
from smtp_tui.tui.style import STRONG
from smtp_tui.tui.textual_compat import PaintOnceScreen
from smtp_tui.tui.widgets.bars import KeyHints
from smtp_tui.tui.widgets.dialog import DialogBody, DialogMenu
from smtp_tui.tui.widgets.text_page import Block, TextPage, plain

HINTS = (("Enter", "Choose"), ("Up Down", "Move"), ("Esc", "Back"))


class SelectDialog(PaintOnceScreen, ModalScreen[int | None], inherit_bindings=False):
    """The result is the number of the line that was chosen, None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", show=False),
        Binding("escape,f10,ctrl+x", "leave", show=False),
    ]

    def __init__(
        self, title: str, lines: Sequence[str], index: int, notes: Sequence[Block] = ()
    ) -> None:
        super().__init__(classes="dialog")
        self._head = [plain(title, STRONG), *notes]
        self._menu = DialogMenu(lines)
        self._menu.index = index

    def compose(self) -> ComposeResult:
        """List them."""
        with DialogBody(classes="box"):
            yield TextPage(self._head)
            yield self._menu
            yield KeyHints(HINTS, indent=0)

    def on_mount(self) -> None:
        """Bring the line in force into sight."""
        self.set_focus(self._menu)
        self.call_after_refresh(self._menu.action_go, 0)

    def action_take(self) -> None:
        """Take the chosen one."""
        self.dismiss(self._menu.index)

    def action_leave(self) -> None:
        """Take none."""
        self.dismiss(None)


def of_formats(now: str | None) -> SelectDialog:
    """Ask for the format of a text; the first line has it told by what stands in it."""
    names = list(formats())
    lines = [text("choose", "by-itself"), *(one.title for one in formats().values())]
    return SelectDialog(text("choose", "format"), lines, names.index(now) + 1 if now else 0)


def of_targets(now: str) -> SelectDialog:
    """Ask which program the settings are for."""
    lines = [one.title for one in formats().values()]
    return SelectDialog(text("choose", "target"), lines, list(formats()).index(now))


def of_quotings(form: FormatSpec, now: str | None) -> SelectDialog:
    """Ask how an .env file is quoted; the first line leaves it to the format."""
    lines = [text("choose", "quoting-usual", format=form.title), *QUOTINGS]
    return SelectDialog(text("choose", "quoting"), lines, QUOTINGS.index(now) + 1 if now else 0)


def chosen_format(index: int) -> str | None:
    """Return the format of a line of `of_formats`."""
    return None if index == 0 else [*formats()][index - 1]


def chosen_quoting(index: int) -> str | None:
    """Return the quoting of a line of `of_quotings`."""
    return None if index == 0 else QUOTINGS[index - 1]
