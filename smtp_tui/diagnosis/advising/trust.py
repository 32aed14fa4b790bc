"""TLS: whom it takes for the server, and which settings have no part in it."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.diagnosis.advising.hits import Hit
from smtp_tui.diagnosis.given import Given, Link
from smtp_tui.settings.choices import TlsVersion, VerifyMode
from smtp_tui.settings.parsers import is_address

ONLY_IN_TLS = ("ca_file", "server_name", "tls_fingerprint", "client_certificate")


def hits(given: Given) -> Iterator[Hit]:
    """Yield what holds."""
    if "client_key" in given.present and "client_certificate" not in given.present:
        yield Hit("client-key-alone")
    if given["tls_minimum"] in (TlsVersion.V1_0, TlsVersion.V1_1):
        yield Hit("tls-minimum-withdrawn", {"version": str(given["tls_minimum"])})
    if given.link is Link.OPEN:
        for key in ONLY_IN_TLS:
            if key in given.present:
                yield Hit("only-in-tls", field=key)
    elif given.link is not None:
        yield from _mode(given)
        yield from _name(given)


def _mode(given: Given) -> Iterator[Hit]:
    mode = given["openssl_verify_mode"]
    if mode is VerifyMode.FAIL_IF_NO_PEER_CERT:
        yield Hit("verify-same-as-peer")
    if "tls_fingerprint" in given.present:
        yield Hit("fingerprint-in-place-of-verify")
        if "ca_file" in given.present:
            yield Hit("ca-file-with-fingerprint")
    elif mode is VerifyMode.NONE:
        if not given.is_local:
            yield Hit("verify-none")
        if "ca_file" in given.present:
            yield Hit("ca-file-without-verify")


def _name(given: Given) -> Iterator[Hit]:
    if is_address(given["host"] or "") and given.verifies and "server_name" not in given.present:
        yield Hit("host-is-an-address")
