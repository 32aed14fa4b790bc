"""A message as it goes over the wire (RFC 5322, RFC 2045), fitted to what the server takes."""

from __future__ import annotations

import re

from smtp_tui.records import record
from smtp_tui.settings.mailbox import Mailbox, parse_mailbox
from smtp_tui.settings.parsers import ascii_name
from smtp_tui.smtp.capabilities import Offer

_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


@record(kw_only=True)
class Mail:
    """What to hand over: recipients, and for a message its subject and text.

    `body` None asks only what the server says to the envelope. `sender` None leaves it to the
    settings.
    """

    recipients: tuple[Mailbox, ...]
    sender: Mailbox | None = None
    subject: str = ""
    body: str | None = None


@record
class Envelope:
    """The sender and recipients of one transaction."""

    sender: Mailbox
    recipients: tuple[Mailbox, ...]

    @property
    def needs_smtputf8(self) -> bool:
        """Whether an address is beyond ASCII (RFC 6531, section 3.4)."""
        return not all(one.is_ascii for one in (self.sender, *self.recipients))


def envelope_of(mail: Mail, settings_sender: str | None, user: str, own_name: str) -> Envelope:
    """Return the envelope; the mail's own sender goes before that of the settings."""
    if mail.sender:
        return Envelope(mail.sender, mail.recipients)
    if settings_sender:
        return Envelope(parse_mailbox(settings_sender), mail.recipients)
    return Envelope(default_sender(user, own_name), mail.recipients)


def default_sender(user: str, own_name: str) -> Mailbox:
    """Return the sender where nobody named one: the user, or postmaster, at our EHLO name."""
    local = user if re.fullmatch(r"[A-Za-z0-9._+-]+", user) else "postmaster"
    return Mailbox("", f"{local}@{own_name}")


def message_of(mail: Mail, envelope: Envelope, offer: Offer) -> bytes:
    """Compose the message with CRLF line ends, in 8 bits where the server takes them."""
    # Only a message needs them, and they take time to load.
    from email import policy
    from email.message import EmailMessage
    from email.utils import format_datetime, localtime, make_msgid

    eight_bit = "8BITMIME" in offer
    base = policy.SMTPUTF8 if envelope.needs_smtputf8 else policy.SMTP
    message = EmailMessage(base.clone(cte_type="8bit" if eight_bit else "7bit"))
    domain = envelope.sender.address.rpartition("@")[2]
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=ascii_name(domain).strip("[]") or "localhost")
    message["From"] = _header(envelope.sender)
    message["To"] = ", ".join(map(_header, envelope.recipients))
    message["Subject"] = mail.subject
    message.set_content(mail.body or "", cte=None if eight_bit else _seven_bit(mail.body or ""))
    return message.as_bytes()


def stuffed(message: bytes) -> bytes:
    """The message as DATA carries it: dots doubled at line starts, and the dot that ends it."""
    whole = message if message.endswith(b"\r\n") else message + b"\r\n"
    return _LEADING_DOT.sub(b"..", whole) + b".\r\n"


def _header(mailbox: Mailbox) -> str:
    if not mailbox.name:
        return mailbox.address
    quoted = mailbox.name.strip('"').replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{mailbox.address}>'


def _seven_bit(body: str) -> str | None:
    return None if body.isascii() else "quoted-printable"
