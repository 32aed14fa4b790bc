"""From a failed test to one that passes by a key, against real servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.tui.model.check_request import run_check
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.smtp import pki
from tests.smtp.scripted import ScriptedServer, serving
from tests.smtp.steps import tls
from tests.tui.driving import Hand, form_on
from tests.tui.fixes import certificates

pytestmark = pytest.mark.integration

PASSWORD = "wonderland"


@pytest.fixture
def settings(mail_servers: MailServers) -> Callable[..., str]:
    """Write settings for a listener, the CA trusted unless told otherwise."""

    def write(listener: Listener, **more: object) -> str:
        values = {
            "host": mail_servers.host,
            "port": mail_servers.ports[listener],
            "ca_file": str(mail_servers.authority_file),
            "domain": "client.example.test",
            "username": mail_servers.user.name,
            "password": mail_servers.user.password,
            **more,
        }
        given = {key: value for key, value in values.items() if value is not None}
        return "\n".join(["[smtp]", *(f"{key} = {json.dumps(given[key])}" for key in given)])

    return write


async def fail(hand: Hand) -> None:
    await hand.press("f5")
    await hand.until(lambda: "FAILED" in hand.screen)
    await hand.until(lambda: not hand.form_screen.test_pane.is_busy)


async def passes(hand: Hand) -> None:
    await hand.until(lambda: "PASSED" in hand.screen)


@pytest.mark.parametrize(
    ("listener", "wrong", "right"),
    [
        (Listener.STARTTLS_REQUIRED, {"encryption": "ssl"}, "‹tls›"),
        (Listener.STARTTLS_REQUIRED, {"encryption": "none"}, "‹tls›"),
        (Listener.STARTTLS_REQUIRED, {"authentication": "xoauth2"}, "‹auto›"),
    ],
)
async def test_one_key_and_the_test_passes(
    settings: Callable[..., str],
    tmp_path: Path,
    listener: Listener,
    wrong: dict[str, str],
    right: str,
) -> None:
    text = settings(listener, **wrong)
    async with form_on(text, tmp_path, check=run_check) as hand:
        await fail(hand)
        assert "F9 sets " in hand.screen
        await hand.press("f9")
        await passes(hand)
        assert right in hand.screen
        await hand.press("f4")
        assert right not in hand.screen
        assert "modified" not in hand.lines[0]


async def test_starttls_on_a_port_for_tls_at_once(
    settings: Callable[..., str], tmp_path: Path
) -> None:
    text = settings(Listener.IMPLICIT_TLS, encryption="tls")
    async with form_on(text, tmp_path, check=run_check) as hand:
        await fail(hand)
        assert "F9 sets Encryption Type to ssl and tests again" in hand.screen
        await hand.press("f9")
        await passes(hand)


def logins(log: str) -> int:
    """How many connections, of those that the server says are over, tried to log in."""
    ended = [line for line in log.splitlines() if "disconnect from" in line]
    return sum(" auth=" in line for line in ended)


async def told(servers: MailServers, hand: Hand, since: int, count: int) -> str:
    """What the server logged since, once as many connections are over."""
    await hand.until(lambda: servers.log[since:].count("disconnect from") >= count)
    return servers.log[since:]


@pytest.mark.parametrize(
    ("listener", "key", "topic"),
    [
        (Listener.STARTTLS_WRONG_NAME, "f9", "server_name"),
        (Listener.STARTTLS_EXPIRED, "f9", "tls_fingerprint"),
        (Listener.STARTTLS_OFFERED, "p", "tls_fingerprint"),
        (Listener.STARTTLS_SELF_SIGNED, "p", "tls_fingerprint"),
    ],
)
async def test_nobody_is_trusted_but_by_a_yes(
    settings: Callable[..., str],
    mail_servers: MailServers,
    tmp_path: Path,
    listener: Listener,
    key: str,
    topic: str,
) -> None:
    trusted = str(mail_servers.authority_file) if "wrong-name" in listener else None
    expired = str(mail_servers.authority_file) if "expired" in listener else trusted
    text = settings(listener, encryption="tls", ca_file=expired)
    asks = [key] if key == "f9" else ["f8", key]
    async with form_on(text, tmp_path, check=run_check) as hand:
        since = len(mail_servers.log)
        await fail(hand)
        await hand.press(*asks)
        assert "SHA-256" in hand.screen
        await hand.press("enter")
        await hand.press("escape", "escape")
        assert "modified" not in hand.lines[0]
        assert logins(await told(mail_servers, hand, since, 1)) == 0
        since = len(mail_servers.log)
        await hand.press(*asks)
        await hand.press("y")
        await passes(hand)
        assert hand.form_screen.form.draft.text(topic)
        assert logins(await told(mail_servers, hand, since, 1)) == 1


async def test_the_certificate_of_a_self_signed_server_is_saved(
    settings: Callable[..., str], tmp_path: Path
) -> None:
    text = settings(Listener.STARTTLS_SELF_SIGNED, encryption="tls", ca_file=None)
    async with form_on(text, tmp_path, check=run_check) as hand:
        await fail(hand)
        await hand.press("f9")
        assert "Save this certificate and trust it?" in hand.screen
        await hand.press("y")
        await passes(hand)
        text_shown = hand.form_screen.test_pane.verdict.text
        assert text_shown
        assert "certificate verified" in text_shown.happened
    (file,) = certificates(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o644


async def test_a_ca_that_the_server_sent_is_saved_and_trusted(tmp_path: Path) -> None:
    root = pki.issue("Acme CA", is_authority=True)
    context = pki.server_context(tmp_path, pki.issue("localhost", pki.HOST, issuer=root), root)
    opening = "S: 220 mx\nC: EHLO …\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go"
    login = "C: EHLO …\nS: 250-mx\nS: 250 AUTH PLAIN\nC: AUTH PLAIN …\nS: 235 in"
    whole = (opening, tls(context), login)
    folder = tmp_path / "etc"
    folder.mkdir()

    def said(server: ScriptedServer) -> str:
        return " ".join(line for peer in server.peers for line in peer.lines)

    async with serving((opening, tls(context)), whole, may_leave=True) as server:
        text = (
            f'[smtp]\nhost = "{pki.HOST}"\nport = {server.port}\ndomain = "me.example"\n'
            f'username = "me"\npassword = "{PASSWORD}"\n'
        )
        async with form_on(text, folder, check=run_check) as hand:
            await fail(hand)
            await hand.press("f8", "c")
            assert "Save this CA and trust it?" in hand.screen
            await hand.press("enter", "escape")
            assert "AUTH" not in said(server)
            await hand.press("f8", "c", "y")
            await passes(hand)
            assert "AUTH PLAIN" in said(server)
    (file,) = certificates(folder)
    assert file.name == "127.0.0.1-acme-ca.pem"
    assert file.read_bytes() == root.pem
