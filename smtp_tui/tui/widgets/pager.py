"""Base screens: a page to read, a search, and a page about a pasted text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from rich.cells import cell_len, chop_cells
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.geometry import Offset
from textual.message import Message
from textual.screen import Screen
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.commands import Hints, with_help
from smtp_tui.tui.style import (
    DIM,
    PLAIN,
    STRONG,
    make_strip,
    to_charset,
)
from smtp_tui.tui.textual_compat import PaintOnceScreen
from smtp_tui.tui.widgets.filtered_list import FilteredList
from smtp_tui.tui.widgets.line import KeyHints, LinesWidget, Rule
from smtp_tui.tui.widgets.list import ListView
from smtp_tui.tui.widgets.text_page import READING_KEYS, TextBlock, TextPage, plain

Result = TypeVar("Result")
# Seconds without a key until a pasted text is parsed: a paste may arrive key by key.
PAUSE = 0.3


# Without `inherit_bindings=False` the keys of Textual's screens (Tab, Ctrl+C) would work too.
class SectionedScreen(PaintOnceScreen, Screen[Result], inherit_bindings=False):
    """A screen of stacked parts; returns a result, or None if the admin goes back.

    Its keys may scroll a `page` in it. `hints` add a last line of key hints. The help opens at the
    keys of `place`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f10,ctrl+x", "leave", show=False, id="leave"),
        Binding("f1,ctrl+g,?", "app.help", show=False, id="help"),
    ]
    place = "dialog"
    # Here, and not in `app.tcss`, Textual parses it only when such a screen opens.
    DEFAULT_CSS = """
    SectionedScreen.dialog {
        align: left bottom;
        background: transparent;
        .box { height: auto; padding: 0 1; background: ansi_default; }
    }
    SectionedScreen.sheet {
        layout: vertical;
        TextPage { height: 1fr; padding: 0 1; }
        .title { margin-bottom: 1; }
        /* Longer lines are hard to read. */
        .explanation { max-width: 100; }
    }
    SectionedScreen.error {
        layout: vertical;
        padding: 0 1;
        PasteArea { height: 30%; min-height: 4; margin-top: 1; }
        .says { height: 1fr; }
    }
    SectionedScreen.finding {
        layout: vertical;
        padding: 0 1;
        .details { height: 1fr; margin-top: 1; }
    }
    """

    # Textual focuses nothing while the terminal reports that another window has the focus.
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
        """Focus the first part that accepts keys."""
        if self.focused is None:
            self.focus_next()

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)

    def action_go(self, by: int) -> None:
        """Scroll the page by lines."""
        self.page.action_go(by)

    def action_page(self, pages: int) -> None:
        """Scroll the page by screenfuls."""
        self.page.action_page(pages)


class PagerScreen(SectionedScreen[None]):
    """A full-screen page to read; subclasses yield its blocks."""

    # Enter does not close it: people press it to go on reading.

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q", "leave"), *READING_KEYS]

    def __init__(self, hints: Hints | None = None) -> None:
        self.page = TextPage()
        if hints is None:
            hints = with_help((("Up Down PgUp PgDn", "Scroll"), ("Esc", "Back")))
        super().__init__(self.page, hints=hints, classes="sheet", indent=1)

    def blocks(self, width: int) -> Iterable[TextBlock]:
        """Return the blocks of the page, for a width in cells."""
        raise NotImplementedError

    def on_resize(self) -> None:
        """Show the blocks for the new width."""
        self.update()

    def update(self) -> None:
        """Show the current blocks."""
        # Keep the scroll position: a clock or DNS answers change pages while they are read.
        self.page.show([*self.blocks(self.size.width - 2)], from_top=False)


class SearchScreen(SectionedScreen[Result]):
    """A full-screen search: a text row, a list of results, and details of the chosen one.

    The list gets at most `share` of the lines, not counting `around` lines of other parts.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("pageup", "page(-1)"),
        ("pagedown", "page(1)"),
    ]

    around, share = 0, 1.0

    def __init__(
        self, *parts: Widget, found: ListView[Any] | FilteredList[Any], hints: Hints
    ) -> None:
        self.page = TextPage(classes="details")
        self._found = found
        super().__init__(*parts, found, self.page, hints=hints, classes="finding")

    def on_resize(self) -> None:
        """Limit the list to leave space for the details."""
        self._found.limit(max(int((self.size.height - self.around) * self.share), 3))


# Textual's TextArea takes 10 to 20 ms to load, and shows passwords.
class PasteArea(LinesWidget, can_focus=True):
    """A multi-line text, typed or pasted at its end; the last lines show.

    Subclasses mask secrets in the shown lines.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # Without bracketed paste, a paste arrives as keys, and Enter ends its lines.
        ("enter,ctrl+j", "add('\\n')"),
        ("tab", "add(' ')"),
        ("backspace", "cut"),
        ("ctrl+w", "cut_word"),
    ]

    hint = ""

    # Textual shows reprs of messages in logs and tracebacks: they must not contain a password.
    class Edited(Message):
        """The widget's text changed."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._is_due = False

    def limit_text(self, text: str) -> str:
        """Return the part of a text to keep; its lines end in LF."""
        raise NotImplementedError

    def visible_lines(self, text: str, height: int) -> list[str]:
        """Return the last lines, with secrets masked; a secret may span lines."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """The typed and pasted text; no repr shows it."""
        return self._text

    def on_key(self, event: Key) -> None:
        """Type a character."""
        if event.character is not None and event.is_printable:
            event.stop()
            event.prevent_default()
            self.action_add(event.character)

    def on_paste(self, event: Paste) -> None:
        """Add all pasted lines."""
        event.stop()
        self.action_add(event.text)

    def action_add(self, text: str) -> None:
        """Append a text."""
        self.set_text(self._text + text)

    def action_cut(self) -> None:
        """Delete the last character."""
        self.set_text(self._text[:-1])

    def action_cut_word(self) -> None:
        """Delete the last word."""
        text = self._text.rstrip()
        self.set_text(text[: len(text) - len(text.split()[-1])] if text else "")

    def set_text(self, text: str) -> None:
        """Replace the text."""
        text = self.limit_text(text.replace("\r\n", "\n").replace("\r", "\n"))
        if text == self._text:
            return
        self._text = text
        self.post_message(self.Edited())
        # A paste may arrive key by key: repaint once for all waiting keys.
        if not self._is_due:
            self._is_due = True
            self.call_after_refresh(self._show)

    def _show(self) -> None:
        self._is_due = False
        self.repaint()

    def cursor_at(self) -> Offset:
        """Return the end of the text, where one types."""
        lines = self._wrapped()
        return Offset(min(cell_len(lines[-1]), self.size.width - 1), len(lines) - 1)

    def draw(self) -> list[Strip]:
        """Draw the last lines; the cursor stands at the end."""
        width, height = self.size
        lines = [(line, PLAIN) for line in self._wrapped()] if self._text else [(self.hint, DIM)]
        lines += [("", PLAIN)] * (height - len(lines))
        return [make_strip([line], width) for line in lines]

    def _wrapped(self) -> list[str]:
        """Return the last lines, escaped and wrapped; as many as there is space for."""
        width, height = self.size
        shown = self.visible_lines(self._text, height) if self._text else [""]
        lines = (to_charset(escape_controls(line))[-width * height :] for line in shown)
        # The last column is left for the cursor.
        wrapped = (chop_cells(line, max(width - 1, 1)) or [""] for line in lines)
        return [piece for pieces in wrapped for piece in pieces][-height:]


class PasteScreen(SectionedScreen[Result]):
    """A pasted or typed text, and a page about it that is updated when typing pauses."""

    # The text is edited only at its end, so the arrows can scroll the page below.
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
        super().__init__(head, pasted, Rule(), self.page, hints=(), classes="error")

    def read(self) -> None:
        """Parse the text, and show what it means and the key hints."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show the page for an empty text."""
        self.show()

    def on_paste_area_edited(self) -> None:
        """Parse the text after a pause."""
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE, self.show)

    def show(self) -> None:
        """Parse the text now."""
        if self._pause is not None:
            self._pause.stop()
        self.read()

    def action_clear(self) -> None:
        """Clear the text."""
        self._pasted.set_text("")
