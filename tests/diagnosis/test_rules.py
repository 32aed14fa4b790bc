"""What a negative reply means, in the words of real servers."""

from __future__ import annotations

import re

import pytest

from smtp_tui.diagnosis.rules import cause_of_refusal
from smtp_tui.diagnosis.texts import causes, rules
from smtp_tui.smtp.events import Stage
from tests.diagnosis.examples import reply

REPLIES = [
    (Stage.GREETING, 421, "4.3.2 Service shutting down", "server-busy"),
    (Stage.EHLO, 421, "4.7.0 Try again later, closing connection. (EHLO)", "server-busy"),
    (Stage.AUTH, 421, "4.7.0 Too many errors", "server-busy"),
    (Stage.GREETING, 554, "5.7.1 Service unavailable; client blocked", "greeting-refused"),
    (Stage.GREETING, 450, "4.7.1 come back later", "greeting-refused"),
    (Stage.EHLO, 550, "Access denied - invalid HELO name", "ehlo-refused"),
    (Stage.EHLO, 501, "5.5.4 Syntactically invalid EHLO argument(s)", "ehlo-refused"),
    (Stage.TLS, 454, "4.7.0 TLS not available due to local problem", "starttls-refused"),
    (Stage.TLS, 502, "5.5.1 Error: command not implemented", "starttls-refused"),
    (Stage.AUTH, 530, "5.7.0 Must issue a STARTTLS command first", "encryption-required"),
    (Stage.AUTH, 538, "5.7.11 Encryption required", "encryption-required"),
    (Stage.AUTH, 534, "5.7.9 Application-specific password required.", "auth-app-password-needed"),
    (Stage.AUTH, 535, "5.7.8 Please use an app password", "auth-app-password-needed"),
    (Stage.AUTH, 534, "5.7.9 Mechanism too weak", "auth-mechanism-too-weak"),
    (Stage.AUTH, 534, "5.7.14 Please log in via your web browser", "auth-disabled-by-provider"),
    (
        Stage.AUTH,
        535,
        "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
        "auth-disabled-by-provider",
    ),
    (
        Stage.AUTH,
        535,
        "5.7.139 Authentication unsuccessful, basic authentication is disabled",
        "auth-disabled-by-provider",
    ),
    (
        Stage.AUTH,
        550,
        "5.7.30 Basic authentication is not supported for Client Submission",
        "auth-disabled-by-provider",
    ),
    (
        Stage.AUTH,
        535,
        "5.7.139 Authentication unsuccessful, the user credentials were incorrect",
        "auth-rejected",
    ),
    (Stage.AUTH, 504, "5.7.4 Unrecognized authentication type", "auth-mechanism-not-offered"),
    (Stage.AUTH, 503, "5.5.1 Error: authentication not enabled", "auth-not-offered"),
    (Stage.AUTH, 502, "5.5.1 Unrecognized command", "auth-mechanism-not-offered"),
    (Stage.AUTH, 501, "5.5.2 Cannot decode BASE64", "auth-challenge-malformed"),
    (Stage.AUTH, 454, "4.7.0 Temporary authentication failure", "auth-temporarily-unavailable"),
    (
        Stage.AUTH,
        451,
        "Authentication failed: Maximum credits exceeded",
        "auth-temporarily-unavailable",
    ),
    (Stage.AUTH, 535, "5.7.8 Error: authentication failed", "auth-rejected"),
    (Stage.AUTH, 535, "Authentication Credentials Invalid", "auth-rejected"),
    (Stage.RESOLVE, 500, "nobody asked", "reply-unexpected"),
]


@pytest.mark.parametrize(("stage", "code", "text", "cause"), REPLIES)
def test_replies(stage: Stage, code: int, text: str, cause: str) -> None:
    assert cause_of_refusal(stage, "AUTH PLAIN", reply(code, text)) == cause


ENVELOPES = [
    ("MAIL", 530, "5.7.0 Must issue a STARTTLS command first", "encryption-required"),
    ("MAIL", 530, "5.7.0 Authentication Required", "auth-required"),
    ("RCPT", 550, "5.7.1 Client was not authenticated", "auth-required"),
    ("RCPT", 554, "5.7.1 <a@b.example>: Relay access denied", "relay-denied"),
    ("RCPT", 550, "relay not permitted", "relay-denied"),
    ("RCPT", 450, "4.2.0 Recipient address rejected: Greylisted", "greylisted"),
    ("RCPT", 451, "4.7.1 Graylisting in action, come back later", "greylisted"),
    ("MAIL", 552, "5.3.4 Message size exceeds fixed limit", "message-too-large"),
    ("the message", 552, "message too big", "message-too-large"),
    (
        "RCPT",
        504,
        "Helo command rejected: need fully-qualified hostname",
        "ehlo-refused",
    ),
    ("RCPT", 553, "5.7.1 Sender address rejected: not owned by user x", "sender-refused"),
    ("the message", 554, "Message rejected: Email address is not verified.", "sender-refused"),
    (
        "the message",
        550,
        "5.7.60 no permissions to send as this sender",
        "sender-refused",
    ),
    ("RCPT", 450, "4.1.8 Sender address rejected: Domain not found", "sender-temporarily-refused"),
    ("MAIL", 451, "4.3.0 try later", "sender-temporarily-refused"),
    ("MAIL", 550, "5.1.0 no", "sender-refused"),
    ("RCPT", 452, "4.2.2 Mailbox full", "recipient-temporarily-refused"),
    ("RCPT", 550, "5.1.1 No such user here", "recipient-refused"),
    ("DATA", 451, "4.3.0 queue file write error", "message-temporarily-refused"),
    ("the message", 554, "5.7.1 looks like spam", "message-refused"),
]


@pytest.mark.parametrize(("command", "code", "text", "cause"), ENVELOPES)
def test_replies_to_the_envelope(command: str, code: int, text: str, cause: str) -> None:
    stage = Stage.ENVELOPE if command in ("MAIL", "RCPT") else Stage.MESSAGE
    assert cause_of_refusal(stage, command, reply(code, text)) == cause


def test_a_text_is_read_over_its_line_ends() -> None:
    said = reply(534, "5.7.9 Application-specific", "password required. See https://example.org")
    assert cause_of_refusal(Stage.AUTH, "AUTH PLAIN", said) == "auth-app-password-needed"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["source"])
def test_every_rule_is_sound(rule: dict[str, str]) -> None:
    assert set(rule) <= {"stage", "command", "code", "enhanced", "text", "cause", "source"}
    assert rule["cause"] in causes()
    assert rule["source"]
    for part in ("command", "code", "enhanced", "text"):
        re.compile(rule.get(part, ""))
    for stage in filter(None, rule.get("stage", "").split("|")):
        assert Stage(stage)


def test_every_rule_is_reached_by_an_example() -> None:
    reached = {cause for _, _, _, cause in REPLIES} | {cause for *_, cause in ENVELOPES}
    assert {rule["cause"] for rule in rules()} <= reached
