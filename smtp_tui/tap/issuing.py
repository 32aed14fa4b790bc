"""Issue a certificate from a CA that is made for it and then forgotten."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator, Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from smtp_tui.records import record
from smtp_tui.settings.parsers import ascii_name

LIFETIME = datetime.timedelta(days=30)
_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


@record
class IssuedCertificate:
    """A private key with its certificate, and the CA's certificate, all PEM."""

    key_and_certificate: bytes
    authority: bytes

    def __repr__(self) -> str:
        return "IssuedCertificate(…)"


def issue(names: Sequence[str]) -> IssuedCertificate:
    """Issue a certificate for names and addresses."""
    now = datetime.datetime.now(datetime.UTC)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer, subject = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        for text in (f"smtp-tui tap CA {now:%Y-%m-%d %H:%M:%S}", "smtp-tui tap")
    )

    def built(owner: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        is_authority = owner is issuer
        used = {"key_cert_sign", "crl_sign"} if is_authority else {"digital_signature"}
        return (
            x509.CertificateBuilder()
            .subject_name(owner)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + LIFETIME)
            .add_extension(
                x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None),
                critical=True,
            )
            .add_extension(x509.KeyUsage(**{name: name in used for name in _USAGES}), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
                critical=False,
            )
        )

    authority = built(issuer, authority_key.public_key())
    certificate = (
        built(subject, key.public_key())
        .add_extension(x509.SubjectAlternativeName([*_general_names(names)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    pem = serialization.Encoding.PEM
    key_pem = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signed, root = (
        builder.sign(authority_key, hashes.SHA256()).public_bytes(pem)
        for builder in (certificate, authority)
    )
    return IssuedCertificate(key_pem + signed, root)


def _general_names(names: Sequence[str]) -> Iterator[x509.GeneralName]:
    for name in dict.fromkeys(names):
        try:
            yield x509.IPAddress(ipaddress.ip_address(name.partition("%")[0]))
        except ValueError:
            yield x509.DNSName(ascii_name(name).removesuffix("."))
