"""SPF: records that are read, records that are refused, and what they say about an address."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smtp_tui.discovery.dns import DnsAnswer, DnsAnswerState, Resolver
from smtp_tui.discovery.spf import SpfPermError, SpfResult, SpfVerdict, evaluate, terms_of
from tests.dns.server import SERVFAIL, Zone, name_server
from tests.table import table

US, SIX, OTHER = "198.51.100.7", "2001:db8::7", "203.0.113.9"


def txt(text: str) -> dict[str, list[str]]:
    """A name that holds one TXT record."""
    return {"TXT": [f'"{text}"']}


def many(count: int) -> Zone:
    """A chain of includes, the last of which covers us."""
    chain = {
        f"i{number}.test": txt(f"v=spf1 include:i{number + 1}.test -all") for number in range(count)
    }
    return {**chain, f"i{count}.test": txt(f"v=spf1 ip4:{US} -all")}


ZONE: Zone = {
    "ip.test": txt("v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/32 -all"),
    "soft.test": txt("v=spf1 ~all"),
    "neutral.test": txt("v=spf1 ?all"),
    "empty.test": txt("v=spf1"),
    "case.test": txt(f"V=SPF1 IP4:{US} -ALL"),
    "none.test": txt("v=spf10 -all"),
    "two.test": {"TXT": ['"v=spf1 -all"', '"v=spf1 +all"']},
    "a.test": {**txt("v=spf1 a -all"), "A": [US], "AAAA": [SIX]},
    "net.test": {**txt("v=spf1 a/24//64 -all"), "A": ["198.51.100.200"], "AAAA": ["2001:db8::1"]},
    "named.test": txt("v=spf1 a:a.test -all"),
    "mx.test": {**txt("v=spf1 mx -all"), "MX": ["10 gone.test.", "20 a.test."]},
    "crowd.test": {**txt("v=spf1 mx -all"), "MX": [f"{n} m{n}.test." for n in range(11)]},
    "include.test": txt("v=spf1 include:ip.test ~all"),
    "lost.test": txt("v=spf1 include:none.test -all"),
    "redirect.test": txt("v=spf1 redirect=ip.test"),
    "away.test": txt("v=spf1 redirect=none.test"),
    "all.test": txt("v=spf1 redirect=ip.test ?all"),
    "macro.test": txt("v=spf1 include:%{ir}.test -all"),
    "macro-first.test": txt(f"v=spf1 exists:%{{i}}.test ip4:{US} -all"),
    "macro-not.test": txt(f"v=spf1 -exists:%{{i}}.test ip4:{US} -all"),
    "macro-redirect.test": txt("v=spf1 redirect=%{d}.test"),
    "ptr.test": txt("v=spf1 ptr -all"),
    "loop.test": txt("v=spf1 include:loop.test -all"),
    "void.test": txt("v=spf1 a:v1.gone a:v2.gone a:v3.gone -all"),
    "voids.test": txt("v=spf1 a:v1.gone a:v2.gone -all"),
    "fails.test": txt("v=spf1 a:broken.test -all"),
    "broken.test": {"*": SERVFAIL},
    "wrong.test": txt("v=spf1 ipv4:1.2.3.4 -all"),
    "modifier.test": txt("v=spf1 exp=why.test include=x ip4:198.51.100.7 -all"),
    "chain.test": txt("v=spf1 include:i0.test -all"),
    **many(10),
}


async def spf(domain: str, address: str = US) -> SpfVerdict:
    """What a domain of the zone says about an address."""
    with name_server(ZONE) as server:
        return await evaluate(domain, address, Resolver(("127.0.0.1", server.port)))


@pytest.mark.parametrize(
    ("domain", "address", "result", "term"),
    [
        ("ip.test", US, "pass", "ip4:198.51.100.0/24"),
        ("ip.test", SIX, "pass", "ip6:2001:db8::/32"),
        ("ip.test", OTHER, "fail", "-all"),
        ("soft.test", US, "softfail", "~all"),
        ("neutral.test", US, "neutral", "?all"),
        ("empty.test", US, "neutral", ""),
        ("case.test", US, "pass", f"IP4:{US}"),
        ("none.test", US, "none", ""),
        ("gone.test", US, "none", ""),
        ("a.test", US, "pass", "a"),
        ("a.test", SIX, "pass", "a"),
        ("a.test", OTHER, "fail", "-all"),
        ("net.test", US, "pass", "a/24//64"),
        ("net.test", SIX, "pass", "a/24//64"),
        ("named.test", US, "pass", "a:a.test"),
        ("mx.test", US, "pass", "mx"),
        ("include.test", US, "pass", "include:ip.test"),
        ("include.test", OTHER, "softfail", "~all"),
        ("redirect.test", US, "pass", "ip4:198.51.100.0/24"),
        ("redirect.test", OTHER, "fail", "-all"),
        ("all.test", OTHER, "neutral", "?all"),
        ("macro-first.test", US, "pass", f"ip4:{US}"),
        ("voids.test", US, "fail", "-all"),
        ("modifier.test", US, "pass", f"ip4:{US}"),
        ("i1.test", US, "pass", "include:i2.test"),
    ],
)
async def test_results(domain: str, address: str, result: str, term: str) -> None:
    verdict = await spf(domain, address)
    assert (verdict.result.value, verdict.term) == (result, term)


@pytest.mark.parametrize(
    ("domain", "trouble"),
    [
        ("two.test", "there are two records"),
        ("wrong.test", "'ipv4:1.2.3.4' is not a mechanism"),
        ("lost.test", "'include:none.test' names a domain without an SPF record"),
        ("away.test", "'redirect=none.test' names a domain without an SPF record"),
        ("loop.test", "it needs more than 10 DNS lookups"),
        ("chain.test", "it needs more than 10 DNS lookups"),
        ("void.test", "more than 2 of its names do not exist in DNS"),
        ("crowd.test", "'mx' has more than 10 hosts"),
    ],
)
async def test_broken(domain: str, trouble: str) -> None:
    if domain == "chain.test":  # ten lookups hold, and this is one more
        assert (await spf("i0.test")).result is SpfResult.PASSED
    verdict = await spf(domain)
    assert (verdict.result, verdict.trouble) == (SpfResult.PERMERROR, trouble)


@pytest.mark.parametrize(
    ("domain", "left"),
    [
        ("macro.test", "include:%{ir}.test"),
        ("macro-not.test", "-exists:%{i}.test"),
        ("macro-redirect.test", "redirect=%{d}.test"),
        ("ptr.test", "ptr"),
    ],
)
async def test_what_depends_on_the_mail_is_told(domain: str, left: str) -> None:
    verdict = await spf(domain)
    assert (verdict.result, verdict.unevaluated) == (SpfResult.UNKNOWN, (left,))


async def test_no_answer() -> None:
    assert (await spf("broken.test")).result is SpfResult.TEMPERROR
    assert (await spf("fails.test")).result is SpfResult.TEMPERROR


@table(
    "text",
    [
        *("ip4:", "ip4:x", "ip4:::1", "ip4:1.2.3.4/33", "ip6:1.2.3.4", "a:", "a/33", "a//129"),
        *("a/x", "a/1/2", "include", "include:", "exists", "x:y", "!all", "=x"),
    ],
)
def test_terms_that_are_none(text: str) -> None:
    with pytest.raises(SpfPermError):
        terms_of(f"v=spf1 {text}")


HOSTILE = st.text() | st.lists(
    st.sampled_from(
        [
            *("v=spf1", "ip4:", "1.2.3.4", "/24", "//", "a", "mx", "include:", "%{i}", "redirect="),
            *(" ", "-", "all", "?", ":", "::1", "exists:", "ptr", "\x00", "٣"),
        ]
    )
).map("".join)


@given(HOSTILE)
@settings(max_examples=400)
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, f"v=spf1 {text}"):
        with suppress(SpfPermError):
            assert all(term.text for term in terms_of(whole))


class Saying(Resolver):
    """A resolver to which every name holds the same text, hosts and address."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self._said = said

    async def ask(self, name: str, kind: str) -> DnsAnswer:
        """Answer any question."""
        records = {"TXT": (self._said,), "MX": ("10 a.test.",), "A": (OTHER,), "AAAA": (SIX,)}
        return DnsAnswer(state=DnsAnswerState.FOUND, records=records[kind])


@given(HOSTILE.map(lambda text: f"v=spf1 {text}"))
def test_any_record_has_a_result(text: str) -> None:
    verdict = asyncio.run(evaluate("a.test", US, Saying(text)))
    assert verdict.result in SpfResult
    assert bool(verdict.trouble) is (verdict.result is SpfResult.PERMERROR)
