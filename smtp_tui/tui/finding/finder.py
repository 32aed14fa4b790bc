"""What both screens of this folder are: a line typed, a list, and what is said of a line of it."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from smtp_tui.tui.appearing import Appearing
from smtp_tui.tui.form.text_row import TextRow
from smtp_tui.tui.sidebar.page import Page

Taken = TypeVar("Taken")


class Finder(Appearing, Screen[Taken], inherit_bindings=False):
    """A whole screen on which something is found; the result is what is taken, or None."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f10,ctrl+x", "leave", show=False),
        Binding("pageup", "read(-1)", show=False),
        Binding("pagedown", "read(1)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(classes="finding")
        self.details = Page(classes="details")

    def on_text_row_emptied(self, event: TextRow.Emptied) -> None:
        """Nothing is below the empty field."""
        event.stop()

    def action_read(self, pages: int) -> None:
        """Read on in what is said of the chosen line."""
        by = pages * max(self.details.size.height - 1, 1)
        self.details.scroll_to(y=self.details.scroll_offset.y + by, animate=False)
