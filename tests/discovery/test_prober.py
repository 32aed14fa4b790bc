"""One port of one address: what it is, whatever was expected."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable

import pytest

from smtp_tui.discovery import prober
from smtp_tui.discovery.prober import Prober, probe_targets
from smtp_tui.discovery.steps import OK, Candidate, CandidateSource, ProbeResult
from smtp_tui.settings.choices import Encryption
from tests.smtp import pki
from tests.smtp.conftest import authority, ca_file, context, context_of, good
from tests.smtp.scripted import Script, ScriptedServer, serving
from tests.smtp.steps import close, send, silence, tls

__all__ = ["authority", "ca_file", "context", "context_of", "good"]

GREETING = "S: 220 mail.example.test ESMTP"
OPEN = "C: EHLO client.example.test\nS: 250-mail.example.test"
PLAIN = f"{OPEN}\nS: 250 AUTH PLAIN"
STARTTLS = f"{OPEN}\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go ahead"

Contexts = Callable[..., ssl.SSLContext]


def place(port: int, host: str = pki.HOST, way: Encryption | None = None) -> Candidate:
    """A place that an SRV record might name."""
    return Candidate(host=host, port=port, encryption=way, source=CandidateSource.SRV)


async def knock(
    server: ScriptedServer,
    *places: Candidate,
    ca_file: str | None = None,
    seconds: float = 3,
    connections: int = 9,
) -> ProbeResult:
    """Probe a server as the first of these places."""
    deadline = time.monotonic() + seconds
    probing = Prober(connections, deadline, ca_file, "client.example.test")
    before = asyncio.all_tasks()
    names = places
    found = await probing.probe("127.0.0.1", names)
    await server.all_left()
    assert asyncio.all_tasks() == before
    assert found is not None
    assert found.connections == len(server.peers)
    said = [line for peer in server.peers for line in peer.lines]
    assert {line.split(" ")[0] for line in said} <= {"EHLO", "STARTTLS", "QUIT"}
    return found


async def at(
    *scripts: Script, way: Encryption | None = None, **more: float | str | None
) -> ProbeResult:
    """Probe a server that follows these scripts."""
    async with serving(*scripts, may_leave=True) as server:
        return await knock(server, place(server.port, way=way), **more)  # type: ignore[arg-type]


async def test_starttls(context: ssl.SSLContext, ca_file: str) -> None:
    found = await at((GREETING, STARTTLS, tls(context), PLAIN), ca_file=ca_file)
    assert (found.cause, found.encryption, found.trusted) == (None, Encryption.TLS, OK)
    assert (found.plain, found.starttls, found.tls) == (True, True, None)
    assert (found.before, found.after) == ((), ("PLAIN",))
    assert found.greeting == "mail.example.test ESMTP"


async def test_tls_from_the_first_byte(context: ssl.SSLContext, ca_file: str) -> None:
    found = await at((tls(context), GREETING, PLAIN), way=Encryption.SSL, ca_file=ca_file)
    assert (found.cause, found.encryption, found.trusted) == (None, Encryption.SSL, OK)
    assert (found.plain, found.starttls, found.tls) == (None, None, True)
    assert (found.before, found.after) == (None, ("PLAIN",))


async def test_plain_text_alone() -> None:
    found = await at((GREETING, PLAIN))
    assert (found.cause, found.encryption, found.trusted) == (None, Encryption.NONE, None)
    assert (found.plain, found.starttls, found.tls) == (True, False, None)
    assert found.mechanisms == ("PLAIN",)


async def test_plain_text_where_tls_was_expected(context: ssl.SSLContext, ca_file: str) -> None:
    scripts = ((GREETING, silence), (GREETING, STARTTLS, tls(context), PLAIN))
    found = await at(*scripts, way=Encryption.SSL, ca_file=ca_file)
    assert (found.cause, found.encryption, found.connections) == (None, Encryption.TLS, 2)


async def test_tls_where_a_greeting_was_expected(context: ssl.SSLContext, ca_file: str) -> None:
    found = await at((silence,), (tls(context), GREETING, PLAIN), ca_file=ca_file, seconds=1.5)
    assert (found.cause, found.encryption, found.connections) == (None, Encryption.SSL, 2)


async def test_a_certificate_that_does_not_hold(context: ssl.SSLContext) -> None:
    """Its authority is not trusted; the second look sees what is behind it."""
    found = await at((GREETING, STARTTLS, tls(context), PLAIN))
    assert found.cause == found.trusted == "certificate-unknown-issuer"
    assert (found.version, found.after, found.connections) == ("TLSv1.3", ("PLAIN",), 2)
    assert found.certificate
    assert "localhost" in found.certificate.names


async def test_without_a_second_look(context: ssl.SSLContext) -> None:
    found = await at((GREETING, STARTTLS, tls(context), PLAIN), connections=1)
    assert (found.trusted, found.version, found.after) == ("certificate-unknown-issuer", None, None)
    assert found.is_reached


async def test_another_name_that_leads_here(
    context_of: Contexts, authority: pki.Issued, ca_file: str
) -> None:
    issued = pki.issue("b.test", "b.test", issuer=authority)
    async with serving(
        (GREETING, STARTTLS, tls(context_of(issued)), PLAIN), may_leave=True
    ) as server:
        names = [place(server.port, name) for name in ("a.test", "c.test", "b.test")]
        found = await knock(server, *names, ca_file=ca_file)
    assert (found.host, found.cause, found.connections) == ("b.test", None, 2)


async def test_no_name_that_fits(context_of: Contexts, authority: pki.Issued, ca_file: str) -> None:
    issued = pki.issue("b.test", "b.test", issuer=authority)
    async with serving(
        (GREETING, STARTTLS, tls(context_of(issued)), PLAIN), may_leave=True
    ) as server:
        names = [place(server.port, name) for name in ("a.test", "c.test")]
        found = await knock(server, *names, ca_file=ca_file)
    assert (found.host, found.cause) == ("a.test", "certificate-name-mismatch")


@pytest.mark.parametrize(
    ("script", "cause", "reached"),
    [
        (("S: 554 5.7.1 go away",), "greeting-refused", True),
        (("S: 421 4.3.2 full",), "server-busy", True),
        ((GREETING, "C: EHLO …\nS: 550 no"), "ehlo-refused", True),
        ((GREETING, f"{OPEN}\nS: 250 STARTTLS\nC: STARTTLS\nS: 454 no"), "starttls-refused", True),
        ((send(b"SSH-2.0-x\r\n"),), "not-smtp", False),
        ((close,), "server-closed", False),
        ((silence,), "greeting-timeout", False),
    ],
)
async def test_what_is_wrong(script: Script, cause: str, reached: bool) -> None:
    found = await at(script, seconds=0.8)
    assert (found.cause, found.is_reached) == (cause, reached)


async def test_tls_without_a_mail_server_behind_it(context: ssl.SSLContext, ca_file: str) -> None:
    found = await at((tls(context), silence), way=Encryption.SSL, ca_file=ca_file, seconds=0.8)
    assert (found.cause, found.is_reached) == ("greeting-timeout", False)


async def test_who_has_connected_has_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prober, "CONNECT_LIMIT", 0.2)
    found = await at((silence,), seconds=0.8)
    assert found.cause == "greeting-timeout"


async def test_nobody_listens() -> None:
    async with serving((silence,)) as server:
        port = server.port
    probing = Prober(1, time.monotonic() + 1, domain="client.example.test")
    names = (place(port, way=Encryption.SSL),)
    found = await probing.probe("127.0.0.1", names)
    assert found
    assert (found.cause, found.tls, found.is_reached) == ("connection-refused", None, False)


async def test_no_connection_is_left() -> None:
    probing = Prober(0, time.monotonic() + 1)
    names = (place(1),)
    assert await probing.probe("127.0.0.1", names) is None


def test_doors_put_together_what_leads_to_one_port() -> None:
    a, b, other = place(587, "a.test"), place(587, "b.test"), place(465, "a.test")
    made = probe_targets(
        [
            (a, ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2")),
            (b, ("192.0.2.1",)),
            (other, ("192.0.2.1",)),
        ]
    )
    assert made == [
        ("192.0.2.1", [a, b]),
        ("2001:db8::1", [a]),
        ("192.0.2.1", [other]),
    ]
