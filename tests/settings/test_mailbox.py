"""Mailboxes: what is one, what goes into the envelope, and whose mail it is by default."""

from __future__ import annotations

import pytest

from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.settings.validate import parse_settings
from tests.table import table


@table(
    ("written", "name", "envelope"),
    [
        ("a@b.example", "", "a@b.example"),
        (" a@b.example ", "", "a@b.example"),
        ("App <a@b.example>", "App", "a@b.example"),
        ('"An, App" <a.b+c@b.example>', '"An, App"', "a.b+c@b.example"),
        ("<a@b.example>", "", "a@b.example"),
        ("a@bücher.example", "", "a@xn--bcher-kva.example"),
        ("grün@b.example", "", "grün@b.example"),
        ("a@[192.0.2.1]", "", "a@[192.0.2.1]"),
        ('"a b"@b.example', "", '"a b"@b.example'),
    ],
)
def test_mailboxes(written: str, name: str, envelope: str) -> None:
    mailbox = parse_mailbox(written)
    assert (mailbox.name, mailbox.envelope) == (name, envelope)
    assert mailbox.is_ascii is envelope.isascii()


NO_MAILBOXES = [
    *(
        "",
        "a",
        "@b.example",
        "a@",
        "a b@c.example",
        "a@b c",
        "a@b.example>",
        "<a@b.example",
        "a@@b",
    ),
    # A space that is none of ASCII's, a line end that is none, a sign that nobody sees.
    *("a@\u00a0b.example", "a@b.example\u00a0c", "a\u00a0b@c.example", "a\u2028b@c.example"),
    *("Name <a@\u00a0b.example>", "a\u200bb@c.example", "a\x7fb@c.example", "a\udcff@b.example"),
    *("Na\u2028me <a@b.example>", "Na\x85me <a@b.example>", "Na\udcffme <a@b.example>"),
    *("Na\x1bme <a@b.example>",),
    *("a\r\n@b.example", "a@b.example\nRCPT TO:<x@y.example>", "..@b.example", f"{'a' * 65}@b.c"),
]


@table("written", NO_MAILBOXES)
def test_what_is_no_mailbox(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_mailbox(written)


@table(
    ("values", "sender"),
    [
        ({"from": "App <a@b.example>", "username": "x@y.example"}, "App <a@b.example>"),
        ({"username": "x@y.example"}, "x@y.example"),
        ({"username": "x", "domain": "h.example"}, "x@h.example"),
        ({"username": "x"}, None),
        ({"username": "no good name", "domain": "h.example"}, None),
        ({}, None),
    ],
)
def test_the_sender(values: dict[str, object], sender: str | None) -> None:
    settings = parse_settings({"host": "mail.example.org", **values}).settings
    assert settings
    assert settings.sender == sender
