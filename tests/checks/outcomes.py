"""What a check comes to, and what it must come to for every authentication and password."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from itertools import product
from pathlib import Path
from typing import Any

from smtp_tui.checks.request import CheckRequest
from smtp_tui.checks.run import run
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
VERIFY_MODES = ("none", "peer", "fail_if_no_peer_cert")
GIVING_AWAY = ("plain", "login")


async def outcome_of(values: dict[str, object], **more: Any) -> tuple[list[Event], Verdict]:
    """Run one check and return its events and verdict."""
    told: list[Event] = []
    request = CheckRequest(values=values, base=Path.cwd(), **more)
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


async def check_every_login(
    servers: MailServers,
    listener: Listener,
    encryption: str,
    verify: str,
    authentications: Iterable[str],
) -> None:
    """Compare stage and cause for each authentication, with the right and a wrong password."""
    logins = product(authentications, (True, False))
    if expected(listener, encryption, "auto", verify)[1] == "implicit-tls-expected":
        logins = product(("auto",), (True,))  # it ends before either matters
    # All at once, because a server may take its time over the end of a connection.
    await asyncio.gather(
        *(
            _check_login(servers, listener, encryption, verify, authentication, right=right)
            for authentication, right in logins
        )
    )


async def _check_login(
    servers: MailServers,
    listener: Listener,
    encryption: str,
    verify: str,
    authentication: str,
    *,
    right: bool,
) -> None:
    stage, cause = expected(listener, encryption, authentication, verify)
    values: dict[str, object] = {
        "host": servers.host,
        "port": servers.ports[listener],
        "domain": "client.example.test",
        "encryption": encryption.removesuffix("+auto"),
        "starttls_auto": encryption.endswith("+auto"),
        "authentication": authentication,
        "openssl_verify_mode": verify,
        "ca_file": str(servers.authority_file),
        "timeout": 0.3 if cause == "implicit-tls-expected" else 20,
    }
    if authentication != "none":
        values["username"] = servers.user.name
    if not right and (stage, cause) == ("auth", None):
        cause = "auth-rejected"
    secret = servers.user.password if right else "not this one"
    # What the peer would say of the certificate is asked in the time that is left.
    _, verdict = await outcome_of(values, secret=secret, extra=20)
    seen = (authentication, right, verdict.stage, verdict.cause, verdict.ok)
    assert seen == (authentication, right, stage, cause, cause is None), verdict.summary
    if verify == "none" and verdict.tls and verdict.tls.version:
        wrong_name = "wrong-name" in listener
        assert verdict.tls.peer_would == ("certificate-name-mismatch" if wrong_name else "ok")
        assert "certificate-not-verified" in verdict.warnings


BAD_CERTIFICATES = (
    (Listener.STARTTLS_EXPIRED, "certificate-expired"),
    (Listener.STARTTLS_SELF_SIGNED, "certificate-self-signed"),
)


async def check_bad_certificate(servers: MailServers, listener: Listener, cause: str) -> None:
    """Check a listener whose certificate does not hold, and compare the cause."""
    values = {
        "host": servers.host,
        "port": servers.ports[listener],
        "ca_file": str(servers.authority_file),
    }
    _, verdict = await outcome_of(values)
    assert (verdict.stage, verdict.cause) == ("tls", cause)
