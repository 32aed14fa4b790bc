"""The commands that one types after a colon; each does what its key does in the form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from smtp_tui.config.document import Document
from smtp_tui.records import record
from smtp_tui.tui.commands import command_named
from smtp_tui.tui.linear.checking import LinearChecks
from smtp_tui.tui.linear.console import Console
from smtp_tui.tui.linear.context import LinearContext
from smtp_tui.tui.linear.finding import LinearSearch
from smtp_tui.tui.linear.reports import LinearReports
from smtp_tui.tui.linear.rows import KEYS
from smtp_tui.tui.linear.saving import LinearSave
from smtp_tui.tui.model.undo import UndoReport

HELP = (
    "At a field: Enter keeps its value, - sets the default, ? explains it and lists its choices, "
    "?? shows its whole page, < goes back. Type a choice by its name, first letters or number.",
    "A value that looks like one of these has a backslash before it: \\-",
    ":3 and :port go to a field by its number or name. Commands work at every prompt:",
)


class QuitError(Exception):
    """The admin leaves."""


class TableChosenError(Exception):
    """The admin goes to another table of the file."""

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table


@record
class LinearCommand:
    """A command: its name, its help, and the form's command that it stands for, or "".

    `run` gets what stands after the name, and returns the field to go to next, or None.
    """

    name: str
    help: str
    action: str
    run: Callable[[LinearCommands, str], Awaitable[str | None]]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that one can type, synonyms of other programs included."""
        synonyms = command_named(self.action).synonyms if self.action else ""
        return (self.name, *synonyms.split())


class LinearCommands:
    """Carries out the commands of one session."""

    def __init__(self, context: LinearContext) -> None:
        self.context = context
        self.saving = LinearSave(context)
        self.checks, self.search = LinearChecks(context), LinearSearch(context)
        self.reports = LinearReports(context)

    async def test(self, _argument: str) -> str | None:
        """Test the settings."""
        return await self.checks.test()

    async def fix(self, _argument: str) -> str | None:
        """Apply the best fix."""
        return await self.checks.fix()

    async def fixes(self, _argument: str) -> str | None:
        """List the fixes."""
        return await self.checks.choose_fix()

    async def undo(self, _argument: str) -> None:
        """Undo the last step."""
        self._show_step(self.context.history.undo(self.context.draft), "There is nothing to undo.")

    async def redo(self, _argument: str) -> None:
        """Redo the step undone last."""
        self._show_step(self.context.history.redo(self.context.draft), "There is nothing to redo.")

    def _show_step(self, report: UndoReport | None, nothing: str) -> None:
        self.context.console.show(report[0] if report else nothing)

    async def save(self, _argument: str) -> None:
        """Save the changes."""
        await self.saving.save()

    async def diff(self, _argument: str) -> None:
        """Show what saving would change, and ask whether to save."""
        await self.saving.review()

    async def private(self, _argument: str) -> None:
        """Let only the owner read the file."""
        await self.saving.make_private()

    async def send(self, _argument: str) -> str | None:
        """Send a test message."""
        return await self.checks.send()

    async def discover(self, argument: str) -> None:
        """Find the settings of a domain."""
        await self.search.discover(argument)

    async def presets(self, argument: str) -> str | None:
        """Set the settings of a provider."""
        return self.search.presets(argument)

    async def list_fields(self, _argument: str) -> None:
        """List all fields with their values."""
        rows = self.context.rows()
        for index in range(len(KEYS)):
            self.context.console.show(rows.line(index), "", "     ")

    async def log(self, _argument: str) -> None:
        """Write the last test's dialogue again."""
        self.checks.show_log()

    async def same(self, _argument: str) -> None:
        """Show the same test with other programs."""
        self.reports.show_programs()

    async def report(self, argument: str) -> None:
        """Save a report of the last test."""
        await self.reports.save_report(argument)

    async def dns(self, argument: str) -> None:
        """Show what DNS says about the sender's domain."""
        await self.reports.show_domain(argument)

    async def tables(self, _argument: str) -> None:
        """Go to another table of the file."""
        names = self.context.document.tables()
        if len(names) < 2:
            self.context.console.show("This file has one SMTP table.")
            return
        table = choose_table(self.context.console, self.context.document, self.context.table)
        if table is None or table == self.context.table:
            return
        if await self.saving.may_leave():
            raise TableChosenError(table)

    async def show_help(self, _argument: str) -> None:
        """Show what can be typed."""
        for line in HELP:
            self.context.console.show(line, "", "  ")
        for command in COMMANDS:
            self.context.console.show(f":{command.name}  {command.help}", "  ", "      ")
        self.context.console.show(
            "Only the form compares two tests. smtp-tui import, export and explain do the rest."
        )

    async def quit(self, _argument: str) -> None:
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
    """Let the admin choose a table of the file; None to go back."""
    names = document.tables()
    mark = {current: " (this one)"}
    console.show(f"{document.path.name} has several SMTP tables.")
    chosen = console.choose_line([f"{name}{mark.get(name, '')}" for name in names], "Table")
    return None if chosen is None else names[chosen]


def _command(
    name: str, run: Callable[[LinearCommands, str], Awaitable[str | None]], action: str = ""
) -> LinearCommand:
    return LinearCommand(name, command_named(action or name).help, action or name, run)


COMMANDS = (
    _command("test", LinearCommands.test),
    _command("fix", LinearCommands.fix),
    _command("fixes", LinearCommands.fixes),
    _command("undo", LinearCommands.undo),
    _command("redo", LinearCommands.redo),
    _command("save", LinearCommands.save),
    _command("diff", LinearCommands.diff),
    _command("private", LinearCommands.private),
    LinearCommand("list", "list all fields with their values", "", LinearCommands.list_fields),
    LinearCommand("log", "show the dialogue of the last test again", "", LinearCommands.log),
    _command("send", LinearCommands.send),
    _command("discover", LinearCommands.discover),
    _command("presets", LinearCommands.presets),
    _command("tables", LinearCommands.tables),
    _command("same", LinearCommands.same),
    _command("report", LinearCommands.report),
    _command("dns", LinearCommands.dns, "domain"),
    LinearCommand("help", "show what can be typed", "help", LinearCommands.show_help),
    _command("quit", LinearCommands.quit, "leave"),
)
