"""Ask lists of spam senders (DNSBL, RFC 5782) for an address, and tell listings from errors.

A list must name 127.0.0.2 and must not name 127.0.0.1 (section 5). That shows whether this resolver
gets true answers, so it is asked first.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any

from smtp_tui.discovery.dns import DnsAnswer, DnsAnswerState, Resolver, gather_all
from smtp_tui.providers import DataProvenance, ProviderEntryKind, provenance_of
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, shortened
from smtp_tui.smtp.addresses import is_public

_LISTED, _NEVER_LISTED = ip_address("127.0.0.2"), ip_address("127.0.0.1")
_LISTED_6 = ip_address("::ffff:7f00:2")
_ANSWERS, _ERRORS = ip_network("127.0.0.0/8"), ip_network("127.255.255.0/24")
_LONGEST_REASON = 200


class ListState(StrEnum):
    """What a list says about an address."""

    LISTED = "listed"
    CLEAN = "clean"
    REFUSED = "refused"  # an error code of the list
    NO_TRUE_ANSWER = "no-true-answer"  # this resolver does not get the list's answers
    SILENT = "silent"


@record(kw_only=True)
class BlockList:
    """A list; see `blocklists.toml`."""

    id: str
    name: str
    zone: str
    page: str
    terms: str
    sources: tuple[str, ...]
    taken: date
    codes: Mapping[str, str]

    @property
    def provenance(self) -> DataProvenance:
        """The entry's sources."""
        entry = {"sources": self.sources, "taken": self.taken}
        return provenance_of(ProviderEntryKind.LIST, self.id, entry)


@record(kw_only=True)
class ListResult:
    """What one list says about one address; `reason` is the list's own text."""

    list: BlockList
    address: str
    state: ListState
    text: str
    reason: str | None = None


@cache
def _tables() -> dict[str, Any]:
    path = Path(__file__).with_suffix(".toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def blocklists() -> tuple[BlockList, ...]:
    """Return the known lists, in the order of the file."""
    return tuple(
        BlockList(**{**table, "sources": tuple(table["sources"]), "codes": table.get("codes", {})})
        for table in _tables()["list"]
    )


def public_resolver(servers: Sequence[str]) -> str | None:
    """Return the first of the name servers that everybody uses."""
    known = set(map(ip_address, _tables()["public"]["addresses"]))
    return next((server for server in servers if _address(server) in known), None)


async def ask_lists(addresses: Sequence[str], resolver: Resolver) -> tuple[ListResult, ...]:
    """Return what each list says about each address."""
    asked = [(blocklist, address) for blocklist in blocklists() for address in addresses]
    found = await gather_all(*(ask_list(one, address, resolver) for one, address in asked))
    return tuple(found)


async def ask_list(blocklist: BlockList, address: str, resolver: Resolver) -> ListResult:
    """Return what a list says about an address; private ones are never asked for."""

    def result(state: ListState, id_: str, **names: str) -> ListResult:
        names = {"address": address, "page": blocklist.page, **names}
        text = _tables()["texts"][id_].format_map(names)
        return ListResult(list=blocklist, address=address, state=state, text=text)

    wanted = ip_address(address)
    if not is_public(address):
        return result(ListState.NO_TRUE_ANSWER, "private")
    if public := public_resolver(await resolver.nameservers()):
        return result(ListState.NO_TRUE_ANSWER, "public", resolver=public)
    test, never, found = await gather_all(
        *(_ask(blocklist, one, resolver) for one in (_LISTED, _NEVER_LISTED, wanted))
    )
    for code in (*test.records, *never.records, *found.records):
        if ip_address(code) not in _ANSWERS:
            return result(ListState.NO_TRUE_ANSWER, "hijacked", answer=code)
        if ip_address(code) in _ERRORS:
            errors = _tables()["errors"]
            meaning = errors.get(code, errors["other"])
            return result(ListState.REFUSED, "refused", meaning=meaning)
    if DnsAnswerState.FAILED in (test.state, found.state):
        return result(ListState.SILENT, "silent")
    if not test.records:
        return result(ListState.NO_TRUE_ANSWER, "untested")
    if never.records:
        return result(ListState.NO_TRUE_ANSWER, "everything")
    if found.records:
        meaning = ", ".join(blocklist.codes.get(code, code) for code in sorted(found.records))
        listed = result(ListState.LISTED, "listed", meaning=meaning)
        return ListResult(
            list=blocklist,
            address=address,
            state=listed.state,
            text=listed.text,
            reason=await _reason(blocklist, wanted, resolver),
        )
    if wanted.version == 6 and not (await _ask(blocklist, _LISTED_6, resolver)).records:
        return result(ListState.NO_TRUE_ANSWER, "no-ipv6")
    return result(ListState.CLEAN, "clean")


async def _ask(
    blocklist: BlockList, address: IPv4Address | IPv6Address, resolver: Resolver
) -> DnsAnswer:
    return await resolver.ask(_name(blocklist, address), "A")


async def _reason(
    blocklist: BlockList, address: IPv4Address | IPv6Address, resolver: Resolver
) -> str | None:
    answer = await resolver.ask(_name(blocklist, address), "TXT")
    text = " ".join(answer.records[0].split()) if answer.records else ""
    return shortened(escape_controls(text), _LONGEST_REASON) or None


def _name(blocklist: BlockList, address: IPv4Address | IPv6Address) -> str:
    """Return the name of an address in a list: its parts backwards (sections 2.1 and 2.4)."""
    backwards = address.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    return f"{backwards}.{blocklist.zone}"


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:  # a URL of DNS over HTTPS
        return None
