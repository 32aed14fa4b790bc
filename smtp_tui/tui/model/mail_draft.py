"""The test message while it is written. Pure; it outlives the dialog that it is written in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

from smtp_tui.records import record
from smtp_tui.settings.parsers import Mailbox, parse_mailbox
from smtp_tui.smtp.message import (
    BODY,
    SUBJECT,
    MailRequest,
    default_sender,
    parse_body,
    parse_recipients,
    parse_subject,
)
from smtp_tui.tui.model.draft import ACCOUNT, Draft

NOBODY = "type at least one recipient"


class MailField(StrEnum):
    """What is typed, in the order of the dialog; the value is its label."""

    FROM = "From"
    TO = "To"
    SUBJECT = "Subject"
    TEXT = "Text"


@record
class Sender:
    """Whom a message comes from unless the dialog says otherwise, and how to show that."""

    text: str
    description: str


def sender_of(draft: Draft) -> Sender:
    """Return the envelope sender that the settings in the form amount to."""
    parsed = draft.parsed()
    if parsed["from"]:
        return Sender(parsed["from"], parsed["from"])
    user, domain = parsed[ACCOUNT] or "", parsed["domain"] or ""
    # Without a domain the EHLO name completes the address, which is known only when it is sent.
    named = default_sender(user, domain).address
    with suppress(ValueError):
        if domain:
            parse_mailbox(named)
            return Sender(named, named)
    return Sender("", f"{named.rpartition('@')[0]} at the EHLO name")


def _sender(text: str) -> Mailbox | None:
    return parse_mailbox(text) if text.strip() else None


_PARSERS: dict[MailField, Callable[[str], object]] = {
    MailField.FROM: _sender,
    MailField.TO: parse_recipients,
    MailField.SUBJECT: parse_subject,
    MailField.TEXT: parse_body,
}


class MailDraft:
    """What was typed into each part, for as long as the form is open."""

    def __init__(self) -> None:
        self._texts = {
            MailField.FROM: "",
            MailField.TO: "",
            MailField.SUBJECT: SUBJECT,
            MailField.TEXT: BODY.rstrip("\n"),
        }
        self._followed = ""

    def follow(self, sender: str) -> None:
        """Take the settings' sender, unless somebody typed another one."""
        if self._texts[MailField.FROM].strip() in ("", self._followed):
            self._texts[MailField.FROM] = sender
        self._followed = sender

    def text(self, part: MailField) -> str:
        """What a part holds."""
        return self._texts[part]

    def type(self, part: MailField, text: str) -> None:
        """Set what a part holds."""
        self._texts[part] = text

    def problems(self) -> dict[MailField, str]:
        """What cannot be read as it stands, by part."""
        found = {}
        for part, text in self._texts.items():
            try:
                _PARSERS[part](text)
            except ValueError as error:
                found[part] = str(error)
        return found

    def obstacles(self, *, sends: bool) -> dict[MailField, str]:
        """What stands in the way of sending, or of asking about the envelope alone."""
        found = self.problems()
        if MailField.TO not in found and not parse_recipients(self._texts[MailField.TO]):
            found[MailField.TO] = NOBODY
        wanted = MailField if sends else (MailField.FROM, MailField.TO)
        return {part: found[part] for part in wanted if part in found}

    def mail(self, *, sends: bool) -> MailRequest:
        """Return what to hand over; ValueError where there are obstacles."""
        return MailRequest(
            recipients=parse_recipients(self._texts[MailField.TO]),
            sender=_sender(self._texts[MailField.FROM]),
            subject=parse_subject(self._texts[MailField.SUBJECT]) if sends else "",
            # A message ends with a line end; without a body only the envelope is asked about.
            body=f"{self._texts[MailField.TEXT]}\n" if sends else None,
        )
