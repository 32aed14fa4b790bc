"""Read the lines of Exim's main log, from its own file or from syslog."""

from __future__ import annotations

import re

from smtp_tui.arrival.log_lines import (
    SYSLOG_HEAD,
    AllRecipients,
    LeftQueue,
    LogFact,
    LoggedDelivery,
    MessageIdLogged,
    enhanced_in,
)
from smtp_tui.diagnosis.delivery import DeliveryState

# `2026-11-29 08:00:00 +0000 [123] 1vPabc-00000000001-0abc => …`; ids were shorter before 4.97.
_LINE = re.compile(
    rf"(?:{SYSLOG_HEAD}exim[\w-]*\[\d+\]: )?"
    r"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? )?(?:[+-]\d{4} )?(?:\[\d+\] )?"
    r"(?P<id>[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}) (?P<rest>.*)$",
    re.DOTALL,
)
_STATES = {
    "=>": DeliveryState.SENT,
    "->": DeliveryState.SENT,
    ">>": DeliveryState.SENT,
    "==": DeliveryState.DEFERRED,
    "**": DeliveryState.BOUNCED,
}
# `=> address <address of the client> R=… T=…`; an address may contain a quoted space.
_RECIPIENT = re.compile(
    r'(?P<to>:blackhole:|"[^"]*"\S*|\S+?)(?: <(?P<asked>[^>]*)>)?(?P<rest>:? .*|$)', re.DOTALL
)
_FIELD = re.compile(r' ([A-Z]{1,3})=("(?:[^"\\]|\\.)*"|\S+)')
_MESSAGE_ID = re.compile(r" id=(\S+)")
_HOST = re.compile(r" H=(\S+(?: \([^)]*\))?(?: \[[^\]]+\](?::\d+)?)?)")
# Times may follow the text of a failure.
_TIMES = re.compile(r"(?: [DQ]T=\S+)+$")
_BLACK_HOLE = ":blackhole:"


def read_exim(line: str) -> tuple[str, LogFact] | None:
    """Return a line's message ID and what it says; None if it says nothing of a delivery."""
    match = _LINE.match(line)
    if match is None:
        return None
    sign, _, rest = match["rest"].partition(" ")
    fact = _fact(sign, rest)
    return (match["id"], fact) if fact else None


def _fact(sign: str, rest: str) -> LogFact | None:
    if sign == "Completed":
        return LeftQueue()
    if sign.casefold() == "frozen":
        return AllRecipients(DeliveryState.HELD, f"{sign} {rest}".strip())
    if sign == "<=":
        logged = _MESSAGE_ID.search(rest)
        return MessageIdLogged(logged[1]) if logged else None
    state = _STATES.get(sign)
    match = _RECIPIENT.match(rest) if state else None
    if state is None or match is None:
        return None
    return _passage(state, match)


def _passage(state: DeliveryState, match: re.Match[str]) -> LoggedDelivery:
    rest = match["rest"]
    fields = {name: value.strip('"') for name, value in _FIELD.findall(rest)}
    host = _HOST.search(rest)
    transport = fields.get("T", "")
    text = fields.get("C", "")
    if state is not DeliveryState.SENT:
        text = _reason_in(rest)
    elif match["to"] == _BLACK_HOLE:
        state = DeliveryState.DISCARDED
    return LoggedDelivery(
        recipient=match["to"],
        asked=match["asked"] or "",
        state=state,
        relay=host[1] if host else transport,
        seconds=_seconds(fields.get("QT") or fields.get("DT")),
        enhanced=enhanced_in(text),
        text=text,
        is_local=state is DeliveryState.SENT and not host,
    )


def _reason_in(rest: str) -> str:
    """Return the text of a failure, which stands behind its fields and a colon."""
    text = rest.partition(": ")[2] or rest
    return _TIMES.sub("", text).strip()


def _seconds(text: str | None) -> float | None:
    """Return Exim's `1.234s` or `1m2s` in seconds."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhdw])", text or "")
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    return sum(float(number) * units[unit] for number, unit in parts) if parts else None
