"""Run the Textual application: signals, suspend, active keys and the first screen."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.driver import Driver
from textual.events import Key, Resize
from textual.filter import LineFilter
from textual.geometry import Offset
from textual.screen import Screen
from textual.theme import Theme

from smtp_tui.config.document import Document
from smtp_tui.config.preferences import NAME, Preferences
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.commands import COMMANDS, FormCommand, key_names, key_of, set_active_keys
from smtp_tui.tui.custom_keys import bindings, configured_keymap
from smtp_tui.tui.main_screen import MainScreen
from smtp_tui.tui.messages import CHANGES_KEPT
from smtp_tui.tui.model.check_request import Runner, run_check
from smtp_tui.tui.model.session import SessionMemory
from smtp_tui.tui.style import LightThemeFilter
from smtp_tui.tui.test_pane.pane import DnsOptions
from smtp_tui.tui.textual_compat import CrashSafeApp, TerminalDriver, visible_region
from smtp_tui.tui.typeahead import KeyQueue
from smtp_tui.tui.widgets.line import PROGRAM, LinesWidget

if TYPE_CHECKING:
    from smtp_tui.checks.recording import Recording

# The terminal's own colours on its own background. NO_COLOR leaves attributes only.
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
NO_SHELL = "There is no shell here to suspend to; {leave} quits."
THEME = 'Colours for a {chosen} background until you quit; theme = "{chosen}" in {file} keeps them.'
HOW_TO_QUIT = "Ctrl+C has no effect here. {leave} quits, {back} stops a test."


class SmtpApp(KeyQueue, CrashSafeApp, inherit_bindings=False):
    """The application for one file; it asks for the table if `table` is None.

    `keeps_changes`: keep unsaved changes after a signal or a crash. The preferences replace
    `by_itself` and `selectors` of `lookup`.
    """

    CSS_PATH = "app.tcss"
    THEME = TERMINAL
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
        preferences: Preferences | None = None,
        keeps_changes: bool = True,
        lookup: DnsOptions | None = None,
        recording: Recording | None = None,
    ) -> None:
        super().__init__(ansi_color=True)
        self.animation_level = "none"
        # The demo's copy is in a temporary folder, whose name tells nothing.
        file = document.path.name if lookup and lookup.is_alone else str(document.path)
        self.title = f"{escape_controls(file)} - {PROGRAM}"
        self._document = document
        self._table = table
        self._notice = notice
        self._runner = runner
        self._session = SessionMemory()
        self._keeps_changes = keeps_changes
        self._recording = recording
        self.has_kept_changes = False
        preferences = preferences or Preferences()
        self._lookup = replace(
            lookup or DnsOptions(),
            by_itself=preferences.domain_check is not False,
            selectors=preferences.dkim,
        )
        self._light_theme = LightThemeFilter(enabled=preferences.theme == "light")
        keymap = configured_keymap(preferences.keys)
        set_active_keys(keymap.keys)
        self.set_keymap({action: ",".join(keys) for action, keys in keymap.keys.items()})
        self._remark = "; ".join([*preferences.problems, *keymap.problems])

    def on_mount(self) -> None:
        """Install signal handlers, and ask for the table if none is given."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._exit_on_signal, number)
        # The shell wrote over the screen while the program was suspended.
        self.app_resume_signal.subscribe(self, lambda _app: self.action_redraw())
        if self._table is None:
            self._pick_table()

    def on_ready(self) -> None:
        """Enable garbage collection, except for what the first screen loaded."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        self._show_recording()

    def _show_recording(self) -> None:
        """Show the recording of the call in the form, once there is one."""
        for screen in self._forms():
            if recording := self._recording:
                self._recording = None
                screen.command_runner.start(lambda it: it.recording.show(recording), "recording")

    async def on_key(self, event: Key) -> None:
        """Run a letter's binding if its capital is neither bound nor typed into a field."""
        # Hints show letters in capitals, so users may press Shift; Caps Lock may be on, too.
        key, letter, active = event.key, event.key.lower(), self.screen.active_bindings
        if len(key) == 1 and key != letter and key not in active and letter in active:
            event.stop()
            await self.run_action(active[letter].binding.action, active[letter].node)

    def on_resize(self, event: Resize) -> None:
        """Repaint everything if the window had another size for a moment only."""
        # The terminal cut off cells, but Textual repaints nothing: it painted this size before.
        self.forget_cells()
        if self.screen_stack and event.size == self.screen.outer_size:
            self.screen.refresh()

    def after_key(self) -> None:
        """Place the terminal's cursor after the changes by the key have been painted."""
        self.screen.call_after_refresh(self.place_cursor)

    def cursor_at(self) -> Offset | None:
        """Return where the focused widget wants the cursor, else its corner."""
        focused = self.focused
        region = visible_region(focused) if focused is not None else None
        if region is None:
            return None
        wanted = focused.cursor_at() if isinstance(focused, LinesWidget) else None
        return region.offset + (wanted or Offset())

    def get_default_screen(self) -> Screen[Any]:
        """Return the form if the table is known, else an empty screen."""
        return Screen() if self._table is None else self._form(self._table)

    def get_driver_class(self) -> type[Driver]:
        """Return the driver that supports old terminals."""
        return TerminalDriver

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Add the filter of the light theme, if chosen."""
        filters = super().get_line_filters()
        return [*filters, self._light_theme] if self._light_theme.enabled else filters

    def action_theme(self) -> None:
        """Switch between colours for a dark and a light background, until the program ends."""
        self._light_theme.enabled = not self._light_theme.enabled
        for screen in self.screen_stack:
            screen.query("*").refresh()
        chosen = "light" if self._light_theme.enabled else "dark"
        self._show_message(THEME.format(chosen=chosen, file=NAME))

    def action_help(self) -> None:
        """Show the keys of the dialog in front first, and run the chosen command in it."""
        # Most sessions ask for no help, and the first screen needs no dialog.
        from smtp_tui.tui.dialogs.help_and_palette import HelpScreen

        dialog = self.screen

        async def run(chosen: FormCommand | None) -> None:
            if chosen is not None:
                await dialog.run_action(chosen.action)

        self.push_screen(HelpScreen(getattr(dialog, "place", "dialog")), run)

    def action_redraw(self) -> None:
        """Repaint everything: another program may have written over the screen."""
        self.forget_cells()
        self.screen.refresh()

    def action_how_to_quit(self) -> None:
        """Show how to quit; Ctrl+C does not interrupt."""
        self._show_message(HOW_TO_QUIT.format(leave=key_names("leave"), back=key_of("back")))

    def action_suspend(self) -> None:
        """Suspend to the shell; return when the job is in the foreground again."""
        if not has_shell():
            self._show_message(NO_SHELL.format(leave=key_names("leave")))
            return
        with self.suspend():
            shell = os.getppid()
            # A script or `make` that started the program is in the same job and must stop too.
            os.killpg(0, signal.SIGSTOP)
            # The shell's `bg` continues the job in the background: stop again.
            while os.getppid() == shell and not _is_in_foreground():
                os.kill(os.getpid(), signal.SIGSTOP)

    def _show_message(self, text: str) -> None:
        for screen in self._forms():
            screen.show_message(text)

    def _forms(self) -> Iterator[MainScreen]:
        yield from (screen for screen in self.screen_stack if isinstance(screen, MainScreen))

    def _pick_table(self) -> None:
        # Most files have one table, so the picker is imported only when needed.
        from smtp_tui.tui.dialogs.tables import TablePicker

        def on_picked(name: str | None) -> None:
            if name is None:
                self.exit(0)
            else:
                self.push_screen(self._form(name))
                self.call_later(self._show_recording)

        picker = TablePicker(self._document, self._session, self._runner)
        self.push_screen(picker, on_picked)

    def _switch_table(self, table: str, document: Document | None, notice: str) -> None:
        """Replace the form by that of another table."""
        if document is not None:
            self._document, self._session = document, SessionMemory()
            self.title = f"{escape_controls(str(document.path))} - {PROGRAM}"
        self.switch_screen(self._form(table, notice))

    def _form(self, table: str, opened_as: str = "") -> MainScreen:
        return MainScreen(
            self._document,
            table,
            self._runner,
            self._switch_table,
            session=self._session,
            notice=self._notice,
            remark=f"{NAME}: {self._remark}" if self._remark else "",
            opened_as=opened_as,
            offers_recovery=self._keeps_changes,
            lookup=self._lookup,
        )

    def _exit_on_signal(self, number: int) -> None:
        """Exit on a signal and restore the terminal."""
        # After SIGHUP the kernel sends SIGCONT, on which Textual would set up the terminal again.
        signal.signal(signal.SIGCONT, signal.SIG_IGN)
        self.before_crash()
        self.exit(128 + number, return_code=128 + number)

    def before_crash(self) -> None:
        """Keep unsaved changes for the next session, once."""
        if self._keeps_changes and not self.has_kept_changes:
            runners = [screen.command_runner for screen in self._forms()]
            kept = [runner.recovery.keep_changes() for runner in runners]
            self.has_kept_changes = any(kept)


def has_shell() -> bool:
    """Whether a shell controls this job and could resume it after a stop."""
    # A session leader is no shell's job: `ssh -t host smtp-tui`, or a container's command.
    return os.getpgrp() != os.getsid(0)


def _is_in_foreground() -> bool:
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno()) == os.getpgrp() if sys.__stdin__ else True
    except OSError:  # the terminal is gone: continue, so that SIGHUP is handled
        return True


def run_app(
    document: Document,
    table: str | None,
    preferences: Preferences,
    *,
    notice: str,
    is_demo: bool,
    report: Callable[[str], None],
    recording: Recording | None = None,
) -> int:
    """Run the form; return the exit status, or raise the exception that crashed it.

    `is_demo`: keep no changes, and neither query DNS nor search for settings. `recording` is shown
    first.
    """
    app = SmtpApp(
        document,
        table,
        notice=notice,
        preferences=preferences,
        keeps_changes=not is_demo,
        lookup=DnsOptions(is_alone=is_demo),
        recording=recording,
    )
    status = app.run(mouse=bool(preferences.mouse))
    if app.has_kept_changes:
        report(CHANGES_KEPT)
    if app.crash is not None:
        raise app.crash
    return status or 0
