"""Define what a line of a mail log says, whichever mail server wrote it."""

from __future__ import annotations

import re

from smtp_tui.diagnosis.delivery import DeliveryState
from smtp_tui.records import record

# What stands before the message of a syslog line holds no bracket but those of the process id.
SYSLOG_HEAD = r"^(?:[^\[\]]{0,200}[\s/])?"
_ENHANCED = re.compile(r"(?:^|[\s-])([245]\.\d{1,3}\.\d{1,3})(?=\s|$)")


@record(kw_only=True)
class LoggedDelivery:
    """What became of the message for one recipient.

    `asked` is the address that the client gave, if the server changed it to `recipient`; `seconds`
    and `delays` are the log's.
    """

    recipient: str
    state: DeliveryState
    asked: str = ""
    relay: str = ""
    seconds: float | None = None
    delays: tuple[float, ...] = ()
    enhanced: str = ""
    text: str = ""
    is_local: bool = False


@record
class MessageIdLogged:
    """The Message-ID of a queued message: a filter that hands it back gives it a new queue ID."""

    message_id: str


@record
class AllRecipients:
    """A state of every recipient that has none that is final."""

    state: DeliveryState
    text: str


@record
class LeftQueue:
    """The server is done with the message."""


LogFact = LoggedDelivery | MessageIdLogged | AllRecipients | LeftQueue


def enhanced_in(text: str) -> str:
    """Return the first enhanced status code of a reply; empty if there is none."""
    match = _ENHANCED.search(text)
    return match[1] if match else ""
