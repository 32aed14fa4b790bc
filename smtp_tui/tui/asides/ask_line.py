"""Asks for one line of text, at the bottom of the screen."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from smtp_tui.tui.appearing import Appearing
from smtp_tui.tui.bars import HintBar
from smtp_tui.tui.box import Box
from smtp_tui.tui.form.text_row import TextRow
from smtp_tui.tui.ink import BAD, DIM
from smtp_tui.tui.sidebar.page import Page
from smtp_tui.tui.sidebar.prose import plain


class AskLine(Appearing, ModalScreen[str | None], inherit_bindings=False):
    """The result is what was typed, None for nothing; `deeds` are what Enter and Esc do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", show=False),
        Binding("escape", "leave", show=False),
    ]

    def __init__(
        self,
        title: str,
        label: str,
        text: str,
        deeds: tuple[str, str],
        problem: str = "",
        *,
        may_be_empty: bool = False,
    ) -> None:
        super().__init__(classes="dialog")
        self._title = title
        self._row = TextRow("asked", label, label_width=len(label))
        self._text = text
        self._deeds = deeds
        self._problem = problem
        self._may_be_empty = may_be_empty

    def compose(self) -> ComposeResult:
        """Show a field for it, and what stood in the way the last time."""
        with Box(classes="box"):
            yield Page([plain(self._title, DIM)])
            yield self._row
            if self._problem:
                yield Page([plain(self._problem, BAD)])
            yield HintBar((("Enter", self._deeds[0]), ("Esc", self._deeds[1])), indent=0)

    def on_mount(self) -> None:
        """Begin with what was proposed or typed before."""
        self._row.load(self._text)
        self.set_focus(self._row)

    def action_take(self) -> None:
        """Take what was typed."""
        text = self._row.text.strip()
        if text or self._may_be_empty:
            self.dismiss(text)

    def action_leave(self) -> None:
        """Take nothing."""
        self.dismiss(None)
