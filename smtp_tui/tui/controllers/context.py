"""The context that a form's controllers share, their base class, and undo."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import field
from typing import TYPE_CHECKING, Any, TypeVar

from rich.style import Style
from textual.screen import Screen

from smtp_tui.config.document import Document
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.form.form import Form
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.file_context import OpenFileContext, PasswordRisk
from smtp_tui.tui.model.mail_draft import MailDraft
from smtp_tui.tui.model.session import SessionMemory
from smtp_tui.tui.model.undo import NOTHING_TO_REDO, NOTHING_TO_UNDO, UndoReport
from smtp_tui.tui.model.waits import WaitCancelledError
from smtp_tui.tui.sidebar import SidebarController
from smtp_tui.tui.style import PLAIN
from smtp_tui.tui.test_pane.pane import TestPane
from smtp_tui.tui.typeahead import release_keys

if TYPE_CHECKING:
    from smtp_tui.tui.main_screen import MainScreen  # the layer above creates the controllers

BUSY = "A test is already running. Esc stops it."
TAPPING = "A tap is running. Esc ends it."
T = TypeVar("T")


class CancellableWaits:
    """Calls that are awaited until they end or Escape stops the waiting."""

    # Seconds; keys are held back for calls that return sooner, since a question may follow.
    BRISK = 0.3

    def __init__(self) -> None:
        self.on_slow: Callable[[], None] | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._stopped: set[asyncio.Task[Any]] = set()

    async def on(self, call: Coroutine[Any, Any, T], warning: str = "") -> T:
        """Await a call and return its result; after `stop`, WaitCancelledError(warning)."""
        task = asyncio.ensure_future(call)
        self._running.add(task)
        slow = asyncio.get_running_loop().call_later(self.BRISK, self._free_keys)
        try:
            return await task
        except asyncio.CancelledError:
            # Cancelled from outside, for example when the form closes: not by the admin.
            if task not in self._stopped:
                raise
        finally:
            slow.cancel()
            self._running.discard(task)
            self._stopped.discard(task)
        raise WaitCancelledError(warning)

    def stop(self) -> bool:
        """Stop waiting; return whether anything was awaited."""
        for task in self._running:
            self._stopped.add(task)
            task.cancel()
        return bool(self._running)

    def _free_keys(self) -> None:
        # A locked keyring may never answer: Escape must be able to stop the waiting.
        release_keys()
        if self.on_slow is not None:
            self.on_slow()


@record
class ControllerContext:
    """One form for one table of one document, and the state that its commands share."""

    screen: MainScreen
    form: Form
    test_pane: TestPane
    sidebar: SidebarController
    document: Document
    table: str
    file_context: OpenFileContext
    session: SessionMemory = field(default_factory=SessionMemory)
    mail: MailDraft = field(default_factory=MailDraft)
    waits: CancellableWaits = field(default_factory=CancellableWaits)
    accepted_risks: set[PasswordRisk] = field(default_factory=set)


class Controller:
    """A group of commands over one form; created for each command, so it keeps no state."""

    def __init__(self, context: ControllerContext) -> None:
        self.context = context
        self.screen, self.form, self.test_pane = context.screen, context.form, context.test_pane
        self.document, self.table = context.document, context.table
        self.draft = context.form.draft
        self.show_message = context.sidebar.show_message

    async def show_dialog(self, dialog: Screen[T]) -> T:
        """Show a dialog and return its result."""
        answer: T = await self.form.app.push_screen_wait(dialog)
        return answer

    def show_change(self, text: str = "", *, at: str | None = None) -> None:
        """Show the changed draft, and a text at field `at`."""
        self.form.reload()
        self.screen.show_state()
        self.context.sidebar.refresh(from_top=False)
        text = escape_controls(text)
        if at is not None:
            self.go_to_field(at, text)
        elif text:
            self.show_message(text)

    def go_to_field(self, key: str, text: str = "", style: Style = PLAIN) -> None:
        """Focus a field and show a text about it."""
        self.screen.show_form()
        self.form.focus_field(key)
        if text:  # last, since focusing a field clears messages about others
            self.show_message(text, style, at=key)


class UndoController(Controller):
    """Undoes and redoes changes of the form."""

    def undo(self) -> None:
        """Undo the last step."""
        self._show(self.form.history.undo, NOTHING_TO_UNDO)

    def redo(self) -> None:
        """Redo the step undone last."""
        self._show(self.form.history.redo, NOTHING_TO_REDO)

    def _show(self, move: Callable[[SettingsDraft], UndoReport | None], nothing: str) -> None:
        self.form.commit_edit()
        if report := move(self.draft):
            self.show_change(report[0], at=report[1])
        else:
            self.show_message(nothing)
