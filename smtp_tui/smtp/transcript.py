"""Format events as the log lines that an admin reads, escaped and redacted.

Only this module turns server data into text for a screen, a file or a pipe.
"""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from smtp_tui.records import record
from smtp_tui.safe_text import abridged, escape_controls, shortened
from smtp_tui.settings.parsers import socket_path
from smtp_tui.smtp import events
from smtp_tui.smtp.certificates import chain_texts
from smtp_tui.smtp.events import Event

# Limits for lists and texts in a line: a server or DNS may make them long.
ADDRESSES_SHOWN, MECHANISMS_SHOWN, CHALLENGE, FOLLOWED = 16, 32, 1000, 1000


class TranscriptMark(StrEnum):
    """The sign at the start of a line: its sender or kind."""

    SENT = "->"
    RECEIVED = "<-"
    FACT = " *"
    WARNING = " !"


@record
class TranscriptLine:
    """A log line: seconds since the start, its mark, and text safe for any terminal."""

    seconds: float
    mark: TranscriptMark
    text: str

    def __str__(self) -> str:
        """The line as a terminal or a file shows it."""
        return f"{self.seconds:8.3f} {self.mark} {self.text}"


def lines_of(event: Event) -> list[TranscriptLine]:
    """Return the log lines for `event`; none if it only structures the dialogue."""
    return [
        TranscriptLine(event.seconds, mark, escape_controls(text))
        for mark, text in _texts_of(event)
    ]


def _texts_of(event: Event) -> list[tuple[TranscriptMark, str]]:
    match event:
        case events.StageEntered() | events.RecipientReply() | events.Finished():
            return []
        case events.MessageQueued(queue_id=queue_id):
            return [(TranscriptMark.FACT, f"the server queued the message as {queue_id}")] * bool(
                queue_id
            )
        case events.Resolved(host=host, addresses=addresses):
            found = abridged(addresses, ADDRESSES_SHOWN)
            return [(TranscriptMark.FACT, f"{host} resolves to {found}")] if found != host else []
        case events.Connecting(address=address, port=port):
            return [(TranscriptMark.FACT, f"connecting to {endpoint(address, port)}")]
        case events.Connected(address=address, port=port, local_address=local, via=via):
            origin = f" through the proxy {via}" if via else ""
            origin += f" from {local}" if local else ""
            return [(TranscriptMark.FACT, f"connected to {endpoint(address, port)}{origin}")]
        case events.Sent(text=text):
            return [(TranscriptMark.SENT, text)]
        case events.Received(reply=reply, decoded=decoded):
            *texts, last = reply.text.split("\n")
            lines = [*(f"{reply.code}-{text}" for text in texts), f"{reply.code} {last}".rstrip()]
            note = f"the challenge says: {shortened(decoded, CHALLENGE)}" if decoded else ""
            return [(TranscriptMark.RECEIVED, line) for line in lines] + [
                (TranscriptMark.FACT, note)
            ] * bool(note)
        case events.TlsEstablished():
            texts = [f"{event.version} {event.cipher}", *chain_texts(event.chain)]
            return [(TranscriptMark.FACT, text) for text in texts]
        case events.TlsFailed(chain=chain):
            texts = ["the handshake failed; the server had sent", *chain_texts(chain)]
            return [(TranscriptMark.FACT, text) for text in texts]
        case events.ServerCapabilities(encrypted=encrypted, mechanisms=mechanisms):
            link = "inside TLS" if encrypted else "without TLS"
            offered = abridged(mechanisms, MECHANISMS_SHOWN, " ") or "none"
            return [(TranscriptMark.FACT, f"mechanisms offered {link}: {offered}")]
        case events.AuthStarted(mechanism=mechanism, reason=reason):
            return [(TranscriptMark.FACT, f"authenticating with {mechanism}: {reason}")]
        case events.DialogueNote(text=text, warning=warning):
            return [(TranscriptMark.WARNING if warning else TranscriptMark.FACT, text)]
        case events.Followed(recipient=recipient, sentence=sentence):
            text = shortened(f"{recipient}: {sentence}", FOLLOWED)
            return [(TranscriptMark.FACT, f"log: {text}")]
        case events.Experiment(text=text):
            return [(TranscriptMark.FACT, text)]
        case _:
            assert_never(event)


def endpoint(address: str, port: int | None) -> str:
    """Format an address with its port, IPv6 in brackets (RFC 3986, section 3.2.2).

    A UNIX socket has no port.
    """
    if socket_path(address) is not None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address} port {port}"
