"""A token that the server must reject is named before anything is sent."""

from __future__ import annotations

import pytest

from smtp_tui.smtp.events import Connecting, Resolved, Sent
from tests.checks.outcomes import outcome_of
from tests.diagnosis.test_tokens import GRAPH, RIGHT, token

VALUES = {
    "host": "smtp.office365.com",
    "username": "alice@example.org",
    "authentication": "xoauth2",
    "timeout": 5,
}


@pytest.mark.parametrize(
    ("secret", "told", "cure"),
    [
        (token(**{**RIGHT, "aud": GRAPH}), "for Microsoft Graph", "SMTP.Send"),
        (token(**{**RIGHT, "exp": 1_000_000_000}), "expired at 2001-09-09", "smtp-tui login"),
        (f"Bearer {token(**RIGHT)}", "begins with the word Bearer", "Remove the word"),
    ],
)
async def test_nothing_is_sent(secret: str, told: str, cure: str) -> None:
    events, verdict = await outcome_of({**VALUES, "password": secret})
    assert (verdict.stage, verdict.cause) == ("password", "token-unfit")
    assert told in verdict.summary
    assert cure in verdict.cure
    assert not [event for event in events if isinstance(event, Resolved | Connecting | Sent)]
    assert secret not in repr((events, verdict))


async def test_a_password_is_no_token() -> None:
    values = {**VALUES, "host": "localhost", "port": 1, "authentication": "auto"}
    _, verdict = await outcome_of({**values, "password": f"Bearer {token(**RIGHT)}"})
    assert verdict.cause == "connection-refused"
