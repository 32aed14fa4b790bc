"""Word the question whether to trust a server, with the facts that an admin compares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smtp_tui.diagnosis.verdict import Fix
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.smtp.certificates import Certificate, in_words
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.draft import HOST, SettingsDraft
from smtp_tui.tui.model.fixes import (
    CA_FILE,
    FINGERPRINT,
    FixProposal,
    changes_in_words,
    format_current,
    format_value,
    grouped,
)

PROGRAM = "smtp-tui"  # a name: lower case even at the start of a sentence
WEAKENS, ASKS = "WEAKENS", "asks first"
SHA_256 = "SHA-256"


@record
class TrustText:
    """The question, the certificate's facts by label, and the meaning of a yes."""

    question: str
    facts: tuple[tuple[str, str], ...]
    meaning: str


def trust_text(
    proposal: FixProposal, chain: Sequence[Certificate], draft: SettingsDraft, width: int = 60
) -> TrustText:
    """Return the text to show before a fix that trusts or weakens is applied.

    `width` is the cells for the value of a fact.
    """
    fix, section = proposal.fix, f"trust-{_trust_topic(proposal, chain)}"
    value = fix.change.get("server_name", fix.change.get(HOST, fix.value))
    names = {
        "host": draft.text(HOST),
        "value": format_value(fix.field, value) if value else "",
        "old": format_current(fix.field, draft),
        "why": reason_of(fix),
    }
    shown = proposal.authority or (chain[0] if chain and fix.trusts else None)
    facts = tuple(certificate_facts(shown, width)) if shown else ()
    if fix.weakens:
        changes = changes_in_words(proposal, draft)
        facts = (*((label, escape_controls(change)) for label, change in changes), *facts)
    return TrustText(text(section, "title", **names), facts, text(section, "means", **names))


def reason_of(fix: Fix) -> str:
    """Return why a fix may help, as a sentence."""
    why = fix.why.removeprefix(f"{WEAKENS}: ")
    return why if why.startswith(PROGRAM) else why[:1].upper() + why[1:]


def certificate_facts(certificate: Certificate, width: int) -> Iterator[tuple[str, str]]:
    """Yield what an admin compares, escaped: names, issuer, dates, key and hash."""
    sha256 = grouped(certificate.sha256, width)
    for label, value in (*_readable_facts(certificate), (SHA_256, sha256)):
        yield label, escape_controls(value)


def _readable_facts(certificate: Certificate) -> Iterator[tuple[str, str]]:
    if not certificate.is_readable:
        yield "Owner", certificate.subject
        return
    names = certificate.shown_names or certificate.subject
    yield "Names" if certificate.names else "Owner", names or "no name"
    issuer = "itself" if certificate.is_self_issued else certificate.issuer
    yield "Issued by", issuer or "no name"
    first, last = certificate.not_before, certificate.not_after
    yield "Valid", f"{first:%Y-%m-%d} to {last:%Y-%m-%d}, {in_words(certificate.left())}"
    yield "Key", f"{certificate.key or 'cannot be read'}, {certificate.signature}"


def _trust_topic(proposal: FixProposal, chain: Sequence[Certificate]) -> str:
    change = proposal.fix.change
    if proposal.authority:
        return "ca-file-own" if proposal.authority in chain[:1] else "ca-file"
    if not proposal.fix.trusts:
        return "weakens"
    for key, topic in ((FINGERPRINT, "tls-fingerprint"), (CA_FILE, "ca-file")):
        if change.get(key) == "":
            return f"{topic}-gone"
    if FINGERPRINT in change:
        return "tls-fingerprint"
    if CA_FILE in change:
        return "ca-file-other"
    return "server-name" if "server_name" in change else "host"
