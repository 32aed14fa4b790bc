"""The commands typed after a colon; each does what its key does in the form."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from smtp_tui.config.document import Document
from smtp_tui.lazy import load
from smtp_tui.records import record
from smtp_tui.tui.commands import MENU_COMMANDS, command_named
from smtp_tui.tui.linear.checking import LinearChecks
from smtp_tui.tui.linear.console import Console
from smtp_tui.tui.linear.context import LinearContext
from smtp_tui.tui.linear.finding import LinearSearch
from smtp_tui.tui.linear.reports import LinearReports
from smtp_tui.tui.linear.rows import KEYS
from smtp_tui.tui.linear.saving import LinearSave
from smtp_tui.tui.model.check_request import run_check
from smtp_tui.tui.model.session import SessionMemory
from smtp_tui.tui.model.table_tests import ONE_TABLE, TableTests, read_again
from smtp_tui.tui.model.undo import NOTHING_TO_REDO, NOTHING_TO_UNDO, UndoReport

HELP = (
    "At a field: Enter keeps its value, - sets the default, ? explains it and lists its choices, "
    "?? shows its whole page, < goes back. Type a choice by its name, first letters or number.",
    "Put a backslash before a value that looks like one of these: \\-",
    ":3 and :port go to a field by its number or name. Commands work at every prompt; at a "
    "question, a command first goes back, as < does:",
)

Runs = Callable[["LinearCommands", str], Coroutine[Any, Any, object]]


class QuitError(Exception):
    """The admin leaves."""


class TableChosenError(Exception):
    """The admin goes to another table, of the same file or of another `document`."""

    def __init__(self, table: str, document: Document | None = None) -> None:
        super().__init__(table)
        self.table, self.document = table, document


@record
class LinearCommand:
    """A command: its name, its help, and the form's command that it stands for, or "".

    `run` gets what stands after the name; a text that it returns is the field to go to next.
    """

    name: str
    help: str
    action: str
    run: Runs

    @property
    def names(self) -> tuple[str, ...]:
        """The name and its synonyms; each can be typed."""
        synonyms = command_named(self.action).synonyms if self.action else ""
        return (self.name, *synonyms.split())


class LinearCommands:
    """Carries out the commands of one session."""

    def __init__(self, context: LinearContext) -> None:
        self.context = context
        self.saving = LinearSave(context)
        self.checks, self.search = LinearChecks(context), LinearSearch(context)
        self.reports = LinearReports(context)

    async def undo(self) -> None:
        """Undo the last step."""
        self._show_step(self.context.history.undo(self.context.draft), NOTHING_TO_UNDO)

    async def redo(self) -> None:
        """Redo the step undone last."""
        self._show_step(self.context.history.redo(self.context.draft), NOTHING_TO_REDO)

    def _show_step(self, report: UndoReport | None, nothing: str) -> None:
        self.context.console.show(report[0] if report else nothing)

    async def list_fields(self) -> None:
        """List all fields with their values."""
        rows = self.context.rows()
        for index in range(len(KEYS)):
            self.context.console.show(rows.line(index), "", "     ")

    async def tables(self) -> None:
        """Go to another table of the file."""
        names = self.context.document.tables()
        if len(names) < 2:
            self.context.console.show(ONE_TABLE)
            return
        table = choose_table(self.context.console, self.context.document, self.context.table)
        if table is None or table == self.context.table:
            return
        if await self.saving.may_leave():
            if problem := read_again(self.context.document, table):
                self.context.console.show(problem)
                return
            raise TableChosenError(table)

    async def scan(self, words: str) -> None:
        """Open or import one of the settings on this machine."""
        # Loads the formats of all programs and PyYAML, 90 ms; few sessions search the machine.
        from smtp_tui.tui.linear.machine import LinearScan

        scan = LinearScan(self.context)
        place = await scan.choose(words)
        if place is None or not await self.saving.may_leave():
            return
        if opened := scan.opened(place):
            document, table = opened
            raise TableChosenError(table, document)

    async def show_recording(self, typed: str) -> None:
        """Show a recorded check."""
        await load("tui.linear.recordings:show_recording")(self.context.console, typed)

    async def sign_in(self) -> str | None:
        """Sign in at the provider."""
        field: str | None = await load("tui.linear.signing_in:LinearSignIn")(self.context).start()
        return field

    async def show_help(self) -> None:
        """Show what the admin can type."""
        for line in HELP:
            self.context.console.show(line, "", "  ")
        for command in COMMANDS:
            self.context.console.show(f":{command.name}  {command.help}", "  ", "      ")
        self.context.console.show(
            "Only the form compares two tests. To import or export settings, or to have another "
            "program's error explained, leave and run smtp-tui import, export or explain."
        )

    async def quit(self) -> None:
        """Leave, after a question about unsaved changes."""
        if await self.saving.may_leave():
            raise QuitError


def command_typed(name: str) -> LinearCommand | None:
    """Return the command with this name, or a unique start of it."""
    wanted = name.casefold()
    exact = [command for command in COMMANDS if wanted in command.names]
    begun = [command for command in COMMANDS if command.name.startswith(wanted)]
    return next((found[0] for found in (exact, begun) if wanted and len(found) == 1), None)


def choose_table(console: Console, document: Document, current: str | None = None) -> str | None:
    """Let the admin choose a table of the file; None to go back, or to leave if none is open."""
    names = document.tables()
    mark = {current: " (this one)"}
    servers = TableTests(document, SessionMemory(), run_check, lambda: None)
    question = f"{document.path.name} has several SMTP tables."
    lines = [f"{name}{mark.get(name, '')}: {servers.server(name)}" for name in names]
    chosen = console.choose_line(question, lines, "go back" if current else "leave")
    return None if chosen is None else names[chosen]


def _command(name: str, run: Runs, action: str = "") -> LinearCommand:
    return LinearCommand(name, command_named(action or name).help, action or name, run)


_HELP = {command.action: command.help for command in MENU_COMMANDS}
COMMANDS = (
    _command("test", lambda it, _text: it.checks.test()),
    _command("fix", lambda it, _text: it.checks.fix()),
    _command("fixes", lambda it, _text: it.checks.choose_fix()),
    _command("place", lambda it, text: it.checks.choose_place(text)),
    _command("undo", lambda it, _text: it.undo()),
    _command("redo", lambda it, _text: it.redo()),
    _command("save", lambda it, _text: it.saving.save()),
    _command("diff", lambda it, _text: it.saving.review()),
    _command("private", lambda it, _text: it.saving.make_private()),
    LinearCommand("list", "list all fields with their values", "", lambda it, _: it.list_fields()),
    LinearCommand("log", "show the last test again", "", lambda it, _: it.checks.show_log()),
    _command("send", lambda it, text: it.checks.send(text)),
    _command("discover", lambda it, text: it.search.discover(text)),
    _command("presets", lambda it, text: it.search.presets(text)),
    _command("tables", lambda it, _text: it.tables()),
    LinearCommand("tap", _HELP["tap"], "", lambda it, text: it.checks.tap(text)),
    LinearCommand("drift", _HELP["drift"], "", lambda it, _: it.reports.show_drift()),
    LinearCommand("scan", _HELP["scan"], "", lambda it, text: it.scan(text)),
    LinearCommand(
        "mx", _HELP["mail_servers"], "", lambda it, text: it.reports.show_mail_servers(text)
    ),
    LinearCommand("all", "test every table of the file", "", lambda it, _: it.checks.test_all()),
    LinearCommand("record", _HELP["record"], "", lambda it, text: it.reports.save_recording(text)),
    LinearCommand("recording", _HELP["recording"], "", lambda it, text: it.show_recording(text)),
    _command("same", lambda it, _text: it.reports.show_programs()),
    _command("report", lambda it, text: it.reports.save_report(text)),
    _command("login", lambda it, _text: it.sign_in(), "sign_in"),
    _command("dns", lambda it, text: it.reports.show_domain(text), "domain"),
    LinearCommand("help", "show what you can type", "help", lambda it, _: it.show_help()),
    _command("quit", lambda it, _text: it.quit(), "leave"),
)
