"""What is told beside the form: a report, other programs' command lines, an error explained."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.records import record
from smtp_tui.settings.sources import Literal
from smtp_tui.smtp.escaping import visible
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.bench.trial import Done
from smtp_tui.tui.deeds import Deeds
from smtp_tui.tui.dialogs import Answer, Question
from smtp_tui.tui.ink import BAD, GOOD
from smtp_tui.tui.sidebar.prose import plain

if TYPE_CHECKING:
    from smtp_tui.checks.report.writing import Checked

NO_TEST = "No test has finished yet. F5 starts one."
TITLE = "Save a report of the last test as Markdown, for a ticket. It contains no password."
TYPED = "typed in the form"
PATIENCE = 5.0
"""Seconds; a pipe that nobody reads would wait for ever."""
_YES = "y"


@record
class Asides:
    """Shows and saves what the last test tells other people and other programs."""

    deeds: Deeds

    async def report(self) -> None:
        """Ask for a file and save the report of the last test there."""
        done = self.deeds.bench.done
        if done is None:
            self.deeds.words.say(NO_TEST)
            return
        from smtp_tui.checks.report.writing import report_markdown
        from smtp_tui.tui.asides.proposal import proposed_path

        text = report_markdown([_checked(done)], done.moment, os.environ.get("HOME", ""))
        proposal = proposed_path(self.deeds.document.path, done.moment)
        await self.save("the report", proposal, text)

    async def save(self, what: str, proposal: Path, text: str, title: str = "") -> None:
        """Ask for a file and save a text there, until that worked or is given up."""
        from smtp_tui.config.paths import expand
        from smtp_tui.tui.asides.ask_line import AskLine

        app, problem, typed = self.deeds.form.app, "", str(proposal)
        while True:
            answer = await app.push_screen_wait(
                AskLine(title or TITLE, "File", typed, ("Save", "Do not save"), problem)
            )
            if answer is None:
                return
            typed, path = answer, expand(answer, Path())
            if _is_there(path) and not await self._may_replace(path):
                continue
            problem = await _write(text, path)
            if not problem:
                self.deeds.words.say(f"Saved {what}: {visible(str(path))}", GOOD)
                return

    async def same(self) -> None:
        """Show what to type for other programs to do what the last test did, or the form says."""
        from smtp_tui.checks.same.commands import same_commands
        from smtp_tui.tui.asides.same_screen import SameScreen

        done, base = self.deeds.bench.done, self.deeds.document.path.parent
        settings = done.settings if done else self.deeds.form.draft.reading().settings
        if settings is None:
            self.deeds.words.say(NO_TEST)
            return
        commands = same_commands(settings, done.events if done else (), base)
        title = f"{settings.host} port {settings.port}"
        await self.deeds.form.app.push_screen_wait(SameScreen(title, commands))

    async def explain(self) -> None:
        """Explain an error of any program, and go to the field that it is about."""
        from smtp_tui.tui.asides.error_screen import ErrorScreen

        key = await self.deeds.form.app.push_screen_wait(ErrorScreen())
        if key is not None:
            self.deeds.stage.show_form()
            self.deeds.form.visit(key)

    async def _may_replace(self, path: Path) -> bool:
        text = plain(f"{visible(str(path))} already exists. Replace it?", BAD)
        no = Answer("n", "No"), Answer("escape", "No"), Answer("enter", "No")
        question = Question([text], (Answer(_YES, "Replace"), *no))
        return await self.deeds.form.app.push_screen_wait(question) == _YES


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


async def _write(text: str, path: Path) -> str:
    """Write a report; return why it could not be written."""
    from smtp_tui.checks.report.file import ReportError, write_report

    try:
        await in_daemon_thread(partial(write_report, path, text), PATIENCE)
    except TimeoutError:
        return f"{visible(str(path))} accepted nothing within {PATIENCE:g} s. Is it a pipe?"
    except ReportError as error:
        text = visible(str(error))
        return text[:1].upper() + text[1:]
    return ""


def _checked(done: Done) -> Checked:
    from smtp_tui.checks.report.writing import Checked

    request, settings = done.request, done.settings
    is_typed = request.secret is not None and not isinstance(settings.password, Literal)
    return Checked(
        settings=settings,
        events=done.events,
        verdict=done.verdict,
        file=request.file,
        table=request.table,
        base=request.base,
        assumed=request.assumed,
        password_from=TYPED if is_typed else "",
    )
