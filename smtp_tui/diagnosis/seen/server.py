"""The server and the way to it, as a test found them."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.diagnosis.facts import Facts
from smtp_tui.diagnosis.meanings.parts import Part
from smtp_tui.diagnosis.seen.offers import Finding, offer_of
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.labels import label

_SHOWN_ADDRESSES = 4
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def _host(facts: Facts, _verdict: Verdict) -> Iterator[Part]:
    addresses = ", ".join(facts.resolved[:_SHOWN_ADDRESSES])
    more = len(facts.resolved) - _SHOWN_ADDRESSES
    names = {"addresses": f"{addresses} and {more} more" if more > 0 else addresses}
    if facts.address and len(facts.resolved) > 1:
        yield Part("one-of-many", names | {"address": facts.address})
    elif facts.address:
        yield Part("found", {"address": facts.address})
    elif facts.resolved:
        yield Part("unreachable", names)
    # What was said before TLS counts no more (RFC 3207, section 4.2).
    if facts.offers and (size := offer_of(facts.offers[-1]).size_limit):
        yield Part("size", {"size": _size(size)})


def _port(facts: Facts, verdict: Verdict) -> Iterator[Part]:
    if facts.connected:
        names = {"address": facts.connected.address, "port": str(facts.connected.port)}
        yield Part("talks" if facts.greeted_as else "connects", names)
    elif verdict.stage is Stage.CONNECT and verdict.cause:
        yield Part("failed", {"cause": label(verdict.cause)})


def _domain(facts: Facts, verdict: Verdict) -> Iterator[Part]:
    if facts.greeted_as:
        is_refused = verdict.cause == "ehlo-refused"
        yield Part("refused" if is_refused else "taken", {"said": facts.greeted_as})


def _sender(facts: Facts, verdict: Verdict) -> Iterator[Part]:
    if verdict.cause in ("sender-refused", "sender-temporarily-refused"):
        yield Part("refused")
    elif facts.recipients:
        yield Part("taken")


def _timeout(_facts: Facts, verdict: Verdict) -> Iterator[Part]:
    yield Part("took", {"seconds": f"{verdict.seconds:.1f}"})


def _address_family(facts: Facts, _verdict: Verdict) -> Iterator[Part]:
    if facts.address:
        names = {"family": "IPv6" if ":" in facts.address else "IPv4", "address": facts.address}
        others = ", ".join(one for one in facts.tried if one != facts.address)
        yield Part("used-beside" if others else "used", names | {"tried": others})


def _source_address(facts: Facts, _verdict: Verdict) -> Iterator[Part]:
    if facts.connected:
        yield Part("left-from", {"source": facts.connected.local_address})


def _size(count: int) -> str:
    for unit in _UNITS[:-1]:
        if count < 1024:
            return f"{count} {unit}"
        count //= 1024
    return f"{count} {_UNITS[-1]}"


OF: dict[str, Finding] = {
    "host": _host,
    "port": _port,
    "domain": _domain,
    "from": _sender,
    "timeout": _timeout,
    "address_family": _address_family,
    "source_address": _source_address,
}
