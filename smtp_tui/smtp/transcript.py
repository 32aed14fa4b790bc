"""From an event to the lines an admin reads: one escaped, redacted line of text each.

This is the one place where what a server sends becomes text for a screen, a file or a pipe.
"""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from smtp_tui.records import record
from smtp_tui.smtp.certificates import chain_texts
from smtp_tui.smtp.escaping import abridged, escape_controls, shortened
from smtp_tui.smtp.events import (
    AuthStarted,
    Capabilities,
    Connected,
    Connecting,
    Event,
    Experiment,
    Finished,
    MessageQueued,
    Note,
    Received,
    RecipientReply,
    Resolved,
    Sent,
    StageEntered,
    TlsEstablished,
    TlsFailed,
)

# What a line shows of lists and texts that a server or DNS may make long.
ADDRESSES_SHOWN, MECHANISMS_SHOWN, CHALLENGE = 16, 32, 1000


class Mark(StrEnum):
    """Who speaks in a line: the sign that stands before it."""

    SENT = "->"
    RECEIVED = "<-"
    FACT = " *"
    WARNING = " !"


@record
class Line:
    """A line of the log: seconds since the start, its mark, and text safe for any terminal."""

    seconds: float
    mark: Mark
    text: str

    def __str__(self) -> str:
        """The line as a terminal or a file shows it."""
        return f"{self.seconds:8.3f} {self.mark} {self.text}"


def lines_of(event: Event) -> list[Line]:
    """Return the lines that tell of `event`; none for what only frames the dialogue."""
    return [Line(event.seconds, mark, escape_controls(text)) for mark, text in _told(event)]


def _told(event: Event) -> list[tuple[Mark, str]]:
    match event:
        case StageEntered() | RecipientReply() | Finished():
            return []
        case MessageQueued(queue_id=queue_id):
            return [(Mark.FACT, f"the server queued the message as {queue_id}")] * bool(queue_id)
        case Resolved(host=host, addresses=addresses):
            found = abridged(addresses, ADDRESSES_SHOWN)
            return [(Mark.FACT, f"{host} resolves to {found}")] if found != host else []
        case Connecting(address=address, port=port):
            return [(Mark.FACT, f"connecting to {endpoint(address, port)}")]
        case Connected(address=address, port=port, local_address=local):
            return [(Mark.FACT, f"connected to {endpoint(address, port)} from {local}")]
        case Sent(text=text):
            return [(Mark.SENT, text)]
        case Received():
            return _received(event)
        case TlsEstablished():
            texts = [f"{event.version} {event.cipher}", *chain_texts(event.chain)]
            return [(Mark.FACT, text) for text in texts]
        case TlsFailed(chain=chain):
            texts = ["the handshake failed; the server had sent", *chain_texts(chain)]
            return [(Mark.FACT, text) for text in texts]
        case Capabilities(encrypted=encrypted, mechanisms=mechanisms):
            link = "inside TLS" if encrypted else "without TLS"
            offered = abridged(mechanisms, MECHANISMS_SHOWN, " ") or "none"
            return [(Mark.FACT, f"mechanisms offered {link}: {offered}")]
        case AuthStarted(mechanism=mechanism, reason=reason):
            return [(Mark.FACT, f"authenticating with {mechanism}: {reason}")]
        case Note(text=text, warning=warning):
            return [(Mark.WARNING if warning else Mark.FACT, text)]
        case Experiment(text=text):
            return [(Mark.FACT, text)]
        case _:
            assert_never(event)


def _received(event: Received) -> list[tuple[Mark, str]]:
    reply = event.reply
    texts = reply.text.split("\n")
    told = [(Mark.RECEIVED, f"{reply.code}-{text}") for text in texts[:-1]]
    told.append((Mark.RECEIVED, f"{reply.code} {texts[-1]}".rstrip()))
    if event.decoded:
        told.append((Mark.FACT, f"the challenge says: {shortened(event.decoded, CHALLENGE)}"))
    return told


def endpoint(address: str, port: int) -> str:
    """An address with its port, IPv6 in brackets (RFC 3986, section 3.2.2)."""
    return f"[{address}]:{port}" if ":" in address else f"{address} port {port}"
