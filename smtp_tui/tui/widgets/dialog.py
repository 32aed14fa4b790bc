"""Dialogs at the bottom of the screen: nothing of the form is covered that an answer needs."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widget import Widget

from smtp_tui.config.paths import expand
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.commands import Hints, key_name
from smtp_tui.tui.style import BAD, DIM, PLAIN, STRONG, WARNING, Span
from smtp_tui.tui.textual_compat import NoRepaintOnResize
from smtp_tui.tui.widgets.line_editor import PromptLine
from smtp_tui.tui.widgets.list import ListView, Menu
from smtp_tui.tui.widgets.pager import PartsScreen, Result
from smtp_tui.tui.widgets.text_page import Block, TextPage, plain

LABEL = "SMTP Password"
YES = "y"
# The line above a dialog, its keys, and two lines of the form or of what else there is to say.
_AROUND = 4


class DialogBody(NoRepaintOnResize, Vertical):
    """What a dialog asks and shows, one below the other."""


class Dialog(PartsScreen[Result], ModalScreen[Result]):
    """A box of parts at the bottom of the screen.

    The `flexible` part is as high as its content, as far as the screen has room.
    """

    box = "box"

    def __init__(
        self,
        *parts: Widget,
        hints: Hints | None = None,
        flexible: ListView[Any] | TextPage | None = None,
    ) -> None:
        super().__init__(*parts, hints=hints, classes="dialog")
        self._flexible = flexible

    def compose(self) -> ComposeResult:
        """Put the parts in the box."""
        with DialogBody(classes=self.box):
            yield from self.parts

    def on_resize(self) -> None:
        """Leave room for what stands around the flexible part."""
        if self._flexible is not None:
            head, room = self.parts[0], self.size.height - _AROUND
            if head is not self._flexible:
                width = self.size.width - 2
                room -= head.line_count(width) if isinstance(head, TextPage) else 1
            self._flexible.limit(max(room, 1))


def _keys(answers: Mapping[str, str]) -> TextPage:
    """Return the line that shows the key of each answer."""
    spans: list[Span] = []
    for key, words in answers.items():
        spans += [(key_name(key), STRONG), (f" {words}   ", PLAIN)]
    return TextPage([Block(tuple(spans), is_preformatted=True, gap=False)])


class ChoiceDialog(Dialog[str]):
    """A question that one key answers; the result is that key. Other keys do nothing."""

    def __init__(self, text: Sequence[Block], answers: Mapping[str, str]) -> None:
        super().__init__(TextPage(text), _keys(answers))
        self._answers = answers

    def on_key(self, event: Key) -> None:
        """Take the answer."""
        # Caps Lock is no reason to do nothing.
        if event.key.casefold() in self._answers:
            event.stop()
            self.dismiss(event.key.casefold())


async def choose(app: App[Any], text: Sequence[Block], answers: Iterable[tuple[str, str]]) -> str:
    """Ask something; return the key of the answer, of which each has its words."""
    return await app.push_screen_wait(ChoiceDialog(text, dict(answers)))


async def confirm(app: App[Any], text: Sequence[Block], yes: str = "Yes") -> bool:
    """Ask something whose answer is no unless one key says yes."""
    # Enter is pressed without reading, so it never agrees.
    answers = {YES: yes, "n": "No", "escape": "No", "enter": "No"}
    return await app.push_screen_wait(ChoiceDialog(text, answers)) == YES


def folder_question(path: Path) -> str:
    """Return what to ask before the folder of a file is made; nothing where it exists."""
    folder = Path(os.path.realpath(path)).parent
    if os.path.lexists(folder):
        return ""
    return f"The folder {escape_controls(str(folder))} does not exist. Create it (mode 0700)?"


async def may_make_folder(app: App[Any], path: Path) -> bool:
    """Ask whether the folder of a file shall be made; True where it is there."""
    # A slip in a path would make a folder that nobody wants.
    question = folder_question(path)
    return not question or await confirm(app, [plain(question, WARNING)], "Create it")


class PromptDialog(Dialog[str | None]):
    """Asks for one line of text; `actions` are what Enter and Esc do, in words."""

    BINDINGS: ClassVar[list[BindingType]] = [("enter", "take"), ("escape", "leave")]

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
        self._line = PromptLine(label)
        self._line.load(text)
        self._may_be_empty = may_be_empty
        what_was_wrong = [TextPage([plain(problem, BAD)])] if problem else []
        hints = ("Enter", actions[0]), ("Esc", actions[1])
        super().__init__(TextPage([plain(title, DIM)]), self._line, *what_was_wrong, hints=hints)

    def action_take(self) -> None:
        """Take what was typed."""
        text = self._line.text.strip()
        if text or self._may_be_empty:
            self.dismiss(text)


# A function, because a coroutine may not look at a disk by itself.
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
    typed, problem, actions = str(proposal), "", ("Save", "Do not save")
    while True:
        answer = await app.push_screen_wait(PromptDialog(title, "File", typed, actions, problem))
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
        whose = f" of {account}" if account else ""
        what, verb = ("message", "Send") if sends else ("test", "Test")
        title = f"The password{whose}, for this {what} only. It is not stored."
        self._line = PromptLine(LABEL, is_masked=True)
        keys = _keys({"enter": verb, "escape": f"Do not {verb.lower()}"})
        super().__init__(TextPage([plain(title)]), self._line, keys)

    def action_take(self) -> None:
        """Give it to the test."""
        # Unlike other answers it is not stripped: a password may begin or end in blanks.
        self.dismiss(self._line.text)


class SelectDialog(Dialog[int | None]):
    """A choice of one from a short list; the result is the number of the line."""

    BINDINGS: ClassVar[list[BindingType]] = [("enter", "take"), ("escape,f10,ctrl+x", "leave")]

    def __init__(
        self, title: str, lines: Sequence[str], index: int, notes: Sequence[Block] = ()
    ) -> None:
        self._list = Menu(map(escape_controls, lines), index)
        hints = ("Enter", "Choose"), ("Up Down", "Move"), ("Esc", "Back")
        super().__init__(TextPage([plain(title, STRONG), *notes]), self._list, hints=hints)

    def action_take(self) -> None:
        """Take the chosen line."""
        self.dismiss(self._list.index)


def select(
    app: App[Any], title: str, lines: Sequence[str], index: int, take: Callable[[int], None]
) -> None:
    """Have one of the lines chosen; `take` gets its number."""

    def taken(number: int | None) -> None:
        if number is not None:
            take(number)

    app.push_screen(SelectDialog(title, lines, index), taken)
