"""Compose the envelope, and the message with its header (RFC 5322)."""

from __future__ import annotations

import re

from smtp_tui.records import record
from smtp_tui.settings.parsers import Mailbox, parse_mailbox
from smtp_tui.smtp.replies import EhloKeywords

# Characters of a subject or name that fit on one line after the text before them.
_LONGEST = 60
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


@record(kw_only=True)
class MailRequest:
    """The mail to send: recipients, and for a message its subject and text.

    If `body` is None, only the envelope is sent. If `sender` is None, the settings decide. The
    `token` marks the message, so that it can be found in a mailbox.
    """

    recipients: tuple[Mailbox, ...]
    sender: Mailbox | None = None
    subject: str = ""
    body: str | None = None
    token: str | None = None


# The topmost field of a message with a token: everything above it was added by servers.
PROOF_FIELD = "X-Smtp-Tui-Proof"


@record
class Envelope:
    """The sender and recipients of one transaction."""

    sender: Mailbox
    recipients: tuple[Mailbox, ...]

    @property
    def needs_smtputf8(self) -> bool:
        """Whether an address is not ASCII (RFC 6531, section 3.4)."""
        return not all(mailbox.is_ascii for mailbox in (self.sender, *self.recipients))


def envelope_of(
    mail: MailRequest, settings_sender: str | None, user: str, own_name: str
) -> Envelope:
    """Return the envelope; the mail's own sender overrides the one in the settings."""
    if mail.sender:
        return Envelope(mail.sender, mail.recipients)
    if settings_sender:
        return Envelope(parse_mailbox(settings_sender), mail.recipients)
    return Envelope(default_sender(user, own_name), mail.recipients)


def default_sender(user: str, own_name: str) -> Mailbox:
    """Return the sender if none is set: the user, or postmaster, at our EHLO name."""
    local = user if re.fullmatch(r"[A-Za-z0-9._+-]+", user) else "postmaster"
    return Mailbox("", f"{local}@{own_name}")


def message_of(mail: MailRequest, envelope: Envelope, offer: EhloKeywords) -> bytes:
    """Compose the message with CRLF line ends, in 8 bits if the server accepts them.

    The header is written here and not by `EmailMessage`, which parses the values assigned to it:
    before Python 3.13 it decodes an encoded word in a subject, including line ends.
    """
    # Imported here: only a message needs them, and they take time to load.
    from email import message, policy, utils

    eight_bit = "8BITMIME" in offer
    domain = envelope.sender.envelope.rpartition("@")[2]
    domain = domain.strip("[]") or "localhost"
    token = mail.token
    fields = {
        **({PROOF_FIELD: token} if token else {}),
        "Date": utils.format_datetime(utils.localtime()),
        "Message-ID": f"<smtp-tui.{token}@{domain}>" if token else utils.make_msgid(domain=domain),
        "From": _format_mailbox(envelope.sender),
        "To": ",\r\n ".join(map(_format_mailbox, envelope.recipients)),
        "Subject": _encode_if_needed(mail.subject, "Subject"),
    }
    header = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    encoding = None if eight_bit or (mail.body or "").isascii() else "quoted-printable"
    body = message.EmailMessage(policy.SMTP.clone(cte_type="8bit" if eight_bit else "7bit"))
    body.set_content(mail.body or "", cte=encoding)
    whole = header.encode() + body.as_bytes()
    _check_header(whole, (*fields, *body.keys()))
    return whole


class ForbiddenMailHeaderError(Exception):
    """A header contains a line that smtp-tui did not write: an internal error."""


def _check_header(message: bytes, names: tuple[str, ...]) -> None:
    """Raise ForbiddenMailHeaderError if a value began a line of its own, or the body."""
    header = message.partition(b"\r\n\r\n")[0]
    lines = header.split(b"\r\n")
    first_lines = [line for line in lines if not line.startswith((b" ", b"\t"))]
    expected = [name.encode() for name in names]
    is_ours = [line.partition(b":")[0] for line in first_lines] == expected
    if not is_ours or not all(map(bytes.strip, lines)) or re.search(rb"[\r\n\0]", b"".join(lines)):
        raise ForbiddenMailHeaderError


def dot_stuff(message: bytes) -> bytes:
    """Return the message as DATA sends it: dots doubled at line starts, and the final dot."""
    whole = message if message.endswith(b"\r\n") else message + b"\r\n"
    return _LEADING_DOT.sub(b"..", whole) + b".\r\n"


def _format_mailbox(mailbox: Mailbox) -> str:
    """Format a mailbox for a header, its name quoted or as encoded words (RFC 2047)."""
    if not mailbox.name:
        return mailbox.envelope
    name = mailbox.name
    if quoted := re.fullmatch(_QUOTED, name):
        name = re.sub(r"\\(.)", r"\1", quoted[1])
    if _needs_encoding(name):
        return f"{_encoded(name, 'From')} <{mailbox.envelope}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{mailbox.envelope}>'


def _encode_if_needed(text: str, field: str) -> str:
    return _encoded(text, field) if _needs_encoding(text) else text


def _needs_encoding(text: str) -> bool:
    """Whether a text is too long, not printable ASCII, or has `=?`, which begins encoded words."""
    return len(text) > _LONGEST or "=?" in text or not (text.isascii() and text.isprintable())


def _encoded(text: str, field: str) -> str:
    from email.header import Header

    return Header(text, "utf-8", header_name=field).encode(linesep="\r\n")


SUBJECT = "smtp-tui test message"


BODY = "smtp-tui sent this message to test whether mail leaves this machine.\n"


# A comma in a quoted name is not a separator.
_BETWEEN_COMMAS = r'(?:"(?:[^"\\]|\\.)*"|[^,])+'


def parse_recipients(text: str) -> tuple[Mailbox, ...]:
    """Parse mailboxes separated by commas, possibly none; ValueError if one is invalid."""
    parts = re.findall(_BETWEEN_COMMAS, text)
    return tuple(parse_mailbox(part) for part in parts if part.strip())


def parse_subject(text: str) -> str:
    """Parse a subject; ValueError if it has a line end of any kind, which no header may."""
    if len(f"{text}.".splitlines()) > 1:
        raise ValueError("must be one line")
    return parse_body(text)


def parse_body(text: str) -> str:
    """Parse the text of a message; ValueError if no message may contain it (RFC 5322, 4.1)."""
    if "\0" in text:
        raise ValueError("holds a NUL character; remove it")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("holds bytes that are not UTF-8; write it in UTF-8")
    return text
