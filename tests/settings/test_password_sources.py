"""Where a password is kept: each spelling, and that no repr shows a password."""

from __future__ import annotations

import pytest

from smtp_tui.settings.password_sources import (
    AskSource,
    CommandSource,
    EnvironmentSource,
    FileSource,
    KeyringSource,
    LiteralSource,
    OAuthSource,
    PasswordSource,
    parse_source,
    source_as_toml,
)
from tests.table import table

SOURCES: list[tuple[object, PasswordSource]] = [
    ("wonderland", LiteralSource("wonderland")),
    ("", LiteralSource("")),
    ({"keyring": "mail"}, KeyringSource("mail")),
    ({"env": "SMTP_PASSWORD"}, EnvironmentSource("SMTP_PASSWORD")),
    ({"file": "~/secret"}, FileSource("~/secret")),
    ({"command": ["pass", "mail"]}, CommandSource(("pass", "mail"))),
    ({"oauth": "support"}, OAuthSource("support")),
    ({"oauth": "/etc/app/sign-in.json"}, OAuthSource("/etc/app/sign-in.json")),
    ({"ask": True}, AskSource()),
]


@table(("raw", "source"), SOURCES)
def test_there_and_back(raw: object, source: PasswordSource) -> None:
    assert parse_source(raw) == source
    assert source_as_toml(source) == raw


@table(
    "raw",
    [
        42,
        True,
        ["wonderland"],
        {},
        {"keyring": ""},
        {"keyring": 1},
        {"env": "A=B"},
        {"file": ""},
        {"command": []},
        {"command": "pass mail"},
        {"command": ["pass", 1]},
        {"command": [""]},
        {"oauth": ""},
        {"oauth": {"name": "x"}},
        {"ask": False},
        {"ask": 1},
        {"vault": "wonderland"},
        {"env": "A", "file": "B"},
    ],
)
def test_anything_else_is_refused_without_repeating_it(raw: object) -> None:
    with pytest.raises(ValueError, match="use a quoted string") as caught:
        parse_source(raw)
    assert "wonderland" not in str(caught.value)


@table(
    "raw",
    ["won\nder", "won\rder", "won\0der", {"env": "A\n"}, {"file": "a\0b"}, {"command": ["a\n"]}],
)
def test_line_ends_and_nul_are_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="contains a") as caught:
        parse_source(raw)
    assert "won" not in str(caught.value)


def test_no_repr_shows_a_password() -> None:
    assert "wonderland" not in f"{LiteralSource('wonderland')!r} {LiteralSource('wonderland')}"
