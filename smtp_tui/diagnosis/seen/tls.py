"""TLS and the server's certificate, as a test found them."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.diagnosis.facts import Facts
from smtp_tui.diagnosis.meanings.parts import Part
from smtp_tui.diagnosis.seen.offers import Finding, before_tls, offer_of
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Fault, Stage
from smtp_tui.smtp.labels import label


def _encryption(facts: Facts, verdict: Verdict) -> Iterator[Part]:
    yield from _starttls(facts, verdict)
    if facts.established:
        names = {"version": facts.established.version, "cipher": facts.established.cipher}
        yield Part("established", names)
    elif verdict.stage is Stage.TLS and verdict.cause:
        yield Part("failed", {"cause": label(verdict.cause)})
    elif facts.offers:
        yield Part("open")


def _starttls(facts: Facts, _verdict: Verdict) -> Iterator[Part]:
    before = before_tls(facts)
    if before is not None:
        yield Part("offered" if "STARTTLS" in offer_of(before) else "not-offered")


def _verify_mode(_facts: Facts, verdict: Verdict) -> Iterator[Part]:
    tls, cause = verdict.tls, verdict.cause or ""
    if tls is None or tls.certificate is None:
        return
    if cause.startswith("certificate-"):
        yield Part("failed", {"cause": ", ".join(map(label, (cause, *verdict.also)))})
    elif tls.verified:
        yield Part("passed")
    else:
        yield Part("unchecked")
    yield Part("certificate")
    if peer := tls.peer_would:
        yield Part("peer-takes" if peer == "ok" else "peer-ends", {"peer": label(peer)})


def _certificate(_facts: Facts, verdict: Verdict) -> Iterator[Part]:
    if verdict.tls and verdict.tls.certificate:
        yield Part("seen")


def _ca_file(facts: Facts, _verdict: Verdict) -> Iterator[Part]:
    if facts.chain:
        last = facts.chain[-1].issuer or "an unnamed issuer"
        names = {"count": str(len(facts.chain)), "last": last}
        yield Part("one" if len(facts.chain) == 1 else "several", names)


def _tls_minimum(facts: Facts, verdict: Verdict) -> Iterator[Part]:
    if facts.established:
        yield Part("agreed", {"version": facts.established.version})
    elif verdict.cause == Fault.TLS_VERSION_UNSUPPORTED:
        yield Part("none-shared")


def _client_certificate(_facts: Facts, verdict: Verdict) -> Iterator[Part]:
    if verdict.cause == Fault.CLIENT_CERTIFICATE_REQUIRED:
        yield Part("required")


OF: dict[str, Finding] = {
    "encryption": _encryption,
    "starttls_auto": _starttls,
    "openssl_verify_mode": _verify_mode,
    "ca_file": _ca_file,
    "server_name": _certificate,
    "tls_minimum": _tls_minimum,
    "tls_fingerprint": _certificate,
    "client_certificate": _client_certificate,
}
