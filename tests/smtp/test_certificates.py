"""The facts of a certificate: for whom it is, and for how long."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.smtp.certificates import (
    EXPIRES_SOON,
    EXPIRES_VERY_SOON,
    Certificate,
    ExpiryLimit,
    certificate_from,
    chain_texts,
    unreadable_certificate,
)
from smtp_tui.smtp.tls import peer_certificates
from tests.smtp import pki
from tests.table import table

FACTS: dict[str, Any] = {
    "subject": ((("countryName", "DE"),), (("commonName", "mail.example.test"),)),
    "issuer": ((("organizationName", "Test"),), (("commonName", "CA"),)),
    "notBefore": "Jan  1 00:00:00 2024 GMT",
    "notAfter": "Jan  1 00:00:00 2034 GMT",
    "subjectAltName": (
        ("DNS", "mail.example.test"),
        ("IP Address", "192.0.2.1"),
        ("IP Address", "2001:DB8:0:0:0:0:0:1\n"),
        ("email", "postmaster@example.test"),
    ),
    "caIssuers": ("http://ca.example.test/ca.der",),
}


def named(*names: tuple[str, str], common: str = "elsewhere.test") -> Certificate:
    """A certificate with these alternative names, or none."""
    subject = ((("commonName", common),),)
    facts = {**FACTS, "subject": subject, "subjectAltName": names}
    if not names:
        del facts["subjectAltName"]
    return certificate_from(facts, b"der")


def test_facts() -> None:
    seen = certificate_from(FACTS, b"der")
    assert seen.subject == "C=DE, CN=mail.example.test"
    assert seen.issuer == "O=Test, CN=CA"
    assert seen.names == ("mail.example.test", "192.0.2.1", "2001:db8::1")
    assert seen.addresses == ("192.0.2.1", "2001:db8::1")
    assert seen.not_before == datetime(2024, 1, 1, tzinfo=UTC)
    assert seen.sha256 == hashlib.sha256(b"der").hexdigest()
    assert seen.has_san
    assert seen.issuer_addresses == ("http://ca.example.test/ca.der",)
    assert not seen.is_self_issued
    assert certificate_from({**FACTS, "issuer": FACTS["subject"]}, b"").is_self_issued


@table(
    ("own", "wanted", "fits"),
    [
        ("mail.example.test", "mail.example.test", True),
        ("Mail.Example.TEST", "mail.example.test", True),
        ("mail.example.test", "MAIL.example.test", True),
        ("mail.example.test", "example.test", False),
        ("mail.example.test", "a.mail.example.test", False),
        ("*.example.test", "mail.example.test", True),
        ("*.example.test", "xn--mil-qla.example.test", True),
        ("*.example.test", "a.mail.example.test", False),
        ("*.example.test", "example.test", False),
        ("*.example.test", ".example.test", False),
        ("*.test", "example.test", False),
        ("m*.example.test", "mail.example.test", False),
        ("mail.*.test", "mail.example.test", False),
        ("*", "localhost", False),
        ("192.0.2.1", "192.0.2.1", False),  # an address under DNS is none
    ],
)
def test_host_names(own: str, wanted: str, fits: bool) -> None:
    assert named(("DNS", own)).is_for(wanted) is fits


@table(
    ("own", "wanted", "fits"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1", True),
        ("FE80:0:0:0:0:0:0:1", "fe80::1%eth0", True),
        ("2001:DB8:0:0:0:0:0:1", "192.0.2.1", False),
    ],
)
def test_addresses(own: str, wanted: str, fits: bool) -> None:
    assert named(("IP Address", own)).is_for(wanted) is fits


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("2001:DB8:0:0:0:0:0:1\n", "2001:db8::1"),
        ("192.0.2.1", "192.0.2.1"),
        ("<invalid>", "<invalid>"),
    ],
)
def test_addresses_are_written_as_people_do(said: str, shown: str) -> None:
    assert named(("IP Address", said)).names[-1] == shown


@table(
    ("names", "wanted", "fits"),
    [
        ((), "mail.example.test", True),
        ((("IP Address", "192.0.2.1"),), "mail.example.test", True),
        ((("email", "a@example.test"),), "mail.example.test", True),
        ((("DNS", "other.test"),), "mail.example.test", False),
    ],
)
def test_the_common_name_counts_where_no_host_is_named(
    names: tuple[tuple[str, str], ...], wanted: str, fits: bool
) -> None:
    assert named(*names, common="mail.example.test").is_for(wanted) is fits


def test_the_common_name_is_no_address() -> None:
    assert not named(common="192.0.2.1").is_for("192.0.2.1")


NAMES = [
    "localhost",
    "mail.example.test",
    "a.mail.example.test",
    "example.test",
    "127.0.0.1",
    "::1",
]
CERTIFICATES = [
    ("localhost", ()),
    ("127.0.0.1", ()),
    ("other.test", ("mail.example.test",)),
    ("mail.example.test", ("other.test",)),
    ("mail.example.test", ("127.0.0.1",)),
    ("other.test", ("*.example.test", "::1")),
    ("other.test", ("*.mail.example.test", "localhost", "127.0.0.1")),
    ("*.example.test", ()),
    ("*.test", ("*.test",)),
]


@pytest.mark.parametrize(("common", "names"), CERTIFICATES)
def test_openssl_thinks_the_same(
    common: str, names: tuple[str, ...], authority: pki.Issued, tmp_path: Path
) -> None:
    server = pki.server_context(tmp_path, pki.issue(common, *names, issuer=authority))
    for wanted in NAMES:
        link, accepted = pki.handshake(server, authority, wanted)
        (seen,) = peer_certificates(link)
        assert seen.is_for(wanted) is accepted, wanted


def lasting(begin: timedelta, end: timedelta) -> Certificate:
    """A certificate valid from and until so long from now."""
    now = datetime.now(UTC)
    return replace(named(), not_before=now + begin, not_after=now + end)


@table(
    ("begin", "end", "soon"),
    [
        # Renewed in time: at half of a short lifetime, at a third of a longer one, 30 days before.
        (-3, 3, False),
        (-4, 2, False),
        (-30, 15, False),
        (-43, 21, False),
        (-60, 30, False),
        (-795, 31, False),
        # Not renewed.
        (-5, 1, True),
        (-34, 11, True),
        (-49, 15, True),
        (-68, 22, True),
        (-796, 29, True),
        (-60, -1, True),
        (60, -1, True),  # a lifetime that ends before it begins
    ],
)
def test_what_is_left_counts_by_the_lifetime(begin: int, end: int, soon: bool) -> None:
    seen = lasting(timedelta(begin), timedelta(end))
    assert seen.is_below(EXPIRES_SOON) is soon


@table(
    ("lifetime", "soon", "very_soon"),
    [(6, 1.5, 0.75), (45, 11.25, 5.625), (64, 16, 8), (90, 22.5, 11.25), (825, 30, 14), (-1, 0, 0)],
)
def test_the_time_that_must_be_left(lifetime: int, soon: float, very_soon: float) -> None:
    limits = (EXPIRES_SOON, EXPIRES_VERY_SOON)
    assert [one.of(timedelta(lifetime)) for one in limits] == [
        timedelta(soon),
        timedelta(very_soon),
    ]


def test_limits_of_one_kind() -> None:
    assert ExpiryLimit(share=0.1).of(timedelta(400)) == timedelta(40)
    assert ExpiryLimit(most=timedelta(21)).of(timedelta(6)) == timedelta(21)


@table(
    ("end", "left", "words"),
    [
        (timedelta(days=3, hours=1), 3, "3 days left"),
        (timedelta(hours=48.5), 2, "2 days left"),
        (timedelta(hours=47.5), 1, "47 hours left"),
        (timedelta(hours=1.5), 0, "1 hour left"),
        (timedelta(minutes=9), 0, "less than an hour left"),
        (timedelta(minutes=-9), -1, "expired less than an hour ago"),
        (timedelta(hours=-1.5), -1, "expired 1 hour ago"),
        (timedelta(days=-2.5), -3, "expired 2 days ago"),
    ],
)
def test_days_left(end: timedelta, left: int, words: str) -> None:
    seen = lasting(timedelta(-90), end)
    assert seen.days_left() == left
    assert chain_texts([seen])[2].endswith(words)


def test_a_date_that_is_none() -> None:
    with pytest.raises(ValueError, match="unpack"):
        certificate_from({**FACTS, "notAfter": "Bad time value"}, b"")


def test_an_unreadable_certificate_has_its_hash() -> None:
    seen = unreadable_certificate(b"der")
    assert seen.sha256 == named().sha256
    assert chain_texts([seen]) == [
        "an unreadable certificate",
        "  SHA-256 fingerprint:",
        "  50:50:D8:0D:22:EC:D4:71:EA:55:DF:70:34:04:2C:1E:",
        "  04:13:41:FF:40:66:E7:F6:FF:38:E2:0B:72:0D:F8:EA",
    ]
    assert not seen.is_below(EXPIRES_SOON)
    assert not seen.is_for("localhost")
    assert seen.days_left() > 0
