"""Every encryption × authentication × password × verify mode against a real Postfix and Dovecot."""

from __future__ import annotations

import pytest

from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp.message import MailRequest
from tests.checks.outcomes import (
    BAD_CERTIFICATES,
    ENCRYPTIONS,
    LISTENERS,
    VERIFY_MODES,
    check_bad_certificate,
    check_every_login,
    outcome_of,
)
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers

AUTHENTICATIONS = ("none", "plain", "login", "cram-md5", "scram-sha-256", "auto")


@pytest.mark.parametrize("listener", LISTENERS)
@pytest.mark.parametrize("encryption", ENCRYPTIONS)
@pytest.mark.parametrize("verify", VERIFY_MODES)
async def test_every_combination(
    mail_servers: MailServers, listener: Listener, encryption: str, verify: str
) -> None:
    await check_every_login(mail_servers, listener, encryption, verify, AUTHENTICATIONS)


@pytest.mark.parametrize(("listener", "cause"), BAD_CERTIFICATES)
async def test_bad_certificates(mail_servers: MailServers, listener: Listener, cause: str) -> None:
    await check_bad_certificate(mail_servers, listener, cause)


async def test_unknown_issuer_with_the_systems_certificates(mail_servers: MailServers) -> None:
    values = {
        "host": mail_servers.host,
        "port": mail_servers.ports[Listener.STARTTLS_OFFERED],
    }
    _, verdict = await outcome_of(values)
    assert (verdict.stage, verdict.cause) == ("tls", "certificate-unknown-issuer")


async def test_fingerprint_takes_the_place_of_chain_and_name(mail_servers: MailServers) -> None:
    values: dict[str, object] = {
        "host": mail_servers.host,
        "port": mail_servers.ports[Listener.STARTTLS_WRONG_NAME],
        "tls_fingerprint": "0" * 64,
    }
    _, verdict = await outcome_of(values)
    assert verdict.cause == "certificate-fingerprint-mismatch"
    assert verdict.tls
    assert verdict.tls.certificate
    values["tls_fingerprint"] = verdict.tls.certificate.sha256
    _, verdict = await outcome_of(values)
    assert verdict.ok
    assert verdict.tls
    assert verdict.tls.verified


async def test_awkward_user(mail_servers: MailServers) -> None:
    for authentication in AUTHENTICATIONS[1:]:
        values = {
            "host": mail_servers.host,
            "port": mail_servers.ports[Listener.STARTTLS_REQUIRED],
            "ca_file": str(mail_servers.authority_file),
            "username": mail_servers.awkward_user.name,
            "authentication": authentication,
        }
        _, verdict = await outcome_of(values, secret=mail_servers.awkward_user.password)
        assert verdict.ok, (authentication, verdict.summary)


async def test_who_lets_in_logins_alone(mail_servers: MailServers) -> None:
    values = {
        "host": mail_servers.host,
        "port": mail_servers.ports[Listener.LOGIN_ONLY],
        "ca_file": str(mail_servers.authority_file),
        "from": mail_servers.user.name,
    }
    mail = MailRequest(recipients=(parse_mailbox(mail_servers.user.name),))
    _, verdict = await outcome_of(values, mail=mail)
    assert (verdict.stage, verdict.cause) == ("envelope", "auth-required")
    assert "Client host rejected: Access denied" in verdict.summary
    assert verdict.fixes[0].change == {"username": None}
    values["username"] = mail_servers.user.name
    _, verdict = await outcome_of(values, mail=mail, secret=mail_servers.user.password)
    assert verdict.ok


async def test_clear_password_after_an_explicit_yes(mail_servers: MailServers) -> None:
    values = {
        "host": mail_servers.host,
        "port": mail_servers.ports[Listener.PLAIN],
        "encryption": "none",
        "starttls_auto": True,
        "username": mail_servers.user.name,
        "authentication": "plain",
    }
    secret = mail_servers.user.password
    _, verdict = await outcome_of(values, secret=secret, allow_clear_password=True)
    assert verdict.ok
    assert {"link-open", "password-in-clear"} <= set(verdict.warnings)
