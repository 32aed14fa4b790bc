"""What is tried beside a failed check: what it shows, how long it takes, and what it never says."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.checks.run import run_experiments
from smtp_tui.diagnosis.experiments import MOST
from smtp_tui.smtp.events import Experiment
from smtp_tui.smtp.redaction import Redactor
from tests.checks.outcomes import outcome_of
from tests.diagnosis.examples import facts_of, settings
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.smtp import pki
from tests.smtp.playing import EHLO, GREETING, SECRET, USER, Played, play
from tests.smtp.scripted import Gone, Peer, Script, serving
from tests.smtp.steps import silence, tls

PLAIN = f"{GREETING}\n{EHLO}\nS: 250-mail.example.test\n"
LOGIN: dict[str, Any] = {"username": USER, "authentication": "plain"}


def shown(played: Played) -> dict[str, str]:
    """The outcome of each experiment by its name."""
    return {one.name: one.outcome for one in played.events if isinstance(one, Experiment)}


def beside(played: Played) -> list[str]:
    """What was said on the connections beside the check's own, of which it is the first."""
    return [line for peer in played.server.peers[1:] for line in peer.lines]


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    """A server with a certificate that the check trusts."""
    authority = pki.issue("Test CA", is_authority=True)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    return pki.server_context(tmp_path, pki.issue(pki.HOST, pki.HOST, issuer=authority))


async def test_starttls_on_the_port_where_tls_failed(
    context: ssl.SSLContext, tmp_path: Path
) -> None:
    starttls: Script = (
        f"{PLAIN}S: 250 STARTTLS\nC: STARTTLS\nS: 220 go",
        tls(context),
        f"{EHLO}\nS: 250-mail.example.test\nS: 250 AUTH PLAIN LOGIN",
    )
    values = {**LOGIN, "encryption": "ssl", "ca_file": str(tmp_path / "ca.pem")}
    played = await play((GREETING,), starttls, extra=3, **values)
    assert played.verdict.cause == "plain-text-expected"
    assert shown(played)["encryption=tls"] == "ok"
    first = played.verdict.fixes[0]
    assert (first.change, first.weakens, first.trusts) == ({"encryption": "tls"}, False, False)
    assert "TLSv1.3, certificate valid, mechanisms PLAIN LOGIN" in first.why
    assert set(beside(played)) == {"EHLO client.example.test", "STARTTLS", "QUIT"}


async def tempt(peer: Peer) -> None:
    """Offer whoever calls all there is to give a password to."""
    with suppress(Gone):
        await peer.send(b"220 mail.example.test ESMTP\r\n")
        while (line := await peer.line()) != "QUIT":
            known = line.startswith("EHLO")
            await peer.send(b"250 AUTH PLAIN LOGIN XOAUTH2\r\n" if known else b"454 later\r\n")
        await peer.send(b"221 bye\r\n")


@pytest.mark.parametrize(
    ("first", "values"),
    [
        ((GREETING,), {"encryption": "ssl"}),
        ((f"{PLAIN}S: 250 HELP",), {"encryption": "tls"}),
        ((f"{PLAIN}S: 250 HELP",), {"encryption": "none"}),
        ((f"{PLAIN}S: 250 AUTH PLAIN",), {"encryption": "none", "starttls_auto": True}),
        ((f"{GREETING}\n{EHLO}\nS: 550 no",), {"encryption": "none"}),
        (("S: 554 go away",), {"encryption": "none"}),
        ((silence,), {"encryption": "none", "timeout": 0.2}),
        (("S: * OK IMAP4",), {"encryption": "none"}),
    ],
)
async def test_no_experiment_carries_a_credential(first: Script, values: dict[str, Any]) -> None:
    played = await play(first, (tempt,), extra=2, **{**LOGIN, **values})
    assert not played.verdict.ok
    said = beside(played)
    assert all(line.partition(" ")[0] in ("EHLO", "STARTTLS", "QUIT") for line in said), said
    assert not any(SECRET in line or USER in line for line in said)


async def test_without_extra_nothing_is_tried() -> None:
    played = await play((GREETING,), extra=0, encryption="ssl")
    assert shown(played) == {}
    assert len(played.server.peers) == 1


async def test_after_success_nothing_is_tried() -> None:
    played = await play((f"{PLAIN}S: 250 HELP",), extra=3)
    assert played.verdict.ok
    assert len(played.server.peers) == 1


async def test_all_at_once_and_within_the_time() -> None:
    # `play` holds every check to its time-out and `extra`, with the silent port's own look.
    played = await play((silence,), (silence,), extra=0.3, timeout=0.2, encryption="none")
    assert played.verdict.cause == "greeting-timeout"
    assert len(shown(played)) <= MOST + 1


async def test_a_name_that_the_address_wants_in_ehlo() -> None:
    refusing: Script = (f"{GREETING}\n{EHLO}\nS: 550 5.5.2 no such name",)
    taking: Script = (f"{GREETING}\nC: EHLO [127.0.0.1]\nS: 250 welcome",)
    played = await play(refusing, taking, extra=2, encryption="none")
    assert played.verdict.cause == "ehlo-refused"
    assert played.verdict.fixes[0].change == {"domain": "[127.0.0.1]"}
    assert played.verdict.fixes[0].why.startswith("Tried: ")


async def test_leaving_early_leaves_no_experiment_behind() -> None:
    before = asyncio.all_tasks()
    async with serving((silence,), may_leave=True) as server:
        asked = settings(host="127.0.0.1", port=server.port, encryption="ssl")
        tried = run_experiments(asked, facts_of(), "plain-text-expected", 30, 0.0, Redactor())
        async with aclosing(tried) as events:
            await anext(events)  # the other ports refuse at once
        await server.all_left()
    assert asyncio.all_tasks() == before


def base(servers: MailServers, listener: Listener, **values: Any) -> dict[str, object]:
    return {
        "host": "localhost",
        "port": servers.ports[listener],
        "domain": "client.example.test",
        "username": servers.user.name,
        "password": servers.user.password,
        "ca_file": str(servers.authority_file),
        **values,
    }


async def cured(values: dict[str, object], number: int = 0) -> tuple[str | None, dict[str, object]]:
    """Check, make the change of a fix, and check again: the cause there was, and the change."""
    _, failed = await outcome_of(values)
    fix = failed.fixes[number]
    _, passed = await outcome_of({**values, **fix.change})
    assert passed.ok, passed.summary
    assert passed.stage == "auth"
    return failed.cause, fix.change


async def test_real_ports_and_encryptions(mail_servers: MailServers) -> None:
    starttls = base(mail_servers, Listener.STARTTLS_OFFERED, encryption="ssl")
    assert await cured(starttls) == ("plain-text-expected", {"encryption": "tls"})
    required = base(mail_servers, Listener.STARTTLS_REQUIRED, encryption="none")
    assert await cured(required) == ("auth-not-offered", {"encryption": "tls"})


async def test_a_real_port_with_tls_from_the_first_byte(mail_servers: MailServers) -> None:
    implicit = base(mail_servers, Listener.IMPLICIT_TLS, encryption="tls", timeout=0.5)
    assert await cured(implicit) == ("implicit-tls-expected", {"encryption": "ssl"})


async def test_a_real_name(mail_servers: MailServers) -> None:
    wrong = base(mail_servers, Listener.STARTTLS_WRONG_NAME)
    cause, change = await cured(wrong)
    assert (cause, change) == ("certificate-name-mismatch", {"server_name": "mail.example.net"})
    cause, change = await cured(wrong, number=1)
    assert list(change) == ["tls_fingerprint"]


async def test_a_real_mechanism(mail_servers: MailServers) -> None:
    values = base(mail_servers, Listener.STARTTLS_OFFERED, authentication="xoauth2")
    assert await cured(values) == ("auth-mechanism-not-offered", {"authentication": "auto"})


async def test_a_ca_file_that_was_not_needed_or_is_missing(mail_servers: MailServers) -> None:
    expired = base(mail_servers, Listener.STARTTLS_EXPIRED)
    cause, change = await cured(expired)
    assert (cause, list(change)) == ("certificate-expired", ["tls_fingerprint"])
    self_signed = base(mail_servers, Listener.STARTTLS_SELF_SIGNED)
    cause, change = await cured(self_signed, number=1)
    assert (cause, list(change)) == ("certificate-self-signed", ["tls_fingerprint"])


async def test_a_server_that_knows_the_password_gives_it_away_on_no_connection(
    context: ssl.SSLContext,
) -> None:
    async def knows(peer: Peer) -> None:
        await peer.send(f"220 {SECRET}\r\n".encode())
        while line := await peer.line():
            match line:
                case "STARTTLS":
                    await peer.send(b"220 go\r\n")
                    await peer.start_tls(context)
                case "QUIT":
                    await peer.send(b"221 bye\r\n")
                case _:
                    offer = f"250-STARTTLS\r\n250-{SECRET}\r\n250 AUTH PLAIN {SECRET}\r\n"
                    await peer.send(f"250-mail.example.test\r\n{offer}".encode())

    values = {**LOGIN, "encryption": "none", "openssl_verify_mode": "none"}
    played = await play((f"{PLAIN}S: 250 HELP",), (knows,), extra=3, **values)
    assert played.verdict.cause == "auth-not-offered"
    told = "\n".join(one.text for one in played.events if isinstance(one, Experiment))
    assert "mechanisms PLAIN [HIDDEN]" in told
    assert SECRET.upper() not in f"{told} {played.verdict}".upper()
