"""DMARC, DKIM and MTA-STS records: read, or refused with a reason, whatever they hold."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.discovery.domain import dmarc_policies, key_state, record_with, tags_of
from tests.table import table


@table(
    ("text", "policy", "below"),
    [
        ("v=DMARC1; p=none", "none", "none"),
        ("v=DMARC1;p=REJECT;sp=quarantine;", "reject", "quarantine"),
        ("v=DMARC1; p = quarantine ; pct=5", "quarantine", "quarantine"),
        ("v=DMARC1; rua=mailto:a@b.test", "none", "none"),
        ("v=DMARC1; p=x; rua=mailto:a@b.test", "none", "none"),
    ],
)
def test_dmarc(text: str, policy: str, below: str) -> None:
    assert dmarc_policies(text) == (policy, below)


@pytest.mark.parametrize("text", ["v=DMARC1", "v=DMARC1; p=block", "v=DMARC1; p=none; sp=x"])
def test_dmarc_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a policy"):
        dmarc_policies(text)


@table(
    ("text", "state"),
    [
        ("v=DKIM1; k=rsa; p=MIIB", "dkim"),
        ("p=MIIB", "dkim"),
        ("v=DKIM1; p=", "dkim-revoked"),
        ("v=DKIM1; k=rsa", "dkim-broken"),
        ("v=DKIM2; p=MIIB", "dkim-broken"),
        ("hello", "dkim-broken"),
    ],
)
def test_keys(text: str, state: str) -> None:
    assert key_state(text) == state


def test_a_record_is_found_by_its_version() -> None:
    other = ["google-site-verification=x", "v=DMARC10; p=none", "p=none; v=DMARC1"]
    assert record_with([*other, "v = DMARC1 ; p=none"], "DMARC1") == "v = DMARC1 ; p=none"
    assert record_with(other, "DMARC1") is None
    with pytest.raises(ValueError, match="two records"):
        record_with(["v=DMARC1", "v=DMARC1"], "DMARC1")


@given(st.text() | st.text(alphabet="vp=;DMARC1 none\t\0sp"))
def test_any_text(text: str) -> None:
    assert all(name == name.strip() for name in tags_of(text))
    assert key_state(text) in ("dkim", "dkim-revoked", "dkim-broken")
    record_with([text], "DMARC1")
    with contextlib.suppress(ValueError):
        assert dmarc_policies(text)[0] in ("none", "quarantine", "reject")
