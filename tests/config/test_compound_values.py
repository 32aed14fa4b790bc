"""Texts that hold several settings: one part changes, the others keep their very letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.config.dialects.codecs import CompoundParts, parsed_host_and_port, parsed_url
from tests.table import table

SCHEMES = frozenset({"smtp", "smtps"})
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
PARTS = st.sampled_from(["user", "password", "path", "query.tls", "query.a b"])


def url(text: str) -> CompoundParts:
    found = parsed_url(text, SCHEMES)
    assert found is not None
    return found


@table(
    ("text", "parts"),
    [
        ("smtp://a.example", {"scheme": "smtp", "host": "a.example", "port": None, "user": None}),
        ("SMTPS://a.example:465/", {"scheme": "smtps", "port": "465", "path": None}),
        ("smtp://u:p@a", {"user": "u", "password": "p", "host": "a"}),
        ("smtp://u@a", {"user": "u", "password": None}),
        ("smtp://u:@a", {"user": "u", "password": None}),
        ("smtp://a%40b:p%3Aq%2fr@a", {"user": "a@b", "password": "p:q/r"}),
        ("smtp://u:p:q@a", {"password": "p:q"}),
        ("smtp://u:p@ss@a", {"password": "p@ss", "host": "a"}),
        ("smtp://[2001:db8::1]:25", {"host": "2001:db8::1", "port": "25"}),
        ("smtp://[fe80::1%25eth0]", {"host": "fe80::1%eth0"}),
        ("smtp://a/h.example?tls=required&x=1", {"path": "h.example", "query.tls": "required"}),
        ("smtp://a?x&tls=", {"query.tls": "", "query.x": "", "query.y": None}),
        ("a.example:25", {"scheme": None, "host": "a.example", "port": "25"}),
        ("smtp://bücher.example#f", {"host": "bücher.example"}),
    ],
)
def test_parts_of_a_url(text: str, parts: dict[str, str | None]) -> None:
    assert {name: url(text).part(name) for name in parts} == parts
    assert str(url(text)) == text


@table("text", ["http://a", "smtp://a:b:c", "smtp://a:x", "smtp://a b@c:d", "smtp://[::1", "::1"])
def test_what_is_no_url(text: str) -> None:
    assert parsed_url(text, SCHEMES) is None


@table(
    ("text", "name", "value", "changed"),
    [
        ("smtp://u%2f:p@a", "password", "q", "smtp://u%2f:q@a"),
        ("smtp://a", "user", "u@b", "smtp://u%40b@a"),
        ("smtp://a", "password", "p", "smtp://:p@a"),
        ("smtp://u:p@a", "user", None, "smtp://:p@a"),
        ("smtp://:p@a", "password", None, "smtp://a"),
        ("smtp://u@a", "user", None, "smtp://a"),
        ("smtp://a:25/x", "port", None, "smtp://a/x"),
        ("smtp://a:25/%41", "host", "::1", "smtp://[::1]:25/%41"),
        ("smtp://a", "host", "[::1%eth0]", "smtp://[::1%25eth0]"),
        ("a:25", "scheme", "smtp", "smtp://a:25"),
        ("smtp://a?x=%41&tls=a&y", "query.tls", "b", "smtp://a?x=%41&tls=b&y"),
        ("smtp://a?x=%41&tls=a&y", "query.tls", None, "smtp://a?x=%41&y"),
        ("smtp://a?tls=a", "query.tls", None, "smtp://a"),
        ("smtp://a/#f", "query.tls", "a&b", "smtp://a/?tls=a%26b#f"),
        ("smtp://a", "path", "h.example", "smtp://a/h.example"),
    ],
)
def test_one_part_changes(text: str, name: str, value: str | None, changed: str) -> None:
    assert str(url(text).with_part(name, value)) == changed


@pytest.mark.parametrize("name", ["host", "scheme"])
def test_some_parts_must_be(name: str) -> None:
    with pytest.raises(ValueError, match=f"requires the {name}"):
        url("smtp://a").with_part(name, None)


def test_encoding_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        url("smtp://%ff@a").part("user")


@given(st.lists(st.tuples(PARTS, TEXT | st.none()), max_size=6))
def test_whatever_is_put_in_comes_out_again(changes: list[tuple[str, str | None]]) -> None:
    made = url("smtp://u:p%2f@a.example:25/h?tls=x&k=%41#f")
    wanted: dict[str, str | None] = {}
    for name, value in changes:
        made = made.with_part(name, value)
        wanted[name] = value
    again = url(str(made))
    for name, value in wanted.items():
        assert again.part(name) == value
    assert (again.scheme, again.host, again.port) == ("smtp", "a.example", "25")
    assert "k=%41" in str(again)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("a.example", "a.example", None), ("a:25", "a", "25"), ("[::1]:25", "::1", "25")],
)
def test_host_and_port(text: str, host: str, port: str | None) -> None:
    found = parsed_host_and_port(text)
    assert found is not None
    assert (found.part("host"), found.part("port")) == (host, port)
    assert str(found) == text


@table("text", ["a:b", "a:", "::1", "smtp://a"])
def test_what_is_no_host_and_port(text: str) -> None:
    assert parsed_host_and_port(text) is None
