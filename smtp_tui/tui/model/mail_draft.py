"""The test message being written. Pure; it outlives its dialog."""

from __future__ import annotations

import re
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
from smtp_tui.tui.model.draft import ACCOUNT, SettingsDraft

NOBODY = "type at least one recipient"


class MailField(StrEnum):
    """The fields of the dialog, in order; each value is the label."""

    FROM = "From"
    TO = "To"
    SUBJECT = "Subject"
    TEXT = "Text"


@record
class DefaultSender:
    """The default envelope sender, "" if not known yet, and how the dialog shows it."""

    text: str
    description: str


def sender_of(draft: SettingsDraft) -> DefaultSender:
    """Return the envelope sender that follows from the form's settings."""
    parsed = draft.parsed()
    if parsed["from"]:
        return DefaultSender(parsed["from"], parsed["from"])
    user, domain = parsed[ACCOUNT] or "", parsed["domain"] or ""
    # Without a domain the EHLO name completes the address, and only the test knows that name.
    named = default_sender(user, domain).address
    with suppress(ValueError):
        if domain:
            parse_mailbox(named)
            return DefaultSender(named, named)
    return DefaultSender("", f"{named.rpartition('@')[0]}@ and this machine's name")


def _sender(text: str) -> Mailbox | None:
    return parse_mailbox(text) if text.strip() else None


_PARSERS: dict[MailField, Callable[[str], object]] = {
    MailField.FROM: _sender,
    MailField.TO: parse_recipients,
    MailField.SUBJECT: parse_subject,
    MailField.TEXT: parse_body,
}


class MailDraft:
    """The text of each field, kept while the form is open.

    `follows` says to follow the message in the mail log of this machine, `mailbox` where it must
    arrive.
    """

    def __init__(self) -> None:
        self.follows = False
        self.mailbox = ""
        self._texts = {
            MailField.FROM: "",
            MailField.TO: "",
            MailField.SUBJECT: SUBJECT,
            MailField.TEXT: BODY.rstrip("\n"),
        }
        self._default_sender = ""

    def follow(self, sender: str) -> None:
        """Use the settings' sender, unless the admin typed another one."""
        if self._texts[MailField.FROM].strip() in ("", self._default_sender):
            self._texts[MailField.FROM] = sender
        self._default_sender = sender

    def text(self, field: MailField) -> str:
        """Return the text of a field."""
        return self._texts[field]

    def type(self, field: MailField, text: str) -> None:
        """Set the text of a field."""
        self._texts[field] = text

    def problems(self) -> dict[MailField, str]:
        """Return why texts cannot be parsed, by field."""
        found = {}
        for field, text in self._texts.items():
            try:
                _PARSERS[field](text)
            except ValueError as error:
                found[field] = str(error)
        return found

    @property
    def short_domain(self) -> str:
        """The first recipient's domain that has no dot, which is often half typed, or ""."""
        try:
            recipients = parse_recipients(self._texts[MailField.TO])
        except ValueError:
            return ""
        domains = (recipient.address.rpartition("@")[2] for recipient in recipients)
        return next((name for name in domains if not re.search(r"[.:]|^localhost$", name)), "")

    def obstacles(self, *, sends: bool) -> dict[MailField, str]:
        """Return what prevents sending, or testing the envelope alone, by field."""
        found = self.problems()
        if MailField.TO not in found and not parse_recipients(self._texts[MailField.TO]):
            found[MailField.TO] = NOBODY
        wanted = MailField if sends else (MailField.FROM, MailField.TO)
        return {field: found[field] for field in wanted if field in found}

    def mail(self, *, sends: bool) -> MailRequest:
        """Return the mail request. ValueError if a text cannot be parsed."""
        return MailRequest(
            recipients=parse_recipients(self._texts[MailField.TO]),
            sender=_sender(self._texts[MailField.FROM]),
            subject=parse_subject(self._texts[MailField.SUBJECT]) if sends else "",
            # A message ends with a line end; without a body only the envelope is tested.
            body=f"{self._texts[MailField.TEXT]}\n" if sends else None,
        )
