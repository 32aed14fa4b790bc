"""The stored form of a sign-in: there and back, and what is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.oauth.entry import (
    AccessToken,
    Endpoints,
    Flow,
    Granted,
    SignIn,
    from_json,
    to_json,
)
from tests.table import table

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
SECRET, REFRESH = "client-secret-wonderland", "refresh-wonderland"


def entry(**more: Any) -> SignIn:
    values: dict[str, Any] = {
        "name": "support",
        "provider": "microsoft",
        "username": "support@example.org",
        "hosts": ("smtp.office365.com",),
        "flow": Flow.DEVICE,
        "client_id": "0000",
        "tenant": "example.org",
        "scopes": ("https://outlook.office.com/SMTP.Send", "offline_access"),
        "endpoints": Endpoints(issuer="https://x.test", token="https://x.test/token"),
        "client_secret": SECRET,
        "refresh_token": REFRESH,
        "granted_at": NOW,
        "ends_at": NOW + timedelta(days=90),
    }
    return SignIn(**{**values, **more})


def granted(refresh: str | None, ends_at: datetime | None = None) -> Granted:
    token = AccessToken(value="access-wonderland", expires_at=0, lifetime=3600)
    return Granted(access=token, refresh_token=refresh, ends_at=ends_at)


@pytest.mark.parametrize(
    "found",
    [
        entry(),
        entry(rotates=True, client_secret=None, ends_at=None),
        entry(flow=Flow.CLIENT, refresh_token=None, tenant=None, scopes=()),
    ],
)
def test_there_and_back(found: SignIn) -> None:
    assert from_json(to_json(found)) == found


def test_no_repr_shows_a_secret() -> None:
    shown = f"{entry()!r} {granted(REFRESH)!r} {granted(REFRESH).access}"
    for secret in (SECRET, REFRESH, "access-wonderland"):
        assert secret not in shown


@table(
    ("changes", "words"),
    [
        ({"version": 2}, "its version is not 1"),
        ({"flow": "password"}, "its flow is none"),
        ({"hosts": "smtp.example"}, "its hosts is not a list of texts"),
        ({"hosts": [1]}, "its hosts is not a list of texts"),
        ({"username": ""}, "its username is missing"),
        ({"refresh_token": 5}, "its refresh_token is missing or not text"),
        ({"endpoints": None}, "its endpoints is not an object"),
        ({"endpoints": {"issuer": "x"}}, "its token is missing"),
        ({"granted_at": "yesterday"}, "its granted_at is not a date"),
        ({"rotates": "no"}, "its rotates is neither"),
    ],
)
def test_what_is_no_sign_in(changes: dict[str, object], words: str) -> None:
    stored = json.loads(to_json(entry()))
    with pytest.raises(ValueError, match=words) as caught:
        from_json(json.dumps({**stored, **changes}))
    assert "wonderland" not in str(caught.value)


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_any_text(text: str) -> None:
    with pytest.raises(ValueError, match=r"^it"):
        from_json(text)


def test_a_new_refresh_token_takes_the_place_of_the_old_one() -> None:
    later = NOW + timedelta(days=1)
    after = entry().after(granted("new"), later)
    assert (after.refresh_token, after.granted_at, after.rotates) == ("new", later, True)
    assert after.ends_at is None  # nobody says when the new one ends
    assert entry().after(granted("new", later), later).ends_at == later


@pytest.mark.parametrize("refresh", [None, REFRESH])
def test_a_refresh_token_that_stays_is_known_to_stay(refresh: str | None) -> None:
    after = entry().after(granted(refresh), NOW + timedelta(days=1))
    assert (after.refresh_token, after.granted_at, after.rotates) == (REFRESH, NOW, False)
    assert after.ends_at == NOW + timedelta(days=90)
    # One that was seen to change may change again.
    assert entry(rotates=True).after(granted(refresh), NOW).rotates is True


def test_an_application_has_nothing_to_replace() -> None:
    application = entry(flow=Flow.CLIENT, refresh_token=None)
    assert application.after(granted(None), NOW) == application
