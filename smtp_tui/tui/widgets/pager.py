"""Screens that are one page to read, or a page about a text that is pasted above it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Key, Paste
from textual.message import Message
from textual.screen import Screen
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.commands import Hints
from smtp_tui.tui.style import (
    CURSOR,
    DIM,
    PLAIN,
    STRONG,
    Span,
    make_strip,
    truncate,
    truncate_left,
)
from smtp_tui.tui.textual_compat import PaintOnceScreen
from smtp_tui.tui.widgets.line import DiffedWidget, KeyHints
from smtp_tui.tui.widgets.list import ListView
from smtp_tui.tui.widgets.text_page import READING_KEYS, Block, TextPage, plain

Result = TypeVar("Result")
FOOT = "Esc closes, Up Down PgUp PgDn scroll"
# Seconds without a key after which a pasted text is read: a paste may come key by key.
PAUSE = 0.3


# Without `inherit_bindings=False` the keys of Textual's screens (Tab, Ctrl+C) would work too.
class PartsScreen(PaintOnceScreen, Screen[Result], inherit_bindings=False):
    """A screen of parts one below the other; it ends with a result, None where the admin goes back.

    Its keys may scroll a `page` in it. With `hints` the last part is a line of them.
    """

    # Textual focuses nothing while the terminal says that another window has the focus.
    AUTO_FOCUS = ""
    page: TextPage

    def __init__(
        self, *parts: Widget, hints: Hints | None = None, classes: str, indent: int = 0
    ) -> None:
        super().__init__(classes=classes)
        self.hints = KeyHints(hints or (), indent=indent)
        self.parts = parts if hints is None else (*parts, self.hints)

    def compose(self) -> ComposeResult:
        """Stack the parts."""
        yield from self.parts

    def on_mount(self) -> None:
        """Begin at the first part that takes keys."""
        if self.focused is None:
            self.focus_next()

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)

    def action_go(self, by: int) -> None:
        """Read on by lines."""
        self.page.action_go(by)

    def action_page(self, pages: int) -> None:
        """Read on by what is in sight."""
        self.page.action_page(pages)


class PagerScreen(PartsScreen[None]):
    """A page over the whole screen, and a line at its foot; subclasses make its blocks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,enter,f10,ctrl+x", "leave"),
        *READING_KEYS,
    ]

    def __init__(self, hints: Hints | None = None) -> None:
        self.page = TextPage()
        foot = [TextPage([plain(FOOT, DIM)], classes="foot")] if hints is None else []
        super().__init__(self.page, *foot, hints=hints, classes="sheet", indent=1)

    def blocks(self, width: int) -> Iterable[Block]:
        """Return what the page shows, for a width in cells."""
        raise NotImplementedError

    def on_resize(self) -> None:
        """Set the lines for the width there is."""
        self.update()

    def update(self) -> None:
        """Show what there is now."""
        # Pages change while they are read (a clock, answers from DNS): nobody loses their place.
        self.page.show([*self.blocks(self.size.width - 2)], from_top=False)


class SearchScreen(PartsScreen[Result]):
    """A whole screen on which something is found: a line typed, a list, and details of a row.

    Of the lines that `around` leaves, the list takes a `share` at most.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("f10,ctrl+x", "leave"),
        ("pageup", "page(-1)"),
        ("pagedown", "page(1)"),
    ]

    around, share = 0, 1.0

    def __init__(self, *parts: Widget, found: ListView[Any], hints: Hints) -> None:
        self.page = TextPage(classes="details")
        self._found = found
        super().__init__(*parts, found, self.page, hints=hints, classes="finding")

    def on_resize(self) -> None:
        """Leave room for the details."""
        self._found.limit(max(int((self.size.height - self.around) * self.share), 3))


# Textual's TextArea takes 21 ms to load, and shows passwords.
class PasteArea(DiffedWidget, can_focus=True):
    """A text of several lines that is typed or pasted at its end; it shows the last lines.

    Subclasses hide what may not be shown of it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # Without bracketed paste, what is pasted comes as keys, and its lines end in Enter.
        ("enter,ctrl+j", "add('\\n')"),
        ("tab", "add(' ')"),
        ("backspace", "cut"),
        ("ctrl+w", "cut_word"),
    ]

    hint = ""

    # Textual shows the repr of messages in logs and tracebacks: a password must not stand in one.
    class Edited(Message):
        """The text changed; the widget has it."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._is_due = False

    def limit_text(self, text: str) -> str:
        """Return what is held of a text whose lines end in LF."""
        raise NotImplementedError

    def visible_lines(self, text: str, height: int) -> list[str]:
        """Return the last lines of it, without its secrets; one may go over several."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """What was typed and pasted; no repr shows it."""
        return self._text

    def on_key(self, event: Key) -> None:
        """Type a character."""
        if event.character is not None and event.is_printable:
            event.stop()
            event.prevent_default()
            self.action_add(event.character)

    def on_paste(self, event: Paste) -> None:
        """Take all lines of what is pasted."""
        event.stop()
        self.action_add(event.text)

    def action_add(self, text: str) -> None:
        """Put a text at the end."""
        self.set_text(self._text + text)

    def action_cut(self) -> None:
        """Take the last character away."""
        self.set_text(self._text[:-1])

    def action_cut_word(self) -> None:
        """Take the last word away."""
        kept = self._text.rstrip()
        self.set_text(kept[: len(kept) - len(kept.split()[-1])] if kept else "")

    def set_text(self, text: str) -> None:
        """Hold another text."""
        text = self.limit_text(text.replace("\r\n", "\n").replace("\r", "\n"))
        if text == self._text:
            return
        self._text = text
        self.post_message(self.Edited())
        # A paste may come key by key: one painting for all keys that wait.
        if not self._is_due:
            self._is_due = True
            self.call_after_refresh(self._show)

    def _show(self) -> None:
        self._is_due = False
        self.repaint()

    def draw(self) -> list[Strip]:
        """Draw the last lines, the cursor behind them."""
        width, height = self.size
        if not self._text:
            lines: list[list[Span]] = [[(self.hint[:1], CURSOR), (self.hint[1:], DIM)]]
        else:
            *above, last = map(escape_controls, self.visible_lines(self._text, height))
            lines = [[(truncate(line, width), PLAIN)] for line in above]
            lines.append([(truncate_left(last, max(width - 1, 1)), PLAIN), (" ", CURSOR)])
        lines += [[]] * (height - len(lines))
        return [make_strip(line, width) for line in lines]


class PasteScreen(PartsScreen[Result]):
    """A text that is pasted or typed, and what it means below, once no key comes for a moment."""

    # The text is edited at its end alone, which leaves the arrows to the page below.
    BINDINGS: ClassVar[list[BindingType]] = [
        ("up", "go(-1)"),
        ("down", "go(1)"),
        ("pageup", "go(-5)"),
        ("pagedown", "go(5)"),
    ]

    def __init__(self, title: str, pasted: PasteArea) -> None:
        self._pasted = pasted
        self.page = TextPage(classes="says")
        self._pause: Timer | None = None
        head = TextPage([plain(title, STRONG)])
        super().__init__(head, pasted, self.page, hints=(), classes="error")

    def read(self) -> None:
        """Read the text, and show what it means and which keys there are."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Begin with nothing."""
        self.show()

    def on_paste_area_edited(self) -> None:
        """Read the text after a pause."""
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE, self.show)

    def show(self) -> None:
        """Read the text now."""
        if self._pause is not None:
            self._pause.stop()
        self.read()

    def action_clear(self) -> None:
        """Begin again."""
        self._pasted.set_text("")
