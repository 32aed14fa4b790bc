"""Read the lines of Postfix's log: what its delivery agents, cleanup and qmgr say of a message."""

from __future__ import annotations

import re

from smtp_tui.arrival.log_lines import (
    SYSLOG_HEAD,
    AllRecipients,
    LeftQueue,
    LogFact,
    LoggedDelivery,
    MessageIdLogged,
)
from smtp_tui.diagnosis.delivery import DeliveryState

# `postfix/smtp[123]: 4XyZ…: `; a master.cf service or an instance adds names: `postfix/relay/smtp`.
_LINE = re.compile(
    SYSLOG_HEAD + r"[\w.-]+(?:/[\w.-]+)*/(?P<agent>[\w-]+)\[\d+\]: (?P<id>[0-9A-Za-z]{6,20}): "
    r"(?P<rest>.*)$",
    re.DOTALL,
)
_DELIVERY = re.compile(
    r"to=<(?P<to>.{0,512}?)>, (?:orig_to=<(?P<asked>.{0,512}?)>, )?relay=(?P<relay>[^,]*), "
    r"(?:conn_use=\d+, )?delay=(?P<delay>\d+(?:\.\d+)?), delays=(?P<delays>[\d./]+), "
    r"dsn=(?P<dsn>[\d.]*), status=(?P<status>[a-z]+)(?: \((?P<text>.*)\))?$",
    re.DOTALL,
)
# qmgr, when a message was in the queue for maximal_queue_lifetime.
_EXPIRED = re.compile(r"from=<.*>, status=(?:force-)?expired, (?P<text>.*)$", re.DOTALL)
# An access table, header_checks or a Milter.
_ACTION = re.compile(r"(?:milter-)?(?P<action>hold|discard): (?P<text>.*)$", re.DOTALL)
_HELD_BY_ADMIN = "placed on hold"
# local(8) and virtual(8), of a mailbox, a file or a command.
_LOCAL = re.compile(r"delivered to (?:mailbox|maildir|file|command)")
_STATES = {
    "sent": DeliveryState.SENT,
    "deferred": DeliveryState.DEFERRED,
    "bounced": DeliveryState.BOUNCED,
    "expired": DeliveryState.EXPIRED,
}
_DISCARD_AGENT = "discard"
_NO_RELAY = "none"


def read_postfix(line: str) -> tuple[str, LogFact] | None:
    """Return a line's queue ID and what it says; None if it says nothing of a delivery."""
    match = _LINE.match(line)
    if match is None:
        return None
    fact = _fact(match["agent"], match["rest"])
    return (match["id"], fact) if fact else None


def _fact(agent: str, rest: str) -> LogFact | None:
    if rest == "removed":
        return LeftQueue()
    if rest.startswith(("message-id=", "resent-message-id=")):
        return MessageIdLogged(rest.partition("=")[2].strip(" <>"))
    if match := _DELIVERY.match(rest):
        return _passage(agent, match)
    if match := _EXPIRED.match(rest):
        return AllRecipients(DeliveryState.EXPIRED, match["text"])
    if match := _ACTION.match(rest):
        held = match["action"] == "hold"
        return AllRecipients(DeliveryState.HELD if held else DeliveryState.DISCARDED, match["text"])
    if agent == "postsuper" and rest.startswith(_HELD_BY_ADMIN):
        return AllRecipients(DeliveryState.HELD, rest)
    return None


def _passage(agent: str, match: re.Match[str]) -> LoggedDelivery | None:
    state = _STATES.get(match["status"])
    if state is None:  # of a probe for an address: `deliverable`
        return None
    if agent == _DISCARD_AGENT and state is DeliveryState.SENT:
        state = DeliveryState.DISCARDED
    return LoggedDelivery(
        recipient=match["to"],
        asked=match["asked"] or "",
        state=state,
        relay="" if match["relay"] == _NO_RELAY else match["relay"],
        seconds=float(match["delay"]),
        delays=_numbers(match["delays"]),
        enhanced=match["dsn"],
        text=match["text"] or "",
        is_local=bool(match["text"] and _LOCAL.match(match["text"])),
    )


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(map(float, text.split("/")))
    except ValueError:
        return ()
