"""Lists of spam senders: listings, errors, and resolvers that get no true answer, told apart."""

from __future__ import annotations

from datetime import date

import pytest

from smtp_tui.discovery.blocklists import (
    BlockList,
    ListResult,
    ListState,
    ask_list,
    ask_lists,
    blocklists,
    public_resolver,
)
from smtp_tui.discovery.dns import Resolver
from tests.dns.server import SERVFAIL, SILENT, NameServer, Zone, name_server

ADDRESS, SIX = "9.9.9.9", "2620:fe::fe"
ZEN = blocklists()[0]
TEST, NEVER = f"2.0.0.127.{ZEN.zone}", f"1.0.0.127.{ZEN.zone}"
NAME = f"9.9.9.9.{ZEN.zone}"
SIX_NAME = f"e.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.e.f.0.0.0.2.6.2.{ZEN.zone}"
TEST_SIX = f"2.0.0.0.0.0.f.7.f.f.f.f.{'0.' * 20}{ZEN.zone}"
TRUE: Zone = {TEST: {"A": ["127.0.0.2"]}, ZEN.zone: {"NS": ["ns.example.test."]}}


def test_every_list_has_terms_sources_and_a_day() -> None:
    assert len(blocklists()) <= 8
    for one in blocklists():
        assert one.terms
        assert all(source.startswith("https://") for source in one.sources)
        assert one.provenance.taken == one.taken <= date.today()


async def asked(
    zone: Zone, address: str = ADDRESS, blocklist: BlockList = ZEN
) -> tuple[ListResult, NameServer]:
    with name_server(zone) as server:
        resolver = Resolver(("127.0.0.1", server.port))
        result = await ask_list(blocklist, address, resolver)
    assert "{" not in result.text
    return result, server


@pytest.mark.parametrize(
    ("more", "state", "said"),
    [
        ({}, ListState.CLEAN, "9.9.9.9 is not on the list."),
        ({NAME: {"A": ["127.0.0.3"]}}, ListState.LISTED, "CSS: found to send spam automatically"),
        ({NAME: {"A": ["127.0.0.10", "127.0.0.4"]}}, ListState.LISTED, "PBL: its provider"),
        ({NAME: {"A": ["127.0.0.99"]}}, ListState.LISTED, "127.0.0.99"),
        ({NAME: {"A": ["127.255.255.252"]}}, ListState.REFUSED, "the name of the list is wrong"),
        ({TEST: {"A": ["127.255.255.254"]}}, ListState.REFUSED, "does not answer public resolvers"),
        ({NAME: {"A": ["127.255.255.255"]}}, ListState.REFUSED, "asked too many questions"),
        ({NAME: {"A": ["127.255.255.250"]}}, ListState.REFUSED, "answers with an error"),
        ({NAME: {"A": ["192.0.2.80"]}}, ListState.NO_TRUE_ANSWER, "answers 192.0.2.80"),
        ({TEST: {}}, ListState.NO_TRUE_ANSWER, "does not name its own test entry"),
        ({NEVER: {"A": ["127.0.0.2"]}}, ListState.NO_TRUE_ANSWER, "names every address"),
        ({NAME: {"*": SERVFAIL}}, ListState.SILENT, "did not answer"),
        ({TEST: {"*": SERVFAIL}}, ListState.SILENT, "did not answer"),
    ],
)
async def test_answers(more: Zone, state: ListState, said: str) -> None:
    result, _ = await asked({**TRUE, **more})
    assert result.state is state
    assert said in result.text


@pytest.mark.integration
async def test_silence() -> None:
    result, _ = await asked({NAME: {"*": SILENT}, TEST: {"*": SILENT}})
    assert result.state is ListState.SILENT


async def test_the_reason_is_escaped_and_bounded() -> None:
    zone: Zone = {
        **TRUE,
        NAME: {
            "A": ["127.0.0.2"],
            "TXT": [
                '"a\\027[31m"',
            ],
        },
    }
    result, _ = await asked(zone)
    assert result.reason == "a\\x1b[31m"
    long: Zone = {**TRUE, NAME: {"A": ["127.0.0.2"], "TXT": [f'"{"x" * 250}"']}}
    result, _ = await asked(long)
    assert len(result.reason or "") == 200


async def test_ipv6_is_told_only_by_a_list_that_has_it() -> None:
    result, _ = await asked(TRUE, SIX)
    assert result.state is ListState.NO_TRUE_ANSWER
    result, _ = await asked({**TRUE, TEST_SIX: {"A": ["127.0.0.2"]}}, SIX)
    assert result.state is ListState.CLEAN
    result, _ = await asked({**TRUE, SIX_NAME: {"A": ["127.0.0.2"]}}, SIX)
    assert result.state is ListState.LISTED


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "fd00::1"])
async def test_a_private_address_is_never_asked_for(address: str) -> None:
    result, server = await asked(TRUE, address)
    assert (result.state, server.asked) == (ListState.NO_TRUE_ANSWER, [])


@pytest.mark.parametrize("server", ["8.8.8.8", "1.1.1.1", "2001:4860:4860:0::8888"])
async def test_a_public_resolver_is_never_asked(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise AssertionError("the resolver was asked")

    monkeypatch.setattr(Resolver, "ask", fail)
    result = await ask_list(ZEN, ADDRESS, Resolver((server, 53)))
    assert result.state is ListState.NO_TRUE_ANSWER
    assert f"The resolver {server} is a public one" in result.text


def test_other_resolvers_are_no_public_ones() -> None:
    assert public_resolver(("127.0.0.53", "https://dns.example/query", "fe80::1%eth0")) is None
    assert public_resolver(("127.0.0.53", "9.9.9.9")) == "9.9.9.9"


async def test_each_list_is_asked_for_each_address() -> None:
    with name_server({}) as server:
        results = await ask_lists((ADDRESS, "8.8.4.4"), Resolver(("127.0.0.1", server.port)))
    assert [(one.list.id, one.address) for one in results] == [
        (blocklist.id, address) for blocklist in blocklists() for address in (ADDRESS, "8.8.4.4")
    ]
