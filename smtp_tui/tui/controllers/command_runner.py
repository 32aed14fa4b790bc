"""Run the handlers of commands as workers, one test at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smtp_tui.lazy import load
from smtp_tui.tui.commands import FormCommand, Handler
from smtp_tui.tui.controllers.context import BUSY, TAPPING, ControllerContext
from smtp_tui.tui.typeahead import OPENS_DIALOG

if TYPE_CHECKING:
    from smtp_tui.tui.controllers.check import CheckController
    from smtp_tui.tui.controllers.discovery import DiscoveryController
    from smtp_tui.tui.controllers.guide import GuideController
    from smtp_tui.tui.controllers.mail_servers import MailServersController
    from smtp_tui.tui.controllers.place import PlaceController
    from smtp_tui.tui.controllers.recording import RecordingController
    from smtp_tui.tui.controllers.recovery import CrashRecovery
    from smtp_tui.tui.controllers.save import SaveController
    from smtp_tui.tui.controllers.scan import ScanController
    from smtp_tui.tui.controllers.sign_in import SignInController
    from smtp_tui.tui.controllers.tables import TomlTableController
    from smtp_tui.tui.controllers.tools import ToolController

TESTS = "tests"  # the worker group of tests; one runs at a time


class FormCommandRunner:
    """Runs command handlers as workers; a handler calls one of the controllers below."""

    # Each controller is loaded at its first use; most sessions use two or three.

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

    def _make(self, controller: str) -> Any:
        return load(f"tui.controllers.{controller}")(self.context)

    @property
    def check(self) -> CheckController:
        """Tests, fixes and test messages."""
        made: CheckController = self._make("check:CheckController")
        return made

    @property
    def discovery(self) -> DiscoveryController:
        """Settings from servers, DNS, providers and other programs."""
        made: DiscoveryController = self._make("discovery:DiscoveryController")
        return made

    @property
    def guide(self) -> GuideController:
        """Help, menu, explanations and choices."""
        made: GuideController = self._make("guide:GuideController")
        return made

    @property
    def mail_servers(self) -> MailServersController:
        """The mail servers of a domain, as senders see them."""
        made: MailServersController = self._make("mail_servers:MailServersController")
        return made

    @property
    def place(self) -> PlaceController:
        """Where tests run."""
        made: PlaceController = self._make("place:PlaceController")
        return made

    @property
    def recording(self) -> RecordingController:
        """Recorded checks."""
        made: RecordingController = self._make("recording:RecordingController")
        return made

    @property
    def recovery(self) -> CrashRecovery:
        """Unsaved changes of a lost session."""
        made: CrashRecovery = self._make("recovery:CrashRecovery")
        return made

    @property
    def saving(self) -> SaveController:
        """Saving, and leaving the form."""
        made: SaveController = self._make("save:SaveController")
        return made

    @property
    def scan(self) -> ScanController:
        """The settings on this machine."""
        made: ScanController = self._make("scan:ScanController")
        return made

    @property
    def sign_in(self) -> SignInController:
        """Signing in instead of a password."""
        made: SignInController = self._make("sign_in:SignInController")
        return made

    @property
    def tables(self) -> TomlTableController:
        """Other tables of the file, and other formats."""
        made: TomlTableController = self._make("tables:TomlTableController")
        return made

    @property
    def tools(self) -> ToolController:
        """Reports, copies and explanations."""
        made: ToolController = self._make("tools:ToolController")
        return made
