"""Report, copy and compare the last tests, and show other programs' command lines.

Also explain an error of any program.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from smtp_tui.checks.equivalents import equivalent_commands
from smtp_tui.checks.output_file import FileNotWrittenError
from smtp_tui.checks.recording import write_recording
from smtp_tui.checks.report import TITLE, without, write_report
from smtp_tui.config.paths import absolute
from smtp_tui.safe_text import escape_controls
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.commands import key_of, with_keys
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.dialogs.compare import CompareScreen
from smtp_tui.tui.dialogs.explain_error import ExplainErrorScreen
from smtp_tui.tui.dialogs.program_text import EquivalentsScreen, copy_to_terminal
from smtp_tui.tui.log.entries import Entry, Title
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.check_request import server_text
from smtp_tui.tui.model.recording import recording_of
from smtp_tui.tui.model.test_report import markdown_of
from smtp_tui.tui.style import GOOD
from smtp_tui.tui.widgets.dialog import ask_and_save

NO_TEST = "No test has finished yet. F5 starts one."
REPORT = "Save a report of the last test as Markdown, for a ticket. It contains no password."
DIALOGUE = "Save the dialogue of the last test as plain text. It contains no password."
PATIENCE = 5.0  # seconds; writing to a pipe that nothing reads would block forever


class ToolController(Controller):
    """Shows, copies and saves the results of the last test."""

    async def report(self) -> None:
        """Ask for a file and save the report of the last test to it."""
        done = self.test_pane.done
        if done is None:
            self._show_in_log(with_keys(NO_TEST))
            return
        content = markdown_of(done)
        await self._ask_and_save("the report", content, done.moment, ".md", REPORT)

    async def record(self) -> None:
        """Ask for a file and keep the last test in it, to be shown again elsewhere."""
        done = self.test_pane.done
        if done is None:
            self._show_in_log(with_keys(NO_TEST))
            return
        content, title = recording_of(done), text("recording", "keep")
        await self._ask_and_save(
            "the recording", content, done.moment, ".jsonl", title, write_recording
        )

    async def save_text(self) -> None:
        """Ask for a file and save the last test's dialogue to it."""
        moment = self.test_pane.moment
        if moment is None:
            self._show_in_log(with_keys(NO_TEST))
            return
        content = kept_text(self.test_pane.last_entries(), moment, os.environ.get("HOME", ""))
        await self._ask_and_save("the dialogue", content, moment, ".txt", DIALOGUE)

    async def equivalents(self) -> None:
        """Show other programs' command lines for the last test, or for the form's settings."""
        done = self.test_pane.done
        settings = done.settings if done else self.draft.reading().settings
        if settings is None:
            self._show_in_log(with_keys(NO_TEST))
            return
        facts = done.verdict.facts if done else None
        place = done.compared_place if done else None
        commands = equivalent_commands(settings, facts, self.document.path.parent, place)
        is_stale = done is not None and self.draft.differing(done.draft)
        note = ", as last tested" if is_stale else ""
        where = f"in {done.place}: " if done and done.place else ""
        title = f"{where}{server_text(settings)}{note}"
        await self.show_dialog(EquivalentsScreen(title, commands, self.document.path))

    async def explain(self) -> None:
        """Explain an error of any program, and go to the field that it concerns."""
        key = await self.show_dialog(ExplainErrorScreen())
        if key is not None:
            self.go_to_field(key)

    async def compare(self) -> None:
        """Show the differences between the test under the cursor and the one before it."""
        tests = self.context.session.tests(self.table)
        if len(tests) < 2:
            count = "only one test has" if tests else "no test has"
            self._show_in_log(f"There is nothing to compare: {count} finished.")
            return
        moments = [test.moment for test in tests]
        moment = self.test_pane.log_view.moment
        # The first test has no earlier one, and an unfinished test cannot be compared.
        later = max(moments.index(moment), 1) if moment in moments else len(tests) - 1
        await self.show_dialog(CompareScreen(tests[later - 1], tests[later]))

    async def copy(self) -> None:
        """Copy the marked block, or the line under the cursor."""
        self._copy(self.test_pane.log_view.selected_entries())
        self.test_pane.log_view.clear_block()

    async def copy_test(self) -> None:
        """Copy the whole last test."""
        self._copy(self.test_pane.last_entries())

    def _copy(self, entries: Sequence[Entry]) -> None:
        content = plain_text(entries)
        if not content:
            self._show_in_log("There is nothing to copy: the log is empty.")
        else:
            save_key = key_of("save_text")
            self._show_in_log(copy_to_terminal(self.form.app, content, len(entries), save_key))

    def _show_in_log(self, text: str) -> None:
        log = self.test_pane.log_view
        # A message inside the log moves nothing on the screen, but only a key in the log clears it.
        show = log.show_message if self.screen.focused is log else self.show_message
        show(text)

    async def _ask_and_save(
        self,
        what: str,
        content: str,
        moment: datetime,
        suffix: str,
        title: str,
        save: Callable[[Path, str], object] = write_report,
    ) -> None:
        """Ask for a file and save a text to it, until that works or the admin gives up."""

        async def write(path: Path) -> str:
            try:
                await in_daemon_thread(partial(save, path, content), PATIENCE)
            except TimeoutError:
                shown = escape_controls(str(path))
                return f"{shown} accepted nothing within {PATIENCE:g} s. Is it a pipe?"
            except FileNotWrittenError as error:
                problem = escape_controls(str(error))
                return problem[:1].upper() + problem[1:]
            return ""

        name = f"{self.document.path.stem}-check-{moment:%Y%m%d-%H%M%S}{suffix}"
        folder = self.document.path.parent
        # Next to the settings, or in the current folder if that one is not writable.
        is_writable = os.access(folder, os.W_OK | os.X_OK)
        proposal = folder / name if is_writable else absolute(Path(name))
        path = await ask_and_save(
            self.form.app, title, proposal, "{} already exists. Replace it?".format, write
        )
        if path is not None:
            self.show_message(f"Saved {what}: {escape_controls(str(path))}", GOOD)


def plain_text(entries: Iterable[Entry]) -> str:
    """Return entries as lines, each with a line end; headings become `#` comments."""
    # Entries are redacted and escaped when they are made.
    lines = (f"# {entry}" if isinstance(entry, Title) else str(entry) for entry in entries)
    return "".join(f"{line}\n" for line in lines)


def kept_text(entries: Iterable[Entry], moment: datetime, home: str) -> str:
    """Return the text of a dialogue file; TITLE marks it as a file that may be replaced."""
    head = f"{TITLE}: the dialogue, {moment:%Y-%m-%d %H:%M:%S} UTC\n"
    # A home folder names a person, and a ticket may be public.
    lines = without(home, plain_text(entries).splitlines())
    return head + "".join(f"{line}\n" for line in lines)
