"""What a search begins with."""

from __future__ import annotations

import pytest

from smtp_tui.discovery.subject import Subject, parse_subject


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("example.org", Subject("example.org")),
        ("Example.ORG.", Subject("example.org")),
        ("me@Example.org", Subject("example.org", "me@Example.org")),
        ("Me <me@example.org>", Subject("example.org", "me@example.org")),
        ("bücher.example", Subject("xn--bcher-kva.example")),
        ("me@bücher.example", Subject("xn--bcher-kva.example", "me@bücher.example")),
        ("192.0.2.1", Subject("192.0.2.1")),
        ("[2001:db8::1]", Subject("2001:db8::1")),
    ],
)
def test_read(text: str, subject: Subject) -> None:
    assert parse_subject(text) == subject


def test_an_address_is_one() -> None:
    assert parse_subject("2001:db8::1").is_address
    assert not parse_subject("example.org").is_address


@pytest.mark.parametrize(
    "text", ["", "a b", "me@", "me@[192.0.2.1]", "https://example.org", "example.org:25", "a@b@c d"]
)
def test_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_subject(text)
