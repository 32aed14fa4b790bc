"""`KEY=VALUE`: what is text, what is TOML, and what is refused."""

from __future__ import annotations

import pytest

from smtp_tui.cli.calls import UsageError
from smtp_tui.cli.values import assignments, read_pairs

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
    ("colour=blue", "'colour' is no setting; smtp-tui explain lists them"),
    ("prot=25", "'prot' is no setting; did you mean port?"),
    ("tls-minimum=1.2", "did you mean tls_minimum?"),
    ("host", "host lacks its =VALUE"),
    ("wonderland", "setting number 1 lacks its =VALUE"),
    ("=x", "'' is no setting"),
    ("password=wonderland", "stands in the process list"),
    ("password=", "stands in the process list"),
    ('password="wonderland"', "stands in the process list"),
    ("password='wonderland'", "stands in the process list"),
    ('username="alice', "is read as TOML, and this is none"),
    ('username="alice" # me\nhost = "x"', "more than one TOML value"),
    ("password={env=wonderland}", "is read as TOML, and this is none"),
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
    with pytest.raises(UsageError, match=r"prot.*port lacks.*process list"):
        assignments(["host=a", "prot=1", "port", "password=x"])
