"""Messages as they go over the wire."""

from __future__ import annotations

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.settings.parsers import Mailbox, parse_mailbox
from smtp_tui.smtp import message as message_module
from smtp_tui.smtp.message import (
    Envelope,
    ForbiddenMailHeaderError,
    MailRequest,
    dot_stuff,
    envelope_of,
    message_of,
)
from smtp_tui.smtp.replies import EhloKeywords
from tests.table import table

NOTHING = EhloKeywords()
EIGHT_BIT = EhloKeywords((("8BITMIME", ""),))
FROM, TO = parse_mailbox("Die App <app@example.org>"), parse_mailbox("admin@example.org")


def composed(body: str, offer: EhloKeywords = NOTHING, subject: str = "Test") -> bytes:
    mail = MailRequest(recipients=(TO,), sender=FROM, subject=subject, body=body)
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
def test_eight_bits_only_where_they_are_taken(offer: EhloKeywords) -> None:
    message = composed("Grüße", offer, "Grüße")
    assert message.isascii() is (offer is NOTHING)
    read = email.message_from_bytes(message, policy=email.policy.default)
    assert read["Subject"] == "Grüße"
    assert read.get_content() == "Grüße\r\n"


INJECTED = [
    "=?utf-8?q?x=0D=0ABcc:_eve=40evil.example=0D=0A=0D=0Aspam?=",
    "=?utf-8?b?eA0KQmNjOiBldmVAZXZpbC5leGFtcGxl?=",
    "=?iso-8859-1?Q?=0D=0A=0D=0Abody?= and more",
    "=?utf-8?q?a?= =?utf-8?q?=0AX-Evil:_1?=",
    "=?utf-8?q?" + "a" * 200 + "=0AX-Evil:_1?=",
    '"=?utf-8?q?=22=0D=0AX-Evil:_1?="',
    r'"Doe, \"Jo\""',
    'Jo "the" Doe',
    "back\\slash",
    "Grüße, " * 40,
    "a" * 1200,
    "word " * 300,
    " x",
]


def header_names(message: bytes) -> list[bytes]:
    """The names of the header's fields, as any parser has them."""
    lines = message.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert max(map(len, lines)) <= 998
    return [line.partition(b":")[0] for line in lines if line[:1] not in (b" ", b"\t")]


OURS = [b"Date", b"Message-ID", b"From", b"To", b"Subject"]
OF_BODY = {b"Content-Type", b"Content-Transfer-Encoding", b"MIME-Version"}


@table("offer", [NOTHING, EIGHT_BIT])
@table("text", INJECTED)
def test_a_subject_arrives_as_it_was_written(text: str, offer: EhloKeywords) -> None:
    message = composed("Hello", offer, text)
    names = header_names(message)
    assert names[:5] == OURS
    assert set(names[5:]) == OF_BODY
    assert message.endswith(b"\r\n\r\nHello\r\n")
    parsed = email.message_from_bytes(message)
    decoded = str(make_header(decode_header(parsed["Subject"])))
    assert decoded.split() == text.split()


@table("name", INJECTED)
def test_a_display_name_arrives_as_it_was_written(name: str) -> None:
    sender, whom = Mailbox(name, "a@b.example"), Mailbox(name, "c@d.example")
    mail = MailRequest(recipients=(whom, TO), sender=sender, subject="Test", body="Hello")
    message = message_of(mail, Envelope(sender, (whom, TO)), EIGHT_BIT)
    names = header_names(message)
    assert names[:5] == OURS
    assert set(names[5:]) == OF_BODY
    parsed = email.message_from_bytes(message)
    plain = re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name
    for field, count in (("From", 1), ("To", 2)):
        addresses = getaddresses([" ".join(parsed[field].split())])
        assert len(addresses) == count
        shown, _ = addresses[0]
        assert str(make_header(decode_header(shown))).split() == plain.split()


def test_a_domain_beyond_ascii_needs_no_smtputf8() -> None:
    whom = parse_mailbox("Bücher <a@bücher.example>")
    mail = MailRequest(recipients=(whom,), sender=FROM, subject="Test", body="Hello")
    message = message_of(mail, Envelope(FROM, (whom,)), NOTHING)
    assert message.isascii()
    assert b"<a@xn--bcher-kva.example>" in message
    local = Mailbox("", "grün@b.example")
    message = message_of(mail, Envelope(FROM, (local,)), EIGHT_BIT)
    assert "To: grün@b.example\r\n".encode() in message


def test_a_line_that_nobody_wrote_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for bad in ("x\r\nBcc: eve@evil.example", "x\r\n\r\nbody", "x\nBcc: e", "x\r\n \r\n y", "a\0"):
        monkeypatch.setattr(message_module, "_encode_if_needed", lambda *_, bad=bad: bad)
        with pytest.raises(ForbiddenMailHeaderError):
            composed("Hello")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(".\n")))
def test_any_text_arrives_whole(body: str) -> None:
    data = dot_stuff(composed(body))
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
    mail = MailRequest(recipients=(TO,))
    assert envelope_of(mail, None, "tickets", "host.example").sender.envelope == (
        "tickets@host.example"
    )
    assert envelope_of(mail, None, "", "[192.0.2.1]").sender.envelope == "postmaster@[192.0.2.1]"
    assert envelope_of(mail, "App <a@b.example>", "", "h").sender.envelope == "a@b.example"
    assert MailRequest(recipients=(TO,), sender=FROM).sender is FROM
