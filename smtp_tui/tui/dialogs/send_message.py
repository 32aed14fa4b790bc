"""The dialog for writing a test message, at the bottom of the screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import BindingType
from textual.timer import Timer

from smtp_tui.smtp.message import MailRequest
from smtp_tui.tui.commands import hints_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import MAIL_COMMANDS, key_in
from smtp_tui.tui.form.form import PAUSE
from smtp_tui.tui.form.rows import Row, TextRow
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.mail_draft import DefaultSender, MailDraft, MailField
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.style import BAD, CAUTION, DIM, PLAIN, STRONG
from smtp_tui.tui.widgets.dialog import Dialog
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, plain

TITLE = TextBlock(
    (
        ("Send a test message", STRONG),
        (" to every address in To. It is ", PLAIN),
        ("a real message", CAUTION),
        (".", PLAIN),
    )
)
EXAMPLE = "name@example.org"


class MailDialog(Dialog[MailRequest | None]):
    """Asks for a message and its recipients; returns the mail request, or None.

    `draft` keeps what is typed. A `MailRequest` without a body tests only sender and recipients.
    `proves` tells whether to look for the message in its mailbox. `faults` says what the server
    rejected of the last message, until that is changed.
    """

    place = "mail"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(MAIL_COMMANDS),
        ("up,shift+tab", "app.focus_previous"),
        ("down,tab", "app.focus_next"),
        ("enter", "next"),
    ]

    def __init__(self, draft: MailDraft, sender: DefaultSender, faults: Mapping[str, str]) -> None:
        self.proves = False
        self._draft = draft
        self._faults = {
            field: (draft.text(field), faults[field.name.lower()])
            for field in MailField
            if field.name.lower() in faults
        }
        width = max(map(len, MailField))
        self._rows = {field: TextRow(field, field, label_width=width) for field in MailField}
        self._note = TextPage(most=2)
        self._placeholders = {MailField.FROM: sender.description, MailField.TO: EXAMPLE}
        self._obstacles: dict[MailField, str] = {}
        self._typing: MailField | None = None
        self._pause: Timer | None = None
        # The line of hints has no room for them; the notes name their keys.
        title, hints = TextPage([TITLE]), hints_of(MAIL_COMMANDS, {"follow", "prove"})
        super().__init__(title, *self._rows.values(), self._note, hints=hints)

    def on_mount(self) -> None:
        """Load the draft and focus the recipients."""
        # All other fields have a default.
        for field, row in self._rows.items():
            row.load(self._draft.text(field))
        self._show_rows()
        self.set_focus(self._rows[MailField.TO])

    def on_text_row_edited(self, event: TextRow.Edited) -> None:
        """Write the typed text to the draft; its problem shows after a pause."""
        self._typing = MailField(event.row.key)
        self._draft.type(self._typing, event.row.text)
        # A half-typed address is not wrong yet: its problem waits for a pause.
        self._obstacles = {}
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE, self._show_problem)
        self._show_rows()

    def on_descendant_focus(self) -> None:
        """Describe the focused field."""
        self._show_rows()

    def on_descendant_blur(self) -> None:
        """Show the problem of the field that lost the focus."""
        self._show_problem()

    def action_next(self) -> None:
        """Go to the next field if this one is valid; send the message from the last."""
        here, obstacles = self._here, self._draft.obstacles(sends=True)
        if here is list(MailField)[-1]:
            self.action_send()
        elif here in obstacles:
            self._refuse({here: obstacles[here]})
        else:
            self.focus_next()

    def action_send(self) -> None:
        """Send the message."""
        self.proves = False
        self._end(sends=True)

    def action_prove(self) -> None:
        """Send the message, and look for it in its mailbox."""
        self.proves = True
        self._end(sends=True)

    def action_follow(self) -> None:
        """Send the message, and follow it in the mail log of this machine."""
        self._end(sends=True, follows=True)

    def action_ask(self) -> None:
        """Test only sender and recipients, and send nothing."""
        self._end(sends=False)

    @property
    def _here(self) -> MailField:
        return MailField(self.focused.key) if isinstance(self.focused, Row) else MailField.TO

    def _end(self, *, sends: bool, follows: bool = False) -> None:
        """Return the mail request, or show what prevents it."""
        self._draft.follows = follows
        obstacles = self._draft.obstacles(sends=sends)
        if obstacles:
            self._refuse(obstacles)
        else:
            self.dismiss(self._draft.mail(sends=sends))

    def _refuse(self, obstacles: dict[MailField, str]) -> None:
        """Show the obstacles, and focus the first field that has one."""
        self._obstacles = obstacles
        self._show_problem()
        self.set_focus(self._rows[next(iter(obstacles))])
        self._show_rows()

    def _show_rows(self) -> None:
        problems = {**self._draft.problems(), **self._obstacles}
        for field, row in self._rows.items():
            problem = "" if field is self._typing else problems.get(field, "")
            rejected, fault = self._faults.get(field, ("", ""))
            if self._draft.text(field) != rejected:
                fault = ""
            placeholder = self._placeholders.get(field, "")
            row.show(RowState(problem=problem, fault=fault, placeholder=placeholder))
        # Show a problem that does not fit in its row, else the description of the field.
        row, note = self._rows[self._here], plain(_note_on(self._here), DIM)
        if self._typing is None and (domain := self._draft.short_domain):
            note = plain(text("mail", "short", domain=domain), CAUTION)
        self._note.show([plain(row.state.problem, BAD) if row.hides_problem else note])

    def _show_problem(self) -> None:
        """Show the problem of the field that was typed in."""
        if self._pause is not None:
            self._pause.stop()
        if self._typing is not None:
            self._typing = None
            self._show_rows()


def _note_on(field: MailField) -> str:
    keys = {action: key_in("mail", action) for action in ("follow", "prove")}
    return text("mail", field.name.lower(), **keys)
