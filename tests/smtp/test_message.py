"""Messages as they go over the wire."""

from __future__ import annotations

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.settings.mailbox import parse_mailbox
from smtp_tui.smtp.capabilities import Offer
from smtp_tui.smtp.message import Envelope, Mail, envelope_of, message_of, stuffed

NOTHING = Offer()
EIGHT_BIT = Offer((("8BITMIME", ""),))
FROM, TO = parse_mailbox("Die App <app@example.org>"), parse_mailbox("admin@example.org")


def composed(body: str, offer: Offer = NOTHING, subject: str = "Test") -> bytes:
    mail = Mail(recipients=(TO,), sender=FROM, subject=subject, body=body)
    return message_of(mail, Envelope(FROM, (TO,)), offer)


def test_the_header() -> None:
    message = email.message_from_bytes(composed("Hello"), policy=email.policy.default)
    assert message["From"] == "Die App <app@example.org>"
    assert message["To"] == "admin@example.org"
    assert message["Subject"] == "Test"
    assert message["Message-ID"].endswith("@example.org>")
    assert message["Date"].datetime.tzinfo
    assert message["MIME-Version"] == "1.0"
    assert message.get_content() == "Hello\r\n"


@pytest.mark.parametrize("offer", [NOTHING, EIGHT_BIT])
def test_eight_bits_only_where_they_are_taken(offer: Offer) -> None:
    message = composed("Grüße", offer, "Grüße")
    assert message.isascii() is (offer is NOTHING)
    read = email.message_from_bytes(message, policy=email.policy.default)
    assert read["Subject"] == "Grüße"
    assert read.get_content() == "Grüße\r\n"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(".\n")))
def test_any_text_arrives_whole(body: str) -> None:
    data = stuffed(composed(body))
    assert data.endswith(b"\r\n.\r\n")
    assert b"\r\n.\r\n" not in data[:-5]
    assert data.count(b"\n") == data.count(b"\r\n")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    lines = data[:-3].split(b"\r\n")
    unstuffed = b"\r\n".join(line.removeprefix(b".") for line in lines)
    message = email.message_from_bytes(unstuffed, policy=email.policy.default)
    text = message.get_content()
    assert text.splitlines() == (body.splitlines() or [""]) or text.rstrip() == body.rstrip()


def test_the_sender_of_last_resort() -> None:
    mail = Mail(recipients=(TO,))
    assert envelope_of(mail, None, "tickets", "host.example").sender.envelope == (
        "tickets@host.example"
    )
    assert envelope_of(mail, None, "", "[192.0.2.1]").sender.envelope == "postmaster@[192.0.2.1]"
    assert envelope_of(mail, "App <a@b.example>", "", "h").sender.envelope == "a@b.example"
    assert Mail(recipients=(TO,), sender=FROM).sender is FROM
