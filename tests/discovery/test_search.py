"""A whole search: against real servers, against nothing, and stopped half-way."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, aclosing, asynccontextmanager, contextmanager
from typing import Any

import pytest

from smtp_tui.discovery import prober
from smtp_tui.discovery import search as searching
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.search import DiscoveryOptions, discover
from smtp_tui.discovery.steps import OK, USUAL, CandidateSource, ProbeStarted, parse_query
from smtp_tui.settings.choices import Encryption
from tests.discovery.searching import DOMAIN, search
from tests.dns.server import SERVFAIL, SILENT, Zone, name_server
from tests.providers.named import provider_named
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.smtp.scripted import ScriptedServer, serving
from tests.smtp.steps import silence

LOCALHOST: Zone = {"localhost": {"A": ["127.0.0.1"]}}
SESSION = """
C: EHLO client.example.test
S: 250-mail.example.test
S: 250 AUTH PLAIN LOGIN
"""


def srv(*records: tuple[int, int, str], service: str = "_submission") -> Zone:
    """SRV records of the domain: priority, port, host."""
    lines = [f"{priority} 0 {port} {host}." for priority, port, host in records]
    return {f"{service}._tcp.{DOMAIN}": {"SRV": lines}}


@contextmanager
def dropping_port() -> Iterator[int]:
    """A port whose queue is full: the system drops what comes."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


@pytest.fixture(params=["mail_servers", "exim_servers"])
def servers(request: pytest.FixtureRequest) -> MailServers:
    """Postfix, and Exim."""
    found: MailServers = request.getfixturevalue(request.param)
    return found


async def test_the_best_of_what_dns_names(servers: MailServers) -> None:
    ports = servers.ports
    zone = {
        **LOCALHOST,
        **srv((0, ports[Listener.IMPLICIT_TLS], "localhost"), service="_submissions"),
        **srv(
            (0, ports[Listener.STARTTLS_REQUIRED], "localhost"),
            (1, ports[Listener.STARTTLS_EXPIRED], "localhost"),
            (2, ports[Listener.STARTTLS_SELF_SIGNED], "localhost"),
            (3, ports[Listener.PLAIN], "localhost"),
            (4, ports[Listener.WITHOUT_AUTH], "localhost"),
        ),
        DOMAIN: {"MX": ["10 mx.example.test."]},
    }
    searched = await search(zone, ca_file=str(servers.authority_file))
    result = searched.result
    assert result.ok
    assert result.values == {
        "host": "localhost",
        "port": ports[Listener.IMPLICIT_TLS],
        "encryption": "ssl",
    }
    assert result.source is CandidateSource.SRV
    assert "An SRV record of example.test names it; implicit TLS" in result.reason
    assert "valid certificate" in result.reason
    assert any("is outside example.test" in note for note in result.notes)

    starttls = searched.knock("localhost", ports[Listener.STARTTLS_REQUIRED])
    assert (starttls.cause, starttls.trusted) == (None, OK)
    assert (starttls.plain, starttls.starttls, starttls.tls) == (True, True, None)
    assert starttls.before == ()
    assert {"PLAIN", "LOGIN"} <= set(starttls.mechanisms)
    assert starttls.version == "TLSv1.3"
    assert starttls.greeting
    assert starttls.greeting.startswith("mail.example.test ESMTP")

    for listener, cause in (
        (Listener.STARTTLS_EXPIRED, "certificate-expired"),
        (Listener.STARTTLS_SELF_SIGNED, "certificate-self-signed"),
    ):
        faulty = searched.knock("localhost", ports[listener])
        assert (faulty.cause, faulty.trusted, faulty.connections) == (cause, cause, 2)
        # What the second look, which trusts anything, saw behind it.
        assert (faulty.version, "PLAIN" in faulty.mechanisms) == ("TLSv1.3", True)

    plain = searched.knock("localhost", ports[Listener.PLAIN])
    assert (plain.cause, plain.encryption) == (None, Encryption.NONE)
    assert (plain.plain, plain.starttls) == (True, False)


async def test_a_login_and_a_valid_certificate_count_before_priority(servers: MailServers) -> None:
    ports = servers.ports
    records = [Listener.STARTTLS_EXPIRED, Listener.WITHOUT_AUTH, Listener.STARTTLS_OFFERED]
    named = [(order, ports[one], "localhost") for order, one in enumerate(records)]
    zone = {**LOCALHOST, **srv(*named)}
    searched = await search(zone, ca_file=str(servers.authority_file))
    assert searched.result.values["port"] == ports[Listener.STARTTLS_OFFERED]
    assert searched.result.values["encryption"] == "tls"


async def test_both_families(mail_servers: MailServers) -> None:
    if len(mail_servers.addresses) < 2:
        pytest.skip("this machine has no IPv6")
    port = mail_servers.ports[Listener.STARTTLS_OFFERED]
    zone = {"localhost": {"A": ["127.0.0.1"], "AAAA": ["::1"]}, **srv((0, port, "localhost"))}
    searched = await search(zone, ca_file=str(mail_servers.authority_file))
    for address in mail_servers.addresses:
        assert searched.knock("localhost", port, address).cause is None


async def test_what_is_nearest_where_nothing_would_pass(mail_servers: MailServers) -> None:
    ports = mail_servers.ports
    zone = {
        **LOCALHOST,
        **srv(
            (0, ports[Listener.PLAIN], "localhost"),
            (1, ports[Listener.STARTTLS_WRONG_NAME], "localhost"),
        ),
    }
    result = (await search(zone, ca_file=str(mail_servers.authority_file))).result
    # To give everything away is not nearer than a certificate that can be mended.
    assert not result.ok
    assert result.cause == "certificate-name-mismatch"
    assert result.values["port"] == ports[Listener.STARTTLS_WRONG_NAME]
    assert "The certificate is for mail.example.net." in result.notes


async def test_plain_text_is_found_where_there_is_no_tls(mail_servers: MailServers) -> None:
    port = mail_servers.ports[Listener.PLAIN]
    result = (await search({**LOCALHOST, **srv((0, port, "localhost"))})).result
    assert result.ok
    assert result.values["encryption"] == "none"
    assert any("send no password over it" in note for note in result.notes)


async def test_the_name_that_the_certificate_is_for(mail_servers: MailServers) -> None:
    """Two names lead to one port; the certificate is for one of them."""
    port = mail_servers.ports[Listener.STARTTLS_OFFERED]
    zone = {
        "mail.example.test": {"A": ["127.0.0.1"]},
        **LOCALHOST,
        **srv((0, port, "mail.example.test"), (1, port, "localhost")),
    }
    searched = await search(zone, ca_file=str(mail_servers.authority_file))
    assert searched.result.ok
    assert searched.result.values["host"] == "localhost"
    assert [one.connections for one in searched.knocks if one.port == port] == [2]


async def test_the_usual_names_on_the_usual_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    async with _usual_port(monkeypatch) as server:
        zone = {DOMAIN: {"MX": ["10 mx.example.test."]}, "smtp.example.test": {"A": ["127.0.0.1"]}}
        searched = await search(zone)
    assert searched.result.source is CandidateSource.GUESS
    assert searched.result.values["host"] == "smtp.example.test"
    assert searched.result.values["port"] == server.port
    assert "usual hostname" in searched.result.reason


async def test_a_host_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    async with _usual_port(monkeypatch) as server:
        searched = await search({"relay.test": {"A": ["127.0.0.1"]}}, "relay.test")
        by_address = await search({}, "127.0.0.1")
    assert searched.result.values["host"] == "relay.test"
    assert searched.result.values["port"] == server.port
    assert "the host that you gave" in searched.result.reason
    assert by_address.result.values["host"] == "127.0.0.1"
    assert by_address.server.asked == []


async def test_a_provider_by_its_mx(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = {
        DOMAIN: {"MX": ["1 aspmx.l.google.com."]},
        "smtp.gmail.com": {"A": ["127.0.0.1"]},
    }
    searched = await search(zone, f"me@{DOMAIN}", providers=(provider_named("gmail"),))
    assert "preset-mx" in searched.ids()
    tried = {(one.host, one.port, one.source) for one in searched.knocks}
    assert tried >= {
        ("smtp.gmail.com", 465, CandidateSource.PRESET),
        ("smtp.gmail.com", 587, CandidateSource.PRESET),
    }
    # What takes mail for the domain is Google's, and no guess.
    assert not any("aspmx" in host for host, _, _ in tried)


async def test_not_offered() -> None:
    zone: Zone = {
        f"_submissions._tcp.{DOMAIN}": {"SRV": ["0 0 0 ."]},
        f"_submission._tcp.{DOMAIN}": {"SRV": ["0 0 0 ."]},
        f"smtp.{DOMAIN}": {"A": ["127.0.0.1"]},
    }
    searched = await search(zone)
    assert searched.ids().count("srv-not-offered") == 2
    assert {one.port for one in searched.knocks} == set(USUAL) - {465, 587}


async def test_a_target_that_is_no_host() -> None:
    zone: Zone = {f"_submission._tcp.{DOMAIN}": {"SRV": ["0 0 25 bad\\032name.test."]}}
    searched = await search(zone)
    assert "srv-no-host" in searched.ids()
    assert searched.knocks == []


@pytest.mark.parametrize(
    ("zone", "cause", "words"),
    [
        ({}, "host-not-found", "example.test does not exist in DNS."),
        ({DOMAIN: {"TXT": ["x"]}}, "host-not-found", "smtp-tui found no host"),
        ({DOMAIN: {"*": SERVFAIL}}, "resolver-failed", "DNS gave no answer about example.test."),
    ],
)
async def test_nothing(zone: Zone, cause: str, words: str) -> None:
    if cause == "resolver-failed":
        zone = {
            **zone,
            **{f"{label}.{DOMAIN}": {"*": SERVFAIL} for label in ("smtp", "mail")},
            **{f"_{one}._tcp.{DOMAIN}": {"*": SERVFAIL} for one in ("submission", "submissions")},
        }
    result = (await search(zone)).result
    assert (result.ok, result.cause, result.probes) == (False, cause, 0)
    assert words in result.reason
    assert result.values == {}


async def test_a_silent_name_server_is_left_in_time() -> None:
    names = (DOMAIN, f"smtp.{DOMAIN}", f"mail.{DOMAIN}")
    services = (f"_submission._tcp.{DOMAIN}", f"_submissions._tcp.{DOMAIN}")
    zone: Zone = {name: {"*": SILENT} for name in (*names, *services)}
    searched = await search(zone, timeout=1)
    assert searched.result.cause == "resolver-failed"


async def test_a_name_without_an_answer_keeps_nobody_waiting() -> None:
    async with serving(("S: 220 mail.example.test ESMTP", SESSION)) as server:
        zone: Zone = {**LOCALHOST, **srv((0, server.port, "localhost"))}
        searched = await search({**zone, f"mail.{DOMAIN}": {"*": SILENT}}, timeout=2)
    assert searched.result.values["port"] == server.port
    assert searched.seconds < 2


async def test_a_port_that_drops_packets_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prober, "CONNECT_LIMIT", 0.3)
    with dropping_port() as port:
        zone: Zone = {**LOCALHOST, **srv((0, port, "localhost")), DOMAIN: {"A": ["127.0.0.2"]}}
        searched = await search(zone)
    assert searched.knock("localhost", port).cause == "connect-timeout"
    assert searched.knock(DOMAIN, 465, "127.0.0.2").cause == "connection-refused"
    assert searched.seconds < 2
    # What DNS names tells more than a guess that was quicker to fail.
    assert searched.result.cause == "connect-timeout"


async def test_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving((silence,), may_leave=True) as server:
        zone = {**LOCALHOST, **srv((0, server.port, "localhost"))}
        searched = await search(zone, timeout=1.5)
    # Neither a greeting nor TLS.
    assert searched.knock("localhost", server.port).cause == "greeting-timeout"
    assert len(server.peers) == 2


async def test_no_more_connections_than_allowed() -> None:
    records = [(number, 40000 + number, f"h{number}.test") for number in range(6)]
    zone: Zone = {
        **srv(*records),
        **{f"h{number}.test": {"A": [f"127.0.1.{number}"]} for number in range(6)},
        **{f"{label}.{DOMAIN}": {"A": ["127.0.2.1"]} for label in ("smtp", "mail")},
        DOMAIN: {"A": ["127.0.3.1"], "AAAA": ["::1"]},
    }
    searched = await search(zone, connections=8)
    assert len(searched.knocks) == 4
    assert searched.left_out == 6 + 4 + 8 - 4
    assert searched.result.connections == 4


async def test_what_is_left_out_is_told() -> None:
    async with serving(("S: 220 mail.example.test ESMTP", SESSION)) as server:
        zone: Zone = {
            **LOCALHOST,
            **srv((0, server.port, "localhost")),
            DOMAIN: {"A": ["127.0.3.1"]},
        }
        searched = await search(zone, connections=5)
    assert "smtp-tui did not try 4 more ports: the limit is 5 connections." in searched.result.notes


async def test_never_a_credential() -> None:
    script = ("S: 220 mail.example.test ESMTP", SESSION)
    async with serving(script) as server:
        zone = {**LOCALHOST, **srv((0, server.port, "localhost"))}
        searched = await search(zone, f"alice@{DOMAIN}")
    assert searched.result.ok
    assert server.said == ["EHLO client.example.test", "QUIT"]


@pytest.mark.parametrize("steps", [1, 3, 4])
async def test_leaving_early_leaves_nothing(steps: int) -> None:
    before = asyncio.all_tasks()
    began = time.monotonic()
    async with serving((silence,), may_leave=True) as server:
        zone = {**LOCALHOST, **srv((0, server.port, "localhost"))}
        with name_server(zone) as names:
            wish = DiscoveryOptions(resolver=Resolver(("127.0.0.1", names.port)))
            async with aclosing(discover(parse_query(DOMAIN), wish)) as told:
                seen = 0
                async for step in told:
                    seen += 1
                    if isinstance(step, ProbeStarted):
                        await server.has_peers(1)
                    if seen == steps or isinstance(step, ProbeStarted):
                        break
        # `serving` waits until every connection is closed.
    assert time.monotonic() - began < 2
    assert asyncio.all_tasks() == before


async def test_a_defect_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(searching, "result_of", fail)
    before = asyncio.all_tasks()
    with pytest.raises(RuntimeError, match="a defect"):
        await search({})
    assert asyncio.all_tasks() == before


@asynccontextmanager
async def _usual_port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ScriptedServer]:
    """A server on a port that counts as usual for this test."""
    async with serving(("S: 220 mail.example.test ESMTP", SESSION)) as server:
        monkeypatch.setattr("smtp_tui.discovery.candidates.USUAL", (server.port,))
        yield server
