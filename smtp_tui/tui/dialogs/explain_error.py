"""What an error of any program means: pasted in, explained below."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer

from smtp_tui.diagnosis.error_lookup.lookup import Explanation, explain_error
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.keys.bindings import bindings
from smtp_tui.tui.keys.commands import ERROR_COMMANDS, hints_of
from smtp_tui.tui.style import DIM, STRONG
from smtp_tui.tui.textual_compat import PaintOnceScreen
from smtp_tui.tui.widgets.bars import KeyHints
from smtp_tui.tui.widgets.paste_area import PasteArea
from smtp_tui.tui.widgets.text_page import Block, TextPage, labelled, plain

TITLE = "What does this error mean?"
REST = 0.3
NOTHING = (
    "Paste an error from any program: lines of its log, or a bounce. It stays on this machine."
)
UNKNOWN = (
    "The text shows no cause that smtp-tui knows. Paste more of it: the lines around the error, "
    "and the server's reply with its number. Or test your settings here: Esc, then F5."
)


def explanation_blocks(found: Explanation) -> list[Block]:
    """Return what happened, what that means, what to do, and where."""
    blocks = [plain(found.summary, STRONG), plain(found.why), plain(found.cure)]
    if found.program:
        there = f"In {found.program}" if found.spelling else "Reported by"
        blocks.append(labelled(there, found.spelling or found.program))
    if found.field:
        value = "" if found.value is None else f": {found.value}"
        blocks.append(labelled("In the form", f"{BY_KEY[found.field].label}{value}"))
    return [replace(block, gap=number < 4) for number, block in enumerate(blocks)]


class ExplainErrorScreen(PaintOnceScreen, Screen[str | None], inherit_bindings=False):
    """Explains while it is typed; the result is the key of a field to go to, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(ERROR_COMMANDS),
        Binding("f3,f10,ctrl+y,ctrl+x", "leave", show=False),
        Binding("up", "go(-1)", show=False),
        Binding("down", "go(1)", show=False),
        Binding("pageup", "go(-5)", show=False),
        Binding("pagedown", "go(5)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(classes="error")
        self._text = PasteArea()
        self._says = TextPage([plain(NOTHING, DIM)], classes="says")
        self._hints = KeyHints((), indent=0)
        self._found: Explanation | None = None
        self._rest: Timer | None = None

    def compose(self) -> ComposeResult:
        """Stack them."""
        yield TextPage([plain(TITLE, STRONG)])
        yield self._text
        yield self._says
        yield self._hints

    def on_mount(self) -> None:
        """Begin with nothing."""
        self.set_focus(self._text)
        self._show()

    def on_paste_area_edited(self, event: PasteArea.Edited) -> None:
        """Explain when the hand rests."""
        event.stop()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST, self._show)

    def action_visit(self) -> None:
        """Go to the field that the explanation names."""
        self._show()
        if self._found and self._found.field:
            self.dismiss(self._found.field)

    def action_clear(self) -> None:
        """Begin again."""
        self._text.clear()

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)

    def action_go(self, lines: int) -> None:
        """Read on in the explanation."""
        self._says.scroll_to(y=self._says.scroll_offset.y + lines, animate=False)

    def _show(self) -> None:
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        text = self._text.text
        self._found = explain_error(text) if text.strip() else None
        if self._found:
            self._says.show(explanation_blocks(self._found))
        else:
            self._says.show([plain(UNKNOWN if text.strip() else NOTHING, DIM)])
        self._hints.show(hints_of(c for c in ERROR_COMMANDS if self._can(c.action)))

    def _can(self, action: str) -> bool:
        return action != "visit" or bool(self._found and self._found.field)
