"""Ask for one field after the other, and run the commands that the admin types at a prompt."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from smtp_tui.checks.equivalents import equivalent_commands
from smtp_tui.config import keyring_backend
from smtp_tui.config.document import Document
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY, FIELDS
from smtp_tui.tui.commands import command_named
from smtp_tui.tui.linear.checking import LinearChecks
from smtp_tui.tui.linear.console import Console
from smtp_tui.tui.linear.context import LinearContext
from smtp_tui.tui.linear.finding import LinearSearch
from smtp_tui.tui.linear.rows import (
    FIRST_ADVANCED,
    KEPT,
    KEYS,
    choice_typed,
    choices_at,
    explanation_lines,
    label_of,
    page_paragraphs,
    row_named,
)
from smtp_tui.tui.linear.saving import LinearSave
from smtp_tui.tui.messages import format_internal_error
from smtp_tui.tui.model.draft import PASSWORD
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.model.row_state import raw_of
from smtp_tui.tui.model.undo import UndoReport

INTRO = (
    "Each line asks for a field. Enter keeps its value, - sets the default, ? explains, < goes "
    "back. :test tests, :save saves, :help lists everything."
)
HOW_TO_QUIT = "Ctrl+C stops a test; here it does nothing. :quit leaves, and so does Ctrl+D."
# After the fields there is a prompt for commands alone.
COMMANDS_AT = len(KEYS)
_SPECIAL = ("", "-", "<", "?", "??")


class QuitError(Exception):
    """The admin leaves."""


class TableChosenError(Exception):
    """The admin goes to another table of the file."""

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table


@record
class LinearCommand:
    """A command at a prompt: its name, its help, and the form's command that it stands for.

    `run` gets what stands after the name, and returns the field to go to next, or None.
    """

    name: str
    help: str
    run: Callable[[LinearSession, str], Coroutine[Any, Any, str | None]]
    action: str = ""


class LinearSession:
    """Edits one table of a document."""

    def __init__(self, context: LinearContext) -> None:
        self.context, self.console, self.draft = context, context.console, context.draft
        self.saving = LinearSave(context)
        self.checks = LinearChecks(context)
        self.search = LinearSearch(context)
        self._at = 0
        self._shows_advanced = False

    async def run(self) -> None:
        """Ask and obey until the admin leaves."""
        while True:
            try:
                await self._step()
            except QuitError:
                return
            except KeyboardInterrupt:
                self.console.show(HOW_TO_QUIT)
            except EOFError:
                if await self.saving.may_leave():
                    return
            except TableChosenError:
                raise
            except Exception as error:  # a bug must not lose the input
                self.console.show(format_internal_error(error))

    async def _step(self) -> None:
        """Ask at the present row, and do what is typed."""
        if self._at == FIRST_ADVANCED and not self._shows_advanced:
            await self._ask_for_more()
        elif self._at >= COMMANDS_AT:
            await self._ask_for_command()
        else:
            await self._ask_for_field(KEYS[self._at])

    async def _ask_for_more(self) -> None:
        folded = [field for field in FIELDS if field.advanced]
        count = sum(self.draft.raw(field.key) is not None for field in folded)
        labels = ", ".join(field.label for field in folded[:3])
        prompt = f"More settings, such as {labels}; {count} set. y shows them [no]: "
        typed = self.console.ask(prompt).strip()
        if typed.casefold() in ("y", "yes"):
            self._shows_advanced = True
        elif typed == "<":
            self._at -= 1
        elif typed in ("?", "??"):
            for field in folded:
                self.console.show(f"{field.label}: {field.summary}", "- ", "  ")
        elif typed.startswith(":"):
            await self._run(typed)
        else:
            self._at = COMMANDS_AT

    async def _ask_for_command(self) -> None:
        typed = self.console.ask("Command or field (? lists): ").strip()
        if typed == "<":
            self._at = (COMMANDS_AT if self._shows_advanced else FIRST_ADVANCED) - 1
        elif typed in ("?", "??"):
            self.console.show(", ".join(f":{command.name}" for command in COMMANDS))
            self.console.show("A field's number or name goes to the field.")
        elif typed:
            await self._run(typed)

    async def _ask_for_field(self, key: str) -> None:
        rows, password = self.context.rows(), self.draft.password
        state = rows.states[key]
        if state.is_fixed:
            why = state.limit or "smtp-tui asks for it at each test."
            self.console.show(f"{self._at + 1} {label_of(key)} [{rows.value(key)}]: {why}")
            self._at += 1
            return
        is_secret = key == PASSWORD and password.is_masked
        typed = self.console.ask(rows.prompt(self._at), is_secret=is_secret)
        # Blanks around a password belong to it.
        word = typed.strip()
        if word == "?":
            for line in explanation_lines(key, rows, self.context.last):
                self.console.show(line, "", "  ")
            self.console.show("?? shows the whole page.")
        elif word == "??":
            for paragraph in page_paragraphs(key):
                self.console.show(*paragraph)
        elif word == "<":
            self._at = max(self._at - 1, 0)
        elif word == "":
            self._at += 1
        elif word == "-":
            self._set_default(key)
        elif _is_command(word, only_known=is_secret):
            await self._run(word)
        else:
            # A backslash makes a value of what would be a command.
            rest = word.removeprefix("\\")
            if rest != word and (rest in _SPECIAL or rest.startswith(":")):
                typed = rest
            await self._set(key, typed)

    # Changes

    def _set_default(self, key: str) -> None:
        password, before = self.draft.password, self.context.rows()
        if key in (KEPT, PASSWORD):
            edit = password.reset if key == KEPT else password.erase
            self.context.history.apply(self.draft, {}, edit, at=key)
            self.context.show_news(before)
        else:
            self.context.apply({key: None}, at=key)
        self.console.show(f"{label_of(key)}: {self.context.rows().value(key)}")
        self._at += 1

    async def _set(self, key: str, typed: str) -> None:
        """Set a field to what was typed, and go to the next; show why it cannot be set."""
        if key == PASSWORD:
            await self._set_password(typed)
        elif choices_at(key):
            await self._set_choice(key, typed)
        elif problem := BY_KEY[key].problem_with(typed):
            self.console.show(f"! {label_of(key)} {problem}")
        else:
            self.context.apply({key: typed}, at=key)
            self._at += 1

    async def _set_choice(self, key: str, typed: str) -> None:
        word = choice_typed(key, typed)
        refused = self.context.rows().states[key].refused
        if word is None:
            words = ", ".join(choices_at(key))
            self.console.show(f"! {label_of(key)} is one of: {words}. ? explains them.")
        elif word in refused:
            self.console.show(f"! {refused[word]}")
        elif key == KEPT:
            await self._move_password(PasswordLocation(word))
        else:
            self.context.apply({key: raw_of(BY_KEY[key], word)}, at=key)
            self.console.show(f"{label_of(key)}: {word}")
            self._at += 1

    async def _set_password(self, typed: str) -> None:
        password, before = self.draft.password, self.context.rows()
        self.context.history.apply(self.draft, {}, partial(password.type, typed), at=PASSWORD)
        self.context.show_news(before)
        if password.is_masked:
            self.console.show(f"{label_of(PASSWORD)}: {len(typed)} characters, not saved yet.")
        self._at += 1

    async def _move_password(self, location: PasswordLocation) -> None:
        password, before = self.draft.password, self.context.rows()
        self.context.history.apply(self.draft, {}, partial(password.move_to, location), at=KEPT)
        self.console.show(f"{label_of(KEPT)}: {location}")
        if location is PasswordLocation.KEYRING:
            # Report a missing keyring at once, not only when the password is saved.
            trouble = await keyring_backend.keyring_state()
            found = (trouble, keyring_backend.looked_for()) if trouble else None
            self.context.file_context.keyring_trouble = found
        self.context.show_news(before)
        # A variable, path or command has to be named.
        needs_name = not password.is_masked and location is not PasswordLocation.ASK
        self._at = KEYS.index(PASSWORD) if needs_name and not password.text else self._at + 1

    # Commands

    async def _run(self, typed: str) -> None:
        """Run a command, or go to the field that is named."""
        name, _, argument = typed.removeprefix(":").partition(" ")
        command = next((one for one in COMMANDS if one.name == name.casefold()), None)
        if command is not None:
            key = await command.run(self, argument.strip())
            if key is not None:
                self._go_to(KEYS.index(key))
        elif (row := row_named(typed.removeprefix(":"))) is not None:
            self._go_to(row)
        else:
            self.console.show(f"There is no command or field {typed}. :help lists them.")

    def _go_to(self, row: int) -> None:
        self._at = row
        self._shows_advanced |= row >= FIRST_ADVANCED

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
        self._show_step(self.context.history.undo(self.draft), "There is nothing to undo.")

    async def redo(self, _argument: str) -> None:
        """Redo the step undone last."""
        self._show_step(self.context.history.redo(self.draft), "There is nothing to redo.")

    def _show_step(self, report: UndoReport | None, nothing: str) -> None:
        self.console.show(report[0] if report else nothing)

    async def save(self, _argument: str) -> None:
        """Save the changes."""
        await self.saving.save()

    async def diff(self, _argument: str) -> None:
        """Show what saving would change, and ask whether to save."""
        await self.saving.review()

    async def private(self, _argument: str) -> None:
        """Let only the owner read the file."""
        self.saving.make_private()

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
            self.console.show(rows.line(index), "", "     ")

    async def log(self, _argument: str) -> None:
        """Write the last test's dialogue again."""
        self.checks.show_log()

    async def same(self, _argument: str) -> None:
        """Show the same test with other programs."""
        done = self.context.done
        settings = done.settings if done else self.draft.reading().settings
        if settings is None:
            self.console.show("No test has finished yet. :test starts one.")
            return
        facts = done.verdict.facts if done else None
        folder = self.context.document.path.parent
        for command in equivalent_commands(settings, facts, folder):
            self.console.show(f"{command.program}:")
            if command.line:
                self.console.show_verbatim(command.line)
            for note in command.notes:
                self.console.show(note, "- ", "  ")

    async def tables(self, _argument: str) -> None:
        """Go to another table of the file."""
        names = self.context.document.tables()
        if len(names) < 2:
            self.console.show("This file has one SMTP table.")
            return
        table = choose_table(self.console, self.context.document, self.context.table)
        if table is None or table == self.context.table:
            return
        if await self.saving.may_leave():
            raise TableChosenError(table)

    async def show_help(self, _argument: str) -> None:
        """Show what can be typed."""
        for line in HELP:
            self.console.show(line, "", "  ")
        for command in COMMANDS:
            self.console.show(f":{command.name}  {command.help}", "  ", "      ")
        self.console.show(
            "Import, export, the DNS report and the comparison of two tests are in the form, and "
            "most are commands of their own: smtp-tui --help."
        )

    async def quit(self, _argument: str) -> None:
        """Leave, after a question about unsaved changes."""
        if await self.saving.may_leave():
            raise QuitError


HELP = (
    "At a field: Enter keeps its value, - sets the default, ? explains it and lists its choices, "
    "?? shows its whole page, < goes back. Type a choice by its name, first letters or number.",
    "A value that looks like one of these has a backslash before it: \\-",
    ":3 and :port go to a field by its number or name. Commands work at every prompt:",
)


def _is_command(word: str, *, only_known: bool) -> bool:
    """Whether a word is a command; of a password only if it names a command or field."""
    name = word.removeprefix(":")
    if name == word or not only_known:
        return name != word
    return row_named(name) is not None or any(name == command.name for command in COMMANDS)


def _command(name: str, run: Any, action: str = "") -> LinearCommand:
    return LinearCommand(name, command_named(action or name).help, run, action or name)


COMMANDS = (
    _command("test", LinearSession.test),
    _command("fix", LinearSession.fix),
    _command("fixes", LinearSession.fixes),
    _command("undo", LinearSession.undo),
    _command("redo", LinearSession.redo),
    _command("save", LinearSession.save),
    _command("diff", LinearSession.diff),
    _command("private", LinearSession.private),
    LinearCommand("list", "all fields with their values", LinearSession.list_fields),
    LinearCommand("log", "the dialogue of the last test once more", LinearSession.log),
    _command("send", LinearSession.send),
    _command("discover", LinearSession.discover),
    _command("presets", LinearSession.presets),
    _command("tables", LinearSession.tables),
    _command("same", LinearSession.same),
    LinearCommand("help", "what can be typed", LinearSession.show_help, "help"),
    _command("quit", LinearSession.quit, "leave"),
)


def choose_table(console: Console, document: Document, current: str | None = None) -> str | None:
    """Let the admin choose a table of the file; None to go back."""
    names = document.tables()
    mark = {current: " (this one)"}
    console.show(f"{document.path.name} has several SMTP tables.")
    chosen = console.choose_line([f"{name}{mark.get(name, '')}" for name in names], "Table")
    return None if chosen is None else names[chosen]
