"""`KEY=VALUE`: what is text, what is TOML, and what is refused."""

from __future__ import annotations

import pytest

from smtp_tui.cli.parser import UsageError, assignments, read_pairs

READ = [
    ("host=mail.example", "mail.example"),
    ("host=", ""),
    ("username=a=b", "a=b"),
    ("username=587", "587"),
    ("username=true", "true"),
    ("username=[x]", "[x]"),
    ("username= alice ", " alice "),
    ('username="al\\u0069ce"', "alice"),
    ("username='{literal}'", "{literal}"),
    ("username = alice", "alice"),
    ('encryption = "tls"', "tls"),
    ("encryption='ssl'", "ssl"),
    ("port=587", "587"),
    ("starttls_auto=true", "true"),
    ('password={env="SMTP_PASSWORD"}', {"env": "SMTP_PASSWORD"}),
    ('password = { keyring = "mail" }', {"keyring": "mail"}),
    ("password={ask=true}", {"ask": True}),
]

REFUSED = [
    ("colour=blue", "there is no setting 'colour'; smtp-tui explain lists the settings"),
    ("prot=25", "there is no setting 'prot'; did you mean port?"),
    ("tls-minimum=1.2", "did you mean tls_minimum?"),
    ("host", "host has no =VALUE"),
    ("wonderland", "setting number 1 has no =VALUE"),
    ("=x", "there is no setting ''"),
    ("password=wonderland", "shows in the process list"),
    ("password=", "shows in the process list"),
    ('password="wonderland"', "shows in the process list"),
    ("password='wonderland'", "shows in the process list"),
    ('username="alice', "must be TOML, and this is not"),
    ('username="alice" # me\nhost = "x"', "more than one TOML value"),
    ("password={env=wonderland}", "must be TOML, and this is not"),
]


@pytest.mark.parametrize(("pair", "value"), READ)
def test_read(pair: str, value: object) -> None:
    key = pair.partition("=")[0].strip()
    assert assignments([pair]) == {key: value}


@pytest.mark.parametrize(("pair", "words"), REFUSED)
def test_refused(pair: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        assignments([pair])
    assert words in str(caught.value)
    assert "wonderland" not in str(caught.value)


def test_the_last_of_a_key_counts() -> None:
    assert assignments(["port=1", "host=a", "port=2"]) == {"port": "2", "host": "a"}


def test_every_fault_is_told() -> None:
    values, faults = read_pairs(["host=a", "prot=1", "port", "password=x"])
    assert values == {"host": "a"}
    assert len(faults) == 3
    with pytest.raises(UsageError, match=r"prot.*port has no.*process list"):
        assignments(["host=a", "prot=1", "port", "password=x"])
