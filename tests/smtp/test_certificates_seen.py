"""What is wrong with which certificate, as a check against a server that shows it has it."""

from __future__ import annotations

import hashlib
import json
import ssl
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.checks.exit_status import exit_status
from smtp_tui.checks.jsonlines import json_line
from smtp_tui.checks.report import certificate_lines
from smtp_tui.smtp.certificates import certificate_from, chain_texts
from smtp_tui.smtp.events import TlsEstablished, TlsFailed
from tests.smtp import pki
from tests.smtp.playing import EHLO, GREETING, OPEN, Played, play
from tests.smtp.scripted import Script
from tests.smtp.steps import close, finish, reset, silence, tls

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


async def test_mode_none_with_a_good_certificate(context: ssl.SSLContext, ca_file: str) -> None:
    first: Script = (tls(context), f"{GREETING}\n{EHLO}\nS: 250 mail.example.test")
    values: dict[str, Any] = {"openssl_verify_mode": "none", "ca_file": ca_file}
    played = await play(first, (tls(context),), encryption="ssl", extra=1, **values)
    assert played.verdict.tls
    assert (played.verdict.tls.verified, played.verdict.tls.peer_would) == (False, "ok")
    assert [len(peer.lines) for peer in played.server.peers] == [2, 0]


SECOND_LOOKS = {
    "closes": (close,),
    "resets": (reset,),
    "silence": (silence,),
    "plain text": ("S: 421 too many connections", finish),
}


@pytest.mark.parametrize("name", SECOND_LOOKS)
async def test_a_second_look_that_fails_says_nothing(name: str, context: ssl.SSLContext) -> None:
    first: Script = (tls(context), f"{GREETING}\n{EHLO}\nS: 250 mail.example.test")
    values: dict[str, Any] = {"encryption": "ssl", "openssl_verify_mode": "none", "extra": 0.3}
    played = await play(first, SECOND_LOOKS[name], **values)
    assert played.verdict.ok
    assert played.verdict.tls
    assert played.verdict.tls.peer_would is None
    assert len(played.server.peers) == 2


async def test_a_second_look_reads_the_ca_file(context: ssl.SSLContext, tmp_path: Path) -> None:
    values = {"openssl_verify_mode": "none", "ca_file": str(tmp_path / "missing"), "extra": 1}
    verdict = (await shown(context, **values)).verdict
    assert verdict.ok
    assert verdict.tls
    assert verdict.tls.peer_would == "settings-invalid"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_second_look_carries_no_certificate_of_ours(
    authority: pki.Issued,
    good: pki.Issued,
    context_of: Contexts,
    ca_file: str,
    tmp_path: Path,
    version: ssl.TLSVersion,
) -> None:
    ours = pki.issue("client", issuer=authority)
    (tmp_path / "client.pem").write_bytes(ours.key_pem() + ours.pem)
    context = context_of(good, client_authority=authority, versions=(version, version))
    verdict = (
        await shown(
            context,
            extra=1,
            ca_file=ca_file,
            openssl_verify_mode="none",
            client_certificate=str(tmp_path / "client.pem"),
        )
    ).verdict
    assert verdict.ok
    assert verdict.tls
    assert verdict.tls.peer_would == "ok"


async def test_a_fingerprint_takes_the_place_of_chain_and_name(
    context_of: Contexts,
) -> None:
    issued = pki.issue("mail.example.net", "mail.example.net", lasts=(-30, -1))
    verdict = (await shown(context_of(issued), tls_fingerprint=issued.sha256, extra=1)).verdict
    assert verdict.ok
    assert verdict.tls
    assert (verdict.tls.verified, verdict.tls.peer_would) == (True, None)
    assert verdict.warnings == ()
    script: Script = (tls(context_of(issued)), GREETING)
    played = await play(script, encryption="ssl", tls_fingerprint="ab" * 32)
    verdict = played.verdict
    assert (verdict.stage, verdict.cause) == ("tls", "certificate-fingerprint-mismatch")
    assert verdict.tls
    assert verdict.tls.certificate
    assert verdict.tls.certificate.sha256 == issued.sha256
    assert played.server.said == []


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("mode", ["none", "peer"])
async def test_a_hostile_certificate(number: int, mode: str, ca_file: str, tmp_path: Path) -> None:
    issued, der = pki.hostile_certificates()[number]
    context = pki.context_of_der(tmp_path, issued, der)
    values = {"openssl_verify_mode": mode, "ca_file": ca_file, "extra": 1}
    verdict = (await shown(context, **values)).verdict
    assert verdict.tls
    assert verdict.tls.certificate
    assert verdict.tls.certificate.sha256 == hashlib.sha256(der).hexdigest()
    if mode == "none":
        assert verdict.ok
        assert verdict.tls.peer_would == "certificate-self-signed"
    else:
        assert (verdict.stage, verdict.cause) == ("tls", "certificate-self-signed")
        assert verdict.also == ()


async def test_an_expired_certificate_above_is_the_one_to_blame(
    authority: pki.Issued, context_of: Contexts, ca_file: str
) -> None:
    middle = pki.issue("Middle", issuer=authority, is_authority=True, lasts=(-30, -1))
    context = context_of(pki.issue(pki.HOST, pki.HOST, issuer=middle), middle)
    verdict = (await shown(context, ca_file=ca_file)).verdict
    assert verdict.cause == "certificate-expired"
    assert verdict.tls
    assert verdict.tls.certificate
    assert verdict.tls.certificate.subject == "CN=Middle"


async def test_a_weak_certificate_above_is_the_one_to_blame(
    authority: pki.Issued, context_of: Contexts, ca_file: str
) -> None:
    middle = pki.issue("Middle", issuer=authority, is_authority=True, key=pki.weak_key())
    context = context_of(pki.issue(pki.HOST, pki.HOST, issuer=middle), middle)
    verdict = (await shown(context, ca_file=ca_file)).verdict
    assert verdict.cause == "certificate-weak"
    assert "Middle is too weak" in verdict.summary
    assert "RSA 1024 bits" in verdict.summary


async def test_the_chain_is_told_whole(
    authority: pki.Issued, context_of: Contexts, ca_file: str
) -> None:
    middle = pki.issue("Middle", issuer=authority, is_authority=True)
    leaf = pki.issue(pki.HOST, pki.HOST, issuer=middle)
    for mode, trust in (("peer", ca_file), ("none", ca_file), ("peer", None)):
        values = {"openssl_verify_mode": mode, "extra": 0, "ca_file": trust}
        played = await shown(context_of(leaf, middle), **values)
        assert played.verdict.ok is (trust is not None)
        (told,) = [one for one in played.events if isinstance(one, TlsEstablished | TlsFailed)]
        assert [one.sha256 for one in told.chain] == [leaf.sha256, middle.sha256]
        assert [one.subject for one in told.chain] == [f"CN={pki.HOST}", "CN=Middle"]
        assert {str(one.key) for one in told.chain} == {"EC P-256"}
        assert {one.signature for one in told.chain} == {"ecdsa-with-SHA256"}
        for told_one in told.chain:
            first, rest = told_one.fingerprint[:48], told_one.fingerprint[48:]
            assert first in played.text
            assert rest in played.text


async def test_the_issuer_that_is_missing_is_named(context_of: Contexts, ca_file: str) -> None:
    root = pki.issue("Elsewhere Root", is_authority=True)
    middle = pki.issue("Middle", issuer=root, is_authority=True)
    leaf = pki.issue(pki.HOST, pki.HOST, issuer=middle)
    for chain, missing in (
        ((leaf,), "CN=Middle"),
        ((leaf, middle), "CN=Elsewhere Root"),
        ((leaf, root, middle), "CN=Elsewhere Root"),
    ):
        verdict = (await shown(context_of(*chain), ca_file=ca_file)).verdict
        assert verdict.cause == "certificate-unknown-issuer"
        assert missing in verdict.summary, chain


async def test_an_intermediate_at_hand_shows_that_the_chain_is_incomplete(
    authority: pki.Issued, context_of: Contexts, tmp_path: Path
) -> None:
    middle = pki.issue("Middle", issuer=authority, is_authority=True)
    (tmp_path / "middle.pem").write_bytes(middle.pem)
    leaf = pki.issue(pki.HOST, pki.HOST, issuer=middle)
    trust = str(tmp_path / "middle.pem")
    verdict = (await shown(context_of(leaf), ca_file=trust)).verdict
    assert verdict.cause == "certificate-incomplete-chain"
    assert "(certain: " in verdict.why
    verdict = (await shown(context_of(leaf, middle), ca_file=trust)).verdict
    assert verdict.cause == "certificate-unknown-issuer"


@pytest.mark.parametrize("mode", ["none", "peer"])
async def test_a_certificate_that_holds_the_secret_is_told_without_it(
    context_of: Contexts, mode: str
) -> None:
    secret = "swordfish-4711"
    coded = b64encode(secret.encode()).decode()
    context = context_of(pki.issue(secret, f"{secret}.example.test", coded, issuer_address=AIA))
    values = {"username": "alice", "secret": secret, "openssl_verify_mode": mode}
    played = await shown(context, authentication="plain", **values)
    assert "[hidden]" in played.text
    told = f"{played.text} {played.events!r} {played.verdict!r}"
    assert secret not in told
    assert coded not in told


async def test_an_expired_root_is_not_the_servers_fault(
    context_of: Contexts, tmp_path: Path
) -> None:
    root = pki.issue("Root", is_authority=True, lasts=(-30, -1))
    (tmp_path / "root.pem").write_bytes(root.pem)
    context = context_of(pki.issue(pki.HOST, pki.HOST, issuer=root))
    verdict = (await shown(context, ca_file=str(tmp_path / "root.pem"))).verdict
    assert verdict.cause == "certificate-invalid"
    assert "does not send" in verdict.summary


async def test_a_subject_alone_is_no_address(
    authority: pki.Issued, context_of: Contexts, ca_file: str
) -> None:
    verdict = (
        await shown(context_of(pki.issue(pki.HOST, issuer=authority)), ca_file=ca_file)
    ).verdict
    assert verdict.cause == "certificate-name-mismatch"


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


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("encryption", ["ssl", "tls"])
async def test_a_client_certificate_is_refused(
    authority: pki.Issued,
    good: pki.Issued,
    context_of: Contexts,
    ca_file: str,
    tmp_path: Path,
    version: ssl.TLSVersion,
    encryption: str,
) -> None:
    ours = pki.issue("client")
    (tmp_path / "client.pem").write_bytes(ours.key_pem() + ours.pem)
    context = context_of(good, versions=(version, version), client_authority=authority)
    begun = () if encryption == "ssl" else (f"{OPEN}S: 250 STARTTLS\nC: STARTTLS\nS: 220 go",)
    played = await play(
        (*begun, tls(context), GREETING),
        encryption=encryption,
        ca_file=ca_file,
        client_certificate=str(tmp_path / "client.pem"),
    )
    verdict = played.verdict
    assert (verdict.stage, verdict.cause) == ("tls", "client-certificate-required")
    assert "unknown ca" in verdict.summary


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


async def test_no_cipher_in_common(good: pki.Issued, context_of: Contexts, ca_file: str) -> None:
    context = context_of(good, versions=(VERSIONS[0], VERSIONS[0]), ciphers="aNULL:@SECLEVEL=0")
    verdict = (await shown(context, ca_file=ca_file)).verdict
    # An alert 40 alone does not say what was amiss.
    assert (verdict.stage, verdict.cause) == ("tls", "tls-handshake-failed")


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


NO_HOSTS = [
    "Mail Server",
    "mail\0.example.test",
    "mail\r\n220 hi",
    "-",
    "*",
    "a" * 64,
    "\N{CYRILLIC SMALL LETTER A}.",
]


@pytest.mark.parametrize("name", NO_HOSTS)
@pytest.mark.parametrize("extra", [0, 2])
async def test_a_trusted_certificate_whose_name_is_no_hostname(
    tmp_path: Path, name: str, extra: float
) -> None:
    own = pki.issue(name)
    (tmp_path / "ca.pem").write_bytes(own.pem)
    context = pki.server_context(tmp_path, own)
    played = await shown(context, ca_file=str(tmp_path / "ca.pem"), extra=extra)
    assert (played.verdict.cause, played.verdict.stage) == ("certificate-name-mismatch", "tls")
    assert exit_status(played.verdict) == 8
    changed = {key for fix in played.verdict.fixes for key in fix.change}
    assert changed <= {"tls_fingerprint", "openssl_verify_mode", "server_name", "host"}
    assert "server_name" not in changed or name == "a" * 64


async def test_a_certificate_for_thousands_of_names(tmp_path: Path) -> None:
    names = [f"host-{number}.example.test" for number in range(3000)]
    own = pki.issue("x" * 60, *names)
    context = pki.server_context(tmp_path, own)
    played = await shown(context, openssl_verify_mode="none")
    assert played.verdict.ok, played.verdict.summary
    assert max(map(len, played.text.splitlines())) < 1000
    assert "host-9.example.test and 2990 more" in played.text
    lines = [json_line(one, None, None) for one in (*played.events, played.verdict)]
    assert max(len(line or "") for line in lines) < 12_000
    (told,) = [json.loads(line) for line in lines if line and '"event": "tls"' in line]
    certificate = told["certificate"]
    assert (len(certificate["names"]), certificate["names_omitted"]) == (50, 2950)
    assert played.verdict.tls
    assert played.verdict.tls.certificate
    assert played.verdict.facts
    assert played.verdict.tls.certificate.is_for("host-2999.example.test")
    assert list(certificate_lines(played.verdict.facts.handshake, datetime.now(UTC)))[5].endswith(
        " and 2950 more"
    )


def test_long_texts_of_certificates_and_long_chains_are_shortened() -> None:
    facts = {
        "subject": ((("commonName", "n" * 5000),),),
        "issuer": ((("organizationName", "i" * 5000),),),
        "notBefore": "Jan  1 00:00:00 2026 GMT",
        "notAfter": "Jan  1 00:00:00 2027 GMT",
        "subjectAltName": (("DNS", "d" * 5000), ("DNS", "a.example"), ("IP Address", "?" * 5000)),
        "caIssuers": ("http://" + "u" * 5000,),
    }
    one = certificate_from(facts, b"")
    chain = (one,) * 300
    texts = chain_texts(chain)
    assert max(map(len, texts)) < 1000
    assert len(texts) == 61
    assert texts[-1] == "and 290 more certificates"
    assert len(one.issuer_addresses[0]) == 300
    assert one.is_for("a.example")
    event = TlsFailed(seconds=0, chain=chain)
    report = list(certificate_lines(event, datetime.now(UTC)))
    assert len(report) < 120
    assert max(map(len, report)) < 2000
