"""What a server offered, before TLS and inside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from smtp_tui.diagnosis.facts import Facts
from smtp_tui.diagnosis.meanings.parts import Part
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.capabilities import Offer
from smtp_tui.smtp.events import Capabilities

Finding = Callable[[Facts, Verdict], Iterator[Part]]


def before_tls(facts: Facts) -> Capabilities | None:
    """Return what was offered on the open link."""
    return next((one for one in facts.offers if not one.encrypted), None)


def inside_tls(facts: Facts) -> Capabilities | None:
    """Return what was offered on the encrypted one."""
    return next((one for one in facts.offers if one.encrypted), None)


def offer_of(capabilities: Capabilities) -> Offer:
    """Return the keywords to ask."""
    return Offer(capabilities.keywords)


def mechanisms_of(capabilities: Capabilities) -> str:
    """Name the ways to log in that were offered."""
    return " ".join(capabilities.mechanisms) or "no login"
