"""A screen that is one page to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from smtp_tui.tui.style import DIM
from smtp_tui.tui.textual_compat import PaintOnceScreen
from smtp_tui.tui.widgets.text_page import Block, TextPage, plain

FOOT = "Esc closes, Up Down PgUp PgDn scroll"
_FAR = 1_000_000


class PagerScreen(PaintOnceScreen, Screen[None], inherit_bindings=False):
    """A page over the whole screen, and a line at its foot; subclasses say what it tells."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,f10,ctrl+x", "close", show=False),
        Binding("up,k", "go(-1)", show=False),
        Binding("down,j", "go(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home", f"go(-{_FAR})", show=False),
        Binding("end", f"go({_FAR})", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(classes="sheet")
        self.page = TextPage()

    def blocks(self, width: int) -> Sequence[Block]:
        """Return what the page tells, for a width in cells."""
        raise NotImplementedError

    def foot(self) -> Widget:
        """Return what stands at the foot."""
        return TextPage([plain(FOOT, DIM)], classes="foot")

    def compose(self) -> ComposeResult:
        """Stack page and foot."""
        yield self.page
        yield self.foot()

    def on_resize(self) -> None:
        """Set the lines for the width there is."""
        self.tell()

    def tell(self) -> None:
        """Show what there is to tell now; who reads stays where they were."""
        self.page.show(self.blocks(self.size.width - 2), from_top=False)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()

    def action_go(self, lines: int) -> None:
        """Read on by lines."""
        self.page.scroll_to(y=self.page.scroll_offset.y + lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Read on by what is in sight; the last line of it stays."""
        self.action_go(pages * max(self.page.size.height - 1, 1))
