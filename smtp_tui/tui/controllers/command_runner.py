"""Runs the commands that have a handler: one test at a time, and what else takes its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

from smtp_tui.tui.controllers.form import BUSY, FormController
from smtp_tui.tui.keys.commands import Command, Handler, HintContext
from smtp_tui.tui.typeahead import OPENS_DIALOG

if TYPE_CHECKING:
    from smtp_tui.tui.controllers.discovery import DiscoveryController
    from smtp_tui.tui.controllers.domain_check import DomainController
    from smtp_tui.tui.controllers.file_format import Dialects
    from smtp_tui.tui.controllers.fixes import FixController
    from smtp_tui.tui.controllers.import_export import ImportExportController
    from smtp_tui.tui.controllers.log import LogController
    from smtp_tui.tui.controllers.recovery import CrashRecovery
    from smtp_tui.tui.controllers.save import SaveController
    from smtp_tui.tui.controllers.tables import TableController
    from smtp_tui.tui.controllers.tools import ToolController

TESTS = "tests"  # the group of workers of which there is one at a time


class Controllers:
    """The controllers of a form, of which a command's handler calls one.

    Each module is loaded with the first command that needs it.
    """

    # All of them with their dialogs take 0.3 to 0.9 s to import, more than the first screen
    # (`python -X importtime`), and most sessions use two or three.

    def __init__(self, form: FormController) -> None:
        self.form: FormController = form

    @property
    def discovery(self) -> DiscoveryController:
        """Finds settings of a domain or a provider."""
        from smtp_tui.tui.controllers.discovery import DiscoveryController

        return DiscoveryController(self.form)

    @property
    def domain(self) -> DomainController:
        """Asks DNS about the sender's domain."""
        from smtp_tui.tui.controllers.domain_check import DomainController

        return DomainController(self.form)

    @property
    def file_format(self) -> Dialects:
        """Chooses the program whose settings the file holds."""
        from smtp_tui.tui.controllers.file_format import Dialects

        return Dialects(self.form)

    @property
    def fixes(self) -> FixController:
        """Applies fixes for a failed test."""
        from smtp_tui.tui.controllers.fixes import FixController

        return FixController(self.form)

    @property
    def import_export(self) -> ImportExportController:
        """Imports and exports settings of other programs."""
        from smtp_tui.tui.controllers.import_export import ImportExportController

        return ImportExportController(self.form)

    @property
    def log(self) -> LogController:
        """Copies, saves and compares tests in the log."""
        from smtp_tui.tui.controllers.log import LogController

        return LogController(self.form)

    @property
    def recovery(self) -> CrashRecovery:
        """Offers changes that outlived a lost session."""
        from smtp_tui.tui.controllers.recovery import CrashRecovery

        return CrashRecovery(self.form)

    @property
    def saving(self) -> SaveController:
        """Reviews and saves changes."""
        from smtp_tui.tui.controllers.save import SaveController

        return SaveController(self.form)

    @property
    def tables(self) -> TableController:
        """Opens another table of the file."""
        from smtp_tui.tui.controllers.tables import TableController

        return TableController(self.form)

    @property
    def tools(self) -> ToolController:
        """Reports, explains errors, and shows other programs' command lines."""
        from smtp_tui.tui.controllers.tools import ToolController

        return ToolController(self.form)


class CommandRunner:
    """Runs handlers as workers of a screen."""

    def __init__(self, screen: Screen[None], context: FormController) -> None:
        self._screen = screen
        self._context = context
        self._controllers = Controllers(context)

    def run(self, command: Command) -> None:
        """Run a command's handler; a second test does not wait, the admin reads that one runs."""
        if command.handler is None:
            return
        workers = self._screen.workers
        if not command.is_test:
            self.start(command.handler, command.action)
        elif any(work.group == TESTS and not work.is_finished for work in workers):
            self._context.sidebar.show_message(BUSY)
        else:
            self.start(command.handler, TESTS)

    def start(self, handler: Handler, group: str) -> None:
        """Start a handler; one that still runs in the same group is cancelled."""
        work = handler(self._controllers)
        self._screen.run_worker(
            work, name=OPENS_DIALOG, group=group, exclusive=True, exit_on_error=False
        )

    def hint_context(self, *, is_in_log: bool) -> HintContext:
        """Return what the key hints depend on."""
        # The module of fixes is loaded only once there is a test to fix.
        has_test = self._context.test_pane.last_test is not None
        has_fixes = has_test and bool(self._controllers.fixes.available())
        return HintContext(has_fixes, bool(self._context.form.history), is_in_log)
