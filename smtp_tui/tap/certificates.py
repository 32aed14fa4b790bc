"""Make a certificate for the tap, and a CA for the application to trust, for a few days."""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
import tempfile
from pathlib import Path

from smtp_tui.records import record
from smtp_tui.settings.parsers import ascii_name

LIFETIME = datetime.timedelta(days=30)
# PEM readers skip text before a certificate. The line marks a file that a tap may replace.
MARK = b"# CA of smtp-tui tap. It signed one certificate, and its key is gone.\n"


class NoCertificate(Exception):
    """The tap cannot make a certificate, or write its CA; the text says why."""


@record
class TapCertificate:
    """A TLS context with the tap's certificate, and the PEM of the CA that signed it."""

    context: ssl.SSLContext
    authority: bytes

    def write_authority(self, file: Path) -> None:
        """Write the CA; NoCertificate if the file exists and is not an earlier CA of a tap."""
        try:
            if file.is_symlink() or (file.exists() and not _is_earlier(file)):
                raise NoCertificate(f"{file} exists; --ca-out writes a new file")
            file.unlink(missing_ok=True)
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
            with os.fdopen(handle, "wb") as opened:
                # The application may run as another user, whatever the umask is.
                os.fchmod(handle, 0o644)
                opened.write(MARK + self.authority)
        except OSError as error:
            raise NoCertificate(f"{file} cannot be written: {error.strerror}") from None


def _is_earlier(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(len(MARK)) == MARK


def make_certificate(*names: str) -> TapCertificate:
    """Return a certificate for these names and addresses, signed by a CA made for it.

    The CA's key is never stored. NoCertificate without the library `cryptography`.
    """
    try:
        # Takes 60 ms, and the single-file program is without it.
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    except ImportError:
        raise NoCertificate(
            "the tap offers no TLS to the application: pip install cryptography"
        ) from None

    now = datetime.datetime.now(datetime.UTC)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    subjects = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        for text in (f"smtp-tui tap CA {now:%Y-%m-%d %H:%M:%S}", "smtp-tui tap")
    ]

    def built(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        is_authority = subject is subjects[0]
        usage = {"key_cert_sign", "crl_sign"} if is_authority else {"digital_signature"}
        kinds = (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
            *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        )
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subjects[0])
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + LIFETIME)
            .add_extension(
                x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None),
                critical=True,
            )
            .add_extension(x509.KeyUsage(**{kind: kind in usage for kind in kinds}), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(issuer, critical=False)
        )

    general_names = [
        x509.IPAddress(ipaddress.ip_address(name.partition("%")[0]))
        if _is_address(name)
        else x509.DNSName(ascii_name(name).removesuffix("."))
        for name in dict.fromkeys(names)
    ]
    authority = built(subjects[0], authority_key.public_key()).sign(authority_key, hashes.SHA256())
    certificate = (
        built(subjects[1], key.public_key())
        .add_extension(x509.SubjectAlternativeName(general_names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key_pem = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # OpenSSL reads keys from files only; the folder is private and goes at once.
    with tempfile.TemporaryDirectory(prefix="smtp-tui-") as folder:
        file = Path(folder, "key.pem")
        file.touch(mode=0o600)
        file.write_bytes(key_pem + certificate.public_bytes(pem))
        context.load_cert_chain(file)
    return TapCertificate(context, authority.public_bytes(pem))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
