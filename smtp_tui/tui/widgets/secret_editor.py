"""A line editor for a secret, which can be shown as it was typed."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len
from textual.timer import Timer

from smtp_tui.tui.commands import key_of
from smtp_tui.tui.style import CAUTION, Span
from smtp_tui.tui.widgets.line_editor import LineEditor

# Seconds until a shown secret hides by itself.
SHOWN = 20.0


class SecretEditor(LineEditor):
    """A text that may be a secret; what was typed can be shown, until the focus leaves."""

    _hides: Timer | None = None
    # Whether all of the text was typed or pasted here: what was read elsewhere stays hidden.
    _is_typed = False

    def on_mount(self) -> None:
        """Hide the secret before a shell takes the screen."""
        self.app.app_suspend_signal.subscribe(self, lambda _app: self.hide())

    @property
    def can_be_shown(self) -> bool:
        """Whether a secret was typed."""
        return self.is_masked and bool(self.text) and self._is_typed

    def toggle(self) -> None:
        """Show or hide the typed secret."""
        if self.is_shown or not self.can_be_shown:
            self.hide()
            return
        self.is_shown = True
        self._hides = self.set_timer(SHOWN, self.hide)
        self.repaint()

    def hide(self) -> None:
        """Hide the secret."""
        if self._hides is not None:
            self._hides.stop()
            self._hides = None
        if self.is_shown:
            self.is_shown = False
            self.repaint()

    def load(self, text: str) -> None:
        """Replace the text, hidden."""
        self.hide()
        self._is_typed &= text == self.text
        super().load(text)

    def _edit(self, change: Callable[[str], None], argument: str, left_out: str = "") -> None:
        # Typing into a text that was read elsewhere does not make all of it typed.
        self._is_typed |= not self.text
        super()._edit(change, argument, left_out)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Hide the secret when the focus leaves."""
        if not has_focus:
            self.hide()
        super().watch_has_focus(has_focus)

    def shown_note(self, room: int) -> list[Span]:
        """Return a note that the secret is shown and what hides it, if that fits `room` cells."""
        if not self.is_shown:
            return []
        how = f"{key_of('peek')} hides"
        notes = (f"  shown; {how}", f"  {how}", "")
        return [(next(note for note in notes if cell_len(note) <= max(room, 0)), CAUTION)]
