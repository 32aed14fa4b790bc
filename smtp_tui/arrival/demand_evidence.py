"""What a message that arrived shows of the requirements for senders."""

from __future__ import annotations

import re
from collections.abc import Mapping

from smtp_tui.arrival.authentication_results import Receiver
from smtp_tui.arrival.headers import HeaderField, first_of, header_fields, values_of
from smtp_tui.arrival.message_report import HeaderReport, read_headers
from smtp_tui.discovery.demands import Evidence, evidence_of
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.domain import tags_of

# The receiver whose requirement is TLS.
_GMAIL = ".google.com"
_HEADERS = {"list-unsubscribe", "list-unsubscribe-post"}
_ADDRESS = re.compile(r"<\s*(?:https://|mailto:)[^>]+>", re.IGNORECASE)
_HTTPS = re.compile(r"<\s*https://[^>]+>", re.IGNORECASE)


async def message_evidence(message: bytes, resolver: Resolver) -> Mapping[str, Evidence]:
    """Return what a whole message shows; its signatures are verified with the keys from DNS."""
    fields = header_fields(message)
    header = await read_headers(message, Receiver(), resolver)
    found = {
        "dkim": _dkim(header),
        "aligned": _aligned(header),
        "tls": _tls(header),
        "unsubscribe": _unsubscribe(fields, header),
        "list-unsubscribe": _list_unsubscribe(fields),
    }
    return {name: evidence for name, evidence in found.items() if evidence}


def _dkim(header: HeaderReport) -> Evidence | None:
    passed = [signature.domain for signature in header.dkim if signature.outcome == "pass"]
    if passed:
        return evidence_of(True, "dkim-pass", domain=passed[0])
    if any(signature.outcome == "unknown" for signature in header.dkim):
        return None
    return evidence_of(False, "dkim-fail")


def _aligned(header: HeaderReport) -> Evidence | None:
    if header.aligned is None or not header.domain:
        return None
    id_ = "aligned" if header.aligned else "aligned-not"
    return evidence_of(header.aligned, id_, domain=header.domain)


def _tls(header: HeaderReport) -> Evidence | None:
    """Return how Gmail received the message, if it did."""
    came = [
        hop
        for hop in header.hops
        if hop.by.casefold().endswith(_GMAIL) and _GMAIL not in hop.from_.casefold()
    ]
    protocol = came[0].protocol.upper() if came else ""
    if not protocol.startswith("ESMTP"):
        return None
    # RFC 3848: S stands for TLS, A for a login.
    is_secure = "S" in protocol.removeprefix("ESMTP")
    id_ = "tls" if is_secure else "tls-not"
    return evidence_of(is_secure, id_, host=came[0].by, protocol=protocol)


def _list_unsubscribe(fields: tuple[HeaderField, ...]) -> Evidence:
    """Return whether the message names an address to unsubscribe at."""
    if not values_of(fields, "list-unsubscribe"):
        return evidence_of(None, "unsubscribe-absent")
    is_usable = bool(_ADDRESS.search(first_of(fields, "list-unsubscribe")))
    return evidence_of(is_usable, "list-unsubscribe" if is_usable else "list-unsubscribe-unusable")


def _unsubscribe(fields: tuple[HeaderField, ...], header: HeaderReport) -> Evidence | None:
    """Return whether the message has the headers of RFC 8058, covered by a valid signature."""
    if not any(values_of(fields, name) for name in _HEADERS):
        return evidence_of(None, "unsubscribe-absent")
    post = first_of(fields, "list-unsubscribe-post").strip().casefold()
    has_address = bool(_HTTPS.search(first_of(fields, "list-unsubscribe")))
    if not has_address or post != "list-unsubscribe=one-click":
        return evidence_of(False, "unsubscribe-none")
    if any(signature.outcome == "unknown" for signature in header.dkim):
        return None
    valid = {(one.domain, one.selector) for one in header.dkim if one.outcome == "pass"}
    for value in values_of(fields, "dkim-signature"):
        tags = tags_of(value)
        covered = {name.strip().casefold() for name in tags.get("h", "").split(":")}
        signer = tags.get("d", "").casefold(), tags.get("s", "")
        if covered >= _HEADERS and signer in valid:
            return evidence_of(True, "unsubscribe")
    return evidence_of(False, "unsubscribe-unsigned")
