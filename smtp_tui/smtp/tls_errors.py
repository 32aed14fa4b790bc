"""What the failure of a TLS handshake means."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

from smtp_tui.records import record
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Cause


@record
class HandshakeFault:
    """Why a handshake failed: the cause, further faults of the certificate, and OpenSSL's words."""

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
# Alerts that a server which asked for a client certificate sends when it got none, or one that it
# does not take (RFC 8446, section 6.2; for the first RFC 5246, section 7.4.6).
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
# X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT: the last that was found came from the trusted certificates.
_STORE_LACKS_ISSUER = 2
_ORDER = [fault for fault in Cause if fault.value.startswith("certificate-")]
_OF_DATES = {Cause.CERTIFICATE_EXPIRED, Cause.CERTIFICATE_NOT_YET_VALID}


def handshake_fault(
    error: ssl.SSLError, chain: list[Certificate], name: str, *, asked: bool
) -> HandshakeFault:
    """Tell what a failed handshake means, from OpenSSL's error and the chain the peer sent.

    `asked` tells whether the server asked for a client certificate.
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
    """Tell whether the server's alert speaks of the client certificate.

    Under TLS 1.3 it comes with the first bytes read after the handshake.
    """
    is_required = error.reason == "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    return is_required or (asked and error.reason in _ABOUT_OUR_CERTIFICATE)


def tls_error_text(error: ssl.SSLError) -> str:
    """OpenSSL's reason in words."""
    return (error.reason or str(error)).replace("_", " ").lower()


def _certificate_fault(
    error: ssl.SSLCertVerificationError, chain: list[Certificate], name: str
) -> HandshakeFault:
    told = _VERIFY_CODES.get(error.verify_code, Cause.CERTIFICATE_INVALID)
    if not chain:
        return HandshakeFault(told, error.verify_message)
    leaf = chain[0]
    told, words, blamed = _accused(told, error, chain)
    faults = {told, *_faults_of_dates(leaf)}
    if leaf.is_readable and not leaf.is_for(name):
        faults.add(Cause.CERTIFICATE_NAME_MISMATCH)
    first, *also = sorted(faults, key=_ORDER.index)
    return HandshakeFault(first, words, tuple(also), blamed, tuple(chain))


def _accused(
    told: Cause, error: ssl.SSLCertVerificationError, chain: list[Certificate]
) -> tuple[Cause, str, Certificate]:
    """Tell the fault that OpenSSL stopped at, what there is to say of it, and whose it is."""
    leaf, words = chain[0], error.verify_message
    if told in _OF_DATES and told not in _faults_of_dates(leaf):
        above = next((one for one in chain if told in _faults_of_dates(one)), None)
        if above is None:
            words = f"{words}: the fault is in a CA certificate that the server does not send"
            return Cause.CERTIFICATE_INVALID, words, leaf
        return told, words, above
    if told is Cause.CERTIFICATE_WEAK:
        weak = _weak_one(error.verify_code, chain)
        if weak.key:
            words = f"{words} ({weak.key}, signed with {weak.signature})"
        return told, words, weak
    if told is Cause.CERTIFICATE_UNKNOWN_ISSUER and (evidence := _incomplete(error, chain)):
        return Cause.CERTIFICATE_INCOMPLETE_CHAIN, evidence, leaf
    return told, words, leaf


def _weak_one(code: int, chain: list[Certificate]) -> Certificate:
    """The certificate that is too weak, as far as the chain that was sent holds it."""
    leaf, *above = chain
    weak = {
        67: (one for one in above if one.key and one.key.is_small),  # X509_V_ERR_CA_KEY_TOO_SMALL
        68: (one for one in chain if one.has_weak_signature),  # X509_V_ERR_CA_MD_TOO_WEAK
    }
    return next(iter(weak.get(code, ())), leaf)


def _incomplete(error: ssl.SSLCertVerificationError, chain: list[Certificate]) -> str:
    """Say why a chain seems to lack an intermediate; nothing where it does not."""
    leaf = chain[0]
    if len(chain) > 1 or leaf.is_self_issued:
        return ""
    if error.verify_code == _STORE_LACKS_ISSUER:
        return "certain: the trusted certificates include that issuer, but not its root"
    if leaf.issuer_addresses:
        place = leaf.issuer_addresses[0]
        return f"likely: the certificate says where to fetch its issuer, {place}"
    return ""


def _faults_of_dates(certificate: Certificate) -> set[Cause]:
    now = datetime.now(UTC)
    if now > certificate.not_after:
        return {Cause.CERTIFICATE_EXPIRED}
    return {Cause.CERTIFICATE_NOT_YET_VALID} if now < certificate.not_before else set()
