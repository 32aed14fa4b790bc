"""RFC 5321, section 4.1.1.1: this reply to EHLO, this offer."""

from __future__ import annotations

import pytest

from smtp_tui.smtp.replies import EhloKeywords, Reply, parse_ehlo
from tests.table import table


def offer(*lines: bytes) -> EhloKeywords:
    """The offer of an EHLO reply whose first line is a greeting."""
    return parse_ehlo(Reply(250, (b"mail.example.test", *lines)))


def test_keywords_stand_in_order_and_upper_case() -> None:
    seen = offer(b"PIPELINING", b"size 10240000", b"Auth PLAIN", b"8BITMIME ")
    wanted = (("PIPELINING", ""), ("SIZE", "10240000"), ("AUTH", "PLAIN"), ("8BITMIME", ""))
    assert seen.keywords == wanted
    assert "SIZE" in seen
    assert "STARTTLS" not in seen


@pytest.mark.parametrize("first", [b"STARTTLS", b"AUTH PLAIN"])
def test_the_first_line_offers_nothing(first: bytes) -> None:
    assert parse_ehlo(Reply(250, (first,))) == EhloKeywords()


@table(
    ("lines", "mechanisms"),
    [
        ([b"AUTH PLAIN LOGIN"], ("PLAIN", "LOGIN")),
        ([b"AUTH plain Login"], ("PLAIN", "LOGIN")),
        ([b"AUTH  PLAIN   LOGIN "], ("PLAIN", "LOGIN")),
        ([b"AUTH\tPLAIN"], ("PLAIN",)),
        ([b"AUTH=LOGIN PLAIN"], ("LOGIN", "PLAIN")),
        ([b"auth=login"], ("LOGIN",)),
        ([b"AUTH=PLAIN", b"AUTH PLAIN LOGIN"], ("PLAIN", "LOGIN")),
        ([b"AUTH PLAIN PLAIN"], ("PLAIN",)),
        ([b"AUTH"], ()),
        ([b"AUTHX PLAIN"], ()),
        ([], ()),
    ],
)
def test_mechanisms(lines: list[bytes], mechanisms: tuple[str, ...]) -> None:
    assert offer(*lines).mechanisms == mechanisms


def test_an_auth_without_mechanisms_is_still_an_auth() -> None:
    assert "AUTH" in offer(b"AUTH")


def test_blank_lines_offer_nothing() -> None:
    assert offer(b"", b"  ", b"SIZE").keywords == (("SIZE", ""),)


def test_difference() -> None:
    before = offer(b"STARTTLS", b"SIZE 1000", b"PIPELINING")
    after = offer(b"SIZE 2000", b"PIPELINING", b"AUTH PLAIN")
    assert before.apart_from(after) == ("STARTTLS", "SIZE 1000")
    assert after.apart_from(before) == ("SIZE 2000", "AUTH PLAIN")
    assert after.apart_from(before, ignoring=frozenset({"AUTH"})) == ("SIZE 2000",)
    assert before.apart_from(before) == ()
