"""What a search begins with."""

from __future__ import annotations

import re

import pytest

from smtp_tui.discovery.steps import DiscoveryQuery, parse_query
from tests.table import table


@table(
    ("text", "subject"),
    [
        ("example.org", DiscoveryQuery("example.org")),
        ("Example.ORG.", DiscoveryQuery("example.org")),
        ("me@Example.org", DiscoveryQuery("example.org", "me@Example.org")),
        ("Me <me@example.org>", DiscoveryQuery("example.org", "me@example.org")),
        ("bücher.example", DiscoveryQuery("xn--bcher-kva.example")),
        ("me@bücher.example", DiscoveryQuery("xn--bcher-kva.example", "me@bücher.example")),
        ("192.0.2.1", DiscoveryQuery("192.0.2.1")),
        ("[2001:db8::1]", DiscoveryQuery("2001:db8::1")),
    ],
)
def test_read(text: str, subject: DiscoveryQuery) -> None:
    assert parse_query(text) == subject


def test_an_address_is_one() -> None:
    assert parse_query("2001:db8::1").is_address
    assert not parse_query("example.org").is_address


@table(
    ("text", "said"),
    [
        ("", "'' is not a hostname or an IP address"),
        ("a b", "'a b' contains a space; a hostname or an IP address has none"),
        ("@example.org", "'@example.org' is not an address like name@example.org"),
        ("me@[192.0.2.1]", "'[192.0.2.1]' is not a domain; write only the address"),
        ("https://example.org", "it is a URL; write only the hostname"),
        (
            "example.org:25",
            "'example.org:25' contains a port; write only the host, smtp-tui tries all ports",
        ),
        (
            "[2001:db8::1]:25",
            "'[2001:db8::1]:25' contains a port; write only the host, smtp-tui tries all ports",
        ),
        ("a@b c", "the domain of the address: 'b c' contains a space; a domain has none"),
    ],
)
def test_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        parse_query(text)
