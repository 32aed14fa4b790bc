"""TLSA records next to a chain: what they name, and when they stop matching."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.discovery.dane import Breaks, TlsaState, match, parse, right_record, with_proof
from smtp_tui.smtp.certificates import Certificate, unreadable_certificate
from smtp_tui.smtp.der import public_key_bytes
from tests.smtp import pki
from tests.table import table

ROOT = pki.issue("Root", is_authority=True)
BELOW = pki.issue("Below", issuer=ROOT, is_authority=True)
LEAF = pki.issue("mx.example.test", "mx.example.test", issuer=BELOW)
STRANGER = pki.issue("Stranger", is_authority=True)


def der_of(issued: pki.Issued) -> bytes:
    return issued.certificate.public_bytes(serialization.Encoding.DER)


def key_of(issued: pki.Issued) -> bytes:
    return issued.certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def seen(*issued: pki.Issued) -> list[Certificate]:
    """The chain, of which a record needs only the bytes."""
    return [unreadable_certificate(der_of(one)) for one in issued]


def record_of(usage: int, selector: int, matching: int, issued: pki.Issued) -> str:
    content = key_of(issued) if selector else der_of(issued)
    if matching:
        content = hashlib.new(("", "sha256", "sha512")[matching], content).digest()
    return f"{usage} {selector} {matching} {content.hex()}"


CHAIN = seen(LEAF, BELOW)


@table("issued", [LEAF, BELOW, ROOT, pki.issue("rsa", key=pki.weak_key())])
def test_the_key_is_the_one_that_cryptography_reads(issued: pki.Issued) -> None:
    assert public_key_bytes(der_of(issued)) == key_of(issued)


@given(st.binary(max_size=60))
def test_no_bytes_break_it(data: bytes) -> None:
    with pytest.raises(ValueError, match="DER"):
        public_key_bytes(data)


@table("matching", [0, 1, 2])
@table(
    ("usage", "selector", "issued", "place", "breaks"),
    [
        (3, 1, LEAF, 0, Breaks.KEY_CHANGE),
        (3, 0, LEAF, 0, Breaks.EACH_RENEWAL),
        (2, 1, BELOW, 1, Breaks.ISSUER_CHANGE),
        (2, 0, BELOW, 1, Breaks.ISSUER_CHANGE),
    ],
)
def test_a_match(
    usage: int, selector: int, issued: pki.Issued, place: int, breaks: Breaks, matching: int
) -> None:
    result = match(parse(record_of(usage, selector, matching, issued), secure=True), CHAIN)
    assert (result.state, result.matches) == (TlsaState.MATCH, place)
    assert result.record.breaks is breaks
    assert result.is_good


@table(
    "record",
    [
        record_of(3, 1, 1, STRANGER),
        record_of(3, 1, 1, BELOW),  # an end-entity record is for the server's own certificate
        record_of(3, 0, 1, STRANGER),
        record_of(2, 1, 1, STRANGER),
        record_of(2, 1, 1, LEAF),  # the server's own certificate is no authority
    ],
)
def test_a_mismatch(record: str) -> None:
    result = match(parse(record, secure=True), CHAIN)
    assert (result.state, result.matches, result.is_good) == (TlsaState.MISMATCH, None, False)
    assert result.text == "It matches no certificate that the server sends."


@pytest.mark.parametrize("usage", [0, 1])
def test_smtp_ignores_two_usages_even_where_they_match(usage: int) -> None:
    named = LEAF if usage == 1 else BELOW
    result = match(parse(record_of(usage, 1, 1, named), secure=True), CHAIN)
    assert result.state is TlsaState.UNUSABLE
    assert result.matches == usage ^ 1
    assert not result.is_good
    assert match(parse(record_of(usage, 1, 1, STRANGER), secure=True), CHAIN).matches is None


def test_a_root_that_is_not_sent_is_told_from_a_stranger() -> None:
    record = parse(record_of(2, 0, 1, ROOT), secure=True)
    assert match(record, CHAIN, [der_of(STRANGER), der_of(ROOT)]).state is TlsaState.NOT_SENT
    assert match(record, CHAIN, [der_of(STRANGER)]).state is TlsaState.MISMATCH
    assert match(record, seen(LEAF, BELOW, ROOT)).state is TlsaState.MATCH


def test_a_match_that_leads_nowhere() -> None:
    result = with_proof(
        match(parse(record_of(2, 1, 1, BELOW), secure=True), CHAIN), "certificate expired"
    )
    assert not result.is_good
    assert "senders reject the server: certificate expired." in result.text


def test_without_dnssec_a_match_counts_for_nothing() -> None:
    result = match(parse(record_of(3, 1, 1, LEAF), secure=False), CHAIN)
    assert (result.state, result.is_good) == (TlsaState.MATCH, False)
    assert "senders ignore it" in result.text


@table(
    "text",
    ["3 1 1 abcd", "3 1 2 " + "ab" * 32, "4 1 1 " + "ab" * 32, "3 2 1 " + "ab" * 32, "3 1 0", "x",
     "3 1 3 " + "ab" * 32, "3 1 1 zz", "", "\\# 3 030101"],
)  # fmt: skip
def test_what_is_no_record(text: str) -> None:
    result = match(parse(text, secure=True), CHAIN)
    assert (result.state, result.record.breaks) == (TlsaState.MALFORMED, Breaks.NEVER_USED)
    assert result.text == "It is not a valid TLSA record."


def test_a_long_record_is_in_parts() -> None:
    words = record_of(3, 0, 0, LEAF).split()
    text = f"{' '.join(words[:3])} {words[3][:128]} {words[3][128:]}"
    assert match(parse(text, secure=True), CHAIN).is_good


def test_the_right_record_matches() -> None:
    line = right_record(CHAIN, 25, "mx.example.test")
    assert line is not None
    place, text = line.split(" IN TLSA ")
    assert place == "_25._tcp.mx.example.test."
    assert match(parse(text, secure=True), CHAIN).is_good
    assert right_record([], 25, "mx.example.test") is None
    assert right_record([unreadable_certificate(b"\x30\x00")], 25, "a.test") is None
