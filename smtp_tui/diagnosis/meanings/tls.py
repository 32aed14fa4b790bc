"""TLS: what is asked of the server's certificate, and what is shown of our own."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.diagnosis.given import Given, Link
from smtp_tui.diagnosis.meanings.parts import Meaning, Part
from smtp_tui.settings.choices import TlsVersion, VerifyMode


def _verify_mode(given: Given) -> Iterator[Part]:
    if given.link is Link.OPEN:
        yield Part("no-tls")
    elif "tls_fingerprint" in given.present:
        yield Part("pinned")
    elif given["openssl_verify_mode"] is VerifyMode.NONE:
        yield Part("any")
    elif name := given["server_name"] or given["host"]:
        trusted = "by-file" if "ca_file" in given.present else "by-system"
        yield Part(trusted, {"name": name})


def _ca_file(given: Given) -> Iterator[Part]:
    if given.link is Link.OPEN:
        yield Part("no-tls")
    elif not given.verifies:
        yield Part("idle")
    else:
        yield Part("trusted" if given["ca_file"] else "system")


def _server_name(given: Given) -> Iterator[Part]:
    name = given["server_name"]
    if given.link is Link.OPEN:
        yield Part("no-tls")
    elif name:
        yield Part("wanted" if given.verifies else "asked", {"name": name})
    elif given["host"]:
        yield Part("host" if given.verifies else "host-asked", {"host": given["host"]})


def _tls_minimum(given: Given) -> Iterator[Part]:
    version = given["tls_minimum"]
    if given.link is Link.OPEN:
        yield Part("no-tls")
    else:
        yield Part("alone" if version is TlsVersion.V1_3 else "newer", {"version": str(version)})


def _tls_fingerprint(given: Given) -> Iterator[Part]:
    if given.link is Link.OPEN:
        yield Part("no-tls")
    else:
        yield Part("pinned" if given["tls_fingerprint"] else "none")


def _client_certificate(given: Given) -> Iterator[Part]:
    if given.link is Link.OPEN:
        yield Part("no-tls")
    else:
        yield Part("shown" if given["client_certificate"] else "none")


def _client_key(given: Given) -> Iterator[Part]:
    if "client_certificate" not in given.present:
        yield Part("alone" if given["client_key"] else "none")
    else:
        yield Part("apart" if given["client_key"] else "within")


OF: dict[str, Meaning] = {
    "openssl_verify_mode": _verify_mode,
    "ca_file": _ca_file,
    "server_name": _server_name,
    "tls_minimum": _tls_minimum,
    "tls_fingerprint": _tls_fingerprint,
    "client_certificate": _client_certificate,
    "client_key": _client_key,
}
