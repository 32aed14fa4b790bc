"""Where a text could be saved.

What is told beside the form: a report, other programs' command lines, an error explained.
"""

from __future__ import annotations

import os
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.config.paths import absolute
from smtp_tui.records import record
from smtp_tui.settings.password_sources import Literal
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.controllers.form import FormController
from smtp_tui.tui.style import BAD, GOOD
from smtp_tui.tui.test_pane.test_run import CompletedTest
from smtp_tui.tui.widgets.dialog import ChoiceDialog, DialogOption
from smtp_tui.tui.widgets.text_page import plain

if TYPE_CHECKING:
    from smtp_tui.checks.report import ReportEntry


def proposed_path(settings: Path, moment: datetime, suffix: str = ".md") -> Path:
    """Return a good name: beside the settings, or where we are if we may not write there."""
    name = f"{settings.stem}-check-{moment:%Y%m%d-%H%M%S}{suffix}"
    folder = settings.parent
    return folder / name if os.access(folder, os.W_OK | os.X_OK) else absolute(Path(name))


NO_TEST = "No test has finished yet. F5 starts one."
TITLE = "Save a report of the last test as Markdown, for a ticket. It contains no password."
TYPED = "typed in the form"
PATIENCE = 5.0
"""Seconds; a pipe that nobody reads would wait for ever."""
_YES = "y"


@record
class ToolController:
    """Shows and saves what the last test tells other people and other programs."""

    context: FormController

    async def report(self) -> None:
        """Ask for a file and save the report of the last test there."""
        done = self.context.test_pane.done
        if done is None:
            self.context.sidebar.show_message(NO_TEST)
            return
        from smtp_tui.checks.report import report_markdown

        text = report_markdown([_checked(done)], done.moment, os.environ.get("HOME", ""))
        proposal = proposed_path(self.context.document.path, done.moment)
        await self.save("the report", proposal, text)

    async def save(self, what: str, proposal: Path, text: str, title: str = "") -> None:
        """Ask for a file and save a text there, until that worked or is given up."""
        from smtp_tui.config.paths import expand
        from smtp_tui.tui.widgets.dialog import PromptDialog

        app, problem, typed = self.context.form.app, "", str(proposal)
        while True:
            answer = await app.push_screen_wait(
                PromptDialog(title or TITLE, "File", typed, ("Save", "Do not save"), problem)
            )
            if answer is None:
                return
            typed, path = answer, expand(answer, Path())
            if _is_there(path) and not await self._may_replace(path):
                continue
            problem = await _write(text, path)
            if not problem:
                self.context.sidebar.show_message(
                    f"Saved {what}: {escape_controls(str(path))}", GOOD
                )
                return

    async def same(self) -> None:
        """Show what to type for other programs to do what the last test did, or the form says."""
        from smtp_tui.checks.equivalents import equivalent_commands
        from smtp_tui.tui.dialogs.equivalents import EquivalentsScreen

        done, base = self.context.test_pane.done, self.context.document.path.parent
        settings = done.settings if done else self.context.form.draft.reading().settings
        if settings is None:
            self.context.sidebar.show_message(NO_TEST)
            return
        commands = equivalent_commands(settings, done.verdict.facts if done else None, base)
        title = f"{settings.host} port {settings.port}"
        await self.context.form.app.push_screen_wait(EquivalentsScreen(title, commands))

    async def explain(self) -> None:
        """Explain an error of any program, and go to the field that it is about."""
        from smtp_tui.tui.dialogs.explain_error import ExplainErrorScreen

        key = await self.context.form.app.push_screen_wait(ExplainErrorScreen())
        if key is not None:
            self.context.screen.show_form()
            self.context.form.focus_field(key)

    async def _may_replace(self, path: Path) -> bool:
        text = plain(f"{escape_controls(str(path))} already exists. Replace it?", BAD)
        no = DialogOption("n", "No"), DialogOption("escape", "No"), DialogOption("enter", "No")
        question = ChoiceDialog([text], (DialogOption(_YES, "Replace"), *no))
        return await self.context.form.app.push_screen_wait(question) == _YES


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


async def _write(text: str, path: Path) -> str:
    """Write a report; return why it could not be written."""
    from smtp_tui.checks.report import ReportError, write_report

    try:
        await in_daemon_thread(partial(write_report, path, text), PATIENCE)
    except TimeoutError:
        return f"{escape_controls(str(path))} accepted nothing within {PATIENCE:g} s. Is it a pipe?"
    except ReportError as error:
        text = escape_controls(str(error))
        return text[:1].upper() + text[1:]
    return ""


def _checked(done: CompletedTest) -> ReportEntry:
    from smtp_tui.checks.report import ReportEntry

    request, settings = done.request, done.settings
    is_typed = request.secret is not None and not isinstance(settings.password, Literal)
    return ReportEntry(
        settings=settings,
        events=done.events,
        verdict=done.verdict,
        file=request.file,
        table=request.table,
        base=request.base,
        assumed=request.assumed,
        password_from=TYPED if is_typed else "",
    )
