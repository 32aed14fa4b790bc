"""The command line of `openssl s_client`."""

from __future__ import annotations

from smtp_tui.checks.same.plan import Link, Plan, Words, bracketed
from smtp_tui.settings.choices import AddressFamily, TlsVersion

_VERSIONS = {
    TlsVersion.V1_0: "TLSv1",
    TlsVersion.V1_1: "TLSv1.1",
    TlsVersion.V1_2: "TLSv1.2",
    TlsVersion.V1_3: "TLSv1.3",
}


def openssl_words(plan: Plan) -> Words:
    """Write what openssl does of a check: the handshake."""
    if not plan.has_tls:
        nothing = Words()
        nothing.note("nothing")
        return nothing
    settings = plan.settings
    words = Words("openssl", "s_client", "-connect", plan.endpoint)
    words.add("-4", when=settings.address_family is AddressFamily.IPV4)
    words.add("-6", when=settings.address_family is AddressFamily.IPV6)
    words.add("-bind", bracketed(settings.source_address or ""), when=settings.source_address)
    if plan.link is not Link.TLS:
        words.add("-starttls", "smtp")
        words.add("-name", plan.hello or "", when=plan.hello)
        words.note("own-name", when=plan.hello is None)
        words.note("begins-anyway")
    _add_tls(words, plan)
    # Its end of input is the end of the connection.
    words.add_raw("</dev/null")
    if settings.tls_fingerprint:
        words.add_raw("|", "openssl", "x509", "-noout", "-fingerprint", "-sha256")
        words.note("compare-fingerprint")
    words.note("no-login")
    return words


def _add_tls(words: Words, plan: Plan) -> None:
    settings = plan.settings
    words.add("-servername", plan.tls_name, when=plan.has_name)
    words.add("-noservername", when=not plan.has_name)
    if settings.tls_fingerprint is None and plan.verifies:
        words.add("-verify_hostname" if plan.has_name else "-verify_ip", plan.tls_name)
        words.add("-verify_return_error")
    words.note("not-verified", when=not plan.verifies)
    words.add_path("-CAfile", settings.ca_file, plan.base)
    words.add("-min_protocol", _VERSIONS[settings.tls_minimum])
    words.add("-cipher", "DEFAULT@SECLEVEL=0", when=plan.is_old)
    words.add_path("-cert", settings.client_certificate, plan.base)
    words.add_path("-key", settings.client_key, plan.base)
