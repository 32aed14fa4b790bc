"""The application: terminal manners, and which screen comes first."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.events import Key, Resize
from textual.filter import LineFilter
from textual.screen import Screen
from textual.theme import Theme

from smtp_tui.config.document import Document
from smtp_tui.config.preferences import NAME, Preferences
from smtp_tui.tui.controllers.keyring_backend import KeyringBackend, SystemKeyring
from smtp_tui.tui.controllers.tables import TableTester, Verdicts
from smtp_tui.tui.keys.bindings import bindings, handle_shifted_letter
from smtp_tui.tui.keys.commands import (
    COMMANDS,
    LOG_COMMANDS,
    configurable,
    key_names,
    key_of,
    set_active_keys,
)
from smtp_tui.tui.keys.keymap import configured_keymap
from smtp_tui.tui.main_screen import MainScreen
from smtp_tui.tui.style import LightThemeFilter
from smtp_tui.tui.test_pane.test_run import DnsOptions, Runner, run_check
from smtp_tui.tui.typeahead import KeyQueue

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
HOW_TO_QUIT = "Ctrl+C has no effect here. {leave} quits, {back} stops a test."


class SmtpApp(KeyQueue, inherit_bindings=False):
    """The form for one table of one file; `table` None asks which.

    `keeps` is whether unsaved changes outlive an end by a signal or a defect; `lookup` is how names
    are looked up, what the preferences say of that aside.
    """

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    SUSPENDED_SCREEN_CLASS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        command for command in COMMANDS if command.is_global
    )

    def __init__(
        self,
        document: Document,
        table: str | None,
        *,
        notice: str = "",
        runner: Runner = run_check,
        keyring: KeyringBackend | None = None,
        preferences: Preferences | None = None,
        keeps: bool = True,
        lookup: DnsOptions | None = None,
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
        self._verdicts = Verdicts()
        self._keeps = keeps
        self.has_kept = False
        preferences = preferences or Preferences()
        self._lookup = replace(
            lookup or DnsOptions(),
            by_itself=preferences.domain_check is not False,
            selectors=preferences.dkim,
        )
        self._inks = [LightThemeFilter()] if preferences.theme == "light" else []
        self._remark = "; ".join([*preferences.problems, *self._take_keys(preferences)])

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

    def on_ready(self) -> None:
        """Begin to look for garbage: all that was loaded for the first screen is none."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

    async def on_key(self, event: Key) -> None:
        """A key that nothing took: `C` as the hints write it may have been typed as a capital."""
        if event.key.isupper():
            await handle_shifted_letter(self, event)

    def on_resize(self, event: Resize) -> None:
        """Paint everything again where the window was another size for a moment only.

        It cut what stood there, and no size is left that differs from the one that was painted.
        """
        if self.screen_stack and event.size == self.screen.outer_size:
            self.screen.refresh()

    def get_default_screen(self) -> Screen[Any]:
        """Begin with the form itself where it is known which table is meant."""
        return Screen() if self._table is None else self._form(self._table)

    def get_driver_class(self) -> type[Driver]:
        """Take the driver that knows old terminals."""
        from smtp_tui.tui.driver import FormDriver

        return FormDriver

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what every line goes through."""
        return [*super().get_line_filters(), *self._inks]

    def action_how_to_quit(self) -> None:
        """Ctrl+C interrupts nothing here; say what does."""
        self._say(HOW_TO_QUIT.format(leave=key_names("leave"), back=key_of("back")))

    def action_suspend(self) -> None:
        """Go to the shell."""
        from smtp_tui.tui.driver import NO_SHELL, has_shell, stop_job

        if has_shell():
            stop_job(self)
        else:
            self._say(NO_SHELL.format(leave=key_names("leave")))

    def _take_keys(self, preferences: Preferences) -> list[str]:
        """Let the commands have the keys that the admin chose; return what is wrong with those."""
        default_keys = {command.action: command.default_keys for command in configurable()}
        log_actions = {command.action for command in LOG_COMMANDS}
        choice = configured_keymap(preferences.keys, default_keys, log_actions)
        set_active_keys(choice.keys)
        self.set_keymap({action: ",".join(keys) for action, keys in choice.keys.items()})
        return choice.problems

    def _say(self, text: str) -> None:
        for screen in self._forms():
            screen.show_message(text)

    def _forms(self) -> Iterator[MainScreen]:
        yield from (screen for screen in self.screen_stack if isinstance(screen, MainScreen))

    def _pick_table(self) -> None:
        from smtp_tui.tui.dialogs.table_picker import TablePicker

        def picked(name: str | None) -> None:
            self.exit(0) if name is None else self.push_screen(self._form(name))

        listing = TableTester(self._document, self._verdicts, self._runner)
        self.push_screen(TablePicker(listing), picked)

    def on_main_screen_table_wanted(self, event: MainScreen.TableWanted) -> None:
        """Put another table's form in the place of the one there is."""
        if event.document is not None:
            self._document, self._verdicts = event.document, Verdicts()
        self.switch_screen(self._form(event.table, event.notice))

    def _form(self, table: str, opened_as: str = "") -> MainScreen:
        return MainScreen(
            self._document,
            table,
            self._runner,
            self._keyring,
            verdicts=self._verdicts,
            notice=self._notice,
            remark=f"{NAME}: {self._remark}" if self._remark else "",
            opened_as=opened_as,
            offers_kept=self._keeps,
            lookup=self._lookup,
        )

    def _repaint(self, _app: App[Any]) -> None:
        """Paint everything again: the shell wrote over it while the program was suspended."""
        self.screen.refresh()

    def _end(self, number: int) -> None:
        """Leave on a signal, the terminal as it was found."""
        # After SIGHUP the kernel sends SIGCONT, at which Textual would take the terminal again.
        signal.signal(signal.SIGCONT, signal.SIG_IGN)
        self._keep()
        self.exit(128 + number, return_code=128 + number)

    def _fatal_error(self) -> None:
        """End without the stock traceback: it prints local variables, and those hold passwords."""
        self._keep()
        self._close_messages_no_wait()

    def _keep(self) -> None:
        """Keep what is not saved, once."""
        if self._keeps and not self.has_kept:
            self.has_kept = any(screen.keep() for screen in self._forms())


def run_app(
    document: Document,
    table: str | None,
    *,
    notice: str = "",
    preferences: Preferences,
    keeps: bool = True,
    is_alone: bool = False,
    tell: Callable[[str], None],
) -> int:
    """Run the form; return the exit status. A defect of the program is raised anew.

    `is_alone`: the form asks nobody outside this machine by itself or by a key.
    """
    app = SmtpApp(
        document,
        table,
        notice=notice,
        preferences=preferences,
        keeps=keeps,
        lookup=DnsOptions(is_alone=is_alone),
    )
    status = app.run(mouse=bool(preferences.mouse))
    if app.has_kept:
        tell(
            "your unsaved changes are kept, without passwords; open the file again to restore them"
        )
    if app.defect is not None:
        raise app.defect
    return status or 0
