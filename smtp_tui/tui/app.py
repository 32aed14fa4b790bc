"""The application: terminal manners, and which screen comes first."""

from __future__ import annotations

import asyncio
import signal
from typing import Any, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.screen import Screen
from textual.theme import Theme

from smtp_tui.config.document import Document
from smtp_tui.tui.commands import COMMANDS
from smtp_tui.tui.dialogs import TablePicker
from smtp_tui.tui.saving import Keyring, SystemKeyring
from smtp_tui.tui.screen import FormScreen
from smtp_tui.tui.trial import Runner, run_check
from smtp_tui.tui.typeahead import InOrder

# The terminal's own colours on its own background. With it NO_COLOR leaves attributes only.
TERMINAL = Theme(
    name="terminal",
    ansi=True,
    primary="ansi_cyan",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    variables={"ansi-background": "ansi_black", "ansi-foreground": "ansi_white"},
)
HOW_TO_QUIT = "Ctrl+C does nothing here. F10 or Ctrl+X leaves, Esc stops a test."


class SmtpApp(InOrder, inherit_bindings=False):
    """The form for one table of one file; `table` None asks which."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    SUSPENDED_SCREEN_CLASS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        command.binding for command in COMMANDS if command.is_global
    ]

    def __init__(
        self,
        document: Document,
        table: str | None,
        *,
        notice: str = "",
        runner: Runner = run_check,
        keyring: Keyring | None = None,
    ) -> None:
        super().__init__(ansi_color=True)
        self.register_theme(TERMINAL)
        self.theme = TERMINAL.name
        self.animation_level = "none"
        self._document = document
        self._table = table
        self._notice = notice
        self._runner = runner
        self._keyring = keyring or SystemKeyring()

    @property
    def defect(self) -> Exception | None:
        """What brought the program down, if anything did."""
        return self._exception

    def on_mount(self) -> None:
        """Heed signals and show the form, or ask for the table first."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end, number)
        self.app_resume_signal.subscribe(self, self._repaint)
        if self._table is None:
            self._pick_table()

    def get_default_screen(self) -> Screen[Any]:
        """Begin with the form itself where it is known which table is meant."""
        return Screen() if self._table is None else self._form(self._table)

    def action_how_to_quit(self) -> None:
        """Ctrl+C interrupts nothing here; say what does."""
        for screen in self.screen_stack:
            if isinstance(screen, FormScreen):
                screen.say(HOW_TO_QUIT)

    def action_suspend(self) -> None:
        """Go to the shell."""
        self.action_suspend_process()

    def _pick_table(self) -> None:
        hosts = {
            name: str(self._document.values(name).get("host", ""))
            for name in self._document.tables()
        }

        def picked(name: str | None) -> None:
            self.exit(0) if name is None else self.push_screen(self._form(name))

        self.push_screen(TablePicker(str(self._document.path), hosts), picked)

    def _form(self, table: str) -> FormScreen:
        return FormScreen(self._document, table, self._runner, self._keyring, self._notice)

    def _repaint(self, _app: App[Any]) -> None:
        """Paint everything again: the shell wrote over it while the program was suspended."""
        self.screen.refresh()

    def _end(self, number: int) -> None:
        """Leave on a signal, the terminal as it was found."""
        # After SIGHUP the kernel sends SIGCONT, at which Textual would take the terminal again.
        signal.signal(signal.SIGCONT, signal.SIG_IGN)
        self.exit(128 + number, return_code=128 + number)

    def _fatal_error(self) -> None:
        """End without the stock traceback: it prints local variables, and those hold passwords."""
        self._close_messages_no_wait()


def run_app(document: Document, table: str | None, *, notice: str = "") -> int:
    """Run the form; return the exit status. A defect of the program is raised anew."""
    app = SmtpApp(document, table, notice=notice)
    status = app.run(mouse=False)
    if app.defect is not None:
        raise app.defect
    return status or 0
