"""SPF records, evaluated for an address as far as that goes without a mail (RFC 7208).

Macros, `exists` and `ptr` depend on the mail or on the one who asks: they are told, not evaluated.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from smtp_tui.discovery.domain.spf import (
    MECHANISMS,
    REDIRECT,
    SpfBroken,
    SpfResult,
    Term,
    record_in,
    terms_of,
)
from smtp_tui.discovery.resolver import Answer, Resolver, State
from smtp_tui.records import record

# Section 4.6.4: terms that ask DNS, answers without a record, names of an MX.
MOST_LOOKUPS, MOST_VOIDS, MOST_EXCHANGES = 10, 2, 10

Address = IPv4Address | IPv6Address


class SpfUnanswered(Exception):
    """A name server gave no answer."""


@record(kw_only=True)
class SpfVerdict:
    """What a domain says about an address: the term that decided, and those left unevaluated."""

    result: SpfResult
    term: str = ""
    unevaluated: tuple[str, ...] = ()
    trouble: str = ""


async def evaluate(domain: str, address: str, resolver: Resolver) -> SpfVerdict:
    """Say what a domain's record says about an address."""
    evaluator = _Evaluator(ip_address(address.partition("%")[0]), resolver)
    try:
        result, term = await evaluator.check(domain)
    except SpfBroken as error:
        return SpfVerdict(result=SpfResult.PERMERROR, trouble=str(error))
    except SpfUnanswered:
        return SpfVerdict(result=SpfResult.TEMPERROR)
    if evaluator.unevaluated and not (result is SpfResult.PASSED and evaluator.only_passes):
        result = SpfResult.UNKNOWN
    unevaluated = tuple(dict.fromkeys(evaluator.unevaluated))
    return SpfVerdict(result=result, term=term, unevaluated=unevaluated)


class _Evaluator:
    """Evaluates records for one address; the limits hold for all of them together."""

    def __init__(self, address: Address, resolver: Resolver) -> None:
        self._address = address
        self._resolver = resolver
        self._lookups = 0
        self._voids = 0
        self.unevaluated: list[str] = []
        self.only_passes = True

    async def check(self, domain: str) -> tuple[SpfResult, str]:
        """Return the result for a domain, and the term that gave it (section 4)."""
        answer = await self._resolver.texts(domain)
        if answer.state is State.FAILED:
            raise SpfUnanswered
        found = record_in(answer.records)
        if found is None:
            return SpfResult.NONE, ""
        redirect = None
        for term in terms_of(found):
            if term.name == REDIRECT:
                redirect = term
            elif term.name in MECHANISMS and await self._matches(term, domain):
                return term.result, term.text
        if redirect is None:
            return SpfResult.NEUTRAL, ""
        return await self._redirected(redirect)

    async def _redirected(self, term: Term) -> tuple[SpfResult, str]:
        self._count()
        if term.has_macro:
            self._leave(term)
            return SpfResult.NEUTRAL, ""
        result, decided = await self.check(term.value)
        if result is SpfResult.NONE:
            raise SpfBroken(f"{term.text!r} names a domain without an SPF record")
        return result, decided

    async def _matches(self, term: Term, domain: str) -> bool:
        if term.name == "all":
            return True
        if term.name in ("ip4", "ip6"):
            return self._address in ip_network(term.value, strict=False)
        self._count()
        if term.has_macro or term.name in ("exists", "ptr"):
            self._leave(term)
            return False
        match term.name:
            case "include":
                return await self._included(term)
            case "a":
                return await self._has(term.value or domain, term)
            case _:
                return await self._is_exchange(term.value or domain, term)

    async def _included(self, term: Term) -> bool:
        result, _ = await self.check(term.value)
        if result is SpfResult.NONE:
            raise SpfBroken(f"{term.text!r} names a domain without an SPF record")
        return result is SpfResult.PASSED

    async def _is_exchange(self, name: str, term: Term) -> bool:
        answer, hosts = await self._resolver.exchanges(name)
        self._heed(answer)
        if len(hosts) > MOST_EXCHANGES:
            raise SpfBroken(f"{term.text!r} has more than {MOST_EXCHANGES} hosts")
        for host in hosts:
            if host and await self._has(host, term, counts=False):
                return True
        return False

    async def _has(self, name: str, term: Term, *, counts: bool = True) -> bool:
        is_four = self._address.version == 4
        answer = await self._resolver.ask(name, "A" if is_four else "AAAA")
        self._heed(answer, counts=counts)
        length = term.four if is_four else term.six
        networks = (ip_network(f"{one}/{length}", strict=False) for one in answer.records)
        return any(self._address in network for network in networks)

    def _count(self) -> None:
        self._lookups += 1
        if self._lookups > MOST_LOOKUPS:
            raise SpfBroken(f"it needs more than {MOST_LOOKUPS} DNS lookups")

    def _heed(self, answer: Answer, *, counts: bool = True) -> None:
        if answer.state is State.FAILED:
            raise SpfUnanswered
        if counts and answer.state is not State.FOUND:
            self._voids += 1
            if self._voids > MOST_VOIDS:
                raise SpfBroken(f"more than {MOST_VOIDS} of its names do not exist in DNS")

    def _leave(self, term: Term) -> None:
        self.unevaluated.append(term.text)
        self.only_passes = self.only_passes and term.result is SpfResult.PASSED
