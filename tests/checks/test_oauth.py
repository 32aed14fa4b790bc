"""OAUTHBEARER and XOAUTH2 against a real Postfix and Dovecot, which validates tokens by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import AuthStarted, Event, Received, Sent
from tests.checks.outcomes import outcome_of
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.servers.tokens import MECHANISMS, access_token
from tests.servers.users import ALICE, AWKWARD
from tests.smtp.playing import assert_hidden

pytestmark = pytest.mark.parametrize("mechanism", MECHANISMS)

# The names by which the two mechanisms tell of a token that is no good.
ERRORS = {"OAUTHBEARER": "invalid_token", "XOAUTH2": "401"}

MINUTE = 60.0


async def outcome(
    servers: MailServers,
    mechanism: str,
    token: str,
    listener: Listener = Listener.WITH_TOKENS,
    *,
    allow_clear_password: bool = False,
    **values: Any,
) -> tuple[list[Event], Verdict]:
    """Check a login of alice's with a token, which must show nowhere, nor its signature."""
    whole: dict[str, object] = {
        "host": servers.host,
        "port": servers.ports[listener],
        "ca_file": str(servers.authority_file),
        "username": ALICE.name,
        "authentication": mechanism.lower(),
        **values,
    }
    events, verdict = await outcome_of(
        whole, secret=token, allow_clear_password=allow_clear_password
    )
    for secret in (token, token.rpartition(".")[2]):
        assert_hidden(secret, tuple(events), verdict)
    assert_parted_in_peace(events, verdict)
    return events, verdict


def assert_parted_in_peace(events: list[Event], verdict: Verdict) -> None:
    """Hold a check to a QUIT that the server answered."""
    assert sent(events)[-1] == "QUIT"
    assert received(events)[-1].reply.code == 221
    assert "quit-unanswered" not in verdict.warnings


def sent(events: list[Event]) -> list[str]:
    """What was sent, as it is shown."""
    return [event.text for event in events if isinstance(event, Sent)]


def received(events: list[Event]) -> list[Received]:
    """What was received."""
    return [event for event in events if isinstance(event, Received)]


def attempts(events: list[Event]) -> list[str]:
    """The mechanisms of the AUTH commands that were sent."""
    return [text.split()[1] for text in sent(events) if text.startswith("AUTH ")]


def errors(events: list[Event]) -> list[Any]:
    """The errors that came as challenges, read from what the events say they are."""
    return [json.loads(event.decoded) for event in received(events) if event.decoded]


# A token of some providers is thousands of characters long, and waits for the server's challenge.
@pytest.mark.parametrize("padding", [0, 3000])
async def test_right_token(mail_servers: MailServers, mechanism: str, padding: int) -> None:
    token = access_token(ALICE.name, padding=padding)
    events, verdict = await outcome(mail_servers, mechanism, token)
    assert verdict.ok, verdict.summary
    assert verdict.stage == "auth"
    assert verdict.warnings == ()
    assert attempts(events) == [mechanism]
    waits = f"AUTH {mechanism}" in sent(events)
    assert waits == bool(padding)


@pytest.mark.parametrize(
    "token",
    [
        # So lately that the clock may be wrong: else smtp-tui would send nothing.
        pytest.param(lambda: access_token(ALICE.name, expires_in=-2 * MINUTE), id="expired"),
        pytest.param(lambda: access_token(ALICE.name, key=b"another key"), id="wrong signature"),
        pytest.param(lambda: "ya29.garbage-token", id="garbage"),
        pytest.param(lambda: "x" * 3000, id="long garbage"),
    ],
)
async def test_refused_token(
    mail_servers: MailServers, mechanism: str, token: Callable[[], str]
) -> None:
    events, verdict = await outcome(mail_servers, mechanism, token())
    assert (verdict.stage, verdict.cause) == ("auth", "auth-rejected")
    assert verdict.reply
    assert verdict.reply.code == 535
    assert attempts(events) == [mechanism]
    assert verdict.summary.startswith("The server rejects the access token: 535")
    assert "name or password" not in verdict.summary + verdict.why + verdict.cure
    found = [(fix.field, fix.signs_in) for fix in verdict.fixes]
    assert found == [("password", False), ("password", True), ("username", False)]
    assert "token" in verdict.fixes[0].why
    assert [error["status"] for error in errors(events)] == [ERRORS[mechanism]]
    # The server's challenge says what its reply does not.
    assert "The server says that the token is expired, revoked or not for it" in verdict.why


async def test_token_of_another_user(mail_servers: MailServers, mechanism: str) -> None:
    events, verdict = await outcome(mail_servers, mechanism, access_token(AWKWARD.name))
    assert (verdict.stage, verdict.cause) == ("auth", "auth-rejected")
    assert attempts(events) == [mechanism]
    # Dovecot 2.3 tells this error as any other, 2.4 refuses without one.
    assert {error["status"] for error in errors(events)} <= {ERRORS[mechanism]}


async def test_password_is_no_token(mail_servers: MailServers, mechanism: str) -> None:
    events, verdict = await outcome(mail_servers, mechanism, ALICE.password)
    assert (verdict.stage, verdict.cause) == ("auth", "auth-rejected")
    assert attempts(events) == [mechanism]


@pytest.mark.parametrize(
    ("starttls_auto", "allow_clear_password", "cause"),
    [
        (True, False, "auth-needs-encryption"),
        (True, True, None),
        (False, False, None),
    ],
)
async def test_open_link(
    mail_servers: MailServers,
    mechanism: str,
    starttls_auto: bool,
    allow_clear_password: bool,
    cause: str | None,
) -> None:
    events, verdict = await outcome(
        mail_servers,
        mechanism,
        access_token(ALICE.name),
        Listener.PLAIN_TOKENS_ONLY,
        encryption="none",
        starttls_auto=starttls_auto,
        allow_clear_password=allow_clear_password,
    )
    assert (verdict.stage, verdict.cause) == ("auth", cause), verdict.summary
    assert attempts(events) == ([] if cause else [mechanism])
    assert ("password-in-clear" in verdict.warnings) == (cause is None)


async def test_not_offered(mail_servers: MailServers, mechanism: str) -> None:
    token = access_token(ALICE.name)
    events, verdict = await outcome(mail_servers, mechanism, token, Listener.STARTTLS_REQUIRED)
    assert (verdict.stage, verdict.cause) == ("auth", "auth-mechanism-not-offered")
    assert not set(verdict.mechanisms) & set(MECHANISMS)
    assert attempts(events) == []


async def test_auto_takes_another(mail_servers: MailServers, mechanism: str) -> None:
    token = access_token(ALICE.name)
    events, verdict = await outcome(mail_servers, mechanism, token, authentication="auto")
    assert (verdict.stage, verdict.cause) == ("auth", "auth-rejected")
    assert mechanism in verdict.mechanisms
    assert attempts(events) == ["SCRAM-SHA-256"]


async def test_auto_takes_none(mail_servers: MailServers, mechanism: str) -> None:
    events, verdict = await outcome(
        mail_servers,
        mechanism,
        access_token(ALICE.name),
        Listener.PLAIN_TOKENS_ONLY,
        authentication="auto",
        encryption="none",
        allow_clear_password=True,
    )
    assert (verdict.stage, verdict.cause) == ("auth", "auth-mechanism-not-offered")
    assert mechanism in verdict.mechanisms
    assert not [event for event in events if isinstance(event, AuthStarted)]
