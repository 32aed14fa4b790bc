"""A received message's header: its fields, its servers, and who stated what."""

from __future__ import annotations

import time

import pytest

from smtp_tui.arrival.authentication_results import Receiver, believed_results, parse
from smtp_tui.arrival.headers import (
    LARGEST_MESSAGE,
    MOST_FIELDS,
    MOST_HOPS,
    author_domain,
    clock_notes,
    decoded_words,
    header_fields,
    hops_of,
    without_comments,
)
from tests.arrival.messages import FORGED, RECEIVED
from tests.table import table

NOBODY = Receiver()
OWN = "x-smtp-tui-proof"


def test_the_hops_from_the_first_to_the_mailbox() -> None:
    hops = hops_of(header_fields(RECEIVED.encode()))
    assert [(hop.by, hop.from_, hop.protocol, hop.seconds) for hop in hops] == [
        ("relay.sender.test", "app", "ESMTP", 1.0),
        ("mx.example.test", "relay.sender.test", "ESMTPS", 2.0),
        ("mx.example.test", "mx.example.test", "LMTP", 2.0),
    ]
    assert list(clock_notes(hops)) == []


def test_a_clock_that_is_behind_is_named_and_gives_no_negative_time() -> None:
    late = RECEIVED.replace("08:00:05", "07:59:00")
    hops = hops_of(header_fields(late.encode()))
    assert hops[-1].seconds is None
    (note,) = clock_notes(hops)
    assert note == ("The clock of mx.example.test is at least 63 s behind that of mx.example.test.")


@table("date", ["", "yesterday", "Sun, 99 Nov 2026 08:00:05 +0000", "9" * 5000])
def test_a_date_that_is_none(date: str) -> None:
    fields = header_fields(f"Received: from a by b; {date}\n\n".encode())
    assert hops_of(fields)[0].at is None


def test_comments_go_even_nested_and_quoted_brackets_stay() -> None:
    text = r'a (b (c) \) d) "(e)" f'
    assert without_comments(text).split() == ["a", '"(e)"', "f"]


def test_the_results_of_the_receiver_are_believed_by_place_and_id() -> None:
    believed = believed_results(header_fields(RECEIVED.encode()), NOBODY)
    assert [(result.method, result.result) for result in believed.results] == [
        ("spf", "pass"),
        ("dkim", "pass"),
        ("dmarc", "pass"),
    ]
    assert believed.refusals == ()


def test_a_forged_field_of_another_id_is_not_believed_even_at_the_top() -> None:
    message = FORGED.format(by="mx.elsewhere.test") + RECEIVED
    believed = believed_results(header_fields(message.encode()), NOBODY)
    assert {result.by for result in believed.results} == {"mx.example.test"}
    assert believed.refusals == ("mx.elsewhere.test is not known to be the receiving server",)


@pytest.mark.parametrize("own", [None, OWN])
def test_a_forged_field_with_the_receivers_id_is_not_believed_below_its_received(
    own: str | None,
) -> None:
    message = RECEIVED.replace("Date:", FORGED.format(by="mx.example.test") + "Date:")
    message = message.replace("Authentication-Results: mx.example.test; spf", "X-Removed: spf")
    believed = believed_results(header_fields(message.encode()), NOBODY, own=own)
    assert believed.results == ()
    assert believed.refusals == ("it names mx.example.test, but stands where a sender can write",)


def test_a_forged_received_field_does_not_move_the_border() -> None:
    head, tail = RECEIVED.split("Received: from app", 1)
    own = "Authentication-Results: mx.example.test; spf=pass smtp.mailfrom=app@sender.test"
    head = head.replace(own, "X-Removed: spf")
    forged = FORGED.format(by="mx.example.test") + "Received: from a by mx.example.test with LMTP\n"
    message = f"{head}{forged}Received: from app{tail}"
    assert believed_results(header_fields(message.encode()), NOBODY).results == ()


def test_gmails_field_stands_below_its_received_and_counts_for_our_own_message() -> None:
    message = (
        "Received: by 2002:a05:7022:1a9 with SMTP id dd9; Sun, 29 Nov 2026 00:00:03 -0800\n"
        "Received: from relay.sender.test (relay.sender.test. [192.0.2.7]) by mx.google.com "
        "with ESMTPS id x1; Sun, 29 Nov 2026 00:00:02 -0800\n"
        "Authentication-Results: mx.google.com; dkim=pass header.i=@sender.test\n"
        "Received: from app by relay.sender.test with ESMTP; Sun, 29 Nov 2026 08:00:01 +0000\n"
        "X-Smtp-Tui-Proof: 1\n\n"
    )
    fields = header_fields(message.encode())
    assert believed_results(fields, NOBODY).results == ()
    (result,) = believed_results(fields, NOBODY, own=OWN).results
    assert (result.by, result.method, result.result) == ("mx.google.com", "dkim", "pass")


@table(
    ("receiver", "is_believed"),
    [
        (Receiver(ids=("auth.example.test",)), True),
        (Receiver(ids=("mx.example.test",)), False),
        (Receiver(hosts=("auth.example.test",)), True),
        (Receiver(domains=("example.test",)), True),
        (Receiver(domains=("ample.test",)), False),
        (NOBODY, False),
    ],
)
def test_whose_id_is_the_receivers(receiver: Receiver, is_believed: bool) -> None:
    message = RECEIVED.replace("Results: mx.example.test", "Results: auth.example.test")
    believed = believed_results(header_fields(message.encode()), receiver)
    assert bool(believed.results) is is_believed


def test_a_field_without_an_id_as_exchange_online_writes_it() -> None:
    name, results = parse("spf=pass (sender IP is 192.0.2.7) smtp.mailfrom=sender.test; dkim=none")
    assert name == ""
    assert [(result.method, result.result) for result in results] == [
        ("spf", "pass"),
        ("dkim", "none"),
    ]


def test_the_from_domain_needs_one_field() -> None:
    fields = header_fields(RECEIVED.encode())
    assert author_domain(fields) == "sender.test"
    assert author_domain(header_fields(b"From: a@b.test\nFrom: c@d.test\n\n")) is None


def test_hostile_headers_are_bounded() -> None:
    began = time.monotonic()
    many = header_fields(b"Received: from a by b\n" * 200_000)
    assert len(many) == MOST_FIELDS
    assert len(hops_of(many)) == MOST_HOPS
    for start in (b"Received: " + b"(" * LARGEST_MESSAGE, b"A" * 2 * LARGEST_MESSAGE):
        hops_of(header_fields(start))
    parse(f"mx; {'dkim=pass ' * 1600};{'=' * 5000}")
    assert time.monotonic() - began < 5


def test_what_a_header_holds_is_escaped() -> None:
    fields = header_fields(b"Received: from \x1b[31mred by \xe2\x80\xaeb with \x07smtp; x\n\n")
    (hop,) = hops_of(fields)
    assert "\x1b" not in hop.from_ + hop.by + hop.protocol
    assert "\u202e" not in hop.by


@table(
    ("value", "text"),
    [
        ("=?utf-8?b?Z3LDvMOfZSDml6XmnKw=?=", "grüße 日本"),
        ("plain =?iso-8859-1?q?caf=E9?=", "plain café"),
        ("=?no-such-set?b?AAAA?=", "=?no-such-set?b?AAAA?="),
        ("=?utf-8?b?A?=", "=?utf-8?b?A?="),
        ("", ""),
    ],
)
def test_encoded_words(value: str, text: str) -> None:
    assert decoded_words(value) == text
