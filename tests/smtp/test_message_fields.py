"""Reading whom a test message goes to, and what it is about."""

from __future__ import annotations

import pytest

from smtp_tui.settings.parsers import Mailbox
from smtp_tui.smtp.message import BODY, SUBJECT, parse_body, parse_recipients, parse_subject
from tests.table import table


def test_recipients_stand_between_commas() -> None:
    assert parse_recipients(" a@b.example,, Carol <c@d.example> ,") == (
        Mailbox("", "a@b.example"),
        Mailbox("Carol", "c@d.example"),
    )
    assert parse_recipients(" , ") == ()


def test_a_comma_in_a_quoted_name_separates_nothing() -> None:
    (one,) = parse_recipients(r'"Doe, \"Jo\"" <jo@example.org>')
    assert (one.name, one.address) == (r'"Doe, \"Jo\""', "jo@example.org")


def test_the_one_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="'nobody' is not an address"):
        parse_recipients("a@b.example, nobody")
    with pytest.raises(ValueError, match="is not an address"):
        parse_recipients('"a@b.example, c@d.example')


@table("line_end", ["\n", "\r", "\v", "\x1c", "\x85", "\u2028"])
def test_a_subject_is_one_line(line_end: str) -> None:
    for text in (f"a{line_end}b", f"a{line_end}"):
        with pytest.raises(ValueError, match="one line"):
            parse_subject(text)


def test_the_defaults_are_good() -> None:
    assert parse_subject(SUBJECT) == SUBJECT
    assert BODY.endswith("\n")


@pytest.mark.parametrize("text", ["a\0b", "a\udcffb"])
def test_what_no_message_can_hold(text: str) -> None:
    for read in (parse_subject, parse_body):
        with pytest.raises(ValueError, match="holds"):
            read(text)
    assert parse_body("Grüße\n\tund ein Tab\n") == "Grüße\n\tund ein Tab\n"
