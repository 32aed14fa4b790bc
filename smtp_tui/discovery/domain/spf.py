"""SPF records, read (RFC 7208)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from ipaddress import ip_network

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


class SpfBroken(Exception):
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
        raise SpfBroken("there are two records")
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
        raise SpfBroken(f"{word!r} is not a mechanism")
    qualifier, value, length = found["qualifier"], found["value"] or "", found["length"] or ""
    if name in ("ip4", "ip6"):
        _network(name, value + length, word)
        return Term(text=word, name=name, value=value + length, qualifier=qualifier)
    value, four, six = _parted(value, length, word)
    if name in ("include", "exists") and not value:
        raise SpfBroken(f"{word!r} names no domain")
    return Term(text=word, name=name, value=value, qualifier=qualifier, four=four, six=six)


def _parted(value: str, length: str, word: str) -> tuple[str, int, int]:
    """Part a domain from the prefix lengths behind it; in a macro a slash may be anything."""
    if "%" in value:
        return value, 32, 128
    domain, slash, rest = value.partition("/")
    lengths = _LENGTHS.fullmatch(f"{slash}{rest}{length}")
    if lengths is None or int(lengths["four"] or 32) > 32 or int(lengths["six"] or 128) > 128:
        raise SpfBroken(f"{word!r} has a wrong prefix length")
    return domain, int(lengths["four"] or 32), int(lengths["six"] or 128)


def _network(name: str, value: str, word: str) -> None:
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise SpfBroken(f"{word!r} contains no address") from None
    if network.version != int(name[-1]):
        raise SpfBroken(f"{word!r} contains an address of the other family")
