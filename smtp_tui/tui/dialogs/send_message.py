"""The dialog in which a test message is written, at the bottom of the screen."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.timer import Timer

from smtp_tui.smtp.delivery import MailRequest
from smtp_tui.tui.form.form import REST
from smtp_tui.tui.form.rows import Row, TextRow
from smtp_tui.tui.keys.bindings import bindings
from smtp_tui.tui.keys.commands import MAIL_COMMANDS, MAIL_HINTS
from smtp_tui.tui.model.mail_draft import MailDraft, MailField, Sender
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.style import BAD, DIM, PLAIN, STRONG, WARNING
from smtp_tui.tui.textual_compat import PaintOnceScreen
from smtp_tui.tui.widgets.dialog import DialogBody
from smtp_tui.tui.widgets.line import KeyHints
from smtp_tui.tui.widgets.text_page import Block, TextPage, plain

TITLE = Block(
    (
        ("Send a test message", STRONG),
        (", ", PLAIN),
        ("a real one", WARNING),
        (", to every address in To.", PLAIN),
    )
)
EXPLANATIONS = {
    MailField.FROM: "Envelope sender and From header; empty: as set in the form.",
    MailField.TO: "One address, or several separated by commas.",
    MailField.SUBJECT: "The subject of the message.",
    MailField.TEXT: "The text of the message. Enter here sends it.",
}
EXAMPLE = "name@example.org"


class MailDialog(PaintOnceScreen, ModalScreen[MailRequest | None], inherit_bindings=False):
    """Asks what to hand over to whom; the result is that, or None. What is typed stays in `draft`.

    A `MailRequest` without a body asks about sender and recipients alone.
    """

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(MAIL_COMMANDS),
        Binding("up,shift+tab", "move(-1)", show=False),
        Binding("down,tab", "move(1)", show=False),
        Binding("enter", "go_on", show=False),
    ]

    def __init__(self, draft: MailDraft, sender: Sender) -> None:
        super().__init__(classes="dialog")
        self._draft = draft
        self._rows = {
            part: TextRow(part, part, label_width=max(map(len, MailField))) for part in MailField
        }
        self._says = TextPage(most=2)
        self._placeholders = {MailField.FROM: sender.words, MailField.TO: EXAMPLE}
        self._obstacles: dict[MailField, str] = {}
        self._typing: MailField | None = None
        self._rest: Timer | None = None

    def compose(self) -> ComposeResult:
        """Show a row for each part, a line about the one under the cursor, and the keys."""
        with DialogBody(classes="box"):
            yield TextPage([TITLE])
            yield from self._rows.values()
            yield self._says
            yield KeyHints(MAIL_HINTS, indent=0)

    def on_mount(self) -> None:
        """Begin at the recipients: all the rest has a default."""
        for part, row in self._rows.items():
            row.load(self._draft.text(part))
        self._show_looks()
        self._go_to(MailField.TO)

    # What the rows tell

    def on_text_row_edited(self, event: TextRow.Edited) -> None:
        """Take what is typed; what is wrong with it is told when the hand rests."""
        event.stop()
        self._typing = MailField(event.row.topic)
        self._draft.type(self._typing, event.row.text)
        self._obstacles = {}
        self._await_rest()
        self._show_looks()

    def on_text_row_emptied(self, event: TextRow.Emptied) -> None:
        """Nothing is below an empty part that could be deleted."""
        event.stop()

    def on_row_entered(self, event: Row.Entered) -> None:
        """Speak of another part."""
        event.stop()
        self._say()

    def on_row_left(self, event: Row.Left) -> None:
        """Take what was typed as meant."""
        event.stop()
        self._settle()

    # What the keys do

    def action_move(self, by: int) -> None:
        """Go to the next part, or the one before; after the last comes the first."""
        parts = list(MailField)
        self._go_to(parts[(parts.index(self._here) + by) % len(parts)])

    def action_go_on(self) -> None:
        """Go to the next part, if this one is good; from the last one the message goes out."""
        here, obstacles = self._here, self._draft.obstacles(sends=True)
        if here is list(MailField)[-1]:
            self.action_send()
        elif here in obstacles:
            self._refuse({here: obstacles[here]})
        else:
            self.action_move(1)

    def action_send(self) -> None:
        """Send the message."""
        self._end(sends=True)

    def action_ask(self) -> None:
        """Ask about sender and recipients, and send nothing."""
        self._end(sends=False)

    def action_leave(self) -> None:
        """Hand over nothing."""
        self.dismiss(None)

    def _end(self, *, sends: bool) -> None:
        """Give the result, or tell what stands in the way of it."""
        obstacles = self._draft.obstacles(sends=sends)
        if obstacles:
            self._refuse(obstacles)
        else:
            self.dismiss(self._draft.mail(sends=sends))

    def _refuse(self, obstacles: dict[MailField, str]) -> None:
        """Go to the first obstacle, and tell each."""
        self._obstacles = obstacles
        self._settle()
        self._go_to(next(iter(obstacles)))
        self._show_looks()

    # What is shown

    @property
    def _here(self) -> MailField:
        return MailField(self.focused.topic) if isinstance(self.focused, Row) else MailField.TO

    def _go_to(self, part: MailField) -> None:
        self.set_focus(self._rows[part])

    def _show_looks(self) -> None:
        problems = {**self._draft.problems(), **self._obstacles}
        for part, row in self._rows.items():
            problem = "" if part is self._typing else problems.get(part, "")
            row.show(RowState(problem=problem, placeholder=self._placeholders.get(part, "")))
        self._say()

    def _say(self) -> None:
        """Tell the problem that found no room in its row, else what the part is."""
        row = self._rows[self._here]
        told = (row.state.problem, BAD) if row.hides_problem else (EXPLANATIONS[self._here], DIM)
        self._says.show([plain(*told)])

    def _await_rest(self) -> None:
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST, self._settle)

    def _settle(self) -> None:
        """Tell the problem of the part that was typed in."""
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        if self._typing is not None:
            self._typing = None
            self._show_looks()
