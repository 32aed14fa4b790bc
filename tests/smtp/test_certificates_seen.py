"""What is wrong with which certificate, as a check against a server that shows it has it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import pytest

from tests.smtp import pki
from tests.smtp.playing import EHLO, GREETING, Played, play
from tests.smtp.scripted import Script
from tests.smtp.steps import tls

Contexts = Callable[..., ssl.SSLContext]
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
AIA = "http://ca.example.test/ca.der"


async def shown(context: ssl.SSLContext, **values: Any) -> Played:
    """A check of a server that speaks TLS from the first byte with this context."""
    script: Script = (tls(context), f"{GREETING}\n{EHLO}\nS: 250 mail.example.test")
    return await play(script, encryption="ssl", **values)


def faults(authority: pki.Issued) -> dict[str, tuple[tuple[pki.Issued, ...], str, tuple[str, ...]]]:
    """Certificates with the cause, and what else, each must lead to."""
    host, other = pki.HOST, "mail.example.net"
    stranger = pki.issue("Stranger", is_authority=True)
    middle = pki.issue("Middle", issuer=authority, is_authority=True)
    old, early = (-30, -1), (1, 30)
    self_signed = pki.issue(host, host)
    return {
        "self-signed": ((self_signed,), "self-signed", ()),
        "unknown issuer": ((pki.issue(host, host, issuer=stranger),), "unknown-issuer", ()),
        "unknown root sent along": (
            (pki.issue(host, host, issuer=stranger), stranger),
            "unknown-issuer",
            (),
        ),
        "incomplete": (
            (pki.issue(host, host, issuer=middle, issuer_address=AIA),),
            "incomplete-chain",
            (),
        ),
        "another name": ((pki.issue(other, other, issuer=authority),), "name-mismatch", ()),
        "expired": ((pki.issue(host, host, issuer=authority, lasts=old),), "expired", ()),
        "not yet": ((pki.issue(host, host, issuer=authority, lasts=early),), "not-yet-valid", ()),
        "weak key": ((pki.issue(host, host, issuer=authority, key=pki.weak_key()),), "weak", ()),
        "another name and expired": (
            (pki.issue(other, other, issuer=authority, lasts=old),),
            "name-mismatch",
            ("expired",),
        ),
        "unknown issuer, another name, expired": (
            (pki.issue(other, other, issuer=stranger, lasts=old),),
            "unknown-issuer",
            ("name-mismatch", "expired"),
        ),
    }


async def test_each_fault_is_told_by_name(
    authority: pki.Issued, context_of: Contexts, ca_file: str
) -> None:
    for name, (chain, cause, also) in faults(authority).items():
        for version in VERSIONS:
            context = context_of(*chain, versions=(version, version))
            verdict = (await shown(context, ca_file=ca_file)).verdict
            told = (verdict.stage.value, verdict.cause, verdict.also)
            expected = ("tls", f"certificate-{cause}", tuple(f"certificate-{one}" for one in also))
            assert told == expected, (name, version, verdict.summary)
            assert verdict.tls
            assert verdict.tls.certificate
            assert verdict.tls.certificate.sha256 == chain[0].sha256


@pytest.mark.parametrize("mode", ["peer", "fail_if_no_peer_cert"])
async def test_a_whole_chain_passes(
    authority: pki.Issued, context_of: Contexts, ca_file: str, mode: str
) -> None:
    middle = pki.issue("Middle", issuer=authority, is_authority=True)
    leaf = pki.issue(pki.HOST, pki.HOST, issuer=middle)
    played = await shown(context_of(leaf, middle), ca_file=ca_file, openssl_verify_mode=mode)
    assert played.verdict.ok
    assert played.verdict.tls
    assert played.verdict.tls.verified


async def test_mode_none_goes_on_and_says_what_peer_would(
    authority: pki.Issued, context_of: Contexts, ca_file: str
) -> None:
    wrong = context_of(pki.issue("mail.example.net", "mail.example.net", issuer=authority))
    values = {"ca_file": ca_file, "openssl_verify_mode": "none"}
    verdict = (await shown(wrong, extra=2, **values)).verdict
    assert verdict.ok
    assert verdict.tls
    assert verdict.tls.peer_would == "certificate-name-mismatch"
    assert verdict.warnings == ("certificate-not-verified",)
    verdict = (await shown(wrong, extra=0, **values)).verdict
    assert verdict.tls
    assert verdict.tls.peer_would is None


async def test_a_certificate_without_names_passes_by_its_subject(
    authority: pki.Issued, context_of: Contexts, ca_file: str
) -> None:
    context = context_of(pki.issue("localhost", issuer=authority))
    verdict = (await shown(context, ca_file=ca_file, server_name="localhost")).verdict
    assert verdict.ok
    assert verdict.warnings == ("certificate-no-san",)


async def test_a_certificate_that_expires_soon_is_told(
    authority: pki.Issued, context_of: Contexts, ca_file: str
) -> None:
    leaf = pki.issue(pki.HOST, pki.HOST, issuer=authority, lasts=(-80, 5))
    verdict = (await shown(context_of(leaf), ca_file=ca_file)).verdict
    assert verdict.ok
    assert verdict.warnings == ("certificate-expires-soon",)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_client_certificate_is_required(
    authority: pki.Issued, good: pki.Issued, context_of: Contexts, ca_file: str, version: Any
) -> None:
    context = context_of(good, versions=(version, version), client_authority=authority)
    verdict = (await shown(context, ca_file=ca_file)).verdict
    assert (verdict.stage, verdict.cause) == ("tls", "client-certificate-required")


async def test_a_client_certificate_is_shown(
    authority: pki.Issued, good: pki.Issued, context_of: Contexts, ca_file: str, tmp_path: Any
) -> None:
    ours = pki.issue("client", issuer=authority)
    (tmp_path / "client.pem").write_bytes(ours.pem)
    (tmp_path / "client.key").write_bytes(ours.key_pem())
    played = await shown(
        context_of(good, client_authority=authority),
        ca_file=ca_file,
        client_certificate=str(tmp_path / "client.pem"),
        client_key=str(tmp_path / "client.key"),
    )
    assert played.verdict.ok


async def test_no_version_in_common(good: pki.Issued, context_of: Contexts, ca_file: str) -> None:
    context = context_of(good, versions=(VERSIONS[0], VERSIONS[0]))
    verdict = (await shown(context, ca_file=ca_file, tls_minimum="1.3")).verdict
    assert (verdict.stage, verdict.cause) == ("tls", "tls-version-unsupported")


async def test_an_old_version_where_it_is_allowed(
    good: pki.Issued, context_of: Contexts, ca_file: str
) -> None:
    old = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
    context = context_of(good, versions=old)
    assert (await shown(context, ca_file=ca_file)).verdict.cause == "tls-version-unsupported"
    verdict = (await shown(context, ca_file=ca_file, tls_minimum="1.0")).verdict
    assert verdict.ok, verdict.summary
    assert verdict.tls
    assert verdict.tls.version == "TLSv1.1"


async def test_a_weak_group_is_refused(
    good: pki.Issued, context_of: Contexts, ca_file: str, tmp_path: Any
) -> None:
    context = context_of(
        pki.issue(pki.HOST, pki.HOST, key=pki.weak_key()),
        versions=(VERSIONS[0], VERSIONS[0]),
        ciphers="DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0",
    )
    pki.load_weak_group(context, tmp_path)
    verdict = (await shown(context, openssl_verify_mode="none")).verdict
    assert (verdict.stage, verdict.cause) == ("tls", "tls-parameters-weak")
