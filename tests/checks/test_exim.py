"""Every encryption × authentication × password × verify mode against a real Exim."""

from __future__ import annotations

import smtplib
from pathlib import Path

import pytest

from tests.checks.outcomes import (
    BAD_CERTIFICATES,
    ENCRYPTIONS,
    LISTENERS,
    VERIFY_MODES,
    check_bad_certificate,
    check_every_login,
    outcome_of,
)
from tests.servers import envelopes
from tests.servers.exim import MECHANISMS, running_exim
from tests.servers.exim_program import PROGRAM_VARIABLE, exim_obstacle, find_exim
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers

pytestmark = pytest.mark.integration

AUTHENTICATIONS = ("none", "plain", "login", "cram-md5", "auto")


@pytest.mark.parametrize("listener", LISTENERS)
@pytest.mark.parametrize("encryption", ENCRYPTIONS)
@pytest.mark.parametrize("verify", VERIFY_MODES)
async def test_every_combination(
    exim_servers: MailServers, listener: Listener, encryption: str, verify: str
) -> None:
    await check_every_login(exim_servers, listener, encryption, verify, AUTHENTICATIONS)


@pytest.mark.parametrize(("listener", "cause"), BAD_CERTIFICATES)
async def test_bad_certificates(exim_servers: MailServers, listener: Listener, cause: str) -> None:
    await check_bad_certificate(exim_servers, listener, cause)


@pytest.mark.parametrize("authentication", AUTHENTICATIONS[1:])
async def test_awkward_user(exim_servers: MailServers, authentication: str) -> None:
    values = {
        "host": exim_servers.host,
        "port": exim_servers.ports[Listener.STARTTLS_REQUIRED],
        "ca_file": str(exim_servers.authority_file),
        "username": exim_servers.awkward_user.name,
        "authentication": authentication,
    }
    _, verdict = await outcome_of(values, secret=exim_servers.awkward_user.password)
    assert verdict.ok, verdict.summary


async def test_mechanism_that_exim_lacks(exim_servers: MailServers) -> None:
    values = {
        "host": exim_servers.host,
        "port": exim_servers.ports[Listener.IMPLICIT_TLS],
        "encryption": "ssl",
        "ca_file": str(exim_servers.authority_file),
        "username": exim_servers.user.name,
        "authentication": "scram-sha-256",
    }
    _, verdict = await outcome_of(values, secret=exim_servers.user.password)
    assert (verdict.stage, verdict.cause) == ("auth", "auth-mechanism-not-offered")
    assert set(verdict.mechanisms) == set(MECHANISMS)


@pytest.mark.parametrize(
    ("recipient", "logged_in", "code"),
    [
        (envelopes.ACCEPTED_RECIPIENT, False, 250),
        (envelopes.RELAYED_RECIPIENT, False, 550),
        (envelopes.RELAYED_RECIPIENT, True, 250),
    ],
)
def test_recipient(exim_servers: MailServers, recipient: str, logged_in: bool, code: int) -> None:
    with _connect(exim_servers, Listener.PLAIN) as client:
        if logged_in:
            client.login(exim_servers.user.name, exim_servers.user.password)
        client.ehlo_or_helo_if_needed()
        client.mail(envelopes.ACCEPTED_RECIPIENT)
        assert client.rcpt(recipient)[0] == code


def test_message_is_taken_and_thrown_away(exim_servers: MailServers) -> None:
    with _connect(exim_servers, Listener.PLAIN) as client:
        recipient = envelopes.ACCEPTED_RECIPIENT
        assert client.sendmail(recipient, [recipient], "Subject: test\r\n\r\n") == {}
    assert [file for file in (exim_servers.folder / "spool").rglob("*") if file.is_file()] == []


def test_required_tls_is_required(exim_servers: MailServers) -> None:
    with _connect(exim_servers, Listener.STARTTLS_REQUIRED) as client:
        client.ehlo()
        assert client.mail(envelopes.ACCEPTED_RECIPIENT)[0] == 530


def test_stop_waits_for_no_client_and_leaves_nothing_behind(exim_servers: MailServers) -> None:
    program = find_exim()
    assert program is not None
    with running_exim(program, exim_servers) as servers:
        client = _connect(servers, Listener.PLAIN)
        assert len(servers.process_ids()) == 2
    client.close()
    assert servers.process_ids() == []
    assert not servers.folder.exists()


def test_missing_exim_is_an_obstacle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(PROGRAM_VARIABLE, str(tmp_path / "exim"))
    assert exim_obstacle() == f"Exim is not there ({PROGRAM_VARIABLE}={tmp_path / 'exim'})"


def _connect(servers: MailServers, listener: Listener) -> smtplib.SMTP:
    return smtplib.SMTP(servers.host, servers.ports[listener], "client.example.test", timeout=10)
