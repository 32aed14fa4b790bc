"""Each parser reads what people and other programs write, and refuses the rest in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest

from smtp_tui.settings import parsers
from tests.table import table

READ = [
    (parsers.port, 587, 587),
    (parsers.port, "465", 465),
    (parsers.port, " 25 ", 25),
    (parsers.port, 1, 1),
    (parsers.port, 65535, 65535),
    (parsers.seconds, 30, 30.0),
    (parsers.seconds, 0.5, 0.5),
    (parsers.seconds, "2.5", 2.5),
    (parsers.seconds, 86400, 86400.0),
    (parsers.switch, True, True),
    (parsers.switch, "Yes", True),
    (parsers.switch, "on", True),
    (parsers.switch, 1, True),
    (parsers.switch, "off", False),
    (parsers.switch, "FALSE", False),
    (parsers.switch, 0, False),
    (parsers.text, "", ""),
    (parsers.text, "grün €", "grün €"),
    (parsers.host, "mail.example.org", "mail.example.org"),
    (parsers.host, " mail.example.org ", "mail.example.org"),
    (parsers.host, "mail.example.org.", "mail.example.org."),
    (parsers.host, "localhost", "localhost"),
    (parsers.host, "mail_1.internal", "mail_1.internal"),
    (parsers.host, "bücher.example", "bücher.example"),
    (parsers.host, "192.0.2.1", "192.0.2.1"),
    (parsers.host, "2001:db8::1", "2001:db8::1"),
    (parsers.host, "[2001:db8::1]", "2001:db8::1"),
    (parsers.host, "fe80::1%eth0", "fe80::1%eth0"),
    (parsers.domain, "host.example.org", "host.example.org"),
    (parsers.domain, "[192.0.2.1]", "[192.0.2.1]"),
    (parsers.domain, "[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
    (parsers.domain, "büro.example", "büro.example"),
    (parsers.address, "192.0.2.1", "192.0.2.1"),
    (parsers.address, "::1", "::1"),
    (parsers.fingerprint, "AB" * 32, "ab" * 32),
    (parsers.fingerprint, ":".join(["ab"] * 32), "ab" * 32),
    (parsers.fingerprint, f"SHA256:{'ab' * 32}", "ab" * 32),
    (parsers.fingerprint, "sha256 Fingerprint=" + ":".join(["AB"] * 32), "ab" * 32),
]

REFUSED = [
    (parsers.port, 0, "1 to 65535"),
    (parsers.port, 65536, "1 to 65535"),
    (parsers.port, -1, "1 to 65535"),
    (parsers.port, True, "true is not a port"),
    (parsers.port, 587.0, "587.0 is not a port"),
    (parsers.port, "smtp", "'smtp' is not a port"),
    (parsers.port, "٢٥", "is not a port"),
    (parsers.port, "9" * 5000, "is not a port"),
    (parsers.seconds, 0, "more than 0"),
    (parsers.seconds, -1, "more than 0"),
    (parsers.seconds, 86401, "at most 86400"),
    (parsers.seconds, float("nan"), "is not a number of seconds"),
    (parsers.seconds, "inf", "is not a number of seconds"),
    (parsers.seconds, "soon", "'soon' is not a number of seconds"),
    (parsers.seconds, True, "true is not a number of seconds"),
    (parsers.switch, "maybe", "neither true nor false"),
    (parsers.switch, 2, "neither true nor false"),
    (parsers.text, 42, "42 is not text; put it in quotes"),
    (parsers.text, {"password": "hunter2!"}, "a table is not text; write one text"),
    (parsers.port, ["hunter2!"], "a list is not a port"),
    (parsers.text, date(2026, 1, 2), "2026-01-02 is not text"),
    (parsers.host, "", "is not a hostname or an IP address"),
    (parsers.host, "mail example", "contains a space"),
    (parsers.host, "smtps://user:secret@mail.example", "is a URL"),
    (parsers.host, "user:secret@mail.example", "contains an @"),
    (parsers.host, "mail.example:587", "contains a port"),
    (parsers.host, "[::1]:587", "contains a port"),
    (parsers.host, "mail..example", "is not a hostname"),
    (parsers.host, "-mail.example", "is not a hostname"),
    (parsers.host, "a" * 64 + ".example", "is not a hostname"),
    (parsers.host, "192.0.2.256", "is not a hostname"),
    (parsers.host, "127.1", "is not a hostname"),
    (parsers.host, "fe80::1%\x1b[2J", "is not a hostname"),
    (parsers.host, "192.0.2.1%eth0", "is not a hostname"),
    (parsers.host, "\u00ad", "is not an international hostname"),
    (parsers.domain, "192.0.2.1", "EHLO write [192.0.2.1]"),
    (parsers.domain, "fe80::1%eth0", "EHLO write [IPv6:fe80::1]"),
    (parsers.domain, "[mail.example]", "is not an address literal"),
    (parsers.domain, "[IPv6:fe80::1%eth0]", "is not an address literal"),
    (parsers.domain, "my host", "contains a space"),
    (parsers.address, "localhost", "is not an IP address"),
    (parsers.fingerprint, "ab", "64 hexadecimal digits"),
    (parsers.fingerprint, "zz" * 32, "64 hexadecimal digits"),
]


@table(("parse", "value", "wanted"), READ)
def test_reads(parse: Callable[[object], object], value: object, wanted: object) -> None:
    assert parse(value) == wanted


@table(("parse", "value", "words"), REFUSED)
def test_refuses(parse: Callable[[object], object], value: object, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        parse(value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 160


@pytest.mark.parametrize("host", ["smtps://user:secret@mail.example", "user:secret@mail.example"])
def test_what_may_hold_a_password_is_not_repeated(host: str) -> None:
    with pytest.raises(ValueError, match="write only the hostname") as caught:
        parsers.host(host)
    assert "secret" not in str(caught.value)


@table(
    ("name", "wanted"),
    [
        ("mail.example.org", "mail.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("例え。jp", "xn--r8jz45g.jp"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_a_label(name: str, wanted: str) -> None:
    assert parsers.ascii_name(name) == wanted


def test_a_long_value_is_cut_in_the_complaint() -> None:
    assert parsers.shown("x" * 100) == "'" + "x" * 35 + "…'"
    assert parsers.shown(False) == "false"
