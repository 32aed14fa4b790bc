"""A question whose answer is no, unless one key says yes: whom to trust, what to weaken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from smtp_tui.tui.textual_compat import PaintOnceScreen
from smtp_tui.tui.widgets.bars import KeyHints
from smtp_tui.tui.widgets.dialog import DialogBody
from smtp_tui.tui.widgets.text_page import Block, TextPage

_AROUND = 4  # the line above, the keys, and two lines of the form


class TrustDialog(PaintOnceScreen, ModalScreen[bool], inherit_bindings=False):
    """Tells what a yes would mean; Enter, Escape and N say no, and so does nothing else than Y."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,Y", "answer(True)", show=False),
        Binding("n,N,enter,escape", "answer(False)", show=False),
        Binding("up,k", "go(-1)", show=False),
        Binding("down,j", "go(1)", show=False),
        Binding("pageup", "go(-5)", show=False),
        Binding("pagedown,space", "go(5)", show=False),
    ]

    def __init__(self, text: Sequence[Block], yes: str) -> None:
        super().__init__(classes="dialog")
        self._page = TextPage(text)
        self._yes = yes

    def compose(self) -> ComposeResult:
        """Show the question and the keys, which never leave the screen."""
        with DialogBody(classes="box"):
            yield self._page
            yield KeyHints((("Y", self._yes), ("N Enter Esc", "No")), indent=0)

    def on_resize(self) -> None:
        """Leave room for the keys."""
        self._page.limit(max(self.size.height - _AROUND, 1))

    def action_answer(self, is_yes: bool) -> None:
        """Take the answer."""
        self.dismiss(is_yes)

    def action_go(self, lines: int) -> None:
        """Read on, where the text is longer than the screen."""
        self._page.scroll_to(y=self._page.scroll_offset.y + lines, animate=False)
