"""Read a bounce: the delivery status of each recipient (RFC 3464), and the original's header.

A bounce can come from anyone; it is bounded, and nothing in it is believed to be more than text.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes
from email.message import Message

from smtp_tui.arrival.headers import (
    LARGEST_MESSAGE,
    HeaderField,
    decoded_words,
    first_of,
    header_fields,
    without_comments,
)
from smtp_tui.diagnosis.error_lookup.lookup import ErrorExplanation, explain_bounce
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, shortened

MOST_RECIPIENTS = 100
_MOST_PARTS = 40
_LONGEST_TEXT = 64 * 1024
_LONGEST_DIAGNOSTIC = 2000
_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_ORIGINALS = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
_STATUSES = ("message/delivery-status", "message/global-delivery-status")
_BLANK_LINES = re.compile(rb"\r?\n[ \t]*\r?\n")


@record(kw_only=True)
class BouncedRecipient:
    """One recipient of a delivery status; `action` is one of RFC 3464's, or empty.

    `diagnostic` is what the server `remote` replied, `explanation` what that means.
    """

    recipient: str
    action: str = ""
    status: str = ""
    diagnostic: str = ""
    remote: str = ""
    retries_until: str = ""
    explanation: ErrorExplanation | None = None


@record(kw_only=True)
class OriginalMessage:
    """What a bounce quotes of the header of the message that it is about."""

    message_id: str = ""
    subject: str = ""
    date: str = ""


@record(kw_only=True)
class Bounce:
    """A delivery status report; `reporter` is the server that gave up or waits.

    `explanation` is set for a bounce without a delivery status of its recipients.
    """

    reporter: str = ""
    recipients: tuple[BouncedRecipient, ...] = ()
    original: OriginalMessage | None = None
    explanation: ErrorExplanation | None = None


def read_bounce(data: bytes) -> Bounce | None:
    """Return the bounce that a message is, or that it consists of; None if it is none."""
    data = data[:LARGEST_MESSAGE]
    fields = header_fields(data)
    if first_of(fields, "reporting-mta") or first_of(fields, "final-recipient"):
        return _of_blocks(list(_blocks(data)))
    # The parser takes a stack of boundaries with it through every line.
    if data.lower().count(b"boundary=") > _MOST_PARTS:
        return None
    try:
        parts = list(message_from_bytes(data).walk())[: 10 * _MOST_PARTS]
    except (RecursionError, ValueError, LookupError):
        return None
    statuses = [part for part in parts if part.get_content_type() in _STATUSES]
    if statuses:
        return replace(_of_blocks(list(_status_blocks(statuses[0]))), original=_original(parts))
    if _is_from_a_mailer(fields):
        explanation = explain_bounce(_text_of(parts))
        if explanation:
            return Bounce(explanation=explanation, original=_original(parts))
    return None


def _blocks(data: bytes) -> Iterator[tuple[HeaderField, ...]]:
    for block in _BLANK_LINES.split(data.strip(), maxsplit=MOST_RECIPIENTS + 1):
        yield header_fields(block)


def _status_blocks(part: Message) -> Iterator[tuple[HeaderField, ...]]:
    payload = part.get_payload()
    blocks = payload if isinstance(payload, list) else []
    raw = [block.as_bytes().strip() for block in blocks if isinstance(block, Message)]
    text = b"\n\n".join(raw[: MOST_RECIPIENTS + 1])
    # Some servers encode the part, although RFC 3464 wants 7 bits; the parser does not decode it.
    coding = str(part.get("Content-Transfer-Encoding", "")).strip().casefold()
    if coding == "base64":
        with suppress(binascii.Error):
            text = binascii.a2b_base64(text)
    elif coding == "quoted-printable":
        text = quopri.decodestring(text)
    yield from _blocks(text)


def _of_blocks(blocks: list[tuple[HeaderField, ...]]) -> Bounce:
    reporter = next(filter(None, (first_of(block, "reporting-mta") for block in blocks)), "")
    named = [block for block in blocks if _address_of(block)]
    return Bounce(
        reporter=_after_type(reporter),
        recipients=tuple(map(_recipient, named[:MOST_RECIPIENTS])),
    )


def _recipient(block: tuple[HeaderField, ...]) -> BouncedRecipient:
    # RFC 3464 allows a comment after the status: `5.1.1 (bad destination mailbox address)`.
    status = without_comments(first_of(block, "status")).split()
    action = without_comments(first_of(block, "action")).strip().casefold()
    diagnostic = _after_type(first_of(block, "diagnostic-code"), _LONGEST_DIAGNOSTIC)
    return BouncedRecipient(
        recipient=_address_of(block),
        action=action if action in _ACTIONS else "",
        status=_shown(status[0]) if status else "",
        diagnostic=diagnostic,
        remote=_after_type(first_of(block, "remote-mta")),
        retries_until=_shown(first_of(block, "will-retry-until")),
        explanation=explain_bounce(diagnostic) if diagnostic else None,
    )


def _address_of(block: tuple[HeaderField, ...]) -> str:
    found = first_of(block, "original-recipient") or first_of(block, "final-recipient")
    return _after_type(found).strip("<>")


def _after_type(value: str, most: int = 300) -> str:
    """Return a value without its type: `rfc822; user@host`, `dns; host`, `smtp; 550 no`."""
    kind, sign, rest = value.partition(";")
    return _shown(rest if sign and re.fullmatch(r"\s*[\w.-]{1,20}\s*", kind) else value, most)


def _shown(text: str, most: int = 300) -> str:
    return shortened(escape_controls(" ".join(text.split())), most)


def _original(parts: list[Message]) -> OriginalMessage | None:
    for part in parts:
        if part.get_content_type() in _ORIGINALS:
            payload = part.get_payload()
            inner = payload[0] if isinstance(payload, list) and payload else payload
            raw = inner.as_bytes() if isinstance(inner, Message) else str(inner).encode()
            fields = header_fields(raw)
            return OriginalMessage(
                message_id=_shown(first_of(fields, "message-id")),
                subject=_shown(decoded_words(first_of(fields, "subject"))),
                date=_shown(first_of(fields, "date")),
            )
    return None


def _is_from_a_mailer(fields: tuple[HeaderField, ...]) -> bool:
    """Whether a message looks like a bounce in a form of its own (qmail, Exchange)."""
    sender = first_of(fields, "from").casefold()
    return (
        first_of(fields, "return-path").strip() == "<>"
        or bool(first_of(fields, "x-failed-recipients"))
        or any(word in sender for word in ("mailer-daemon", "postmaster", "mail delivery"))
    )


def _text_of(parts: list[Message]) -> str:
    for part in parts:
        if part.get_content_type() == "text/plain":
            decoded = part.get_payload(decode=True)
            if isinstance(decoded, bytes):
                return decoded[:_LONGEST_TEXT].decode("utf-8", "backslashreplace")
    return ""
