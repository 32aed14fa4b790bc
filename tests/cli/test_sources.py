"""`sources`: what was last read long ago. Its own entry is old, whatever day it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.cli import lists
from smtp_tui.providers import DataProvenance, ProviderEntryKind
from tests.cli.program import Outcome

Call = Callable[..., Outcome]

OLD = """\
[[provider]]
id = "ours"
name = "Our relay"
hosts = ["relay.example.org"]
ways = [{ port = 587, encryption = "tls" }]
authentication = ["auto"]
user = "address"
username_is = "the whole address"
secret = "password"
password_is = "the one of the directory"
sources = ["https://wiki.example.org/mail\\u001b"]
taken = 1999-12-31
"""


@pytest.fixture
def old_preset(private_home: Path) -> None:
    """A preset of the admin's own, read in another century."""
    folder = private_home / ".config" / "smtp-tui" / "providers"
    folder.mkdir(parents=True)
    (folder / "ours.toml").write_text(OLD)


@pytest.mark.usefixtures("old_preset")
def test_what_is_older_is_listed(call: Call) -> None:
    outcome = call("sources")
    assert (outcome.status, outcome.err) == (1, "")
    shown = "1999-12-31  preset  ours: https://wiki.example.org/mail\\x1b"
    assert shown in outcome.out.splitlines()


@pytest.mark.usefixtures("old_preset")
def test_it_is_listed_as_json(call: Call) -> None:
    outcome = call("sources", "--json", "--older-than", "3650")
    listed = [json.loads(line) for line in outcome.out.splitlines()]
    (ours,) = [one for one in listed if one["name"] == "ours"]
    assert (ours["kind"], ours["taken"]) == ("preset", "1999-12-31")
    assert ours["days"] > 9000
    assert all((one["taken"] is None) == (one["days"] is None) for one in listed)


@pytest.mark.usefixtures("old_preset")
def test_what_is_newer_is_not_listed(call: Call) -> None:
    outcome = call("sources", "--older-than", "99999")
    assert "ours" not in [line.split()[2].rstrip(":") for line in outcome.out.splitlines()]


def test_nothing_old_is_said(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "_entries", list)
    outcome = call("sources", "--older-than", "30")
    assert (outcome.status, outcome.out) == (
        0,
        "All 0 entries were read within the last 30 days.\n",
    )
    assert call("sources", "--json").out == ""


def test_an_undated_entry_is_always_listed(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    undated = DataProvenance(
        kind=ProviderEntryKind.REPLY, name="auth-rejected 535", sources=("RFC 4954, 6",)
    )
    monkeypatch.setattr(lists, "_entries", lambda: [undated])
    outcome = call("sources", "--older-than", "99999")
    assert outcome.status == 1
    assert outcome.out == "undated     reply   auth-rejected 535: RFC 4954, 6\n"


def test_every_kind_of_entry_is_among_them() -> None:
    assert {entry.kind for entry in lists._entries()} == set(ProviderEntryKind)


@pytest.mark.parametrize("days", ["-1", "soon"])
def test_a_span_that_is_none_is_a_usage_error(call: Call, days: str) -> None:
    outcome = call("sources", f"--older-than={days}")
    assert (outcome.status, outcome.out) == (2, "")
    assert "--older-than" in outcome.err
