"""Every encryption × authentication × password × verify mode against a real Postfix and Dovecot."""

from __future__ import annotations

from contextlib import aclosing
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.checks.run import Request, run
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Event
from tests.servers.listeners import SERVICES, Listener, Tls
from tests.servers.mail import MailServers

Outcome = tuple[str, str | None]

LISTENERS = (
    Listener.PLAIN,
    Listener.STARTTLS_OFFERED,
    Listener.STARTTLS_REQUIRED,
    Listener.IMPLICIT_TLS,
    Listener.STARTTLS_WRONG_NAME,
    Listener.IMPLICIT_TLS_WRONG_NAME,
    Listener.WITHOUT_AUTH,
)
ENCRYPTIONS = ("none", "none+auto", "tls", "ssl")
AUTHENTICATIONS = ("none", "plain", "login", "cram-md5", "scram-sha-256", "auto")
VERIFY_MODES = ("none", "peer", "fail_if_no_peer_cert")
GIVING_AWAY = ("plain", "login")


async def outcome_of(values: dict[str, object], **more: Any) -> tuple[list[Event], Verdict]:
    """Run one check and return its events and verdict."""
    told: list[Event] = []
    request = Request(values=values, base=Path.cwd(), **more)
    async with aclosing(run(request)) as stream:
        async for one in stream:
            if isinstance(one, Verdict):
                return told, one
            told.append(one)
    raise AssertionError("no verdict")


def expected(listener: Listener, encryption: str, authentication: str, verify: str) -> Outcome:
    """What must come of it with the right password: the last stage, and the cause if it fails."""
    service = SERVICES[listener]
    wrong_name = "wrong-name" in listener
    if encryption == "ssl" and service.tls is not Tls.IMPLICIT:
        return "tls", "plain-text-expected"
    if encryption != "ssl" and service.tls is Tls.IMPLICIT:
        return "greeting", "implicit-tls-expected"
    if encryption == "tls" and service.tls is Tls.NEVER:
        return "tls", "starttls-not-offered"
    encrypted = encryption in ("tls", "ssl") or (
        encryption == "none+auto" and service.tls is not Tls.NEVER
    )
    if encrypted and wrong_name and verify != "none":
        return "tls", "certificate-name-mismatch"
    if authentication == "none":
        return "ehlo", None
    if not service.auth or (service.tls is Tls.REQUIRED and not encrypted):
        return "auth", "auth-not-offered"
    if not encrypted and encryption != "none" and authentication in GIVING_AWAY:
        return "auth", "auth-needs-encryption"
    return "auth", None


@pytest.mark.parametrize("listener", LISTENERS)
@pytest.mark.parametrize("encryption", ENCRYPTIONS)
@pytest.mark.parametrize("verify", VERIFY_MODES)
async def test_every_combination(
    mail_servers: MailServers, listener: Listener, encryption: str, verify: str
) -> None:
    for authentication, right in product(AUTHENTICATIONS, (True, False)):
        stage, cause = expected(listener, encryption, authentication, verify)
        if cause == "implicit-tls-expected" and not (right and authentication == "auto"):
            continue  # it ends before either matters, and each costs its time-out
        values: dict[str, object] = {
            "host": mail_servers.host,
            "port": mail_servers.ports[listener],
            "domain": "client.example.test",
            "encryption": encryption.removesuffix("+auto"),
            "starttls_auto": encryption.endswith("+auto"),
            "authentication": authentication,
            "openssl_verify_mode": verify,
            "ca_file": str(mail_servers.authority_file),
            "timeout": 0.3 if cause == "implicit-tls-expected" else 20,
        }
        if authentication != "none":
            values["username"] = mail_servers.user.name
        if not right and (stage, cause) == ("auth", None):
            cause = "auth-rejected"
        secret = mail_servers.user.password if right else "not this one"
        _, verdict = await outcome_of(values, secret=secret)
        seen = (authentication, right, verdict.stage, verdict.cause, verdict.ok)
        assert seen == (authentication, right, stage, cause, cause is None), verdict.summary
        if verify == "none" and verdict.tls and verdict.tls.version:
            wrong = "wrong-name" in listener
            assert verdict.tls.peer_would == ("certificate-name-mismatch" if wrong else "ok")
            assert "certificate-not-verified" in verdict.warnings


@pytest.mark.parametrize(
    ("listener", "cause"),
    [
        (Listener.STARTTLS_EXPIRED, "certificate-expired"),
        (Listener.STARTTLS_SELF_SIGNED, "certificate-self-signed"),
    ],
)
async def test_bad_certificates(mail_servers: MailServers, listener: Listener, cause: str) -> None:
    values = {
        "host": mail_servers.host,
        "port": mail_servers.ports[listener],
        "ca_file": str(mail_servers.authority_file),
    }
    _, verdict = await outcome_of(values)
    assert (verdict.stage, verdict.cause) == ("tls", cause)


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
