"""Runs the commands that have a handler: one test at a time, and what else takes its time."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar

from textual.screen import Screen

from smtp_tui.tui.commands import Command, Handler
from smtp_tui.tui.controllers.context import BUSY, Controller, FormContext
from smtp_tui.tui.typeahead import OPENS_DIALOG

if TYPE_CHECKING:
    from smtp_tui.tui.controllers.check import CheckController
    from smtp_tui.tui.controllers.discovery import DiscoveryController, DomainController
    from smtp_tui.tui.controllers.fixes import FixController
    from smtp_tui.tui.controllers.import_export import ImportExportController
    from smtp_tui.tui.controllers.recovery import CrashRecovery
    from smtp_tui.tui.controllers.save import SaveController
    from smtp_tui.tui.controllers.tables import FileFormatController, TableController
    from smtp_tui.tui.controllers.tools import ToolController

TESTS = "tests"  # the group of workers of which there is one at a time
AnyController = TypeVar("AnyController", bound=Controller)


class LateController(Generic[AnyController]):
    """A controller whose module is imported when its first command runs."""

    # All of them with their dialogs take 0.3 to 0.9 s to import, more than the first screen
    # (`python -X importtime`), and most sessions use two or three.

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __get__(self, owner: Controllers, _type: type[Controllers]) -> AnyController:
        module = import_module(f"smtp_tui.tui.controllers.{self._module}")
        controller: AnyController = getattr(module, self._name)(owner.context)
        return controller


class Controllers:
    """The controllers of a form, of which a command's handler calls one."""

    check: LateController[CheckController] = LateController("check", "CheckController")
    discovery: LateController[DiscoveryController] = LateController(
        "discovery", "DiscoveryController"
    )
    domain: LateController[DomainController] = LateController("discovery", "DomainController")
    file_format: LateController[FileFormatController] = LateController(
        "tables", "FileFormatController"
    )
    fixes: LateController[FixController] = LateController("fixes", "FixController")
    import_export: LateController[ImportExportController] = LateController(
        "import_export", "ImportExportController"
    )
    recovery: LateController[CrashRecovery] = LateController("recovery", "CrashRecovery")
    saving: LateController[SaveController] = LateController("save", "SaveController")
    tables: LateController[TableController] = LateController("tables", "TableController")
    tools: LateController[ToolController] = LateController("tools", "ToolController")

    def __init__(self, context: FormContext) -> None:
        self.context = context


class CommandRunner:
    """Runs handlers as workers of a screen."""

    def __init__(self, screen: Screen[None], context: FormContext) -> None:
        self._screen = screen
        self.context = context
        self.controllers = Controllers(context)

    def run(self, command: Command) -> None:
        """Run a command's handler; a second test does not wait, the admin reads that one runs."""
        if command.handler is None:
            return
        workers = self._screen.workers
        if not command.is_test:
            self.start(command.handler, command.action)
        elif any(work.group == TESTS and not work.is_finished for work in workers):
            self.context.sidebar.show_message(BUSY)
        else:
            self.start(command.handler, TESTS)

    def start(self, handler: Handler, group: str) -> None:
        """Start a handler; one that still runs in the same group is cancelled."""
        work = handler(self.controllers)
        self._screen.run_worker(
            work, name=OPENS_DIALOG, group=group, exclusive=True, exit_on_error=False
        )
