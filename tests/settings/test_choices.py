"""Choices are understood in the spellings of other programs' files."""

from __future__ import annotations

from enum import StrEnum

import pytest

from smtp_tui.settings.choices import (
    SYNONYMS,
    AddressFamily,
    Authentication,
    Encryption,
    TlsVersion,
    VerifyMode,
    choice_named,
)
from smtp_tui.settings.parsers import choice
from tests.table import table

SPELLED = [
    (Encryption.NONE, "None", "NONE", "off"),
    (Encryption.TLS, "TLS", "STARTTLS", "StartTLS", "start_tls", " tls "),
    (Encryption.SSL, "SSL", "SMTPS", "ssl/tls", "SSL/TLS"),
    (Authentication.NONE, "None", "off"),
    (Authentication.PLAIN, "PLAIN", "Plain"),
    (Authentication.LOGIN, "LOGIN"),
    (Authentication.CRAM_MD5, "Cram-MD5", "cram_md5", "CRAMMD5", "CRAM-MD5"),
    (Authentication.SCRAM_SHA_256, "SCRAM-SHA-256", "scram_sha_256", "scram-sha256"),
    (Authentication.SCRAM_SHA_1, "SCRAM-SHA-1", "scram-sha1"),
    (VerifyMode.NONE, "None", "VERIFY_NONE", "OpenSSL::SSL::VERIFY_NONE"),
    (VerifyMode.PEER, "Peer", "VERIFY_PEER", "verify-peer", "SSL_VERIFY_PEER"),
    (VerifyMode.FAIL_IF_NO_PEER_CERT, "fail-if-no-peer-cert", "VERIFY_FAIL_IF_NO_PEER_CERT"),
    (AddressFamily.IPV4, "IPv4", "inet"),
    (AddressFamily.IPV6, "IPV6", "inet6"),
    (TlsVersion.V1_2, "1.2", "TLSv1.2", "TLSv1_2", "tls1.2", "TLS 1.2"),
]


@table(("member", "text"), [(member, text) for member, *texts in SPELLED for text in texts])
def test_spellings(member: StrEnum, text: str) -> None:
    assert choice_named(type(member), text) is member


def test_a_number_in_toml_is_a_version() -> None:
    assert choice(TlsVersion)(1.3) is TlsVersion.V1_3


@table("value", ["", "tsl", "tls\n", 1, True, None, ["tls"]])
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"is not allowed|contains a line end"):
        choice(Encryption)(value)


def test_the_complaint_lists_what_is_allowed() -> None:
    with pytest.raises(ValueError, match="use one of none, tls, ssl"):
        choice(Encryption)("tsl")


@table("kind", SYNONYMS)
def test_no_synonym_hides_a_name(kind: type[StrEnum]) -> None:
    for synonym, member in SYNONYMS[kind].items():
        own = choice_named(kind, synonym)
        assert own is member, synonym
