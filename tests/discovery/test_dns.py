"""Asking DNS: what is absent, what is broken, and what is too large for one datagram."""

from __future__ import annotations

import asyncio
import time

import dns.resolver
import pytest

from smtp_tui.discovery import dns as resolving
from smtp_tui.discovery.dns import DnsAnswerState, Resolver
from smtp_tui.smtp.events import Cause
from smtp_tui.smtp.happy_eyeballs import AddressLookupError
from tests.dns.server import SERVFAIL, SILENT, NameServer, Zone, name_server

LONG = " ".join(f'"{"x" * 200}{number}"' for number in range(9))

ZONE: Zone = {
    "example.test": {
        "MX": ["20 b.example.test.", "10 A.Example.Test."],
        "TXT": ['"v=spf1 " "-all"', LONG],
        "A": ["127.0.0.1"],
        "AAAA": ["::1"],
    },
    "four.example.test": {"A": ["127.0.0.2"]},
    "broken.example.test": {"*": SERVFAIL},
    "silent.example.test": {"*": SILENT},
    "half.example.test": {"A": SERVFAIL, "AAAA": ["::1"]},
    "_submission._tcp.example.test": {
        "SRV": ["10 5 587 c.test.", "0 1 587 b.test.", "0 9 465 A.test.", "1 0 0 ."]
    },
    "1.0.0.127.in-addr.arpa": {"PTR": ["localhost."]},
}


def asking(server: NameServer) -> Resolver:
    """A resolver of this server."""
    return Resolver(("127.0.0.1", server.port))


async def test_services_come_by_priority_and_weight() -> None:
    with name_server(ZONE) as server:
        answer, services = await asking(server).services("_submission._tcp.example.test")
    assert answer.state is DnsAnswerState.FOUND
    assert [(one.host, one.port) for one in services] == [
        ("a.test", 465),
        ("b.test", 587),
        ("", 0),
        ("c.test", 587),
    ]


async def test_exchanges_come_by_preference() -> None:
    with name_server(ZONE) as server:
        _, hosts = await asking(server).exchanges("example.test")
    assert hosts == ("a.example.test", "b.example.test")


async def test_texts_are_whole_though_they_need_tcp() -> None:
    with name_server(ZONE) as server:
        answer = await asking(server).ask("example.test", "TXT")
    assert "v=spf1 -all" in answer.records
    assert max(map(len, answer.records)) > 1800
    assert [by for _, kind, by in server.asked if kind == "TXT"] == ["udp", "tcp"]


@pytest.mark.parametrize(
    ("name", "kind", "state"),
    [
        ("example.test", "SRV", DnsAnswerState.EMPTY),
        ("test", "A", DnsAnswerState.EMPTY),
        ("nobody.test", "A", DnsAnswerState.NO_NAME),
        ("broken.example.test", "A", DnsAnswerState.FAILED),
        (f"{'x' * 64}.test", "A", DnsAnswerState.NO_NAME),
        (".".join(["x" * 60] * 5), "A", DnsAnswerState.NO_NAME),
        ("a..b", "A", DnsAnswerState.NO_NAME),
    ],
)
async def test_states(name: str, kind: str, state: DnsAnswerState) -> None:
    with name_server(ZONE) as server:
        answer = await asking(server).ask(name, kind)
    assert (answer.state, answer.records) == (state, ())


async def test_silence_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "TRY", 0.05)
    monkeypatch.setattr(resolving, "LIFETIME", 0.2)
    with name_server(ZONE) as server:
        began = time.monotonic()
        answer = await asking(server).ask("silent.example.test", "A")
        assert time.monotonic() - began < 2
    assert answer.state is DnsAnswerState.FAILED


async def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "LIFETIME", 0.3)
    with name_server(ZONE) as server:
        asked = asking(server)
    assert (await asked.ask("example.test", "A")).state is DnsAnswerState.FAILED


@pytest.mark.parametrize("vouches", [True, False])
async def test_whether_the_resolver_vouches(vouches: bool) -> None:
    with name_server(ZONE, vouches=vouches) as server:
        answer, services = await asking(server).services("_submission._tcp.example.test")
    assert answer.secure is vouches
    assert {one.secure for one in services} == {vouches}


@pytest.mark.parametrize(
    ("host", "state", "records"),
    [
        ("example.test", DnsAnswerState.FOUND, ("127.0.0.1", "::1")),
        ("four.example.test", DnsAnswerState.FOUND, ("127.0.0.2",)),
        ("half.example.test", DnsAnswerState.FOUND, ("::1",)),
        ("nobody.test", DnsAnswerState.NO_NAME, ()),
        ("broken.example.test", DnsAnswerState.FAILED, ()),
        ("192.0.2.7", DnsAnswerState.FOUND, ("192.0.2.7",)),
        ("2001:db8::7", DnsAnswerState.FOUND, ("2001:db8::7",)),
    ],
)
async def test_addresses(host: str, state: DnsAnswerState, records: tuple[str, ...]) -> None:
    with name_server(ZONE) as server:
        answer = await asking(server).addresses(host)
    assert (answer.state, answer.records) == (state, records)


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (Cause.HOST_NOT_FOUND, DnsAnswerState.NO_NAME),
        (Cause.RESOLVER_FAILED, DnsAnswerState.FAILED),
    ],
)
async def test_addresses_of_the_system(
    fault: Cause, state: DnsAnswerState, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_settings: object) -> None:
        raise AddressLookupError(fault, "no")

    monkeypatch.setattr(resolving, "resolve", refuse)
    assert (await Resolver().addresses("mail.example.test")).state is state
    assert (await Resolver().addresses("no host")).state is DnsAnswerState.NO_NAME


async def test_names_of_an_address() -> None:
    with name_server(ZONE) as server:
        answer = await asking(server).ask("1.0.0.127.in-addr.arpa", "PTR")
    assert answer.records == ("localhost.",)


async def test_a_question_is_asked_once() -> None:
    with name_server(ZONE) as server:
        asked = asking(server)
        for _ in range(3):
            await asked.exchanges("example.test")
    assert len(server.asked) == 1


async def test_leaving_early_leaves_nothing() -> None:
    with name_server(ZONE) as server:
        before = asyncio.all_tasks()
        task = asyncio.create_task(asking(server).ask("silent.example.test", "A"))
        await asyncio.to_thread(server.is_asked.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == before


async def test_the_system_s_name_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    with name_server(ZONE) as server:

        def configure(made: dns.resolver.BaseResolver, _file: object) -> None:
            made.nameservers, made.port = ["127.0.0.1"], server.port

        monkeypatch.setattr(dns.resolver.BaseResolver, "read_resolv_conf", configure)
        _, hosts = await Resolver().exchanges("example.test")
    assert hosts[0] == "a.example.test"


async def test_a_system_without_name_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_made: object, _file: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.BaseResolver, "read_resolv_conf", refuse)
    assert (await Resolver().ask("example.test", "MX")).state is DnsAnswerState.FAILED
