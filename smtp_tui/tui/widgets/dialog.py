"""Dialogs at the bottom of the screen: nothing of the form is covered that an answer needs."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widget import Widget

from smtp_tui.config.paths import expand
from smtp_tui.records import record
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.commands import TABLE_COMMANDS, hints_of, key_name
from smtp_tui.tui.keymap import bindings
from smtp_tui.tui.style import BAD, DIM, PLAIN, STRONG, WARNING, Span
from smtp_tui.tui.textual_compat import NoRepaintOnResize, PaintOnceScreen
from smtp_tui.tui.widgets.line import KeyHints
from smtp_tui.tui.widgets.line_editor import PromptLine
from smtp_tui.tui.widgets.list import Menu
from smtp_tui.tui.widgets.text_page import Block, TextPage, plain

Result = TypeVar("Result")
LABEL = "SMTP Password"
SAVE, DISCARD, STAY = "s", "d", "escape"
YES = "y"


class DialogBody(NoRepaintOnResize, Vertical):
    """What a dialog asks and shows, one below the other."""


# Without `inherit_bindings=False` the keys of Textual's screens (Tab, Ctrl+C) would work too.
class Dialog(PaintOnceScreen, ModalScreen[Result], inherit_bindings=False):
    """A modal screen that ends with a result; it is None where the admin goes back."""

    def __init__(self) -> None:
        super().__init__(classes="dialog")

    def parts(self) -> Iterable[Widget]:
        """Return what stands in it, one below the other."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Put the parts in a box."""
        with DialogBody(classes="box"):
            yield from self.parts()

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)


@record
class DialogOption:
    """A key, and what it answers in words."""

    key: str
    words: str


# Enter is pressed without reading, so it never agrees.
_NO = DialogOption("n", "No"), DialogOption("escape", "No"), DialogOption("enter", "No")


def _keys(answers: Sequence[DialogOption]) -> TextPage:
    spans: list[Span] = []
    for answer in answers:
        spans += [(key_name(answer.key), STRONG), (f" {answer.words}   ", PLAIN)]
    return TextPage([Block(tuple(spans), is_preformatted=True, gap=False)])


class ChoiceDialog(Dialog[str]):
    """A question that one key answers; the result is that key. Other keys do nothing."""

    def __init__(self, text: Sequence[Block], answers: Sequence[DialogOption]) -> None:
        super().__init__()
        self._text = tuple(text)
        self._answers = tuple(answers)

    def parts(self) -> Iterable[Widget]:
        """Return the question and the keys."""
        return TextPage([*self._text]), _keys(self._answers)

    def on_key(self, event: Key) -> None:
        """Take the answer."""
        # Caps Lock is no reason to do nothing.
        if event.key.casefold() in {answer.key for answer in self._answers}:
            event.stop()
            self.dismiss(event.key.casefold())


async def choose(app: App[Any], text: Sequence[Block], answers: Sequence[tuple[str, str]]) -> str:
    """Ask something; return the key of the answer, of which each has its words."""
    options = [DialogOption(key, words) for key, words in answers]
    return await app.push_screen_wait(ChoiceDialog(text, options))


async def confirm(app: App[Any], text: Sequence[Block], yes: str = "Yes") -> bool:
    """Ask something whose answer is no unless one key says yes."""
    options = (DialogOption(YES, yes), *_NO)
    return await app.push_screen_wait(ChoiceDialog(text, options)) == YES


def missing_folder(path: Path) -> Path | None:
    """Return the folder that a file is to be in if it does not exist."""
    folder = Path(os.path.realpath(path)).parent
    return None if os.path.lexists(folder) else folder


def folder_question(folder: Path) -> str:
    """Return what to ask before a folder is made."""
    return f"The folder {escape_controls(str(folder))} does not exist. Create it (mode 0700)?"


async def may_make_folder(app: App[Any], path: Path) -> bool:
    """Ask whether the folder of a file shall be made; True where it is there."""
    # A slip in a path would make a folder that nobody wants.
    folder = missing_folder(path)
    if folder is None:
        return True
    return await confirm(app, [plain(folder_question(folder), WARNING)], "Create it")


async def ask_unsaved(app: App[Any], file: str, keys: Sequence[str]) -> str:
    """Ask what to do with changes: `SAVE`, `DISCARD` or `STAY`."""
    text = plain(f"{file} does not contain your changes yet: {', '.join(keys)}.")
    answers = (SAVE, "Save and leave"), (DISCARD, "Discard"), (STAY, "Stay")
    return await choose(app, [text], answers)


class PromptDialog(Dialog[str | None]):
    """Asks for one line of text; `actions` are what Enter and Esc do, in words."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", show=False),
        Binding("escape", "leave", show=False),
    ]

    def __init__(
        self,
        title: str,
        label: str,
        text: str,
        actions: tuple[str, str],
        problem: str = "",
        *,
        may_be_empty: bool = False,
    ) -> None:
        super().__init__()
        self._title = title
        self._line = PromptLine(label)
        self._text = text
        self._actions = actions
        self._problem = problem
        self._may_be_empty = may_be_empty

    def parts(self) -> Iterable[Widget]:
        """Return a field for it, and what was wrong with the last answer."""
        yield TextPage([plain(self._title, DIM)])
        yield self._line
        if self._problem:
            yield TextPage([plain(self._problem, BAD)])
        yield KeyHints((("Enter", self._actions[0]), ("Esc", self._actions[1])), indent=0)

    def on_mount(self) -> None:
        """Begin with what was proposed or typed before."""
        self._line.load(self._text)
        self.set_focus(self._line)

    def action_take(self) -> None:
        """Take what was typed."""
        text = self._line.text.strip()
        if text or self._may_be_empty:
            self.dismiss(text)


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


async def ask_and_save(
    app: App[Any],
    title: str,
    proposal: Path,
    question: Callable[[str], str],
    write: Callable[[Path], Awaitable[str]],
    *,
    makes_folder: bool = False,
) -> Path | None:
    """Ask for a file and write it, until that worked or is given up.

    `question` asks whether to replace a file, by its path; `write` returns what went wrong.
    """
    typed, problem, answers = str(proposal), "", ("Save", "Do not save")
    while True:
        answer = await app.push_screen_wait(PromptDialog(title, "File", typed, answers, problem))
        if answer is None:
            return None
        typed, path = answer, expand(answer, Path())
        if makes_folder and not await may_make_folder(app, path):
            continue
        if _is_there(path):
            replace = plain(question(escape_controls(str(path))), BAD)
            if not await confirm(app, [replace], "Replace"):
                continue
        problem = await write(path)
        if not problem:
            return path


class AskPassword(Dialog[str | None]):
    """Asks for a password for one test or message; it is kept nowhere."""

    BINDINGS = PromptDialog.BINDINGS

    def __init__(self, account: str, *, sends: bool = False) -> None:
        super().__init__()
        whose = f" of {account}" if account else ""
        what, self._verb = ("message", "Send") if sends else ("test", "Test")
        self._title = f"The password{whose}, for this {what} only. It is not stored."
        self._line = PromptLine(LABEL, is_masked=True)

    def parts(self) -> Iterable[Widget]:
        """Return a field for it, and the keys."""
        yield TextPage([plain(self._title)])
        yield self._line
        no = f"Do not {self._verb.lower()}"
        yield _keys((DialogOption("enter", self._verb), DialogOption("escape", no)))

    def action_take(self) -> None:
        """Give it to the test."""
        # Unlike other answers it is not stripped: a password may begin or end in blanks.
        self.dismiss(self._line.text)


class SelectDialog(Dialog[int | None]):
    """A choice of one from a short list; the result is the number of the line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", show=False),
        Binding("escape,f10,ctrl+x", "leave", show=False),
    ]

    def __init__(
        self, title: str, lines: Sequence[str], index: int, notes: Sequence[Block] = ()
    ) -> None:
        super().__init__()
        self._head = [plain(title, STRONG), *notes]
        self._list = Menu(map(escape_controls, lines), index)

    def parts(self) -> Iterable[Widget]:
        """Return title, lines and keys."""
        hints = (("Enter", "Choose"), ("Up Down", "Move"), ("Esc", "Back"))
        return TextPage(self._head), self._list, KeyHints(hints, indent=0)

    def action_take(self) -> None:
        """Take the chosen line."""
        self.dismiss(self._list.index)


TESTING = "testing …"


class TableSource(Protocol):
    """The tables of a file."""

    @property
    def path(self) -> Path:
        """The file."""

    def entries(self) -> Iterable[tuple[str, str, str]]:
        """Return name, host and last verdict of each table, in the file's order."""

    async def test(self, table: str) -> None:
        """Test a table as the file has it."""


class TablePicker(Dialog[str | None]):
    """A list of the tables; the result is the one chosen, None for none.

    Without a `current` one it is the first thing on the screen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(TABLE_COMMANDS),
        Binding("f10,ctrl+x", "leave", show=False),
    ]

    def __init__(self, source: TableSource, current: str | None = None) -> None:
        super().__init__()
        self.set_classes("dialog" if current else "picker")
        self._source = source
        self._current = current
        self._tables = [table for table, _, _ in source.entries()]
        index = self._tables.index(current) if current in self._tables else 0
        self._menu = Menu(self._lines(), index)

    def compose(self) -> ComposeResult:
        """List them, each with its host."""
        path = self._source.path
        title = f"{path} has several SMTP tables. Which one do you want?"
        if self._current:
            title = f"SMTP tables in {path.name}"
        with DialogBody(classes="box" if self._current else "page"):
            yield TextPage([plain(title, STRONG)])
            yield self._menu
            yield KeyHints(hints_of(TABLE_COMMANDS), indent=0)

    def action_take(self) -> None:
        """Take the chosen one."""
        self.dismiss(self._tables[self._menu.index])

    def action_test_all(self) -> None:
        """Test one after the other, as the file has them."""
        self.run_worker(self._test_all(), group="tables", exclusive=True)

    async def _test_all(self) -> None:
        for table in self._tables:
            self._menu.show(self._lines(testing=table), self._menu.index)
            await self._source.test(table)
        self._menu.show(self._lines(), self._menu.index)

    def _lines(self, testing: str | None = None) -> list[str]:
        entries = [
            (
                escape_controls(table),
                escape_controls(host),
                TESTING if table == testing else verdict,
            )
            for table, host, verdict in self._source.entries()
        ]
        widths = [max((len(entry[at]) for entry in entries), default=0) for at in (0, 1)]
        return [
            f"{table:{widths[0]}}  {host:{widths[1]}}  {verdict}".rstrip()
            for table, host, verdict in entries
        ]
