"""EHLO (RFC 5321, section 4.1.1.1): our name for the server's offer."""

from __future__ import annotations

from smtp_tui.smtp.abridging import abridged
from smtp_tui.smtp.capabilities import Offer, parse_offer
from smtp_tui.smtp.dialogue import Dialogue
from smtp_tui.smtp.events import Capabilities, Stage, Warn
from smtp_tui.smtp.stop import refused

# What ought to be another inside TLS: RFC 3207, section 4.2; RFC 4954; RFC 8689, section 2.
_CHANGES_WITH_TLS = frozenset({"STARTTLS", "AUTH", "REQUIRETLS"})
# Keywords that a remark names.
KEYWORDS_NAMED = 8


async def ehlo(dialogue: Dialogue, name: str) -> Offer:
    """Say EHLO, or HELO to a server that does not know it; Stop when the name is refused."""
    dialogue.enter(Stage.EHLO)
    reply = await dialogue.say(f"EHLO {name}")
    if reply.code in (500, 502):
        dialogue.note(
            "the server does not know EHLO; smtp-tui uses HELO, without extensions",
            Warn.HELO_FALLBACK,
        )
        reply = await dialogue.say(f"HELO {name}")
    if reply.code != 250:
        raise refused(reply)
    if dialogue.command == "HELO":
        _tell(dialogue, Offer())
        return Offer()
    offer = parse_offer(reply, dialogue.redactor.reply(reply))
    _tell(dialogue, offer)
    return offer


def compare(dialogue: Dialogue, before: Offer, after: Offer) -> None:
    """Point out what changed inside TLS beside what ought to."""
    gone = [f"no longer {one}" for one in before.apart_from(after, ignoring=_CHANGES_WITH_TLS)]
    new = [f"now {one}" for one in after.apart_from(before, ignoring=_CHANGES_WITH_TLS)]
    if told := abridged(gone + new, KEYWORDS_NAMED):
        text = f"inside TLS the server's offer changed: {told}"
        dialogue.note(text, Warn.CAPABILITIES_CHANGED)


def _tell(dialogue: Dialogue, offer: Offer) -> None:
    dialogue.emit(
        Capabilities(
            seconds=dialogue.now(),
            encrypted=dialogue.connection.is_encrypted,
            keywords=offer.shown,
            mechanisms=offer.shown_mechanisms,
        )
    )
