"""SPF records, read (RFC 7208).

SPF records, evaluated for an address as far as that goes without a mail (RFC 7208).

Macros, `exists` and `ptr` depend on the mail or on the one who asks: they are told, not evaluated.

What a domain says about the addresses that its mail leaves from: SPF, and their own names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from smtp_tui.discovery.dns import Answer, Resolver, State
from smtp_tui.records import record

VERSION = "v=spf1"
REDIRECT = "redirect"
MECHANISMS = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})

_TERM = re.compile(
    r"(?P<qualifier>[-+?~]?)(?P<name>[A-Za-z0-9]+)(?::(?P<value>[^/\s]\S*))?(?P<length>/\S*)?"
)
_MODIFIER = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9._-]*)=(?P<value>\S*)")
_LENGTHS = re.compile(r"(?:/(?P<four>[0-9]{1,3}))?(?://(?P<six>[0-9]{1,3}))?")


class SpfResult(StrEnum):
    """What a record says about an address (section 2.6); `unknown` is ours."""

    PASSED = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"
    UNKNOWN = "unknown"


_BY_QUALIFIER = {
    "": SpfResult.PASSED,
    "+": SpfResult.PASSED,
    "-": SpfResult.FAIL,
    "~": SpfResult.SOFTFAIL,
    "?": SpfResult.NEUTRAL,
}


class SpfPermError(Exception):
    """The record, or one that it names, cannot be followed; the text says why."""


@record(kw_only=True)
class Term:
    """One term of a record; `name` is a mechanism, `redirect`, or empty for any other modifier."""

    text: str
    name: str
    value: str
    qualifier: str = ""
    four: int = 32
    six: int = 128

    @property
    def has_macro(self) -> bool:
        """Whether its value depends on the mail (section 7)."""
        return "%" in self.value

    @property
    def result(self) -> SpfResult:
        """What it says of an address that it matches."""
        return _BY_QUALIFIER[self.qualifier]


def is_record(text: str) -> bool:
    """Tell whether a TXT record is one of SPF (section 4.5)."""
    return text.casefold().split(" ")[0] == VERSION


def record_in(texts: Iterable[str]) -> str | None:
    """Return the SPF record among TXT records, None without one; SpfBroken where there are two."""
    found = [one for one in texts if is_record(one)]
    if len(found) > 1:
        raise SpfPermError("there are two records")
    return found[0] if found else None


def terms_of(record_text: str) -> tuple[Term, ...]:
    """Read a record; SpfBroken names the term that is wrong."""
    return tuple(_term(word) for word in record_text.split()[1:])


def _term(word: str) -> Term:
    if modifier := _MODIFIER.fullmatch(word):
        is_known = modifier["name"].casefold() == REDIRECT
        return Term(text=word, name=REDIRECT if is_known else "", value=modifier["value"])
    found = _TERM.fullmatch(word)
    name = found["name"].casefold() if found else ""
    if found is None or name not in MECHANISMS:
        raise SpfPermError(f"{word!r} is not a mechanism")
    qualifier, value, length = found["qualifier"], found["value"] or "", found["length"] or ""
    if name in ("ip4", "ip6"):
        _network(name, value + length, word)
        return Term(text=word, name=name, value=value + length, qualifier=qualifier)
    value, four, six = _parted(value, length, word)
    if name in ("include", "exists") and not value:
        raise SpfPermError(f"{word!r} names no domain")
    return Term(text=word, name=name, value=value, qualifier=qualifier, four=four, six=six)


def _parted(value: str, length: str, word: str) -> tuple[str, int, int]:
    """Part a domain from the prefix lengths behind it; in a macro a slash may be anything."""
    if "%" in value:
        return value, 32, 128
    domain, slash, rest = value.partition("/")
    lengths = _LENGTHS.fullmatch(f"{slash}{rest}{length}")
    if lengths is None or int(lengths["four"] or 32) > 32 or int(lengths["six"] or 128) > 128:
        raise SpfPermError(f"{word!r} has a wrong prefix length")
    return domain, int(lengths["four"] or 32), int(lengths["six"] or 128)


def _network(name: str, value: str, word: str) -> None:
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise SpfPermError(f"{word!r} contains no address") from None
    if network.version != int(name[-1]):
        raise SpfPermError(f"{word!r} contains an address of the other family")


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
    except SpfPermError as error:
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
            raise SpfPermError(f"{term.text!r} names a domain without an SPF record")
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
            raise SpfPermError(f"{term.text!r} names a domain without an SPF record")
        return result is SpfResult.PASSED

    async def _is_exchange(self, name: str, term: Term) -> bool:
        answer, hosts = await self._resolver.exchanges(name)
        self._heed(answer)
        if len(hosts) > MOST_EXCHANGES:
            raise SpfPermError(f"{term.text!r} has more than {MOST_EXCHANGES} hosts")
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
            raise SpfPermError(f"it needs more than {MOST_LOOKUPS} DNS lookups")

    def _heed(self, answer: Answer, *, counts: bool = True) -> None:
        if answer.state is State.FAILED:
            raise SpfUnanswered
        if counts and answer.state is not State.FOUND:
            self._voids += 1
            if self._voids > MOST_VOIDS:
                raise SpfPermError(f"more than {MOST_VOIDS} of its names do not exist in DNS")

    def _leave(self, term: Term) -> None:
        self.unevaluated.append(term.text)
        self.only_passes = self.only_passes and term.result is SpfResult.PASSED
