"""What is named as a difference, and that nothing else is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.replies import EhloKeywords
from smtp_tui.tap.content import ContentScan
from smtp_tui.tap.differences import OwnCheck, differences
from smtp_tui.tap.observed import Observed
from tests.diagnosis.test_language import AVOIDED
from tests.table import table

LOGIN = {"username": "u@a.example", "password": "p", "authentication": "login"}
OFFER = EhloKeywords((("AUTH", "PLAIN LOGIN"), ("SIZE", "1000"), ("PIPELINING", "")))


def own(**more: Any) -> OwnCheck:
    values = {"host": "mail.example", "domain": "a.example", "encryption": "tls", **more}
    settings = parse_settings(values).settings
    assert settings
    return OwnCheck(settings=settings, ehlo_name="a.example", secret=values.get("password"))


def seen(**more: Any) -> Observed:
    """A client that does what the check does."""
    same = {
        "greeting_verb": "EHLO",
        "ehlo_name": "a.example",
        "encryption": "starttls",
        "server_encrypted": True,
        "offer": OFFER,
        "says_quit": True,
        "closes_first": True,
        "commands": 3,
    }
    return Observed(**{**same, **more})


CASES: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {}, []),
    ({"ehlo_name": "A.EXAMPLE"}, {}, []),
    ({"ehlo_name": "b.example"}, {}, ["tap-ehlo-name"]),
    ({"greeting_verb": "HELO"}, {}, ["tap-helo"]),
    ({"encryption": "none"}, {}, ["tap-no-starttls"]),
    ({"encryption": "implicit"}, {}, ["tap-encryption"]),
    ({"encryption": "none"}, {"encryption": "none"}, []),
    ({"encryption": "none"}, {"encryption": "none", "starttls_auto": True}, []),
    (
        {"encryption": "none", "clear_offer": EhloKeywords((("STARTTLS", ""),))},
        {"encryption": "none", "starttls_auto": True},
        ["tap-no-starttls"],
    ),
    ({}, LOGIN, ["tap-no-auth"]),
    ({"offer": EhloKeywords()}, LOGIN, []),
    ({"mechanism": "PLAIN"}, {}, ["tap-auth"]),
    ({"mechanism": "LOGIN", "username": "u@a.example", "password": "p"}, LOGIN, []),
    ({"mechanism": "PLAIN", "initial_response": True}, LOGIN, ["tap-mechanism"]),
    ({"mechanism": "LOGIN", "initial_response": True}, LOGIN, ["tap-initial-response"]),
    ({"mechanism": "PLAIN"}, {**LOGIN, "authentication": "plain"}, ["tap-initial-response"]),
    ({"mechanism": "LOGIN", "username": "v"}, LOGIN, ["tap-username-differs"]),
    ({"mechanism": "LOGIN", "password": "q"}, LOGIN, ["tap-password-differs"]),
    ({"sender": "postmaster@a.example"}, {}, []),
    ({"sender": ""}, {}, ["tap-mail-from"]),
    ({"sender": "x@y.example"}, {"from": "X <x@y.example>"}, []),
    ({"sender": "z@y.example"}, {"from": "x@y.example"}, ["tap-mail-from"]),
    ({"pipelines": True}, {}, ["tap-pipelines"]),
    ({"pipelines": True, "offer": EhloKeywords()}, {}, ["tap-pipelines-unoffered"]),
    ({"impatient": ["EHLO"]}, {}, ["tap-does-not-wait"]),
    ({"size": 1000}, {}, []),
    ({"size": 1001}, {}, ["tap-size"]),
    ({"declared_size": 1001}, {}, ["tap-size"]),
    ({"bare_lf": True, "bare_cr": True}, {}, ["tap-bare-lf", "tap-bare-cr"]),
    ({"eight_bit": True}, {}, ["tap-8bit"]),
    ({"eight_bit": True, "declares_eight_bit": True}, {}, []),
    ({"longest_line": 998}, {}, []),
    ({"longest_line": 999}, {}, ["tap-long-line"]),
    ({"command_bare_lf": True}, {}, ["tap-command-bare-lf"]),
    ({"unknown_lines": 2}, {}, ["tap-unknown-command"]),
    ({"sender": "x@Y.example"}, {"from": "x@y.example"}, []),
    ({"sender": "X@y.example"}, {"from": "x@y.example"}, ["tap-mail-from"]),
    ({"says_quit": False}, {}, ["tap-no-quit"]),
    ({"says_quit": False, "commands": 0}, {}, []),
    ({"says_quit": False, "closes_first": False}, {}, []),
]


@table(("client", "check", "expected"), CASES)
def test_differences(client: dict[str, Any], check: dict[str, Any], expected: list[str]) -> None:
    found = list(differences(seen(**client), own(**check)))
    assert [one.id for one in found] == expected
    for one in found:
        assert one.text.endswith(".")
        assert not any(re.search(words, one.text) for words in AVOIDED)
        assert one.application != "q"


@pytest.mark.parametrize(
    ("name", "is_literal"), [("[127.0.0.1]", True), ("[IPv6:::1]", True), ("[192.0.2.1]", False)]
)
def test_a_name_that_may_come_from_the_tap_itself(name: str, is_literal: bool) -> None:
    (found,) = differences(seen(ehlo_name=name), own())
    assert ("another one without the tap" in found.text) == is_literal
    assert (f"Set domain to {name}" in found.text) != is_literal


@table(
    ("content", "expected"),
    [
        (b"a\r\nb\r\n", (False, False, False, 1)),
        (b"a\nb\r\n", (True, False, False, 1)),
        (b"a\rb\r\n", (False, True, False, 3)),
        (b"\n", (True, False, False, 0)),
        (b"\r\r\n", (False, True, False, 1)),
        (b"\xc3\xa4\r\n", (False, False, True, 2)),
        (b"x" * 999 + b"\r\n", (False, False, False, 999)),
    ],
)
@table("step", [1, 2, 3, 5000])
def test_content(content: bytes, expected: tuple[bool, bool, bool, int], step: int) -> None:
    observed = Observed()
    scan = ContentScan(observed)
    for at in range(0, len(content), step):
        scan.feed(content[at : at + step])
    assert scan.size == len(content)
    found = observed.bare_lf, observed.bare_cr, observed.eight_bit
    assert found == expected[:3]
    assert observed.longest_line in (expected[3], max(0, expected[3] - 1))
