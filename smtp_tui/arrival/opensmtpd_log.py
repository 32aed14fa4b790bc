"""Read the lines of OpenSMTPD's log, from syslog or from `smtpd -d`."""

from __future__ import annotations

import re

from smtp_tui.arrival.log_lines import SYSLOG_HEAD, LogFact, LoggedDelivery, enhanced_in
from smtp_tui.diagnosis.delivery import DeliveryState

# The message ID begins the envelope ID. `rcpt=<->`: the recipient was not changed. A local
# delivery (mda) writes its last fields without quotes.
_LINE = re.compile(
    rf"(?:{SYSLOG_HEAD}[\w-]*smtpd\[\d+\]: )?[0-9a-f]{{16}} (?P<agent>mta|mda) delivery "
    r"evpid=(?P<id>[0-9a-f]{8})[0-9a-f]{8} from=<.{0,512}?> to=<(?P<to>.{0,512}?)> "
    r'rcpt=<(?P<asked>.{0,512}?)> (?:source="[^"]*" relay="(?P<relay>[^"]*)"|user=(?P<user>\S+)) '
    r'delay=(?P<delay>\S+) result="?(?P<result>\w+)"? stat=(?P<text>.*)$',
    re.DOTALL,
)
_STATES = {
    "Ok": DeliveryState.SENT,
    "TempFail": DeliveryState.DEFERRED,
    "PermFail": DeliveryState.BOUNCED,
}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def read_opensmtpd(line: str) -> tuple[str, LogFact] | None:
    """Return a line's message ID and what it says; None if it says nothing of a delivery."""
    match = _LINE.match(line)
    state = _STATES.get(match["result"]) if match else None
    if match is None or state is None:
        return None
    text = match["text"].strip('"')
    passage = LoggedDelivery(
        recipient=match["to"],
        asked="" if match["asked"] == "-" else match["asked"],
        state=state,
        relay="local" if match["agent"] == "mda" else match["relay"],
        seconds=_seconds(match["delay"]),
        enhanced=enhanced_in(text),
        text=text,
        is_local=match["agent"] == "mda",
    )
    return match["id"], passage


def _seconds(text: str) -> float | None:
    """Return OpenSMTPD's `1h2m3s` in seconds."""
    parts = re.findall(r"(\d+)([smhd])", text)
    return float(sum(int(number) * _UNITS[unit] for number, unit in parts)) if parts else None
