"""Names and numbers: the host, the name in EHLO, the sender, the time there is."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.diagnosis.advising.hits import Hit
from smtp_tui.diagnosis.given import Given, domain_of
from smtp_tui.settings.choices import AddressFamily
from smtp_tui.settings.parsers import is_address

SHORTEST = 5  # seconds; Ruby's default for each single answer
_NOBODYS = (".localdomain", ".localhost")


def hits(given: Given) -> Iterator[Hit]:
    """Yield what holds."""
    yield from _host(given)
    yield from _domain(given)
    yield from _sender(given)
    timeout = given["timeout"]
    if timeout is not None and timeout < SHORTEST:
        yield Hit("timeout-short", {"timeout": f"{timeout:g}"})


def _host(given: Given) -> Iterator[Hit]:
    host, family = given["host"] or "", given["address_family"]
    if is_address(host) and family not in (None, AddressFamily.ANY):
        own = AddressFamily.IPV6 if ":" in host else AddressFamily.IPV4
        if own is not family:
            yield Hit("host-not-of-the-family", {"own": own.value, "family": family.value})


def _domain(given: Given) -> Iterator[Hit]:
    if "domain" not in given.present or given.is_local:
        return
    domain = (given["domain"] or "").casefold().rstrip(".")
    if not domain or domain.startswith("["):
        return
    if "." not in domain or domain.endswith(_NOBODYS):
        yield Hit("domain-not-full", {"domain": domain})
    elif domain == (given["host"] or "").casefold().rstrip("."):
        yield Hit("domain-is-the-servers")


def _sender(given: Given) -> Iterator[Hit]:
    if "from" not in given.present or not given.mechanism:
        return
    sender, user = domain_of(given["from"] or ""), domain_of(given["username"] or "")
    if sender and user and not _are_related(sender, user):
        yield Hit("sender-of-another-domain", {"sender": sender, "user": user})


def _are_related(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
