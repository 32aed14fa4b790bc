"""Whom one would trust by a fix, and what that means, in words. Pure but for its texts."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from rich.style import Style

from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.lifetimes import in_words
from smtp_tui.tui.model.draft import HOST, Draft
from smtp_tui.tui.model.fixes import (
    CA_FILE,
    FINGERPRINT,
    FixProposal,
    now_words,
    pairs_of,
    value_words,
)
from smtp_tui.tui.style import PLAIN, STRONG, WARNING
from smtp_tui.tui.widgets.text_page import Block, plain

_GROUP = 8  # pairs of the hash that stay together in a line
_LABELS = 11
_WEAKENS = "WEAKENS: "


def trust_blocks(cure: FixProposal, chain: Sequence[Certificate], draft: Draft) -> list[Block]:
    """Return the question, whom it is about, and what a yes would mean."""
    texts, names = _texts()[_topic(cure, chain)], _names(cure, draft)
    blocks = [plain(texts["title"].format_map(names), WARNING)]
    shown = cure.authority or (chain[0] if chain and cure.fix.trusts else None)
    if shown:
        blocks += certificate_blocks(shown)
    return [*blocks, plain(texts["means"].format_map(names))]


def certificate_blocks(certificate: Certificate) -> Iterator[Block]:
    """Yield what an admin compares: names, issuer, dates, key and hash."""
    if certificate.is_readable:
        names = certificate.shown_names or certificate.subject
        yield _fact("Names" if certificate.names else "Owner", names or "no name")
        issuer = "itself" if certificate.is_self_issued else certificate.issuer
        yield _fact("Issued by", issuer or "no name")
        yield _fact("Valid", _dates(certificate))
        yield _fact("Key", f"{certificate.key or 'cannot be read'}, {certificate.signature}")
    else:
        yield _fact("Owner", certificate.subject)
    pairs = pairs_of(certificate.sha256)
    groups = [":".join(pairs[at : at + _GROUP]) for at in range(0, len(pairs), _GROUP)]
    yield _fact("SHA-256", ": ".join(groups), STRONG)


def _dates(certificate: Certificate) -> str:
    span = in_words(certificate.left())
    return f"{certificate.not_before:%Y-%m-%d} to {certificate.not_after:%Y-%m-%d}, {span}"


def _fact(label: str, text: str, style: Style = PLAIN) -> Block:
    head, rest = f"  {label:{_LABELS}}", " " * (_LABELS + 2)
    return Block(((escape_controls(text), style),), head, rest, gap=False)


def _topic(cure: FixProposal, chain: Sequence[Certificate]) -> str:
    change = cure.fix.change
    if cure.authority:
        return "ca_file_own" if cure.authority in chain[:1] else CA_FILE
    if not cure.fix.trusts:
        return "weakens"
    for key, gone in ((FINGERPRINT, "tls_fingerprint_gone"), (CA_FILE, "ca_file_gone")):
        if change.get(key) == "":
            return gone
    if FINGERPRINT in change:
        return FINGERPRINT
    if CA_FILE in change:
        return "ca_file_other"
    return "server_name" if "server_name" in change else "host"


def _names(cure: FixProposal, draft: Draft) -> dict[str, str]:
    fix = cure.fix
    value = fix.change.get("server_name", fix.change.get(HOST, fix.value))
    return {
        "host": draft.text(HOST),
        "value": value_words(fix.field, value) if value else "",
        "old": now_words(fix.field, draft),
        "why": _sentence(fix.why.removeprefix(_WEAKENS)),
    }


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


@cache
def _texts() -> dict[str, dict[str, str]]:
    data = Path(__file__).with_name("trust.toml").read_text(encoding="utf-8")
    return tomllib.loads(data)
