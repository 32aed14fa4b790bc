"""What a tap reports: the events of a dialogue as a check has them, and some of its own."""

from __future__ import annotations

from enum import StrEnum

from smtp_tui.records import record
from smtp_tui.smtp import events


class Direction(StrEnum):
    """Which program receives bytes."""

    TO_SERVER = "server"
    TO_APPLICATION = "application"


@record(kw_only=True)
class Changed(events.EventBase):
    """Lines that the tap added to a stream or took out of it, for TLS on either side.

    `offset` and `size` count bytes inside TLS; the offset is in the stream that the tap sends for
    lines that it added, in the one that it receives for lines that it took out.
    """

    direction: Direction
    is_added: bool
    offset: int
    size: int
    text: str


@record(kw_only=True)
class Differs(events.EventBase):
    """Something that the application does and smtp-tui's own check does not, or the reverse."""

    id: str
    text: str
    application: str | None = None
    check: str | None = None


@record(kw_only=True)
class StreamTotal:
    """The size and a digest of one stream, as it is inside TLS.

    The digest is keyed: it proves that two streams are equal, but passwords cannot be tried on it.
    """

    size: int
    digest: str


@record(kw_only=True)
class ClientEnded(events.EventBase):
    """A client's session is over; `stage` is where the server could not be reached, if so."""

    detail: str
    stage: events.Stage | None
    from_application: StreamTotal
    to_server: StreamTotal
    from_server: StreamTotal
    to_application: StreamTotal


Reported = (
    events.Connected
    | events.Sent
    | events.Received
    | events.TlsEstablished
    | events.DialogueNote
    | Changed
    | Differs
    | ClientEnded
)


@record
class TapEvent:
    """An event, and the number of the client that it belongs to."""

    client: int
    event: Reported
