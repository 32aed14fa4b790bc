"""Show what still runs with other settings than the file has."""

from __future__ import annotations

from functools import partial
from typing import Any

from smtp_tui.tui.commands import key_of
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.dialogs.drift import DriftScreen
from smtp_tui.tui.messages import text
from smtp_tui.tui.model import drift
from smtp_tui.tui.style import CAUTION

GROUP = "drift"  # of workers; a later save asks again


class DriftController(Controller):
    """Compares the file with what runs, after a save or when asked."""

    def begin(self, saved: str) -> None:
        """Compare without delaying anything; `saved` is the message about the save."""
        # Not a coroutine: the form may end before the worker begins to await it. Any, as the type
        # of Textual's parameter is ambiguous for a function.
        after_save: Any = partial(self._after_save, saved)
        if not self.test_pane.lookup.is_alone:
            self.screen.run_worker(after_save, group=GROUP, exclusive=True, exit_on_error=False)

    async def show(self) -> None:
        """Compare the saved file with what runs, and list all that was found."""
        if not self.document.exists:
            self.show_message(text("drift", "no-file"))
        elif self.test_pane.lookup.is_alone:
            self.show_message(text("drift", "alone"))
        else:
            await self.show_dialog(DriftScreen(self.document))

    async def _after_save(self, saved: str) -> None:
        notice = await drift.look_for_drift(self.document)
        # What the admin did in the meantime matters more.
        is_current = not self.draft.changed and self.context.sidebar.shows_nothing_but(saved)
        if notice is None or not is_current:
            return
        command = f"{key_of('commands')}, then Drift,"
        if found := drift.after_save(notice, command):
            style = (CAUTION,) if notice.short else ()
            self.show_message(f"{saved} {found}".strip(), *style)
