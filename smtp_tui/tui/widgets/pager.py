"""Screens that are one page to read, or a page about a text that is pasted above it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from smtp_tui.tui.style import DIM, STRONG
from smtp_tui.tui.textual_compat import PaintOnceScreen
from smtp_tui.tui.widgets.line import KeyHints
from smtp_tui.tui.widgets.line_editor import PasteArea
from smtp_tui.tui.widgets.text_page import READING_KEYS, Block, TextPage, plain

Result = TypeVar("Result")
FOOT = "Esc closes, Up Down PgUp PgDn scroll"
# Seconds without a key after which a pasted text is read: a paste may come key by key.
PAUSE = 0.3


class PagerScreen(PaintOnceScreen, Screen[None], inherit_bindings=False):
    """A page over the whole screen, and a line at its foot; subclasses say what it shows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,f10,ctrl+x", "close", show=False),
        *READING_KEYS,
    ]

    def __init__(self, foot: Widget | None = None) -> None:
        super().__init__(classes="sheet")
        self.page = TextPage()
        self._foot = foot or TextPage([plain(FOOT, DIM)], classes="foot")

    def blocks(self, width: int) -> Iterable[Block]:
        """Return what the page shows, for a width in cells."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Stack page and foot."""
        yield self.page
        yield self._foot

    def on_resize(self) -> None:
        """Set the lines for the width there is."""
        self.update()

    def update(self) -> None:
        """Show what there is now."""
        # Pages change while they are read (a clock, answers from DNS): nobody loses their place.
        self.page.show([*self.blocks(self.size.width - 2)], from_top=False)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()

    def action_go(self, lines: int) -> None:
        """Read on by lines."""
        self.page.action_go(lines)

    def action_page(self, pages: int) -> None:
        """Read on by what is in sight."""
        self.page.action_page(pages)


class PasteScreen(PaintOnceScreen, Screen[Result], inherit_bindings=False):
    """A text is pasted or typed; below stands what it says, once no key comes for a moment."""

    # The text is edited at its end alone, which leaves the arrows to the page below.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "go(-1)", show=False),
        Binding("down", "go(1)", show=False),
        Binding("pageup", "go(-5)", show=False),
        Binding("pagedown", "go(5)", show=False),
    ]

    def __init__(self, title: str, pasted: PasteArea) -> None:
        super().__init__(classes="error")
        self._title = title
        self._pasted = pasted
        self._result = TextPage(classes="says")
        self._hints = KeyHints((), indent=0)
        self._pause: Timer | None = None

    def read(self) -> None:
        """Read the text, and show what it says and which keys there are."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Stack them."""
        yield TextPage([plain(self._title, STRONG)])
        yield self._pasted
        yield self._result
        yield self._hints

    def on_mount(self) -> None:
        """Begin with nothing."""
        self.set_focus(self._pasted)
        self.show()

    def on_paste_area_edited(self, event: PasteArea.Edited) -> None:
        """Read the text after a pause."""
        event.stop()
        self._stop_pause()
        self._pause = self.set_timer(PAUSE, self.show)

    def show(self) -> None:
        """Read the text now."""
        self._stop_pause()
        self.read()

    def action_clear(self) -> None:
        """Begin again."""
        self._pasted.hold("")

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)

    def action_go(self, lines: int) -> None:
        """Read on in what is said of the text."""
        self._result.action_go(lines)

    def _stop_pause(self) -> None:
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
