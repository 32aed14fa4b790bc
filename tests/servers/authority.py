"""A private certificate authority, and certificates with one fault each."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
OTHER_NAME = "mail.example.net"

_DAY = datetime.timedelta(days=1)


class Certificate(StrEnum):
    """The certificates that a listener can show."""

    RIGHT = "right"
    WRONG_NAME = "wrong-name"
    EXPIRED = "expired"
    SELF_SIGNED = "self-signed"


@dataclass(frozen=True)
class Authority:
    """The authority's own certificate, and for each certificate a file with its key and chain."""

    authority_file: Path
    certificate_files: Mapping[Certificate, Path]


def issue(folder: Path) -> Authority:
    """Make the authority and all its certificates, as PEM files in the folder."""
    ca = trustme.CA()
    authority_file = folder / "authority.pem"
    ca.cert_pem.write_to_path(authority_file)
    now = datetime.datetime.now(datetime.UTC)
    bundles = {
        Certificate.RIGHT: _bundle(ca.issue_cert(*LOCAL_NAMES)),
        Certificate.WRONG_NAME: _bundle(ca.issue_cert(OTHER_NAME)),
        Certificate.EXPIRED: _bundle(
            ca.issue_cert(*LOCAL_NAMES, not_before=now - 30 * _DAY, not_after=now - _DAY)
        ),
        Certificate.SELF_SIGNED: _self_signed_bundle(now),
    }
    files = {name: folder / f"{name}.pem" for name in Certificate}
    for name, file in files.items():
        file.write_bytes(bundles[name])
        file.chmod(0o600)
    return Authority(authority_file, files)


def _bundle(certificate: trustme.LeafCert) -> bytes:
    return certificate.private_key_and_cert_chain_pem.bytes()


def _self_signed_bundle(now: datetime.datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, LOCAL_NAMES[0])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 365 * _DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(LOCAL_NAMES[0])]), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return key_pem + certificate.public_bytes(serialization.Encoding.PEM)
