"""Define what is known about a message after the server accepted it.

A mail server's log shows a handover: another server accepted the message. Only a mailbox shows
that the message arrived.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from smtp_tui.records import record


class DeliveryState(StrEnum):
    """What a mail server's log says about the message for one recipient."""

    SENT = "sent"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    HELD = "held"
    DISCARDED = "discarded"
    UNKNOWN = "unknown"


@record(kw_only=True)
class Handover:
    """One recipient's line in the log, or UNKNOWN without one.

    `relay` is who got the message, `text` that server's reply, `delays` are Postfix's four;
    `queue_ids` are the ids that it had on this machine, in order. `is_local` says that the mail
    server itself put the message into a mailbox or gave it to a program.
    """

    recipient: str
    state: DeliveryState
    relay: str = ""
    seconds: float | None = None
    delays: tuple[float, ...] = ()
    enhanced: str = ""
    text: str = ""
    queue_ids: tuple[str, ...] = ()
    cause: str | None = None
    is_local: bool = False

    @property
    def sentence(self) -> str:
        """What the log says, without the recipient; not escaped for a terminal."""
        match self.state:
            case DeliveryState.UNKNOWN:
                return "the log does not show what became of the message"
            case DeliveryState.SENT if self.is_local:
                how = f" ({self.text})" if self.text else ""
                return f"delivered on this machine by {self.relay}{how}"
            case DeliveryState.SENT:
                # Exim and OpenSMTPD log whole seconds.
                took = f" after {self.seconds:.2f} s" if self.seconds else ""
                said = f", which said: {self.text}" if self.text else ""
                return f"handed to {self.relay or 'the next server'}{took}{said}"
            case state:
                # Postfix names the relay in the text too, without the port.
                host = self.relay.partition("]")[0]
                by = f" by {self.relay}" if host and host not in self.text else ""
                return f"{_VERBS[state]}{by}{self._reply}"

    @property
    def _reply(self) -> str:
        return f": {self.text}" if self.text else ""


_VERBS = {
    DeliveryState.DEFERRED: "deferred",
    DeliveryState.BOUNCED: "rejected",
    DeliveryState.EXPIRED: "returned to the sender, after the last attempt failed",
    DeliveryState.HELD: "held in the queue",
    DeliveryState.DISCARDED: "thrown away",
}


@record(kw_only=True)
class Hop:
    """One `Received` field; `seconds` since the hop before, None where the clocks contradict."""

    by: str
    from_: str = ""
    at: datetime | None = None
    seconds: float | None = None
    protocol: str = ""


@record(kw_only=True)
class AuthenticationResult:
    """One result that the receiving server states in a believed Authentication-Results field."""

    by: str
    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()


DkimOutcome = Literal[
    "pass", "body", "header", "no-key", "bad-key", "weak-key", "expired", "malformed", "unknown"
]


@record(kw_only=True)
class DkimResult:
    """One DKIM signature, verified from the message's bytes; `unknown` if that was impossible."""

    domain: str
    selector: str
    outcome: DkimOutcome
    why: str = ""
    algorithm: str = ""


FolderPlace = Literal["inbox", "junk", "other"]


@record(kw_only=True)
class ArrivalProof:
    """What the mailbox showed.

    `seconds` counts from the server's acceptance until the message was seen, `precision` is the
    time between two looks. `disbelieved` says of each Authentication-Results field that anyone may
    have written why it is not believed. `aligned` is about the From `domain`, None if not known.
    """

    found: bool
    mailbox: str = ""
    folder: str | None = None
    place: FolderPlace | None = None
    seconds: float | None = None
    precision: float | None = None
    searched: tuple[str, ...] = ()
    hops: tuple[Hop, ...] = ()
    results: tuple[AuthenticationResult, ...] = ()
    disbelieved: tuple[str, ...] = ()
    dkim: tuple[DkimResult, ...] = ()
    domain: str = ""
    aligned: bool | None = None
    aligned_by: str = ""
    removed: bool = False
    notes: tuple[str, ...] = ()


@record(kw_only=True)
class DeliverySummary:
    """What the log and the mailbox showed; `seconds` until the last recipient's end."""

    handovers: tuple[Handover, ...] = ()
    arrival: ArrivalProof | None = None
    seconds: float | None = None
