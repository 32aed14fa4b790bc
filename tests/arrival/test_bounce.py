"""Bounces: what they say of each recipient, and what that means."""

from __future__ import annotations

import base64
import time

import pytest

from smtp_tui.arrival.authentication_results import Receiver
from smtp_tui.arrival.bounce import MOST_RECIPIENTS, read_bounce
from smtp_tui.arrival.headers import MOST_FIELDS
from smtp_tui.arrival.message_report import read_message, read_offline
from smtp_tui.arrival.report_lines import title_of
from tests.arrival.messages import BOUNCE, QMAIL, RECEIVED


def test_each_recipient_with_its_own_outcome() -> None:
    bounce = read_bounce(BOUNCE.encode())
    assert bounce is not None
    assert bounce.reporter == "relay.sender.test"
    failed, delayed = bounce.recipients
    assert (failed.recipient, failed.action, failed.status, failed.remote) == (
        *("nobody@example.test", "failed", "5.1.1"),
        "mx.example.test",
    )
    assert failed.diagnostic.endswith("User unknown in virtual mailbox table")
    assert failed.explanation is not None
    assert failed.explanation.cause == "recipient-refused"
    assert (delayed.recipient, delayed.action) == ("slow@example.test", "delayed")
    assert delayed.retries_until == "Fri, 4 Dec 2026 08:00:00 +0000"
    assert delayed.explanation is not None
    assert delayed.explanation.cause == "greylisted"
    assert bounce.original is not None
    assert bounce.original.message_id == "<one@sender.test>"


def test_the_delivery_status_alone_as_pasted() -> None:
    part = BOUNCE.split("delivery-status\n\n")[1].split("\n--B")[0]
    bounce = read_bounce(part.encode())
    assert bounce is not None
    assert [recipient.action for recipient in bounce.recipients] == ["failed", "delayed"]


def test_a_delivery_status_in_base64() -> None:
    head, rest = BOUNCE.split("message/delivery-status\n\n")
    part, tail = rest.split("\n--B", 1)
    coded = base64.encodebytes(part.encode()).decode()
    text = f"{head}message/delivery-status\nContent-Transfer-Encoding: base64\n\n{coded}\n--B{tail}"
    bounce = read_bounce(text.encode())
    assert bounce is not None
    assert [recipient.action for recipient in bounce.recipients] == ["failed", "delayed"]


def test_a_bounce_in_a_form_of_its_own() -> None:
    bounce = read_bounce(QMAIL.encode())
    assert bounce is not None
    assert bounce.recipients == ()
    assert bounce.explanation is not None
    assert bounce.explanation.cause == "recipient-refused"


def test_a_mail_server_has_no_login_that_could_be_at_fault() -> None:
    bounce = read_bounce(BOUNCE.replace("User unknown in", "no").encode())
    assert bounce is not None
    explanation = bounce.recipients[0].explanation
    assert explanation is not None
    assert (explanation.cause, "login" in explanation.why) == ("recipient-refused", False)


def test_a_received_message_is_no_bounce() -> None:
    assert read_bounce(RECEIVED.encode()) is None


@pytest.mark.parametrize("prefix", ["From MAILER-DAEMON Sun Nov 29\n", "\ufeff", "\n\n", "    "])
async def test_what_a_mail_program_adds_around_it(prefix: str) -> None:
    text = BOUNCE if prefix.strip() or prefix == "\n\n" else BOUNCE.replace("\n", "\n    ")
    report = await read_message((prefix + text).encode(), Receiver(), None)
    assert report.bounce is not None
    assert len(report.bounce.recipients) == 2


async def test_neither_a_bounce_nor_a_message() -> None:
    report = await read_message(b"Dear all,\n\nplease: note this.\n", Receiver(), None)
    assert (report.bounce, report.header) == (None, None)


def noted(data: str) -> tuple[str, str]:
    """The title and the notes of a header."""
    report = read_offline(data.encode(), Receiver())
    assert report.header is not None
    return title_of(report.header), " ".join(report.header.notes)


def test_a_subject_is_decoded_and_escaped() -> None:
    subject = "Subject: =?utf-8?b?Z3LDvA==?= =?utf-8?q?=1B=5B2J?="
    title, _ = noted(RECEIVED.replace("Subject: Hello", subject))
    assert title == "This is a received message: grü\\x1b[2J"
    bounce = read_bounce(BOUNCE.replace("Subject: Hello", subject).encode())
    assert bounce is not None
    assert bounce.original is not None
    assert bounce.original.subject == "grü\\x1b[2J"


def test_a_copy_that_no_server_received() -> None:
    title, notes = noted("From: a@sender.test\nTo: b@x.test\nSubject: Hello\n\nText\n")
    assert title == "This is a message: Hello"
    assert "no Received line" in notes
    assert "Received line" not in noted(RECEIVED)[1]
    cut = noted("Received: from a by b\n" * MOST_FIELDS + "Subject: Hello\n\n")
    assert f"only the first {MOST_FIELDS} lines" in cut[1]


def test_hostile_bounces_end_in_time() -> None:
    began = time.monotonic()
    recipients = "Final-Recipient: rfc822; a@b.test\nAction: failed\n\n" * 5000
    bounce = read_bounce(f"Reporting-MTA: dns; x\n\n{recipients}".encode())
    assert bounce is not None
    assert len(bounce.recipients) == MOST_RECIPIENTS
    nested = "".join(
        f'Content-Type: multipart/mixed; boundary="{depth}"\n\n--{depth}\n' for depth in range(5000)
    )
    assert read_bounce(f"Return-Path: <>\n{nested}".encode()) is None
    rfc822 = "Content-Type: message/rfc822\n\n" * 20_000
    assert read_bounce(f"Return-Path: <>\n{rfc822}".encode()) is None
    assert time.monotonic() - began < 10


def test_what_a_bounce_holds_is_escaped() -> None:
    hostile = BOUNCE.replace("User unknown in", "\x1b]0;gone\x07 \u202eunknown")
    bounce = read_bounce(hostile.encode())
    assert bounce is not None
    assert "\x1b" not in bounce.recipients[0].diagnostic
    assert "\u202e" not in bounce.recipients[0].diagnostic
