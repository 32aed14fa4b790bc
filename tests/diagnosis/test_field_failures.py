"""What goes wrong in the field, replayed: each failure in its server's words, and its advice.

The numbers are those of the collection of failures that the program must explain. `ELSEWHERE` names
the tests of those that are no replies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp.message import MailRequest
from tests.smtp.playing import OPEN, USER, play
from tests.smtp.scripted import Peer

TESTS = Path(__file__).parent.parent
ALL = range(1, 32)

ELSEWHERE = {
    1: "smtp/test_implicit_tls.py",  # wrong version number
    2: "smtp/test_implicit_tls.py",  # greeting never received
    5: "smtp/test_starttls.py",  # STARTTLS not offered
    6: "smtp/test_candidates.py",  # a password on an open link
    16: "smtp/test_sasl.py",  # a password beyond ASCII; each `play` has one too
    19: "smtp/test_certificates_seen.py",  # another name in the certificate
    20: "smtp/test_certificates_seen.py",  # self-signed, unknown issuer
    21: "smtp/test_certificates_seen.py",  # expired
    22: "smtp/test_certificates_seen.py",  # a short DH key
    23: "smtp/test_attempts.py",  # no answer to connect
    24: "smtp/test_attempts.py",  # no way by IPv6
    25: "smtp/test_attempts.py",  # denied by this machine
    26: "smtp/test_addresses.py",  # the resolver fails
    30: "config/test_keyring_backend.py",  # no keyring
}

# What a server says up to the login, and up to the message.
OFFERED = f"{OPEN}S: 250 AUTH PLAIN LOGIN CRAM-MD5"
PLAIN = f"{OFFERED}\nC: AUTH PLAIN …"
CRAM = f"{OFFERED}\nC: AUTH CRAM-MD5\nS: 334 PDEuMkBleGFtcGxlPg==\nC: …"
IN = f"{PLAIN}\nS: 235 2.7.0 ok\nC: MAIL …"
NOBODY = f"{OPEN}S: 250 SIZE\nC: MAIL …"
RCPT = "S: 250 2.1.0 ok\nC: RCPT …"
DOT = f"{RCPT}\nS: 250 2.1.5 ok\nC: DATA\nS: 354 go"
LOGIN: dict[str, Any] = {"authentication": "plain", "username": USER}
RECIPIENT = parse_mailbox("bob@b.example")


@dataclass(frozen=True)
class Failure:
    """What the server says (to the message, `dot`), and what must come of it."""

    number: int
    script: str
    stage: str
    cause: str
    advice: str
    values: dict[str, Any] = field(default_factory=lambda: LOGIN)
    sends: bool = False
    dot: str | None = None


async def whole_message(peer: Peer) -> None:
    """Take the rest of a message."""
    while await peer.line() != ".":
        pass


PROD = "[AM0PR02CA0012.eurprd02.prod.outlook.com 2026-01-02T03:04:05.678Z 08DD]"
FAILURES = [
    Failure(
        3,
        f"{PLAIN}\nS: 530 5.7.0 Must issue a STARTTLS command first",
        "auth",
        "encryption-required",
        "Set encryption to tls",
    ),
    Failure(
        3,
        f"{NOBODY}\nS: 530 5.7.0 Must issue a STARTTLS command first. x - gsmtp",
        "envelope",
        "encryption-required",
        "Set encryption to tls",
        values={},
        sends=True,
    ),
    Failure(4, f"{OPEN}S: 250 SIZE", "auth", "auth-not-offered", "(tls)"),
    Failure(
        7,
        f"{PLAIN}\nS: 534-5.7.9 Application-specific password required. For more information, go to"
        "\nS: 534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor x - gsmtp",
        "auth",
        "auth-app-password-needed",
        "https://myaccount.google.com/apppasswords",
    ),
    Failure(
        8,
        f"{PLAIN}\nS: 535-5.7.8 Username and Password not accepted. For more information, go to"
        "\nS: 535 5.7.8  https://support.google.com/mail/?p=BadCredentials x - gsmtp",
        "auth",
        "auth-rejected",
        "https://myaccount.google.com/apppasswords",
    ),
    Failure(
        9,
        f"{PLAIN}\nS: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled"
        f" for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information. {PROD}",
        "auth",
        "auth-disabled-by-provider",
        "switch on SMTP AUTH for the mailbox",
    ),
    Failure(
        10,
        f"{PLAIN}\nS: 535 5.7.139 Authentication unsuccessful, basic authentication is disabled."
        f" {PROD}",
        "auth",
        "auth-disabled-by-provider",
        "Set authentication to xoauth2",
    ),
    Failure(
        11,
        f"{PLAIN}\nS: 504 5.7.4 Unrecognized authentication type {PROD}",
        "auth",
        "auth-mechanism-not-offered",
        "leave username empty",
    ),
    Failure(
        12,
        f"{CRAM}\nS: 535 5.7.8 Error: authentication failed: authentication failure",
        "auth",
        "auth-rejected",
        "Set authentication to plain, inside TLS",
        values={"authentication": "cram-md5", "username": USER},
    ),
    Failure(
        13,
        f"{PLAIN}\nS: 535 Authentication Credentials Invalid",
        "auth",
        "auth-rejected",
        "Check username and password",
    ),
    Failure(
        14,
        f"{PLAIN}\nS: 451 Authentication failed: Maximum credits exceeded",
        "auth",
        "auth-temporarily-unavailable",
        "plan and usage",
    ),
    Failure(
        15,
        f"{PLAIN}\nS: 535 5.7.8 Error: authentication failed",
        "auth",
        "auth-rejected",
        "change $, # and quotes",
    ),
    Failure(
        17,
        f"{IN}\n{RCPT}\nS: 504 5.5.2 <localhost>: Helo command rejected: need fully-qualified"
        " hostname",
        "envelope",
        "ehlo-refused",
        "Set domain to this machine's",
        sends=True,
    ),
    Failure(
        18,
        "S: 220 mail.example.test ESMTP\nC: EHLO client.example.test\n"
        "S: 421 4.7.0 Try again later, closing connection. (EHLO) 5b1f17b1804b1 - gsmtp",
        "ehlo",
        "server-busy",
        "Set domain to this machine's fully qualified hostname",
    ),
    Failure(
        27,
        f"{IN}\n{RCPT}\nS: 553 5.7.1 <{USER}>: Sender address rejected: not owned by user alice",
        "envelope",
        "sender-refused",
        f"Set from to the address of {USER}",
        sends=True,
    ),
    Failure(
        27,
        f"{IN}\n{DOT}",
        "message",
        "sender-refused",
        f"Set from to {USER}",
        sends=True,
        dot="550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    ),
    Failure(
        28,
        f"{NOBODY}\n{RCPT}\nS: 554 5.7.1 <bob@b.example>: Relay access denied",
        "envelope",
        "relay-denied",
        "Set username and password",
        values={},
        sends=True,
    ),
    Failure(
        29,
        f"{IN}\n{DOT}",
        "message",
        "sender-refused",
        "or verify the rejected address there",
        sends=True,
        dot="554 Message rejected: Email address is not verified. The following identities failed"
        " the check in region EU-WEST-1: alice@example.test",
    ),
    Failure(
        29,
        f"{IN}\n{DOT}",
        "message",
        "sender-refused",
        "have this address verified at the provider",
        sends=True,
        dot="550 The from address does not match a verified Sender Identity.",
    ),
    Failure(
        31,
        f"{IN}\n{DOT}",
        "message",
        "message-refused",
        "SPF record",
        sends=True,
        dot="550-5.7.26 Unauthenticated email from example.test is not accepted due to domain's\n"
        "S: 550 5.7.26 DMARC policy.",
    ),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: f"{one.number} {one.cause}")
async def test_a_failure_of_the_field(failure: Failure) -> None:
    mail = MailRequest(recipients=(RECIPIENT,), body="x" if failure.dot else None)
    rest = (whole_message, f"S: {failure.dot}") if failure.dot else ()
    played = await play(
        (failure.script, *rest), mail=mail if failure.sends else None, **failure.values
    )
    verdict = played.verdict
    assert (verdict.stage.value, verdict.cause) == (failure.stage, failure.cause), verdict.summary
    assert failure.advice in verdict.cure
    assert verdict.why


def test_none_is_forgotten() -> None:
    replayed = {failure.number for failure in FAILURES}
    assert replayed.isdisjoint(ELSEWHERE)
    assert replayed | set(ELSEWHERE) == set(ALL)
    assert all((TESTS / name).is_file() for name in ELSEWHERE.values())
