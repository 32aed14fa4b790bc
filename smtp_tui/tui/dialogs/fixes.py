"""The list of what could fix a failed test, and the question whom a fix would trust."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.widget import Widget

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
from smtp_tui.tui.widgets.line import KeyHints
from smtp_tui.tui.widgets.list import ListView
from smtp_tui.tui.widgets.text_page import Block, TextPage, flow, plain

TITLE = "Possible fixes"
WEAKENS, ASKS = "WEAKENS", "asks first"
# The line above, the title, the keys, and two lines of the form.
_AROUND = 5
# The line above, the keys, and two lines of the form.
_AROUND_QUESTION = 4
# Pairs of the hash that stay together in a line: people compare them piece by piece.
_GROUP = 8
_LABELS = 11


class FixList(ListView[Sequence[Block]]):
    """Fixes one below the other, each of a few lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("shift+tab", "go(-1)", show=False),
        Binding("tab", "go(1)", show=False),
    ]

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield the lines of each fix."""
        for blocks in self.rows:
            yield flow(blocks, width)


class FixDialog(Dialog[int | None]):
    """Asks which fix to make; the result is its number, None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(FIX_COMMANDS),
        Binding("f8,ctrl+f", "leave", show=False),
    ]

    def __init__(
        self, proposals: Sequence[FixProposal], draft: Draft, file: str, index: int = 0
    ) -> None:
        super().__init__()
        rows = [_blocks(proposal, draft, file) for proposal in proposals]
        self._list = FixList(rows, min(index, len(rows) - 1))
        pinning = [at for at, proposal in enumerate(proposals) if pins(proposal.fix)]
        saving = [
            at for at, proposal in enumerate(proposals) if proposal.way is FixAction.SAVE_AUTHORITY
        ]
        self._first = {"pin": pinning[:1], "save_authority": saving[:1]}

    def parts(self) -> Iterable[Widget]:
        """Return the list over the keys that apply."""
        commands = (command for command in FIX_COMMANDS if self._first.get(command.action, True))
        yield TextPage([plain(TITLE, STRONG)])
        yield self._list
        yield KeyHints(hints_of(commands), indent=0)

    def on_resize(self) -> None:
        """Leave room for the keys."""
        self._list.limit(max(self.size.height - _AROUND, 1))

    def action_take(self) -> None:
        """Take the chosen one."""
        self.dismiss(self._list.index)

    def action_pin(self) -> None:
        """Take the one that pins the certificate, where there is one."""
        for number in self._first["pin"]:
            self.dismiss(number)

    def action_save_authority(self) -> None:
        """Take the one that saves a CA, where there is one."""
        for number in self._first["save_authority"]:
            self.dismiss(number)


def _blocks(proposal: FixProposal, draft: Draft, file: str) -> list[Block]:
    """Return a fix: what it changes, a word on its risk, and why."""
    fix = proposal.fix
    spans: list[Span] = [(escape_controls(format_fix(proposal, draft, file)), PLAIN)]
    if fix.weakens:
        spans += [(" (", DIM), (WEAKENS, WARNING), (f", {ASKS})", DIM)]
    elif proposal.way in (FixAction.ASK, FixAction.SAVE_AUTHORITY):
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
    """Tells what a yes would mean; Enter, Escape and N say no, and so does nothing else than Y."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,Y", "answer(True)", show=False),
        Binding("n,N,enter,escape", "answer(False)", show=False),
        Binding("up,k", "go(-1)", show=False),
        Binding("down,j", "go(1)", show=False),
        Binding("pageup", "go(-5)", show=False),
        Binding("pagedown,space", "go(5)", show=False),
    ]

    def __init__(self, blocks: Sequence[Block], yes: str) -> None:
        super().__init__()
        self._page = TextPage(blocks)
        self._yes = yes

    def parts(self) -> Iterable[Widget]:
        """Return the question and the keys, which never leave the screen."""
        return self._page, KeyHints((("Y", self._yes), ("N Enter Esc", "No")), indent=0)

    def on_resize(self) -> None:
        """Leave room for the keys."""
        self._page.limit(max(self.size.height - _AROUND_QUESTION, 1))

    def action_answer(self, is_yes: bool) -> None:
        """Take the answer."""
        self.dismiss(is_yes)

    def action_go(self, lines: int) -> None:
        """Read on, where the text is longer than the screen."""
        self._page.action_go(lines)
