"""Certificates with every fault, and the server contexts that show them."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import warnings
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

HOST = "127.0.0.1"
DAY = datetime.timedelta(days=1)
# The second Oakley group (RFC 2409, section 6.2): 1024 bits, which OpenSSL no longer takes.
OAKLEY_1024 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404"
    "DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406"
    "B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, as PEM, and the way to sign others with it."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def sha256(self) -> str:
        """The certificate's hash."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def key_pem(self, password: bytes | None = None) -> bytes:
        """The key alone."""
        encryption = (
            serialization.BestAvailableEncryption(password)
            if password
            else serialization.NoEncryption()
        )
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )


def issue(
    common_name: str,
    *names: str,
    issuer: Issued | None = None,
    lasts: tuple[float, float] = (-1, 365),
    key: Key | None = None,
    is_authority: bool = False,
    issuer_address: str | None = None,
) -> Issued:
    """Issue a certificate, signed by itself where no issuer is given; `lasts` is in days."""
    now = datetime.datetime.now(datetime.UTC)
    own = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + lasts[0] * DAY)
        .not_valid_after(now + lasts[1] * DAY)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
        )
    if issuer_address:
        place = x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS,
            x509.UniformResourceIdentifier(issuer_address),
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
    return Issued(builder.sign(issuer.key if issuer else own, hashes.SHA256()), own)


def weak_key() -> rsa.RSAPrivateKey:
    """An RSA key of 1024 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)


def server_context(
    folder: Path,
    issued: Issued,
    *above: Issued,
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = (
        ssl.TLSVersion.TLSv1_2,
        ssl.TLSVersion.TLSv1_3,
    ),
    client_authority: Issued | None = None,
    ciphers: str = "DEFAULT@SECLEVEL=0",
) -> ssl.SSLContext:
    """Make a server's context that sends the certificate, and those above it, whatever they are."""
    file = folder / f"{issued.sha256}.pem"
    file.write_bytes(issued.key_pem() + b"".join(one.pem for one in (issued, *above)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = versions
    context.load_cert_chain(file)
    if client_authority:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_authority.pem.decode())
    return context


def load_weak_group(context: ssl.SSLContext, folder: Path) -> None:
    """Have the server use a Diffie-Hellman group of 1024 bits."""
    file = folder / "dh.pem"
    file.write_text(
        ssl.DER_cert_to_PEM_cert(_dh_parameters()).replace("CERTIFICATE", "DH PARAMETERS")
    )
    context.load_dh_params(str(file))


def altered(issued: Issued, old: bytes, new: bytes) -> bytes:
    """The DER of a certificate with bytes changed that stand in it once."""
    der = issued.certificate.public_bytes(serialization.Encoding.DER)
    assert der.count(old) == 1
    assert len(old) == len(new)
    return der.replace(old, new)


def hostile_certificates() -> list[tuple[Issued, bytes]]:
    """Certificates that OpenSSL takes and Python cannot decode: a name, a date that is none."""
    named, dated = issue("a", "okXXXX.example"), issue("a", "b")
    until = f"{dated.certificate.not_valid_after_utc:%y%m%d%H%M%SZ}".encode()
    return [
        (named, altered(named, b"okXXXX", b"ok\xff\xfe\xc0\x80")),
        (dated, altered(dated, until, until[:2] + b"99" + until[4:])),
    ]


def context_of_der(folder: Path, issued: Issued, der: bytes) -> ssl.SSLContext:
    """Make the context of a server that shows whatever bytes OpenSSL still takes for one."""
    file = folder / "hostile.pem"
    file.write_bytes(issued.key_pem() + ssl.DER_cert_to_PEM_cert(der).encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def handshake(
    server: ssl.SSLContext,
    authority: Issued,
    name: str,
    client: ssl.SSLContext | None = None,
) -> tuple[ssl.SSLObject, bool]:
    """Shake hands in memory: the client's link, and whether it takes the server for `name`."""
    client = client or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cadata=authority.pem.decode())
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for link in (ours, theirs):
            try:
                link.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return ours, False
    return ours, True


def _dh_parameters() -> bytes:
    """DHParameter of PKCS #3: the prime and the generator 2, in DER."""
    prime = OAKLEY_1024.to_bytes(129, "big")
    integers = b"\x02\x81\x81" + prime + b"\x02\x01\x02"
    return b"\x30\x81" + bytes([len(integers)]) + integers


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
