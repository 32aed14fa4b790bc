"""Find the cause of a failed TLS handshake."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

from smtp_tui.records import record
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Cause


@record
class HandshakeFault:
    """Why a handshake failed: the cause, OpenSSL's message, and further certificate faults."""

    fault: Cause
    detail: str
    also: tuple[Cause, ...] = ()
    certificate: Certificate | None = None
    chain: tuple[Certificate, ...] = ()


# X509_V_ERR_… of OpenSSL's x509_vfy.h.
_VERIFY_CODES = {
    9: Cause.CERTIFICATE_NOT_YET_VALID,
    10: Cause.CERTIFICATE_EXPIRED,
    18: Cause.CERTIFICATE_SELF_SIGNED,
    19: Cause.CERTIFICATE_UNKNOWN_ISSUER,
    2: Cause.CERTIFICATE_UNKNOWN_ISSUER,
    20: Cause.CERTIFICATE_UNKNOWN_ISSUER,
    21: Cause.CERTIFICATE_UNKNOWN_ISSUER,
    27: Cause.CERTIFICATE_UNKNOWN_ISSUER,
    62: Cause.CERTIFICATE_NAME_MISMATCH,
    64: Cause.CERTIFICATE_NAME_MISMATCH,
    66: Cause.CERTIFICATE_WEAK,
    67: Cause.CERTIFICATE_WEAK,
    68: Cause.CERTIFICATE_WEAK,
}
_REASONS = {
    "UNSUPPORTED_PROTOCOL": Cause.TLS_VERSION_UNSUPPORTED,
    "TLSV1_ALERT_PROTOCOL_VERSION": Cause.TLS_VERSION_UNSUPPORTED,
    "NO_PROTOCOLS_AVAILABLE": Cause.TLS_VERSION_UNSUPPORTED,
    "NO_SHARED_CIPHER": Cause.TLS_NO_SHARED_CIPHER,
    "NO_CIPHERS_AVAILABLE": Cause.TLS_NO_SHARED_CIPHER,
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": Cause.TLS_NO_SHARED_CIPHER,
    "DH_KEY_TOO_SMALL": Cause.TLS_PARAMETERS_WEAK,
    "EE_KEY_TOO_SMALL": Cause.TLS_PARAMETERS_WEAK,
}
# Alerts from a server that asked for a client certificate and received none, or one that it
# rejects (RFC 8446, section 6.2; for the first alert RFC 5246, section 7.4.6).
_ABOUT_OUR_CERTIFICATE = {
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "SSLV3_ALERT_NO_CERTIFICATE",
    "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_REVOKED",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    "TLSV1_ALERT_UNKNOWN_CA",
    "TLSV1_ALERT_ACCESS_DENIED",
}
# X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT: the last certificate found was a trusted one.
_STORE_LACKS_ISSUER = 2
_ORDER = [fault for fault in Cause if fault.value.startswith("certificate-")]
_DATE_FAULTS = {Cause.CERTIFICATE_EXPIRED, Cause.CERTIFICATE_NOT_YET_VALID}


def handshake_fault(
    error: ssl.SSLError, chain: list[Certificate], name: str, *, asked: bool
) -> HandshakeFault:
    """Return the cause of a failed handshake, from OpenSSL's error and the peer's chain.

    `asked` is whether the server asked for a client certificate.
    """
    leaf = chain[0] if chain else None
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_fault(error, chain, name)
    if is_about_our_certificate(error, asked=asked):
        fault = Cause.CLIENT_CERTIFICATE_REQUIRED
    else:
        fault = _REASONS.get(error.reason or "", Cause.TLS_HANDSHAKE_FAILED)
    return HandshakeFault(fault, tls_error_text(error), certificate=leaf, chain=tuple(chain))


def is_about_our_certificate(error: ssl.SSLError, *, asked: bool) -> bool:
    """Whether the server's alert is about the client certificate.

    In TLS 1.3 it comes with the first bytes read after the handshake.
    """
    is_required = error.reason == "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    return is_required or (asked and error.reason in _ABOUT_OUR_CERTIFICATE)


def tls_error_text(error: ssl.SSLError) -> str:
    """Return OpenSSL's reason as lower-case words."""
    return (error.reason or str(error)).replace("_", " ").lower()


def _certificate_fault(
    error: ssl.SSLCertVerificationError, chain: list[Certificate], name: str
) -> HandshakeFault:
    fault = _VERIFY_CODES.get(error.verify_code, Cause.CERTIFICATE_INVALID)
    if not chain:
        return HandshakeFault(fault, error.verify_message)
    leaf = chain[0]
    fault, message, blamed = _certificate_at_fault(fault, error, chain)
    faults = {fault, *_date_faults(leaf)}
    if leaf.is_readable and not leaf.is_for(name):
        faults.add(Cause.CERTIFICATE_NAME_MISMATCH)
    first, *also = sorted(faults, key=_ORDER.index)
    return HandshakeFault(first, message, tuple(also), blamed, tuple(chain))


def _certificate_at_fault(
    fault: Cause, error: ssl.SSLCertVerificationError, chain: list[Certificate]
) -> tuple[Cause, str, Certificate]:
    """Return the fault that OpenSSL found, its message, and the certificate at fault."""
    leaf, message = chain[0], error.verify_message
    if fault in _DATE_FAULTS and fault not in _date_faults(leaf):
        above = next((cert for cert in chain if fault in _date_faults(cert)), None)
        if above is None:
            message = f"{message}: the fault is in a CA certificate that the server does not send"
            return Cause.CERTIFICATE_INVALID, message, leaf
        return fault, message, above
    if fault is Cause.CERTIFICATE_WEAK:
        weak = _weak_certificate(error.verify_code, chain)
        if weak.key:
            message = f"{message} ({weak.key}, signed with {weak.signature})"
        return fault, message, weak
    if fault is Cause.CERTIFICATE_UNKNOWN_ISSUER and (
        evidence := _missing_intermediate(error, chain)
    ):
        return Cause.CERTIFICATE_INCOMPLETE_CHAIN, evidence, leaf
    return fault, message, leaf


def _weak_certificate(code: int, chain: list[Certificate]) -> Certificate:
    """Return the certificate that is too weak, or the leaf if the peer's chain lacks it."""
    leaf, *above = chain
    weak = {
        # X509_V_ERR_CA_KEY_TOO_SMALL and X509_V_ERR_CA_MD_TOO_WEAK.
        67: (cert for cert in above if cert.key and cert.key.is_small),
        68: (cert for cert in chain if cert.has_weak_signature),
    }
    return next(iter(weak.get(code, ())), leaf)


def _missing_intermediate(error: ssl.SSLCertVerificationError, chain: list[Certificate]) -> str:
    """Explain why a chain seems to lack an intermediate; empty if it does not."""
    leaf = chain[0]
    if len(chain) > 1 or leaf.is_self_issued:
        return ""
    if error.verify_code == _STORE_LACKS_ISSUER:
        return "certain: the trusted certificates include that issuer, but not its root"
    if leaf.issuer_addresses:
        url = leaf.issuer_addresses[0]
        return f"likely: the certificate says where to fetch its issuer, {url}"
    return ""


def _date_faults(certificate: Certificate) -> set[Cause]:
    now = datetime.now(UTC)
    if now > certificate.not_after:
        return {Cause.CERTIFICATE_EXPIRED}
    return {Cause.CERTIFICATE_NOT_YET_VALID} if now < certificate.not_before else set()
