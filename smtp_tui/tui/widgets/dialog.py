"""Dialogs at the bottom of the screen, which leave the form above visible."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widget import Widget

from smtp_tui.config.paths import expand
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.commands import Hints, command_named, key_name, key_of, with_help
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import CARRY_OUT
from smtp_tui.tui.messages import folder_question
from smtp_tui.tui.style import BAD, CAUTION, DIM, FOCUS, STRONG, Span, truncate
from smtp_tui.tui.textual_compat import NoRepaintOnResize
from smtp_tui.tui.widgets.filtered_list import FilteredList
from smtp_tui.tui.widgets.line import Rule
from smtp_tui.tui.widgets.line_editor import LineEditor
from smtp_tui.tui.widgets.list import ListView, Menu
from smtp_tui.tui.widgets.pager import Result, SectionedScreen
from smtp_tui.tui.widgets.path_completion import PathEditor
from smtp_tui.tui.widgets.secret_editor import SecretEditor
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, plain

LABEL = "SMTP Password"
YES = "y"
TAKE = ",".join(("enter", *CARRY_OUT.split()))
# The line above a dialog, its key hints, and two lines of the form or of other parts.
_AROUND = 4


class PromptLine(LineEditor):
    """The label and text editor of a dialog."""

    def __init__(self, label: str, *, is_masked: bool = False) -> None:
        super().__init__()
        self._label = f">{label}  "
        self.is_masked = is_masked
        self._proposed = ""

    def load(self, text: str) -> None:
        """Propose a text, to be corrected."""
        super().load(text)
        self._proposed = text

    def before_paste(self, line: str) -> None:
        """Let a whole URL take the place of a proposal that nobody has changed."""
        if "://" in line and self.text == self._proposed:
            self._line.select_all()

    @property
    def value_at(self) -> int:
        """The column where the text begins."""
        return len(self._label)

    def spans(self, width: int) -> list[Span]:
        """Return label and text, and what a paste left out."""
        value, used = self.value_spans(width - self.value_at)
        left_out = f"  {self.left_out}" if self.left_out else ""
        note = truncate(left_out, width - self.value_at - used)
        return [(self._label, FOCUS), *value, (note, DIM)]


class PathPrompt(PromptLine, PathEditor):
    """A path that a dialog asks for; a relative one starts from the current folder."""

    base = Path()
    completes_untouched = True


class SecretPrompt(PromptLine, SecretEditor):
    """A secret that a dialog asks for."""

    BINDINGS: ClassVar[list[BindingType]] = bindings([command_named("peek")])

    def __init__(self, label: str) -> None:
        super().__init__(label, is_masked=True)

    def spans(self, width: int) -> list[Span]:
        """Return label and text, and whether the text is shown."""
        spans = super().spans(width)
        used = sum(cell_len(text) for text, _ in spans)
        return [*spans, *self.shown_note(width - used)]

    def action_peek(self) -> None:
        """Show or hide what was typed."""
        self.toggle()


class DialogBody(NoRepaintOnResize, Vertical):
    """The box that stacks the parts of a dialog."""


class Dialog(SectionedScreen[Result], ModalScreen[Result]):
    """A box of parts at the bottom of the screen.

    The `flexible` part is as high as its content, or as the screen allows.
    """

    def __init__(
        self,
        *parts: Widget,
        hints: Hints | None = None,
        flexible: ListView[Any] | FilteredList[Any] | TextPage | None = None,
    ) -> None:
        super().__init__(*parts, hints=hints, classes="dialog")
        self._flexible = flexible

    def compose(self) -> ComposeResult:
        """Stack the parts in the box."""
        yield Rule()
        with DialogBody(classes="box"):
            yield from self.parts

    def on_resize(self) -> None:
        """Limit the flexible part to the space that the other parts leave."""
        if self._flexible is not None:
            head, room = self.parts[0], self.size.height - _AROUND
            if head is not self._flexible:
                width = self.size.width - 2
                room -= head.line_count(width) if isinstance(head, TextPage) else 1
            self._flexible.limit(max(room, 1))


def _hints(answers: Mapping[str, str]) -> Hints:
    """Return the key of each answer; Enter and Escape share a hint if they mean the same."""
    shown = [key for key in answers if key != "enter" or answers[key] != answers["escape"]]
    # The hint that goes back is last, as in every dialog.
    shown.sort(key=lambda key: key == "escape")
    return with_help(tuple((key_name(key), answers[key]) for key in shown))


class ChoiceDialog(Dialog[str]):
    """A question answered by one key; returns that key and ignores others."""

    def __init__(self, text: Sequence[TextBlock], answers: Mapping[str, str]) -> None:
        super().__init__(TextPage(text), hints=_hints(answers))
        self._answers = answers

    def action_leave(self) -> None:
        """Give the answer of Escape, which changes nothing."""
        self.dismiss("escape")

    def on_key(self, event: Key) -> None:
        """Return the key if it is an answer."""
        # Accept an answer typed with Caps Lock.
        if event.key.casefold() in self._answers:
            event.stop()
            self.dismiss(event.key.casefold())


async def choose(
    app: App[Any], text: Sequence[TextBlock], answers: Iterable[tuple[str, str]]
) -> str:
    """Ask a question with (key, label) answers; return the chosen key."""
    return await app.push_screen_wait(ChoiceDialog(text, dict(answers)))


async def confirm(app: App[Any], text: Sequence[TextBlock], yes: str = "Yes") -> bool:
    """Ask a yes/no question; only Y means yes."""
    # People press Enter without reading, so it never means yes.
    answers = {YES: yes, "n": "No", "escape": "No", "enter": "No"}
    return await app.push_screen_wait(ChoiceDialog(text, answers)) == YES


async def may_make_folder(app: App[Any], path: Path) -> bool:
    """Ask whether a missing folder may be created; True if it exists."""
    # A typing error in a path would create an unwanted folder.
    question = folder_question(path)
    return not question or await confirm(app, [plain(question, CAUTION)], "Create it")


class PromptDialog(Dialog[str | None]):
    """Asks for one line of text; `actions` are the labels of Enter and Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        (TAKE, "take"),
        ("escape", "leave"),
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
        is_path: bool = False,
    ) -> None:
        self._line = PathPrompt(label) if is_path else PromptLine(label)
        self._line.load(text)
        self._may_be_empty = may_be_empty
        problem_part = [TextPage([plain(problem, BAD)])] if problem else []
        complete = (("Tab", "Complete"),) if is_path else ()
        hints = with_help((("Enter", actions[0]), *complete, ("Esc", actions[1])))
        super().__init__(TextPage([plain(title, DIM)]), self._line, *problem_part, hints=hints)

    def action_take(self) -> None:
        """Return the typed text."""
        text = self._line.text.strip()
        if text or self._may_be_empty:
            self.dismiss(text)


# A function, because ruff's ASYNC rules forbid file system calls in a coroutine.
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
    """Ask for a file and write it, until that works or the admin gives up; return its path.

    `question` makes the question whether to replace a path; `write` returns a problem or "".
    """
    typed, problem, actions = str(proposal), "", ("Save", "Do not save")
    while True:
        prompt = PromptDialog(title, "File", typed, actions, problem, is_path=True)
        answer = await app.push_screen_wait(prompt)
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
    """Asks for the password of one test or message, which is not stored."""

    BINDINGS = PromptDialog.BINDINGS

    def __init__(
        self, account: str, *, sends: bool = False, label: str = LABEL, note: str = ""
    ) -> None:
        whose = f" of {account}" if account else ""
        kind, verb = ("message", "Send") if sends else ("test", "Test")
        title = f"The password{whose}, for this {kind} only. It is not stored. {note}".rstrip()
        self._line = SecretPrompt(label)
        # Offer the key only if the terminal surely has it: here no menu has the command.
        show = ((key_of("peek"), "Show it"),) if command_named("peek").has_sure_key else ()
        hints = with_help((("Enter", verb), *show, ("Esc", f"Do not {verb.lower()}")))
        super().__init__(TextPage([plain(title)]), self._line, hints=hints)

    def on_screen_suspend(self) -> None:
        """Hide the password before another screen opens."""
        self._line.hide()

    def action_take(self) -> None:
        """Return the password."""
        # Do not strip it: a password may begin or end with blanks.
        self.dismiss(self._line.text)


class ListChoiceDialog(Dialog[int | None]):
    """A choice from a list, which letters filter; returns the line's index."""

    BINDINGS: ClassVar[list[BindingType]] = [
        (TAKE, "take"),
        ("escape", "leave"),
        ("shift+tab", "go(-1)"),
        ("tab", "go(1)"),
    ]

    def __init__(
        self, title: str, lines: Sequence[str], index: int, notes: Sequence[TextBlock] = ()
    ) -> None:
        self._lines = tuple(map(escape_controls, lines))
        self._list = FilteredList(Menu(self._lines, index), str)
        hints = with_help((("Enter", "Choose"), ("Up Down", "Move"), ("Esc", "Back")))
        head = TextPage([plain(title, STRONG), *notes])
        super().__init__(head, self._list, hints=hints, flexible=self._list)

    def action_take(self) -> None:
        """Return the chosen line's index."""
        if (chosen := self._list.chosen) is not None:
            self.dismiss(self._lines.index(chosen))

    def action_go(self, by: int) -> None:
        """Move by lines."""
        self._list.action_go(by)


def select(
    app: App[Any], title: str, lines: Sequence[str], index: int, take: Callable[[int], None]
) -> None:
    """Let the admin choose a line, and call `take` with its index."""

    def on_result(chosen: int | None) -> None:
        if chosen is not None:
            take(chosen)

    app.push_screen(ListChoiceDialog(title, lines, index), on_result)
