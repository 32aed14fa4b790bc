"""Ask for one field after the other, and run the commands that are typed at a prompt."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

from smtp_tui.config.dialects.spec import PLAIN
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.preferences import NAME, Preferences
from smtp_tui.lazy import load
from smtp_tui.settings.fields import BY_KEY, FIELDS
from smtp_tui.tui.commands import set_active_keys, with_keys
from smtp_tui.tui.linear.commands import (
    COMMANDS,
    LinearCommands,
    QuitError,
    TableChosenError,
    choose_table,
    command_typed,
)
from smtp_tui.tui.linear.console import Console, on_signal
from smtp_tui.tui.linear.context import LinearContext
from smtp_tui.tui.linear.rows import (
    FIRST_ADVANCED,
    KEYS,
    choice_typed,
    choices_at,
    explanation_lines,
    label_of,
    page_paragraphs,
    row_named,
)
from smtp_tui.tui.messages import CHANGES_KEPT, format_internal_error
from smtp_tui.tui.model.check_request import Runner, run_check
from smtp_tui.tui.model.draft import PASSWORD
from smtp_tui.tui.model.file_context import OpenFileContext
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.model.row_state import KEPT, raw_of
from smtp_tui.tui.model.session import SessionMemory

if TYPE_CHECKING:
    from smtp_tui.checks.recording import Recording

INTRO = (
    "Each line asks for a field. Enter keeps its value, - sets the default, ? explains, < goes "
    "back. :test tests, :save saves, :help lists everything."
)
HOW_TO_QUIT = "Ctrl+C stops a test; here it does nothing. :quit leaves, and so does Ctrl+D."
# After the fields there is a prompt for commands alone.
COMMANDS_AT = len(KEYS)
_SPECIAL = ("", "-", "<", "?", "??")


class LinearSession:
    """Edits one table of a document."""

    def __init__(self, context: LinearContext) -> None:
        self.context, self.console, self.draft = context, context.console, context.draft
        self.commands = LinearCommands(context)
        self._at = 0
        self._shows_advanced = False

    async def run(self) -> None:
        """Ask for fields and run commands until the admin leaves."""
        while True:
            try:
                await self._step()
            except QuitError:
                return
            except KeyboardInterrupt:
                self.console.show(HOW_TO_QUIT)
            except EOFError:
                if await self.commands.saving.may_leave():
                    return
            except TableChosenError:
                raise
            except Exception as error:  # a bug must not lose the input
                self.console.show(format_internal_error(error))

    async def _step(self) -> None:
        """Ask for the current row, and carry out the answer."""
        if command := self.console.take_command():
            await self._run(command)
        elif self._at == FIRST_ADVANCED and not self._shows_advanced:
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
            self._go_back()
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
            self._at = COMMANDS_AT if self._shows_advanced else FIRST_ADVANCED
            self._go_back()
        elif typed in ("?", "??"):
            self.console.show(", ".join(f":{command.name}" for command in COMMANDS))
            self.console.show("A field's number or name goes to the field.")
        elif typed:
            await self._run(typed)

    async def _ask_for_field(self, key: str) -> None:
        rows, password = self.context.rows(), self.draft.password
        state = rows.states[key]
        if state.is_fixed:
            why = f" cannot be set here. {state.limit}" if state.limit else ""
            self.console.show(f"{self._at + 1} {label_of(key)} [{rows.value(key)}]{why}")
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
            self._go_back()
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
            await self.context.file_context.look_for_keyring()
        # Ask next for the name of the variable, path or command.
        if location is PasswordLocation.ASK or password.is_masked or password.text:
            self.context.show_news(before)
            self._at += 1
        else:
            self._at = KEYS.index(PASSWORD)

    # Commands

    async def _run(self, typed: str) -> None:
        """Run a command, or go to the field that is named."""
        words = typed.removeprefix(":")
        name, _, argument = words.partition(" ")
        if (row := row_named(words)) is not None:
            self._go_to(row)
        elif (command := command_typed(name)) is not None:
            key = await command.run(self.commands, argument.strip())
            if isinstance(key, str):
                self._go_to(KEYS.index(key))
        else:
            self.console.show(f"There is no command or field {typed}. :help lists them.")

    def _go_back(self) -> None:
        """Go to the row before, past those that cannot be set."""
        states = self.context.rows().states
        before = [row for row in range(self._at) if not states[KEYS[row]].is_fixed]
        self._at = before[-1] if before else 0

    def _go_to(self, row: int) -> None:
        self._at = row
        self._shows_advanced |= row >= FIRST_ADVANCED


def _is_command(word: str, *, only_known: bool) -> bool:
    """Whether a word is a command; of a password only if it names a command or field."""
    name = word.removeprefix(":")
    if name == word or not only_known:
        return name != word
    return row_named(name) is not None or any(name in command.names for command in COMMANDS)


def run_linear(
    document: Document,
    table: str | None,
    preferences: Preferences,
    *,
    notice: str,
    is_demo: bool,
    report: Callable[[str], None],
    runner: Runner = run_check,
    console: Console | None = None,
    recording: Recording | None = None,
) -> int:
    """Run a session on a table, or on one that the admin chooses; return the exit status.

    `is_demo`: keep no unsaved changes, and ask no other machine. `report` prints an error.
    `recording` is shown first.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    console = console or Console()
    # Texts name a command by its key; here the key is the typed command.
    set_active_keys(
        {command.action: (f":{command.name}",) for command in COMMANDS if command.action}
    )
    session: LinearSession | None = None
    memory = SessionMemory()
    with _signals_end():
        try:
            table = table or choose_table(console, document)
            while table is not None:
                session = _open(console, document, table, memory, runner, preferences.dkim, is_demo)
                problems = "; ".join(preferences.problems)
                _introduce(session, notice, f"{NAME}: {problems}" if problems else "")
                if recording is not None:
                    load("tui.linear.recordings:write_recording")(console, recording)
                    recording = None
                try:
                    asyncio.run(session.run())
                except TableChosenError as chosen:
                    table = chosen.table
                    if chosen.document is not None:
                        document, memory = chosen.document, SessionMemory()
                else:
                    break
        except BaseException as error:
            # After a signal or a crash, unsaved changes wait for the next session.
            if session is not None and not is_demo and session.commands.saving.keep_changes():
                report(CHANGES_KEPT)
            if isinstance(error, SystemExit) and isinstance(error.code, int):
                return error.code
            raise
        finally:
            set_active_keys({})
    return 0


def _open(
    console: Console,
    document: Document,
    table: str,
    memory: SessionMemory,
    runner: Runner,
    selectors: tuple[str, ...],
    is_demo: bool,
) -> LinearSession:
    file_context = OpenFileContext(document, table)
    context = LinearContext(
        console=console,
        document=document,
        table=table,
        file_context=file_context,
        draft=file_context.draft(),
        runner=runner,
        session=memory,
        selectors=selectors,
        is_demo=is_demo,
    )
    return LinearSession(context)


def _introduce(session: LinearSession, notice: str, remark: str) -> None:
    """Show which file is open, its problems, and how to answer."""
    context, console = session.context, session.console
    document, table = context.document, context.table
    state = "" if document.exists else ", new file"
    if document.exists and document.lacks(table):
        state = ", no SMTP table yet"
    keys = document.application or PLAIN
    console.show(f"smtp-tui: {document.path}, table {table}, {keys} keys{state}.")
    try:
        remarks = document.remarks(table)
    except DocumentError:  # the first save reports it
        remarks = ()
    for line in filter(None, (with_keys(notice), remark, *remarks, INTRO)):
        console.show(line)
    if not context.is_demo:
        session.commands.saving.offer_recovery()


@contextmanager
def _signals_end() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the session in an orderly way, and Ctrl+C do nothing by itself."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with (
        on_signal(signal.SIGTERM, end),
        on_signal(signal.SIGHUP, end),
        on_signal(signal.SIGINT, lambda _number, _frame: None),
    ):
        yield
