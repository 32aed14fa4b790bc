"""TLS contexts, the same on every Python, and files that cannot serve."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.settings.fields import Settings
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.tls import (
    TlsContextError,
    asked_for_certificate,
    client_context,
    peer_certificates,
    sni_name,
    verifies_chain,
    watch_certificate_requests,
)
from tests.smtp import pki
from tests.table import table


def settings(**values: Any) -> Settings:
    """Settings for a host, with these values."""
    read_ones = parse_settings({"host": "mail.example.test", **values}).settings
    assert read_ones
    return read_ones


@pytest.mark.parametrize("mode", ["peer", "fail_if_no_peer_cert"])
def test_both_modes_verify_chain_and_name(mode: str) -> None:
    asked = settings(openssl_verify_mode=mode)
    context = client_context(asked)
    assert verifies_chain(asked)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert not context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN


@pytest.mark.parametrize("values", [{"openssl_verify_mode": "none"}, {"tls_fingerprint": "0" * 64}])
def test_none_and_a_fingerprint_verify_neither(values: dict[str, str]) -> None:
    context = client_context(settings(**values))
    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


def test_the_ciphers_are_openssls_default() -> None:
    wanted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    wanted.set_ciphers("DEFAULT")
    seen = client_context(settings()).get_ciphers()
    assert [one["name"] for one in seen] == [one["name"] for one in wanted.get_ciphers()]
    assert not [one for one in seen if one["auth"] == "auth-null"]


@table(
    ("minimum", "version"),
    [
        ("1.0", ssl.TLSVersion.TLSv1),
        ("1.1", ssl.TLSVersion.TLSv1_1),
        ("1.2", ssl.TLSVersion.TLSv1_2),
        ("1.3", ssl.TLSVersion.TLSv1_3),
    ],
)
def test_the_minimum(minimum: str, version: ssl.TLSVersion) -> None:
    assert client_context(settings(tls_minimum=minimum)).minimum_version is version


def test_a_version_that_openssl_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_context: object, _version: object) -> None:
        raise ValueError("Unsupported protocol version 0x301")

    monkeypatch.setattr(ssl.SSLContext, "minimum_version", property(None, refuse))
    with pytest.raises(TlsContextError, match=r"TLS 1\.0") as caught:
        client_context(settings(tls_minimum="1.0"))
    assert caught.value.key == "tls_minimum"


def write(folder: Path, **contents: bytes) -> dict[str, str]:
    """Write files; their paths by name."""
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: str(folder / name) for name in contents}


def complaint(**values: Any) -> tuple[str, str]:
    """The field and the words of what cannot be used."""
    with pytest.raises(TlsContextError) as caught:
        client_context(settings(**values))
    return caught.value.key, str(caught.value.args[0])


def test_ca_files_that_cannot_serve(tmp_path: Path, authority: pki.Issued) -> None:
    der = ssl.PEM_cert_to_DER_cert(authority.pem.decode())
    paths = write(tmp_path, empty=b"", garbage=b"\0\1x", der=der, key=authority.key_pem())
    for path in paths.values():
        assert complaint(ca_file=path) == ("ca_file", f"{path} contains no PEM certificate")
    missing = str(tmp_path / "missing")
    assert complaint(ca_file=missing) == ("ca_file", f"{missing}: No such file or directory")
    assert complaint(ca_file=str(tmp_path)) == ("ca_file", f"{tmp_path} is a folder; name a file")


def test_a_ca_file_that_is_not_asked_is_not_read(tmp_path: Path) -> None:
    client_context(settings(ca_file=str(tmp_path / "missing"), openssl_verify_mode="none"))


def test_a_ca_file_takes_the_place_of_the_systems(ca_file: str) -> None:
    store = client_context(settings(ca_file=ca_file)).cert_store_stats()
    assert store == {"x509": 1, "crl": 0, "x509_ca": 1}


def test_the_systems_certificates_may_be_named_by_openssls_variable(
    ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    assert client_context(settings()).cert_store_stats()["x509"] == 1


def test_client_certificates(tmp_path: Path, authority: pki.Issued) -> None:
    ours, other = pki.issue("client", issuer=authority), pki.issue("other", issuer=authority)
    weak = pki.issue("weak", issuer=authority, key=pki.weak_key())
    paths = write(
        tmp_path,
        both=ours.key_pem() + ours.pem,
        certificate=ours.pem,
        key=ours.key_pem(),
        other_key=other.key_pem(),
        locked=ours.key_pem(b"secret"),
        garbage=b"garbage",
        weak=weak.key_pem() + weak.pem,
    )
    certificate = paths["certificate"]

    def refused(first: str, key: str | None = None) -> tuple[str, str]:
        field, words = complaint(client_certificate=first, client_key=key)
        return field, words.replace(f"{tmp_path}/", "")

    client_context(settings(client_certificate=paths["both"]))
    client_context(settings(client_certificate=certificate, client_key=paths["key"]))
    field = "client_certificate"
    garbage = "are not a PEM certificate and its key"
    assert refused(paths["garbage"]) == (field, f"garbage and garbage {garbage}")
    assert refused(certificate) == (field, f"certificate and certificate {garbage}")
    assert refused(certificate, paths["garbage"]) == (field, f"certificate and garbage {garbage}")
    apart = "certificate and other_key do not belong together"
    assert refused(certificate, paths["other_key"]) == (field, apart)
    short = "weak and weak are rejected by OpenSSL: the key is too short"
    assert refused(paths["weak"]) == (field, short)
    absent = "No such file or directory"
    assert refused(f"{tmp_path}/no") == (field, f"no: {absent}")
    assert refused(certificate, f"{tmp_path}/no") == ("client_key", f"no: {absent}")
    locked = "the key is encrypted; smtp-tui needs an unencrypted key"
    assert refused(certificate, paths["locked"]) == ("client_key", locked)


@table(
    ("values", "name"),
    [
        ({"host": "mail.example.test"}, "mail.example.test"),
        ({"host": "mail.example.test."}, "mail.example.test"),
        ({"host": "börse.example"}, "xn--brse-5qa.example"),
        ({"host": "192.0.2.1"}, "192.0.2.1"),
        ({"host": "fe80::1%eth0"}, "fe80::1"),
        ({"server_name": "other.example.test"}, "other.example.test"),
    ],
)
def test_the_name_for_tls(values: dict[str, str], name: str) -> None:
    assert sni_name(settings(**values)) == name


def test_before_a_handshake_there_is_no_chain() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    link = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
    assert peer_certificates(link) == []


def test_after_a_failed_handshake_there_is(authority: pki.Issued, tmp_path: Path) -> None:
    issued = pki.issue("localhost", "localhost")
    server = pki.server_context(tmp_path, issued, authority)
    link, accepted = pki.handshake(server, authority, "localhost")
    assert not accepted
    seen = peer_certificates(link)
    assert [one.sha256 for one in seen] == [issued.sha256, authority.sha256]


def test_a_hostile_certificate_breaks_nothing(authority: pki.Issued, tmp_path: Path) -> None:
    for issued, der in pki.hostile_certificates():
        server = pki.context_of_der(tmp_path, issued, der)
        link, accepted = pki.handshake(server, authority, "localhost")
        assert not accepted
        (seen,) = peer_certificates(link)
        assert not seen.is_readable
        assert seen.sha256 == hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("asks", [True, False])
def test_whether_a_client_certificate_is_asked_for(
    authority: pki.Issued, good: pki.Issued, tmp_path: Path, version: ssl.TLSVersion, asks: bool
) -> None:
    server = pki.server_context(tmp_path, good, versions=(version, version))
    if asks:
        server.verify_mode = ssl.CERT_OPTIONAL
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    watch_certificate_requests(client)
    link, accepted = pki.handshake(server, authority, pki.HOST, client)
    assert accepted
    assert asked_for_certificate(link) is asks
