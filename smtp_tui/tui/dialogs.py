"""Questions, at the bottom of the screen: nothing is covered that the answer needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.scroll_view import ScrollView
from textual.strip import Strip

from smtp_tui.records import record
from smtp_tui.smtp.escaping import visible
from smtp_tui.tui.appearing import Appearing, Placed
from smtp_tui.tui.box import Box
from smtp_tui.tui.form.looks import Look
from smtp_tui.tui.form.text_row import TextRow
from smtp_tui.tui.ink import BAD, CURSOR, PLAIN, STRONG, Span, fitted, strip_of
from smtp_tui.tui.keys.keymap import key_name
from smtp_tui.tui.sidebar.page import Page
from smtp_tui.tui.sidebar.prose import Block, plain

LABEL = "SMTP Password"
SAVE, DISCARD, STAY = "s", "d", "escape"


@record
class Answer:
    """A key, and what it answers in words."""

    key: str
    words: str


def _keys(answers: Sequence[Answer]) -> Block:
    spans: list[Span] = []
    for answer in answers:
        spans += [(key_name(answer.key), STRONG), (f" {answer.words}   ", PLAIN)]
    return Block(tuple(spans), is_preformatted=True, gap=False)


class Question(Appearing, ModalScreen[str], inherit_bindings=False):
    """A question that one key answers; the result is that key. Other keys do nothing."""

    def __init__(self, text: Sequence[Block], answers: Sequence[Answer]) -> None:
        super().__init__(classes="dialog")
        self._text = tuple(text)
        self._answers = tuple(answers)

    def compose(self) -> ComposeResult:
        """Show the question and the keys."""
        with Box(classes="box"):
            yield Page([*self._text, _keys(self._answers)])

    def on_key(self, event: Key) -> None:
        """Take the answer."""
        if event.key.casefold() in {answer.key for answer in self._answers}:
            event.stop()
            self.dismiss(event.key.casefold())


class AskPassword(Appearing, ModalScreen[str | None], inherit_bindings=False):
    """Asks for a password for one test or message; it is kept nowhere.

    None: the admin changed their mind.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", show=False),
        Binding("escape", "leave", show=False),
    ]

    def __init__(self, account: str, *, sends: bool = False) -> None:
        super().__init__(classes="dialog")
        self._account = account
        self._sends = sends

    def compose(self) -> ComposeResult:
        """Show a field for it."""
        whose = f" of {self._account}" if self._account else ""
        what, go = ("message", "Send") if self._sends else ("test", "Test")
        with Box(classes="box"):
            yield Page([plain(f"The password{whose}, for this {what} only. It is not stored.")])
            yield TextRow("secret", LABEL, label_width=len(LABEL))
            yield Page([_keys((Answer("enter", go), Answer("escape", f"Do not {go.lower()}")))])

    def on_mount(self) -> None:
        """Mask it."""
        row = self.query_exactly_one(TextRow)
        row.show(Look(is_masked=True))
        self.set_focus(row)

    def action_take(self) -> None:
        """Give it to the test."""
        self.dismiss(self.query_exactly_one(TextRow).text)

    def action_leave(self) -> None:
        """Do not test."""
        self.dismiss(None)


class Menu(Placed, ScrollView, can_focus=True):
    """A list of which one line is chosen."""

    DEFAULT_CSS = "Menu { height: auto; scrollbar-size: 0 0; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go(-1)", show=False),
        Binding("down,j", "go(1)", show=False),
        Binding("home", "go(-100000)", show=False),
        Binding("end", "go(100000)", show=False),
    ]

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__()
        self._lines = tuple(map(visible, lines))
        self.index = 0
        self.virtual_size = Size(1, len(self._lines))

    def tell(self, lines: Sequence[str]) -> None:
        """Show other words in as many lines."""
        self._lines = tuple(map(visible, lines))
        self.refresh()

    def get_content_height(self, _container: Size, _viewport: Size, _width: int) -> int:
        """Return as many lines as there are."""
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        """Return one line, marked where it is the chosen one."""
        number, width = y + self.scroll_offset.y, self.size.width
        if number >= len(self._lines):
            return Strip.blank(width, PLAIN)
        is_chosen = number == self.index
        text = fitted(f"{'>' if is_chosen else ' '} {self._lines[number]}", width)
        return strip_of([(text, CURSOR if is_chosen else PLAIN)], width)

    def action_go(self, by: int) -> None:
        """Choose another line."""
        self.index = min(max(self.index + by, 0), len(self._lines) - 1)
        top = self.scroll_offset.y
        if not top <= self.index < top + self.size.height:
            self.scroll_to(y=self.index if by < 0 else self.index - self.size.height + 1)
        self.refresh()


async def ask_unsaved(app: App[Any], file: str, keys: Sequence[str]) -> str:
    """Ask what to do with changes: `SAVE`, `DISCARD` or `STAY`."""
    text = plain(f"{file} does not contain your changes yet: {', '.join(keys)}.")
    answers = Answer(SAVE, "Save and leave"), Answer(DISCARD, "Discard"), Answer(STAY, "Stay")
    return await app.push_screen_wait(Question([text], answers))


async def ask_to_risk(app: App[Any], question: str) -> bool:
    """Ask something whose answer is no unless one key says yes."""
    no = Answer("n", "No"), Answer("escape", "No"), Answer("enter", "No")
    answer = await app.push_screen_wait(Question([plain(question, BAD)], (Answer("y", "Yes"), *no)))
    return answer == "y"


async def ask_clear_password(app: App[Any], why: str) -> bool:
    """Ask for leave to send the password over an open link; only an explicit yes is one."""
    text = [plain(why), plain("Send the password unencrypted, just this once?", BAD, gap=False)]
    no = Answer("n", "No"), Answer("escape", "No"), Answer("enter", "No")
    answer = await app.push_screen_wait(Question(text, (Answer("y", "Yes"), *no)))
    return answer == "y"
