"""What an access token says of itself: providers' claims, and hostile ones."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.diagnosis.tokens import (
    RenewedSignIn,
    TokenFacts,
    as_object,
    cure_of_sign_in,
    judge,
    read_challenge,
    read_token,
    why_rejected,
)
from tests.table import table

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
EXCHANGE, GMAIL, OWN = "smtp.office365.com", "smtp.gmail.com", "mail.example.org"
USER = "alice@example.org"


def part(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def token(**claims: Any) -> str:
    # Also read by tests of the real clock, so it lasts longer than they do.
    usual = {"exp": int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())}
    return f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part({**usual, **claims})}.c2lnbmF0dXJl"


RIGHT = {"aud": "https://outlook.office.com", "scp": "SMTP.Send", "upn": USER, "tid": "t"}
GRAPH = "00000003-0000-0000-c000-000000000000"


def ids(text: str, host: str = EXCHANGE, username: str | None = USER) -> list[str]:
    return [found.id for found in judge(text, host, username, NOW).findings]


@table(
    ("claims", "expected"),
    [
        (RIGHT, []),
        ({**RIGHT, "aud": "https://outlook.office365.com/"}, []),
        ({**RIGHT, "upn": "ALICE@example.org"}, []),
        ({**RIGHT, "scp": "IMAP.AccessAsUser.All SMTP.Send"}, []),
        ({**RIGHT, "aud": GRAPH}, ["token-for-graph"]),
        ({**RIGHT, "aud": "https://graph.microsoft.com"}, ["token-for-graph"]),
        ({**RIGHT, "aud": "https://example.org"}, ["token-other-audience"]),
        ({**RIGHT, "scp": "Mail.Send"}, ["token-without-smtp-scope"]),
        ({**RIGHT, "upn": "bob@example.org"}, ["token-of-other-user"]),
        (
            {"aud": "https://outlook.office365.com", "appid": "a", "roles": ["SMTP.SendAsApp"]},
            ["token-of-application"],
        ),
        ({"aud": "https://outlook.office365.com", "appid": "a"}, ["token-without-role"]),
        ({**RIGHT, "exp": int((NOW - timedelta(hours=1)).timestamp())}, ["token-expired"]),
        ({**RIGHT, "exp": int((NOW - timedelta(minutes=1)).timestamp())}, ["token-ending"]),
        ({**RIGHT, "nbf": int((NOW + timedelta(hours=1)).timestamp())}, ["token-not-yet-valid"]),
        (
            {"aud": "1.apps.googleusercontent.com", "iss": "https://accounts.google.com"},
            ["token-is-id-token", "token-other-audience"],
        ),
        ({"aud": "app", "nonce": "n", "sub": "s"}, ["token-is-id-token", "token-other-audience"]),
    ],
)
def test_at_exchange_online(claims: dict[str, Any], expected: list[str]) -> None:
    assert ids(token(**claims)) == expected


def test_only_what_is_sure_keeps_a_token_from_being_sent() -> None:
    unfit_claims: dict[str, dict[str, Any]] = {
        "token-for-graph": {**RIGHT, "aud": GRAPH},
        "token-expired": {**RIGHT, "exp": 1},
        "token-is-id-token": {"aud": "app", "at_hash": "h"},
    }
    for name, claims in unfit_claims.items():
        unfit = judge(token(**claims), EXCHANGE, USER, NOW).unfit
        assert unfit is not None
        assert unfit.id == name
    doubtful: tuple[dict[str, Any], ...] = (
        {**RIGHT, "scp": "Mail.Send"},
        {**RIGHT, "upn": "b@c.org"},
        {"aud": "x"},
    )
    for claims in doubtful:
        assert judge(token(**claims), EXCHANGE, USER, NOW).unfit is None


def test_other_servers_have_other_audiences() -> None:
    assert ids(token(aud=GRAPH, scp="Mail.Send"), OWN) == []
    assert ids(token(aud="mail", scope="smtp"), OWN) == []
    # Microsoft's other clouds are not wrong.
    assert (
        ids(token(aud="https://outlook.office365.us", scp="SMTP.Send"), "smtp.office365.us") == []
    )


@table(
    ("text", "expected"),
    [
        ("ya29.a0AfH6SMB", ["token-looks-google", "token-opaque"]),
        ("hello world", ["token-looks-text"]),
        ("a\x00b", ["token-looks-text"]),
        ('{"access_token": "x", "expires_in": 1}', ["token-looks-json"]),
        ("dXNlcj1hAWF1dGg9QmVhcmVyIHRva2VuAQE=", ["token-looks-response"]),
        ("1//0gabc", ["token-looks-google-refresh"]),
        (f"{token(**RIGHT)[:80]}\n{token(**RIGHT)[80:]}", ["token-looks-broken"]),
        ("EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA", ["token-opaque"]),
        ("a.b.c", ["token-opaque"]),
        (f"{part({'alg': 'dir'})}.a.b.c.d", ["token-encrypted"]),
        (f'"{token(**RIGHT)}"', ["token-quoted"]),
        (f"Bearer {token(**RIGHT)}", ["token-with-scheme"]),
        ("", ["token-opaque"]),
    ],
)
def test_what_is_no_plain_token(text: str, expected: list[str]) -> None:
    assert ids(text) == expected


def test_no_repr_and_no_json_holds_the_token() -> None:
    text = token(**RIGHT)
    judged = judge(text, EXCHANGE, USER, NOW)
    for shown in (repr(judged), json.dumps(as_object(judged))):
        assert not any(piece in shown for piece in text.split("."))


@table(
    "claims",
    [
        {"exp": True, "aud": 5, "scp": {"a": 1}, "upn": ["x"], "roles": [1, None]},
        {"exp": 10**400, "nbf": -(10**400)},
        {"exp": "2026", "aud": ["a"] * 10_000},
        {"upn": "\x1b[2J\r\nx\u202e", "tid": "x" * 60_000},
    ],
)
def test_hostile_claims_stay_bounded(claims: dict[str, Any]) -> None:
    shown = json.dumps(as_object(judge(token(**claims), EXCHANGE, USER, NOW)), ensure_ascii=False)
    assert len(shown) < 8000
    assert all(letter.isprintable() for letter in shown)


def test_hostile_json_is_opaque() -> None:
    header = part({"alg": "RS256"})
    twice = part(b'{"aud": "a", "aud": "b"}')
    deep = part(b'{"aud": ' + b"[" * 20_000 + b"]" * 20_000 + b"}")
    for body in (twice, deep, part(b"[]"), part(b'{"exp": 1e400'), "%%%"):
        assert read_token(f"{header}.{body}.x") == TokenFacts(kind="opaque")
    endless = part(b'{"exp": 1e400}')
    infinite = read_token(f"{header}.{endless}.x")
    assert infinite.expires_at is None


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    judge(text, EXCHANGE, text[:20], NOW)
    judge(f"{part({'alg': 'x'})}.{part(text.encode())}.x", OWN, None, NOW)


@given(
    st.dictionaries(st.sampled_from(["exp", "nbf", "aud", "scp", "roles", "upn"]), st.integers())
)
def test_any_claims_are_read(claims: dict[str, int]) -> None:
    judge(token(**claims), EXCHANGE, USER, NOW)


# The server's challenge

GMAIL_401 = '{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}'
DOVECOT = '{"status":"invalid_token","schemes":"bearer","scope":"mail"}'


def test_a_challenge_is_read() -> None:
    found = read_challenge(GMAIL_401)
    assert found is not None
    assert (found.status, found.scope) == ("401", "https://mail.google.com/")
    for text in ("", "{", "[]", '{"status": []}', '{"status": "a", "status": "b"}', "v=1"):
        assert read_challenge(text) is None


def test_reply_and_token_are_read_together() -> None:
    wrong = judge(token(**{**RIGHT, "scp": "Mail.Send"}), EXCHANGE, USER, NOW)
    assert why_rejected(wrong, "").startswith("The token has the scopes Mail.Send")
    opaque = judge("ya29.a0AfH6SMB", GMAIL, USER, NOW)
    assert why_rejected(opaque, GMAIL_401).endswith("it wants the scope https://mail.google.com/.")
    assert why_rejected(opaque, "") == ""
    right = judge(token(**RIGHT), EXCHANGE, USER, NOW)
    assert "has not expired. It is for another account" in why_rejected(right, "", now=NOW)
    assert why_rejected(right, "", now=NOW + timedelta(days=40_000)) == ""
    sign_in = RenewedSignIn(username=USER, granted=("openid", "offline_access"))
    fresh = why_rejected(opaque, "", sign_in)
    assert fresh.startswith("smtp-tui renewed the token a moment ago, so it has not expired.")
    assert fresh.endswith("The sign-in has the scopes openid offline_access.")
    asked = why_rejected(opaque, GMAIL_401, sign_in)
    assert "wants the scope https://mail.google.com/. The sign-in has the scopes openid" in asked
    cure = cure_of_sign_in(sign_in, GMAIL_401)
    assert f"as {USER} in the browser too. Ask for" in cure
    assert cure.endswith("--scope https://mail.google.com/.")
    assert cure_of_sign_in(sign_in, "").endswith(
        "--scope asks for the scope that the server wants."
    )
    both = why_rejected(wrong, DOVECOT)
    assert both.count(". ") == 1


def test_a_token_of_google_is_right_at_google() -> None:
    assert ids("ya29.a0AfH6SMB", GMAIL) == ["token-opaque"]


def test_the_scope_that_dovecot_always_sends_is_not_repeated() -> None:
    opaque = judge("opaque", GMAIL, USER, NOW)
    assert "mail" not in why_rejected(opaque, DOVECOT).replace("mailbox", "")
    sign_in = RenewedSignIn(username=USER, granted=("smtp",))
    assert "--scope mail" not in cure_of_sign_in(sign_in, DOVECOT)
