"""The list of fixes for a failed test, and the question whether to trust a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from rich.style import Style
from textual.binding import BindingType

from smtp_tui.diagnosis.verdict import Fix
from smtp_tui.smtp.certificates import Certificate, in_words
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.commands import FIX_COMMANDS, hints_of
from smtp_tui.tui.keymap import bindings
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.draft import HOST, Draft
from smtp_tui.tui.model.fixes import (
    CA_FILE,
    FINGERPRINT,
    FixAction,
    FixProposal,
    format_current,
    format_fix,
    format_value,
    pairs_of,
    pins,
)
from smtp_tui.tui.style import DIM, PLAIN, STRONG, WARNING, Span
from smtp_tui.tui.widgets.dialog import Dialog
from smtp_tui.tui.widgets.list import ListView
from smtp_tui.tui.widgets.text_page import Block, TextPage, flow, plain

TITLE = "Possible fixes"
WEAKENS, ASKS = "WEAKENS", "asks first"
# Pairs of the hash that stay together in a line: people compare them piece by piece.
_GROUP = 8
_LABELS = 11


class FixList(ListView[Sequence[Block]]):
    """Fixes one below the other, each of a few lines."""

    BINDINGS: ClassVar[list[BindingType]] = [("shift+tab", "go(-1)"), ("tab", "go(1)")]

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield the lines of each fix."""
        for blocks in self.rows:
            yield flow(blocks, width)


class FixDialog(Dialog[int | None]):
    """Asks which fix to make; the result is its number, None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(FIX_COMMANDS), ("f8,ctrl+f", "leave")]

    def __init__(
        self, proposals: Sequence[FixProposal], draft: Draft, file: str, index: int = 0
    ) -> None:
        rows = [_blocks(proposal, draft, file) for proposal in proposals]
        self._list = FixList(rows, min(index, len(rows) - 1))
        # The first of the fixes that have a key of their own, by that key's action.
        self._first: dict[str, int] = {}
        for number, proposal in enumerate(proposals):
            if pins(proposal.fix):
                self._first.setdefault("pin", number)
            if proposal.action is FixAction.SAVE_AUTHORITY:
                self._first.setdefault("save_authority", number)
        hints = hints_of(FIX_COMMANDS, {"pin", "save_authority"} - self._first.keys())
        title = TextPage([plain(TITLE, STRONG)])
        super().__init__(title, self._list, hints=hints, flexible=self._list)

    def action_take(self) -> None:
        """Take the chosen one."""
        self.dismiss(self._list.index)

    def action_pin(self) -> None:
        """Take the one that pins the certificate, where there is one."""
        if "pin" in self._first:
            self.dismiss(self._first["pin"])

    def action_save_authority(self) -> None:
        """Take the one that saves a CA, where there is one."""
        if "save_authority" in self._first:
            self.dismiss(self._first["save_authority"])


def _blocks(proposal: FixProposal, draft: Draft, file: str) -> list[Block]:
    """Return a fix: what it changes, a word on its risk, and why."""
    fix = proposal.fix
    spans: list[Span] = [(escape_controls(format_fix(proposal, draft, file)), PLAIN)]
    if fix.weakens:
        spans += [(" (", DIM), (WEAKENS, WARNING), (f", {ASKS})", DIM)]
    elif proposal.action in (FixAction.ASK, FixAction.SAVE_AUTHORITY):
        spans.append((f" ({ASKS})", DIM))
    return [Block(tuple(spans), rest="  "), plain(_reason(fix), DIM, gap=False)]


def _reason(fix: Fix) -> str:
    why = fix.why.removeprefix(f"{WEAKENS}: ")
    return why[:1].upper() + why[1:]


def trust_blocks(proposal: FixProposal, chain: Sequence[Certificate], draft: Draft) -> list[Block]:
    """Return the question, whom it is about, and what a yes would mean."""
    fix, part = proposal.fix, f"trust-{_trust_topic(proposal, chain)}"
    value = fix.change.get("server_name", fix.change.get(HOST, fix.value))
    names = {
        "host": draft.text(HOST),
        "value": format_value(fix.field, value) if value else "",
        "old": format_current(fix.field, draft),
        "why": _reason(fix),
    }
    shown = proposal.authority or (chain[0] if chain and fix.trusts else None)
    return [
        plain(text(part, "title", **names), WARNING),
        *(certificate_blocks(shown) if shown else ()),
        plain(text(part, "means", **names)),
    ]


def certificate_blocks(certificate: Certificate) -> Iterator[Block]:
    """Yield what an admin compares: names, issuer, dates, key and hash."""
    if certificate.is_readable:
        names = certificate.shown_names or certificate.subject
        yield _fact("Names" if certificate.names else "Owner", names or "no name")
        issuer = "itself" if certificate.is_self_issued else certificate.issuer
        yield _fact("Issued by", issuer or "no name")
        first, last = certificate.not_before, certificate.not_after
        left = in_words(certificate.left())
        yield _fact("Valid", f"{first:%Y-%m-%d} to {last:%Y-%m-%d}, {left}")
        yield _fact("Key", f"{certificate.key or 'cannot be read'}, {certificate.signature}")
    else:
        yield _fact("Owner", certificate.subject)
    pairs = pairs_of(certificate.sha256)
    groups = [":".join(pairs[at : at + _GROUP]) for at in range(0, len(pairs), _GROUP)]
    yield _fact("SHA-256", ": ".join(groups), STRONG)


def _fact(label: str, value: str, style: Style = PLAIN) -> Block:
    head, rest = f"  {label:{_LABELS}}", " " * (_LABELS + 2)
    return Block(((escape_controls(value), style),), head, rest, gap=False)


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


class TrustDialog(Dialog[bool]):
    """Shows what a yes would mean; Enter, Escape and N say no, and nothing else than Y says yes."""

    # Enter and Escape are pressed without reading, so they never agree.
    BINDINGS: ClassVar[list[BindingType]] = [
        ("y,Y", "dismiss(True)"),
        ("n,N,enter,escape", "dismiss(False)"),
        ("up,k", "go(-1)"),
        ("down,j", "go(1)"),
        ("pageup", "go(-5)"),
        ("pagedown,space", "go(5)"),
    ]

    def __init__(self, blocks: Sequence[Block], yes: str) -> None:
        self.page = TextPage(blocks)
        # The keys never leave the screen, however long the question is.
        hints = ("Y", yes), ("N Enter Esc", "No")
        super().__init__(self.page, hints=hints, flexible=self.page)
