"""Run the handlers of commands as workers, one test at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smtp_tui.tui.commands import FormCommand, Handler
from smtp_tui.tui.controllers.context import BUSY, TAPPING, ControllerContext
from smtp_tui.tui.typeahead import OPENS_DIALOG

if TYPE_CHECKING:
    from smtp_tui.tui.controllers.check import CheckController
    from smtp_tui.tui.controllers.discovery import DiscoveryController
    from smtp_tui.tui.controllers.guide import GuideController
    from smtp_tui.tui.controllers.place import PlaceController
    from smtp_tui.tui.controllers.recovery import CrashRecovery
    from smtp_tui.tui.controllers.save import SaveController
    from smtp_tui.tui.controllers.scan import ScanController
    from smtp_tui.tui.controllers.tables import TomlTableController
    from smtp_tui.tui.controllers.tools import ToolController

TESTS = "tests"  # the worker group of tests; one runs at a time


class FormCommandRunner:
    """Runs command handlers as workers; a handler calls one of the controllers below."""

    # Each controller is imported at first use: all of them with their dialogs take 0.2 s or more,
    # longer than the first screen (`python -X importtime`), and most sessions use two or three.

    def __init__(self, context: ControllerContext) -> None:
        self.context = context

    def run(self, command: FormCommand) -> None:
        """Run a command's handler; while a test runs, another test only shows BUSY."""
        if command.handler is None:
            return
        self.context.form.password_row.hide()
        workers = self.context.screen.workers
        if not command.is_test:
            self.start(command.handler, command.action)
        elif any(worker.group == TESTS and not worker.is_finished for worker in workers):
            self._refuse(command)
        else:
            self.start(command.handler, TESTS)

    def _refuse(self, command: FormCommand) -> None:
        """Show that a test or tap runs; the tap's own command ends it."""
        pane = self.context.test_pane
        if not pane.is_tapping:
            self.context.sidebar.show_message(BUSY)
        elif command.action == "tap":
            pane.stop()
        else:
            self.context.sidebar.show_message(TAPPING)

    def start(self, handler: Handler, group: str) -> None:
        """Start a handler; a handler still running in the same group is cancelled."""
        coroutine = handler(self)
        self.context.screen.run_worker(
            coroutine, name=OPENS_DIALOG, group=group, exclusive=True, exit_on_error=False
        )

    @property
    def check(self) -> CheckController:
        """Tests, fixes and test messages."""
        from smtp_tui.tui.controllers.check import CheckController

        return CheckController(self.context)

    @property
    def discovery(self) -> DiscoveryController:
        """Settings from servers, DNS, providers and other programs."""
        from smtp_tui.tui.controllers.discovery import DiscoveryController

        return DiscoveryController(self.context)

    @property
    def guide(self) -> GuideController:
        """Help, menu, explanations and choices."""
        from smtp_tui.tui.controllers.guide import GuideController

        return GuideController(self.context)

    @property
    def place(self) -> PlaceController:
        """Where tests run."""
        from smtp_tui.tui.controllers.place import PlaceController

        return PlaceController(self.context)

    @property
    def recovery(self) -> CrashRecovery:
        """Unsaved changes of a lost session."""
        from smtp_tui.tui.controllers.recovery import CrashRecovery

        return CrashRecovery(self.context)

    @property
    def saving(self) -> SaveController:
        """Saving, and leaving the form."""
        from smtp_tui.tui.controllers.save import SaveController

        return SaveController(self.context)

    @property
    def scan(self) -> ScanController:
        """The settings on this machine."""
        from smtp_tui.tui.controllers.scan import ScanController

        return ScanController(self.context)

    @property
    def tables(self) -> TomlTableController:
        """Other tables of the file, and other formats."""
        from smtp_tui.tui.controllers.tables import TomlTableController

        return TomlTableController(self.context)

    @property
    def tools(self) -> ToolController:
        """Reports, copies and explanations."""
        from smtp_tui.tui.controllers.tools import ToolController

        return ToolController(self.context)
