"""Evaluate SPF records (RFC 7208) for an address, as far as possible without a mail."""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import ip_address, ip_network

from smtp_tui.discovery.dns import DnsAnswer, DnsAnswerState, Resolver
from smtp_tui.records import record

_REDIRECT = "redirect"
_MECHANISMS = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})
# Limits of section 4.6.4: DNS lookups, void lookups, hosts of an MX.
MOST_LOOKUPS, MOST_VOIDS, MOST_EXCHANGES = 10, 2, 10

_TERM = re.compile(
    r"(?P<qualifier>[-+?~]?)(?P<name>[A-Za-z0-9]+)(?::(?P<value>[^/\s]\S*))?(?P<length>/\S*)?"
)
_MODIFIER = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9._-]*)=(?P<value>\S*)")
_LENGTHS = re.compile(r"(?:/(?P<four>[0-9]{1,3}))?(?://(?P<six>[0-9]{1,3}))?")


class SpfResult(StrEnum):
    """The result for an address (section 2.6); `unknown` is ours."""

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
    """The record, or one that it names, cannot be evaluated; the message says why."""


class SpfUnanswered(Exception):
    """No nameserver answered."""


@record(kw_only=True)
class SpfTerm:
    """One term of a record; `name` is a mechanism, `redirect`, or empty for any other modifier.

    `result` is the result for an address that matches; `four` and `six` are prefix lengths.
    """

    text: str
    name: str
    value: str
    result: SpfResult = SpfResult.NEUTRAL
    four: int = 32
    six: int = 128


def is_record(text: str) -> bool:
    """Whether a TXT record is an SPF record (section 4.5)."""
    return text.casefold().split(" ")[0] == "v=spf1"


def terms_of(record_text: str) -> tuple[SpfTerm, ...]:
    """Parse a record; SpfPermError names the invalid term."""
    return tuple(map(_term, record_text.split()[1:]))


def _term(word: str) -> SpfTerm:
    if modifier := _MODIFIER.fullmatch(word):
        is_known = modifier["name"].casefold() == _REDIRECT
        return SpfTerm(text=word, name=_REDIRECT if is_known else "", value=modifier["value"])
    match = _TERM.fullmatch(word)
    name = match["name"].casefold() if match else ""
    if match is None or name not in _MECHANISMS:
        raise SpfPermError(f"{word!r} is not a mechanism")
    value, length = match["value"] or "", match["length"] or ""
    four, six = 32, 128
    if name in ("ip4", "ip6"):
        value += length
        try:
            network = ip_network(value, strict=False)
        except ValueError:
            raise SpfPermError(f"{word!r} contains no address") from None
        if network.version != int(name[-1]):
            raise SpfPermError(f"{word!r} contains an address of the other family")
    elif "%" not in value:  # a slash in a macro may be a delimiter
        value, slash, rest = value.partition("/")
        lengths = _LENGTHS.fullmatch(f"{slash}{rest}{length}")
        if lengths:
            four, six = int(lengths["four"] or four), int(lengths["six"] or six)
        if lengths is None or four > 32 or six > 128:
            raise SpfPermError(f"{word!r} has a wrong prefix length")
    if name in ("include", "exists") and not value:
        raise SpfPermError(f"{word!r} names no domain")
    result = _BY_QUALIFIER[match["qualifier"]]
    return SpfTerm(text=word, name=name, value=value, result=result, four=four, six=six)


@record(kw_only=True)
class SpfVerdict:
    """A domain's result for an address: the deciding term and the unevaluated ones."""

    result: SpfResult
    term: str = ""
    unevaluated: tuple[str, ...] = ()
    trouble: str = ""


async def evaluate(domain: str, address: str, resolver: Resolver) -> SpfVerdict:
    """Return the verdict of a domain's record on an address."""
    evaluator = _Evaluator(address.partition("%")[0], resolver)
    try:
        result, term = await evaluator.check(domain)
    except SpfPermError as error:
        return SpfVerdict(result=SpfResult.PERMERROR, trouble=str(error))
    except SpfUnanswered:
        return SpfVerdict(result=SpfResult.TEMPERROR)
    left = evaluator.unevaluated
    only_passes = all(term.result is SpfResult.PASSED for term in left)
    if left and not (result is SpfResult.PASSED and only_passes):
        result = SpfResult.UNKNOWN
    unevaluated = tuple(dict.fromkeys(term.text for term in left))
    return SpfVerdict(result=result, term=term, unevaluated=unevaluated)


class _Evaluator:
    """Evaluates records for one address; the limits apply to all of them together."""

    def __init__(self, address: str, resolver: Resolver) -> None:
        self._address = ip_address(address)
        self._resolver = resolver
        self._lookups = 0
        self._voids = 0
        self.unevaluated: list[SpfTerm] = []

    async def check(self, domain: str) -> tuple[SpfResult, str]:
        """Return the result for a domain, and the term that gave it (section 4)."""
        answer = await self._resolver.ask(domain, "TXT")
        if answer.state is DnsAnswerState.FAILED:
            raise SpfUnanswered
        records = list(filter(is_record, answer.records))
        if not records:
            return SpfResult.NONE, ""
        if len(records) > 1:
            raise SpfPermError("there are two records")
        redirect = None
        for term in terms_of(records[0]):
            if term.name == _REDIRECT:
                redirect = term
            elif term.name in _MECHANISMS and await self._matches(term, domain):
                return term.result, term.text
        if redirect and self._can_look_up(redirect):
            return await self._check_named(redirect)
        return SpfResult.NEUTRAL, ""

    async def _check_named(self, term: SpfTerm) -> tuple[SpfResult, str]:
        result, decided = await self.check(term.value)
        if result is SpfResult.NONE:
            raise SpfPermError(f"{term.text!r} names a domain without an SPF record")
        return result, decided

    async def _matches(self, term: SpfTerm, domain: str) -> bool:
        if term.name == "all":
            return True
        if term.name in ("ip4", "ip6"):
            return self._address in ip_network(term.value, strict=False)
        if not self._can_look_up(term):
            return False
        if term.name == "include":
            result, _ = await self._check_named(term)
            return result is SpfResult.PASSED
        name = term.value or domain
        if term.name == "a":
            return await self._has_address(name, term)
        answer, hosts = await self._resolver.exchanges(name)
        self._note_answer(answer)
        if len(hosts) > MOST_EXCHANGES:
            raise SpfPermError(f"{term.text!r} has more than {MOST_EXCHANGES} hosts")
        for host in filter(None, hosts):
            if await self._has_address(host, term, counts=False):
                return True
        return False

    def _can_look_up(self, term: SpfTerm) -> bool:
        """Count a lookup; return whether the term can be evaluated."""
        self._lookups += 1
        if self._lookups > MOST_LOOKUPS:
            raise SpfPermError(f"it needs more than {MOST_LOOKUPS} DNS lookups")
        # Macros (section 7) depend on the mail, `exists` and `ptr` on who asks.
        if "%" in term.value or term.name in ("exists", "ptr"):
            self.unevaluated.append(term)
            return False
        return True

    async def _has_address(self, name: str, term: SpfTerm, *, counts: bool = True) -> bool:
        is_four = self._address.version == 4
        answer = await self._resolver.ask(name, "A" if is_four else "AAAA")
        self._note_answer(answer, counts=counts)
        length = term.four if is_four else term.six
        networks = (ip_network(f"{found}/{length}", strict=False) for found in answer.records)
        return any(self._address in network for network in networks)

    def _note_answer(self, answer: DnsAnswer, *, counts: bool = True) -> None:
        if answer.state is DnsAnswerState.FAILED:
            raise SpfUnanswered
        if counts and answer.state is not DnsAnswerState.FOUND:
            self._voids += 1
            if self._voids > MOST_VOIDS:
                raise SpfPermError(f"more than {MOST_VOIDS} of its names do not exist in DNS")
