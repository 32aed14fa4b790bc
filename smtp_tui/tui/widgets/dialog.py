"""The part of a dialog that covers something of the form.

Questions, at the bottom of the screen: nothing is covered that the answer needs.

Asks for one line of text, at the bottom of the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.scroll_view import ScrollView
from textual.strip import Strip

from smtp_tui.records import record
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.form.text_row import TextRow
from smtp_tui.tui.keys.keymap import key_name
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.style import BAD, CURSOR, DIM, PLAIN, STRONG, Span, make_strip, truncate
from smtp_tui.tui.textual_compat import NoRepaintOnResize, PaintOnceScreen
from smtp_tui.tui.widgets.bars import KeyHints
from smtp_tui.tui.widgets.text_page import Block, TextPage, plain


class DialogBody(NoRepaintOnResize, Vertical):
    """What a dialog asks and shows, one below the other."""


LABEL = "SMTP Password"
SAVE, DISCARD, STAY = "s", "d", "escape"


@record
class DialogOption:
    """A key, and what it answers in words."""

    key: str
    words: str


def _keys(answers: Sequence[DialogOption]) -> Block:
    spans: list[Span] = []
    for answer in answers:
        spans += [(key_name(answer.key), STRONG), (f" {answer.words}   ", PLAIN)]
    return Block(tuple(spans), is_preformatted=True, gap=False)


class ChoiceDialog(PaintOnceScreen, ModalScreen[str], inherit_bindings=False):
    """A question that one key answers; the result is that key. Other keys do nothing."""

    def __init__(self, text: Sequence[Block], answers: Sequence[DialogOption]) -> None:
        super().__init__(classes="dialog")
        self._text = tuple(text)
        self._answers = tuple(answers)

    def compose(self) -> ComposeResult:
        """Show the question and the keys."""
        with DialogBody(classes="box"):
            yield TextPage([*self._text, _keys(self._answers)])

    def on_key(self, event: Key) -> None:
        """Take the answer."""
        if event.key.casefold() in {answer.key for answer in self._answers}:
            event.stop()
            self.dismiss(event.key.casefold())


class AskPassword(PaintOnceScreen, ModalScreen[str | None], inherit_bindings=False):
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
        with DialogBody(classes="box"):
            yield TextPage([plain(f"The password{whose}, for this {what} only. It is not stored.")])
            yield TextRow("secret", LABEL, label_width=len(LABEL))
            yield TextPage(
                [_keys((DialogOption("enter", go), DialogOption("escape", f"Do not {go.lower()}")))]
            )

    def on_mount(self) -> None:
        """Mask it."""
        row = self.query_exactly_one(TextRow)
        row.show(RowState(is_masked=True))
        self.set_focus(row)

    def action_take(self) -> None:
        """Give it to the test."""
        self.dismiss(self.query_exactly_one(TextRow).text)

    def action_leave(self) -> None:
        """Do not test."""
        self.dismiss(None)


class DialogMenu(NoRepaintOnResize, ScrollView, can_focus=True):
    """A list of which one line is chosen."""

    DEFAULT_CSS = "DialogMenu { height: auto; scrollbar-size: 0 0; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go(-1)", show=False),
        Binding("down,j", "go(1)", show=False),
        Binding("home", "go(-100000)", show=False),
        Binding("end", "go(100000)", show=False),
    ]

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__()
        self._lines = tuple(map(escape_controls, lines))
        self.index = 0
        self.virtual_size = Size(1, len(self._lines))

    def tell(self, lines: Sequence[str]) -> None:
        """Show other words in as many lines."""
        self._lines = tuple(map(escape_controls, lines))
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
        text = truncate(f"{'>' if is_chosen else ' '} {self._lines[number]}", width)
        return make_strip([(text, CURSOR if is_chosen else PLAIN)], width)

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
    answers = (
        DialogOption(SAVE, "Save and leave"),
        DialogOption(DISCARD, "Discard"),
        DialogOption(STAY, "Stay"),
    )
    return await app.push_screen_wait(ChoiceDialog([text], answers))


async def ask_to_risk(app: App[Any], question: str) -> bool:
    """Ask something whose answer is no unless one key says yes."""
    no = DialogOption("n", "No"), DialogOption("escape", "No"), DialogOption("enter", "No")
    answer = await app.push_screen_wait(
        ChoiceDialog([plain(question, BAD)], (DialogOption("y", "Yes"), *no))
    )
    return answer == "y"


async def ask_clear_password(app: App[Any], why: str) -> bool:
    """Ask for leave to send the password over an open link; only an explicit yes is one."""
    text = [plain(why), plain("Send the password unencrypted, just this once?", BAD, gap=False)]
    no = DialogOption("n", "No"), DialogOption("escape", "No"), DialogOption("enter", "No")
    answer = await app.push_screen_wait(ChoiceDialog(text, (DialogOption("y", "Yes"), *no)))
    return answer == "y"


class PromptDialog(PaintOnceScreen, ModalScreen[str | None], inherit_bindings=False):
    """The result is what was typed, None for nothing; `deeds` are what Enter and Esc do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", show=False),
        Binding("escape", "leave", show=False),
    ]

    def __init__(
        self,
        title: str,
        label: str,
        text: str,
        deeds: tuple[str, str],
        problem: str = "",
        *,
        may_be_empty: bool = False,
    ) -> None:
        super().__init__(classes="dialog")
        self._title = title
        self._row = TextRow("asked", label, label_width=len(label))
        self._text = text
        self._deeds = deeds
        self._problem = problem
        self._may_be_empty = may_be_empty

    def compose(self) -> ComposeResult:
        """Show a field for it, and what stood in the way the last time."""
        with DialogBody(classes="box"):
            yield TextPage([plain(self._title, DIM)])
            yield self._row
            if self._problem:
                yield TextPage([plain(self._problem, BAD)])
            yield KeyHints((("Enter", self._deeds[0]), ("Esc", self._deeds[1])), indent=0)

    def on_mount(self) -> None:
        """Begin with what was proposed or typed before."""
        self._row.load(self._text)
        self.set_focus(self._row)

    def action_take(self) -> None:
        """Take what was typed."""
        text = self._row.text.strip()
        if text or self._may_be_empty:
            self.dismiss(text)

    def action_leave(self) -> None:
        """Take nothing."""
        self.dismiss(None)
