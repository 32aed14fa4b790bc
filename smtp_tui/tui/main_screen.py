"""Compose the main screen of form, sidebar and test pane, and connect them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize, ScreenResume
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from smtp_tui.config.dialects.spec import PLAIN as PLAIN_KEYS
from smtp_tui.config.document import Document
from smtp_tui.config.paths import unsaved_folder
from smtp_tui.tui.commands import COMMANDS, command_named, hints_at, key_of
from smtp_tui.tui.controllers.command_runner import FormCommandRunner
from smtp_tui.tui.controllers.context import ControllerContext, UndoController
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.explanations import file_blocks, remarks
from smtp_tui.tui.form.choice_row import ChoiceRow
from smtp_tui.tui.form.form import Form
from smtp_tui.tui.form.rows import Row
from smtp_tui.tui.layout import (
    MESSAGE,
    ComputedLayout,
    LayoutRequest,
    PlacedByScreen,
    compute_layout,
    fits_all_rows,
    is_low,
)
from smtp_tui.tui.log.view import EMPTY, LogView
from smtp_tui.tui.messages import format_internal_error
from smtp_tui.tui.model.check_request import Runner
from smtp_tui.tui.model.draft import HOST, PASSWORD
from smtp_tui.tui.model.file_context import OpenFileContext
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.model.row_state import KEPT
from smtp_tui.tui.model.session import CompletedTest, SessionMemory
from smtp_tui.tui.next_steps import NextSteps
from smtp_tui.tui.sidebar import Sidebar, SidebarController
from smtp_tui.tui.style import BAD
from smtp_tui.tui.test_pane.pane import DnsOptions, TestedTable, TestPane
from smtp_tui.tui.textual_compat import PaintOnceScreen, allow_switch
from smtp_tui.tui.widgets.line import Divider, KeyHints, StatusBar
from smtp_tui.tui.widgets.text_page import TextPage

NO_TABLE = "no SMTP table yet"
# The settings may stand at the top of the file.
TOP_OF_FILE, NO_NAME = ".", "no table"


class MainScreen(PlacedByScreen, PaintOnceScreen, Screen[None], inherit_bindings=False):
    """Form, sidebar and test pane."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(command for command in COMMANDS if not command.is_global),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(
        self,
        document: Document,
        table: str,
        runner: Runner,
        switch_table: Callable[[str, Document | None, str], object],
        *,
        session: SessionMemory,
        notice: str,
        remark: str,
        opened_as: str,
        offers_recovery: bool,
        lookup: DnsOptions,
    ) -> None:
        super().__init__()
        self.computed_layout = ComputedLayout(self._place)
        self._regions: dict[str, Region] = {}
        self._document, self._table = document, table
        self._switch_table = switch_table
        self._remark, self._opened_as = remark, opened_as
        self._offers_recovery = offers_recovery
        file_context = OpenFileContext(document, table)
        self.form = form = Form(file_context.draft(), file_context, id="form")
        self.sidebar = Sidebar(indent=1, id="sidebar")
        has_host = form.draft.raw(HOST) is not None
        self.next_steps = NextSteps(remarks(document, table), notice, has_host=has_host, id="next")
        tested = TestedTable(form.draft, session, table, document.path.name)
        self.test_pane = pane = TestPane(runner, lookup, tested, id="test_pane")
        pane.computed_layout = ComputedLayout(lambda _size: self._regions, "test_pane")
        self.message = TextPage(most=MESSAGE, indent=1, id="message")
        self.status = self.status_bar()
        self.divider = Divider(id="divider")
        self.hints = KeyHints(hints_at(), id="hints")
        about_file = partial(file_blocks, document, table)
        self._sidebar_controller = controller = SidebarController(
            form, pane, self.sidebar, self.message, about_file
        )
        self.show_message = controller.show_message
        context = ControllerContext(
            self, form, pane, controller, document, table, file_context, session
        )
        self._waits = context.waits
        # "Test all", or an earlier form of this table, has run them.
        self._past_tests = session.tests(table)
        self.command_runner = FormCommandRunner(context)
        undo = UndoController(context)
        self.action_undo, self.action_redo = undo.undo, undo.redo
        self._has_tested = self._is_seen = False
        self._file_context, self._has_looked_for_keyring = file_context, False

    def compose(self) -> ComposeResult:
        """Yield the parts; `compute_layout` places them."""
        # Rows that unfold later would lay out and paint the first screen a second time.
        self._unfold(self.app.size)
        yield from (self.status, self.form, self.divider, self.sidebar)
        yield from (self.next_steps, self.test_pane, self.message, self.hints)

    def on_mount(self) -> None:
        """Fill the parts before the first paint; watch how much of the form is visible."""
        self.screen_layout_refresh_signal.subscribe(self, lambda _screen: self._mark_divider())
        self.test_pane.domain_changed.subscribe(
            self, lambda _none: self._sidebar_controller.refresh(from_top=False)
        )
        self.show_tests(self._past_tests)
        if self._remark:
            self.show_message(self._remark, BAD)
        elif self._opened_as:
            self.show_message(self._opened_as)

    def on_resize(self, event: Resize) -> None:
        """Adapt the parts to the new size."""
        is_repeated = self.is_repeated(event)
        self.follow_now()
        if is_repeated:
            return
        self._make_room()
        self._sidebar_controller.refresh(from_top=False)
        self.call_after_refresh(self._after_resize)

    def _place(self, size: Size) -> dict[str, Region]:
        """Return the region of each part, and keep those of the test pane's parts."""
        log = self.test_pane.log_view
        wants = LayoutRequest(
            form=self.form.line_count,
            message=self.message.line_count,
            next_steps=self.next_steps.line_count,
            log=len(log.rows),
            verdict=self.test_pane.verdict.line_count,
            has_tested=self._has_tested,
            log_focused=self.focused is log,
        )
        self._regions = compute_layout(size, wants)
        return self._regions

    def on_screen_suspend(self) -> None:
        """Hide a shown password, and mark the focus less while a dialog has it."""
        self.form.password_row.hide()
        self.form.current_row.repaint()
        self.test_pane.progress.mark_focused(False)

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Mark the focus again; Textual also calls the handler of the base class."""
        del event
        self.form.current_row.repaint()
        self.test_pane.progress.mark_focused(self.is_in_log)

    # Messages from the parts

    def on_descendant_focus(self) -> None:
        """Update hints and sidebar for the new focus."""
        self._show_hints()
        self._sidebar_controller.follow_focus()
        if self.form.current_row.key in (PASSWORD, KEPT) and not self._has_looked_for_keyring:
            # An unusable keyring is grey before it is chosen. The check loads modules, asks D-Bus,
            # and so waits until the focus is near the password.
            self._has_looked_for_keyring = True
            self.run_worker(self._look_for_keyring(), exit_on_error=False)

    def on_descendant_blur(self) -> None:
        """Update the hints; the log, or the terminal, may have lost the focus."""
        self._show_hints()

    def on_form_changed(self, event: Form.Changed) -> None:
        """Show the new state, and whether the verdict is still about it."""
        self.show_state()
        self._sidebar_controller.clear_message()
        if event.left_out:
            self.show_message(event.left_out)
        # Report a missing keyring at once, not only when the password is saved.
        is_keyring = self.form.draft.password.location is PasswordLocation.KEYRING
        if event.key == KEPT and is_keyring:
            self.command_runner.start(
                lambda runner: runner.saving.look_for_keyring(), "look_for_keyring"
            )

    def on_choice_row_rejected(self, event: ChoiceRow.Rejected) -> None:
        """Show why a choice is rejected."""
        self.show_message(event.why)

    def on_row_touched(self, event: Row.Touched) -> None:
        """Show how to edit the row that the focus returned to."""
        if event.wakes:
            self._sidebar_controller.clear_message()
        else:
            self.show_message(f"Enter edits {event.row.label.strip()}.")

    def on_form_editing_paused(self) -> None:
        """Update the sidebar for the typed text."""
        self._sidebar_controller.refresh(from_top=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show an unexpected error of a worker; the input stays."""
        if event.state is WorkerState.ERROR and event.worker.error:
            self.show_message(format_internal_error(event.worker.error), BAD)

    async def _look_for_keyring(self) -> None:
        if await self._file_context.look_for_keyring():
            self.form.refresh_rows()
            self._sidebar_controller.refresh(from_top=False)

    # Key actions

    def action_page(self, pages: int) -> None:
        """Scroll the sidebar by pages."""
        self.follow_now()
        self.sidebar.action_page(pages)

    def action_switch(self) -> None:
        """Move the focus to the log, or back."""
        if self.is_in_log:
            self.action_leave_log()
        else:
            self._sidebar_controller.clear_message()
            self.show_log()

    def action_back(self) -> None:
        """Step back in the log, else stop a test or a wait, else return to the form."""
        if isinstance(self.focused, LogView) and self.focused.step_back():
            return
        if self.test_pane.stop() or self._waits.stop():
            return
        was_message = self._sidebar_controller.clear_message()
        if was_message and self.is_in_log:
            return
        if self.is_in_log or self.form.current_row.is_at_rest:
            self.action_leave_log()
            return
        self.show_form()
        if not was_message and len(self._document.tables()) > 1:
            # The form may have been opened from the list of tables.
            self.show_message(f"{key_of('tables')} lists the tables, {key_of('leave')} quits.")

    def action_leave_log(self) -> None:
        """Return to the form, where the next letters may be meant for the log."""
        self.show_form()
        self.form.rest()

    def action_help(self) -> None:
        """Show all keys and commands."""
        self.command_runner.guide.show_help()

    def action_explain(self) -> None:
        """Show the explanation of the field, or of the last test, at full size."""
        self.command_runner.guide.explain()

    def action_commands(self) -> None:
        """Open the menu of all commands and fields."""
        self.command_runner.guide.show_menu()

    def action_list_choices(self) -> None:
        """List all choices of the focused field."""
        self.command_runner.guide.list_choices()

    def action_run_command(self, action: str) -> None:
        """Run a command that has a handler."""
        self.command_runner.run(command_named(action))

    def action_peek(self) -> None:
        """Show or hide the password as it was typed here."""
        if self.form.password_row.can_be_shown:
            self.show_form()
            self.form.focus_field(PASSWORD)
            self.form.password_row.toggle()
        else:
            self.show_message("Only a password that you type here can be shown.")

    def action_jump(self) -> None:
        """Show a letter next to each field; the next key selects one."""
        if self.is_in_log:
            self.action_leave_log()
        self._sidebar_controller.jump()

    # Layout and state

    def show_form(self) -> None:
        """Show the form and focus it."""
        self.form.focus_last()
        self._make_room()

    def show_log(self) -> bool:
        """Focus the log, if any; else say so, as the next letters may be meant for it."""
        if not self._has_tested:
            self.form.rest()
            self.show_message(EMPTY)
            return False
        self.set_focus(self.test_pane.log_view)
        self.show_test_pane()
        return True

    def show_test_pane(self) -> None:
        """Show the test pane, in place of the form where they take turns."""
        self._has_tested = True
        self._make_room()
        self.call_later(self._show_hints)  # a test begins only now

    def show_tests(self, tests: Iterable[CompletedTest]) -> None:
        """Show finished tests as if they had just run in this form."""
        for done in tests:
            self.test_pane.restore(done)
            self.show_test_pane()
        self.show_state()

    def open_table(self, table: str, document: Document | None = None, notice: str = "") -> None:
        """Switch to the form of another table, or of the file in another format."""
        allow_switch(self)
        self.app.call_later(self._switch_table, table, document, notice)

    def follow_now(self) -> None:
        """Show the page of the focused field now, not after a rest."""
        self._sidebar_controller.follow_now()

    def status_bar(self) -> StatusBar:
        """Return a line that names file, table and keys; the explanation shows it too."""
        document = self._document
        others = f" ({key_of('tables')}: others)" if len(document.tables()) > 1 else ""
        keys = document.application or f"{PLAIN_KEYS} keys"
        # The demo's copy is in a temporary folder, whose name says nothing useful.
        file = document.path.name if self.test_pane.lookup.is_alone else str(document.path)
        table = NO_NAME if self._table == TOP_OF_FILE else self._table
        return StatusBar(file, f"{table}{others}", keys, id="status")

    def show_state(self) -> None:
        """Show the unsaved state, what the last test means for it, and the current key hints."""
        self.test_pane.update()
        done, last = self.test_pane.done, self.test_pane.last_test
        self.form.show_tried(done.tried if done else None)
        self.form.show_faults(last.faults if last else {})
        is_new = not self._document.exists
        state = [NO_TABLE] if not is_new and self._document.lacks(self._table) else []
        state += ["modified"] if self.form.draft.changed else ["new file"] if is_new else []
        self.status.show(", ".join(state))
        self._show_hints()

    def _show_hints(self) -> None:
        last = self.test_pane.last_test
        hints = hints_at(
            has_fixes=bool(self.test_pane.fixes),
            can_undo=bool(self.form.history),
            is_in_log=self.is_in_log,
            is_busy=self.test_pane.is_busy,
            has_passed=last is not None and last.verdict.ok and not last.is_stale,
        )
        self.hints.show(hints)

    @property
    def is_in_log(self) -> bool:
        """Whether the log has the focus."""
        return isinstance(self.focused, LogView)

    def _make_room(self) -> None:
        """Lay the parts out anew, and hide the message about a hidden field."""
        self._unfold(self.size)
        self._sidebar_controller.set_field_hidden(self.is_in_log and is_low(self.size))
        self._sidebar_controller.name_keys()
        # The layout of the test pane's parts depends on more than its size. The first one comes by
        # itself.
        if self._is_seen:
            self.test_pane.verdict.refresh(layout=True)

    def _unfold(self, size: Size) -> None:
        form = self.form
        form.adapt(fits_all=fits_all_rows(size, form.row_count, has_tested=self._has_tested))

    def _mark_divider(self) -> None:
        form = self.form
        # While the log covers rows of the form, nobody scrolls to them.
        rows = 0 if self.is_in_log else form.virtual_size.height
        self.divider.mark(form.scroll_offset.y, form.size.height, rows)

    def _after_resize(self) -> None:
        self._sidebar_controller.refresh_message()
        self.form.current_row.scroll_visible(animate=False)
        if self._is_seen:
            return
        self._is_seen = True
        # This reads files; users can see the form and type before that.
        self.form.update_advice()
        # Few sessions were lost: most do without the question, and without loading dialogs.
        if self._offers_recovery and unsaved_folder().is_dir():
            self.command_runner.start(lambda runner: runner.recovery.offer(), "offer_kept")
