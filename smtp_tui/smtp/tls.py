"""TLS contexts, the same on every Python, and what a handshake's failure means."""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from smtp_tui.settings.choices import TlsVersion, VerifyMode
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import ascii_name
from smtp_tui.smtp.certificates import Certificate, certificate_from
from smtp_tui.smtp.events import Fault

_VERSIONS = {
    TlsVersion.V1_0: ssl.TLSVersion.TLSv1,
    TlsVersion.V1_1: ssl.TLSVersion.TLSv1_1,
    TlsVersion.V1_2: ssl.TLSVersion.TLSv1_2,
    TlsVersion.V1_3: ssl.TLSVersion.TLSv1_3,
}


class ContextError(Exception):
    """A file that the settings name cannot serve; `key` is the field."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def verifies_chain(settings: Settings) -> bool:
    """Whether OpenSSL checks chain, dates and name: on the client both modes but `none` do."""
    return settings.openssl_verify_mode is not VerifyMode.NONE and settings.tls_fingerprint is None


def client_context(settings: Settings) -> ssl.SSLContext:
    """Make the context the settings ask for; ContextError when a named file cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    old = settings.tls_minimum in (TlsVersion.V1_0, TlsVersion.V1_1)
    # OpenSSL 3 signs TLS 1.0 and 1.1 handshakes with SHA-1, which it allows at level 0 alone.
    context.set_ciphers("DEFAULT@SECLEVEL=0" if old else "DEFAULT")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _VERSIONS[settings.tls_minimum]
    if verifies_chain(settings):
        _load_trust(context, settings)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.client_certificate:
        _load_own_certificate(context, settings)
    return context


def _load_trust(context: ssl.SSLContext, settings: Settings) -> None:
    if settings.ca_file is None:
        context.set_default_verify_paths()
        return
    try:
        context.load_verify_locations(cafile=settings.ca_file)
    except ssl.SSLError:
        raise ContextError("ca_file", f"{settings.ca_file} holds no PEM certificate") from None
    except OSError as error:
        raise ContextError("ca_file", f"{settings.ca_file}: {error.strerror}") from None


def _load_own_certificate(context: ssl.SSLContext, settings: Settings) -> None:
    def refuse_to_ask() -> str:
        raise ContextError("client_key", "the key is encrypted; smtp-tui needs one that is not")

    certificate, key = settings.client_certificate, settings.client_key
    try:
        context.load_cert_chain(certificate or "", key, password=refuse_to_ask)
    except ssl.SSLError:
        text = f"{certificate} and {key or certificate} are no PEM certificate with its key"
        raise ContextError("client_certificate", text) from None
    except OSError as error:
        named = f"{certificate}" if key is None else f"{certificate} or {key}"
        raise ContextError("client_certificate", f"{named}: {error.strerror}") from None


def sni_name(settings: Settings) -> str:
    """The name for SNI (RFC 6066, section 3) and for the certificate's check (RFC 9525)."""
    return ascii_name(settings.tls_name).removesuffix(".").partition("%")[0]


def peer_certificates(link: ssl.SSLObject) -> list[Certificate]:
    """Return what the peer sent, its own certificate first, verified or not.

    Python 3.13 has a public call that returns DER; this one is there since 3.10 and decodes too.
    """
    inner: Any = getattr(link, "_sslobj")  # noqa: B009 - private, and reached here alone
    chain = inner.get_unverified_chain() or []
    return [certificate_from(one.get_info(), _der(one)) for one in chain]


def _der(certificate: Any) -> bytes:
    der = 2  # _ssl.ENCODING_DER, which the public module does not name
    return bytes(certificate.public_bytes(der))


@dataclass(frozen=True, slots=True)
class HandshakeFault:
    """Why a handshake failed: the cause, further faults of the certificate, and OpenSSL's words."""

    fault: Fault
    detail: str
    also: tuple[Fault, ...] = ()
    certificate: Certificate | None = None


# X509_V_ERR_… of OpenSSL's x509_vfy.h.
_VERIFY_CODES = {
    9: Fault.CERTIFICATE_NOT_YET_VALID,
    10: Fault.CERTIFICATE_EXPIRED,
    18: Fault.CERTIFICATE_SELF_SIGNED,
    19: Fault.CERTIFICATE_UNKNOWN_ISSUER,
    2: Fault.CERTIFICATE_UNKNOWN_ISSUER,
    20: Fault.CERTIFICATE_UNKNOWN_ISSUER,
    21: Fault.CERTIFICATE_UNKNOWN_ISSUER,
    27: Fault.CERTIFICATE_UNKNOWN_ISSUER,
    62: Fault.CERTIFICATE_NAME_MISMATCH,
    64: Fault.CERTIFICATE_NAME_MISMATCH,
    66: Fault.CERTIFICATE_WEAK,
    67: Fault.CERTIFICATE_WEAK,
    68: Fault.CERTIFICATE_WEAK,
}
_REASONS = {
    "UNSUPPORTED_PROTOCOL": Fault.TLS_VERSION_UNSUPPORTED,
    "TLSV1_ALERT_PROTOCOL_VERSION": Fault.TLS_VERSION_UNSUPPORTED,
    "NO_PROTOCOLS_AVAILABLE": Fault.TLS_VERSION_UNSUPPORTED,
    "NO_SHARED_CIPHER": Fault.TLS_NO_SHARED_CIPHER,
    "NO_CIPHERS_AVAILABLE": Fault.TLS_NO_SHARED_CIPHER,
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": Fault.TLS_NO_SHARED_CIPHER,
    "DH_KEY_TOO_SMALL": Fault.TLS_PARAMETERS_WEAK,
    "EE_KEY_TOO_SMALL": Fault.TLS_PARAMETERS_WEAK,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": Fault.CLIENT_CERTIFICATE_REQUIRED,
}
_ORDER = [fault for fault in Fault if fault.value.startswith("certificate-")]


def handshake_fault(error: ssl.SSLError, chain: list[Certificate], name: str) -> HandshakeFault:
    """Tell what a failed handshake means, from OpenSSL's error and the chain the peer sent."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        fault = _REASONS.get(error.reason or "", Fault.TLS_HANDSHAKE_FAILED)
        words = (error.reason or str(error)).replace("_", " ").lower()
        return HandshakeFault(fault, words, certificate=chain[0] if chain else None)
    faults = {_VERIFY_CODES.get(error.verify_code, Fault.CERTIFICATE_INVALID)}
    if chain:
        faults |= _faults_of_dates(chain[0])
        if not chain[0].is_for(name):
            faults.add(Fault.CERTIFICATE_NAME_MISMATCH)
        if Fault.CERTIFICATE_UNKNOWN_ISSUER in faults and _lacks_issuer(chain):
            faults ^= {Fault.CERTIFICATE_UNKNOWN_ISSUER, Fault.CERTIFICATE_INCOMPLETE_CHAIN}
    first, *also = sorted(faults, key=_ORDER.index)
    leaf = chain[0] if chain else None
    return HandshakeFault(first, error.verify_message, tuple(also), leaf)


def _lacks_issuer(chain: list[Certificate]) -> bool:
    leaf = chain[0]
    return len(chain) == 1 and not leaf.is_self_issued and bool(leaf.issuer_addresses)


def _faults_of_dates(leaf: Certificate) -> set[Fault]:
    now = datetime.now(UTC)
    if now > leaf.not_after:
        return {Fault.CERTIFICATE_EXPIRED}
    return {Fault.CERTIFICATE_NOT_YET_VALID} if now < leaf.not_before else set()
