"""The key and the signature of a certificate, held against a library that knows them all."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.smtp.der import (
    SEQUENCE,
    CertificatePublicKey,
    algorithms_of,
    elements,
    object_identifier,
)
from tests.smtp import pki
from tests.table import table

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS: dict[str, tuple[Any, CertificatePublicKey, str]] = {
    "RSA": (RSA, CertificatePublicKey("RSA", 2048), "RSA 2048 bits"),
    "short RSA": (pki.weak_key(), CertificatePublicKey("RSA", 1024), "RSA 1024 bits"),
    "P-256": (
        ec.generate_private_key(ec.SECP256R1()),
        CertificatePublicKey("EC", 256, "P-256"),
        "EC P-256",
    ),
    "P-384": (
        ec.generate_private_key(ec.SECP384R1()),
        CertificatePublicKey("EC", 384, "P-384"),
        "EC P-384",
    ),
    "P-521": (
        ec.generate_private_key(ec.SECP521R1()),
        CertificatePublicKey("EC", 521, "P-521"),
        "EC P-521",
    ),
    "brainpool": (
        ec.generate_private_key(ec.BrainpoolP256R1()),
        CertificatePublicKey("EC", 256, "brainpoolP256r1"),
        "EC brainpoolP256r1",
    ),
    "Ed25519": (
        ed25519.Ed25519PrivateKey.generate(),
        CertificatePublicKey("Ed25519", 256),
        "Ed25519",
    ),
    "Ed448": (ed448.Ed448PrivateKey.generate(), CertificatePublicKey("Ed448", 456), "Ed448"),
    "DSA": (dsa.generate_private_key(1024), CertificatePublicKey("DSA", 1024), "DSA 1024 bits"),
}


def certificate(key: Any, signer: Any, hash_: Any = None, **more: Any) -> x509.Certificate:
    """A certificate for one key, signed by another."""
    issued = pki.issue("mail.example.test", "mail.example.test").certificate
    builder = (
        x509.CertificateBuilder()
        .subject_name(issued.subject)
        .issuer_name(issued.subject)
        .public_key(key.public_key())
        .serial_number(issued.serial_number)
        .not_valid_before(issued.not_valid_before_utc)
        .not_valid_after(issued.not_valid_after_utc)
    )
    return builder.sign(signer, hash_, **more)


def read(found: x509.Certificate) -> tuple[CertificatePublicKey, str]:
    return algorithms_of(found.public_bytes(serialization.Encoding.DER))


@table("name", KEYS)
def test_keys(name: str) -> None:
    key, expected, words = KEYS[name]
    found, _ = read(certificate(key, RSA, hashes.SHA256()))
    assert (found, str(found)) == (expected, words)
    assert found.bits == getattr(key, "key_size", expected.bits)


@table(
    ("signer", "hash_", "more", "name"),
    [
        (RSA, hashes.SHA256(), {}, "sha256WithRSAEncryption"),
        (RSA, hashes.SHA384(), {}, "sha384WithRSAEncryption"),
        (RSA, hashes.SHA512(), {}, "sha512WithRSAEncryption"),
        (
            RSA,
            hashes.SHA256(),
            {"rsa_padding": padding.PSS(padding.MGF1(hashes.SHA256()), 32)},
            "rsassaPss",
        ),
        (KEYS["P-256"][0], hashes.SHA256(), {}, "ecdsa-with-SHA256"),
        (KEYS["P-384"][0], hashes.SHA384(), {}, "ecdsa-with-SHA384"),
        (KEYS["Ed25519"][0], None, {}, "ED25519"),
        (KEYS["Ed448"][0], None, {}, "ED448"),
    ],
)
def test_signatures(signer: Any, hash_: Any, more: dict[str, Any], name: str) -> None:
    made = certificate(RSA, signer, hash_, **more)
    _, found = read(made)
    assert found == name
    known = made.signature_algorithm_oid._name.replace("RSASSA-PSS", "rsassaPss")
    assert found.casefold() == known.casefold()


@table(
    ("key", "small"),
    [
        (CertificatePublicKey("RSA", 1024), True),
        (CertificatePublicKey("RSA", 2048), False),
        (CertificatePublicKey("EC", 192, "P-192"), True),
        (CertificatePublicKey("EC", 256, "P-256"), False),
        (CertificatePublicKey("ML-DSA-44"), False),
        (CertificatePublicKey("1.2.3"), False),
    ],
)
def test_small_keys(key: CertificatePublicKey, small: bool) -> None:
    assert key.is_small is small


@table("dotted", ["1.2.840.113549.1.1.11", "2.5.4.3", "2.999.1", "0.9", "1.39"])
def test_object_identifiers(dotted: str) -> None:
    name = x509.Name([x509.NameAttribute(x509.ObjectIdentifier(dotted), "x")])
    (names,) = elements(name.public_bytes())
    (pair,) = elements(elements(names[1])[0][1])
    assert object_identifier(elements(pair[1])[0]) == dotted


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        algorithms_of(data)


WHOLE = pki.issue("mail.example.test", "mail.example.test").certificate.public_bytes(
    serialization.Encoding.DER
)


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), st.integers(0, len(WHOLE)))
def test_a_damaged_certificate_is_read_or_refused(at: int, octet: int, end: int) -> None:
    damaged = bytearray(WHOLE[:end])
    if at < end:
        damaged[at] = octet
    with contextlib.suppress(ValueError):
        algorithms_of(bytes(damaged))


def test_a_length_beyond_the_end_costs_nothing() -> None:
    with pytest.raises(ValueError, match="longer than what is there"):
        elements(bytes([SEQUENCE, 0xFE]) + b"\xff" * 126)
