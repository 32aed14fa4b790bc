"""What the failure of a TLS handshake means."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

from smtp_tui.records import record
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Fault


@record
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
_ORDER = [fault for fault in Fault if fault.value.startswith("certificate-")]
_OF_DATES = {Fault.CERTIFICATE_EXPIRED, Fault.CERTIFICATE_NOT_YET_VALID}


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
        return HandshakeFault(Fault.CLIENT_CERTIFICATE_REQUIRED, words_of(error), certificate=leaf)
    fault = _REASONS.get(error.reason or "", Fault.TLS_HANDSHAKE_FAILED)
    return HandshakeFault(fault, words_of(error), certificate=leaf)


def is_about_our_certificate(error: ssl.SSLError, *, asked: bool) -> bool:
    """Tell whether the server's alert speaks of the client certificate.

    Under TLS 1.3 it comes with the first bytes read after the handshake.
    """
    reason = error.reason or ""
    return reason == "TLSV13_ALERT_CERTIFICATE_REQUIRED" or (
        asked and reason in _ABOUT_OUR_CERTIFICATE
    )


def words_of(error: ssl.SSLError) -> str:
    """OpenSSL's reason in words."""
    return (error.reason or str(error)).replace("_", " ").lower()


def _certificate_fault(
    error: ssl.SSLCertVerificationError, chain: list[Certificate], name: str
) -> HandshakeFault:
    told = _VERIFY_CODES.get(error.verify_code, Fault.CERTIFICATE_INVALID)
    words = error.verify_message
    if not chain:
        return HandshakeFault(told, words)
    leaf = chain[0]
    blamed = leaf
    if told in _OF_DATES and told not in _faults_of_dates(leaf):
        above = [one for one in chain if told in _faults_of_dates(one)]
        blamed = above[0] if above else leaf
        if not above:
            told = Fault.CERTIFICATE_INVALID
            words = f"{words}: not the server's, but one above it that it does not send"
    faults = {told, *_faults_of_dates(leaf)}
    if leaf.is_readable and not leaf.is_for(name):
        faults.add(Fault.CERTIFICATE_NAME_MISMATCH)
    if Fault.CERTIFICATE_UNKNOWN_ISSUER in faults and _lacks_issuer(chain):
        faults ^= {Fault.CERTIFICATE_UNKNOWN_ISSUER, Fault.CERTIFICATE_INCOMPLETE_CHAIN}
    first, *also = sorted(faults, key=_ORDER.index)
    return HandshakeFault(first, words, tuple(also), blamed)


def _lacks_issuer(chain: list[Certificate]) -> bool:
    leaf = chain[0]
    return len(chain) == 1 and not leaf.is_self_issued and bool(leaf.issuer_addresses)


def _faults_of_dates(certificate: Certificate) -> set[Fault]:
    now = datetime.now(UTC)
    if now > certificate.not_after:
        return {Fault.CERTIFICATE_EXPIRED}
    return {Fault.CERTIFICATE_NOT_YET_VALID} if now < certificate.not_before else set()
