"""The list of what could fix a failed test, and the question whom a fix would trust."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.screen import ModalScreen
from textual.scroll_view import ScrollView
from textual.strip import Strip

from smtp_tui.diagnosis.verdict import Fix
from smtp_tui.smtp.certificates import Certificate, in_words
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.keys.bindings import bindings
from smtp_tui.tui.keys.commands import FIX_COMMANDS, Command, hints_of
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.draft import HOST, Draft
from smtp_tui.tui.model.fixes import (
    CA_FILE,
    FINGERPRINT,
    FixAction,
    FixProposal,
    change_words,
    now_words,
    pairs_of,
    pins,
    value_words,
)
from smtp_tui.tui.style import CURSOR, DIM, PLAIN, STRONG, WARNING, Span, make_strip
from smtp_tui.tui.textual_compat import NoRepaintOnResize, PaintOnceScreen
from smtp_tui.tui.widgets.bars import KeyHints
from smtp_tui.tui.widgets.dialog import DialogBody
from smtp_tui.tui.widgets.text_page import Block, TextPage, flow, plain

TITLE = "Possible fixes"
WEAKENS, ASKS = "WEAKENS", "asks first"
_AROUND = 5  # the line above, the title, the keys, and two lines of the form
_INDENT = "  "


def cure_blocks(cure: FixProposal, draft: Draft, file: str) -> list[Block]:
    """Return a fix as the list tells it: what it changes, a word on its risk, and why."""
    spans: list[Span] = [(escape_controls(change_words(cure, draft, file)), PLAIN)]
    if cure.fix.weakens:
        spans += [(" (", DIM), (WEAKENS, WARNING), (f", {ASKS})", DIM)]
    elif cure.way in (FixAction.ASK, FixAction.SAVE_AUTHORITY):
        spans.append((f" ({ASKS})", DIM))
    return [Block(tuple(spans), rest=_INDENT), plain(_reason(cure.fix), DIM, gap=False)]


class FixList(NoRepaintOnResize, ScrollView, can_focus=True):
    """Fixes one below the other, each of a few lines; one is chosen."""

    DEFAULT_CSS = "FixList { height: auto; scrollbar-size: 0 0; overflow-x: hidden; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k,shift+tab", "go(-1)", show=False),
        Binding("down,j,tab", "go(1)", show=False),
        Binding("home", "go(-1000)", show=False),
        Binding("end", "go(1000)", show=False),
    ]

    def __init__(self, fixes: Sequence[Sequence[Block]], index: int = 0) -> None:
        super().__init__()
        self._fixes = tuple(fixes)
        self._most = 1
        self.index = min(index, len(self._fixes) - 1)
        self._flowed: tuple[int, list[tuple[int, list[Span]]]] | None = None

    def limit(self, most: int) -> None:
        """Take at most so many lines."""
        self._most = most
        self.refresh(layout=True)

    def get_content_height(self, _container: Size, _viewport: Size, width: int) -> int:
        """Return the lines that all take, as far as there is room."""
        return min(len(self._lines(width)), self._most)

    def on_resize(self) -> None:
        """Flow anew, the chosen one in sight."""
        self.virtual_size = Size(self.size.width, len(self._lines(self.size.width)))
        self._show_chosen()

    def render_line(self, y: int) -> Strip:
        """Return one line; of the chosen fix the first is marked."""
        width, number = self.size.width, y + self.scroll_offset.y
        lines = self._lines(width)
        if number >= len(lines):
            return Strip.blank(width, PLAIN)
        of, spans = lines[number]
        if of != self.index:
            return make_strip([(_INDENT, PLAIN), *spans], width)
        is_first = number == 0 or lines[number - 1][0] != of
        if not is_first:
            return make_strip([(_INDENT, PLAIN), *spans], width)
        shown = "".join(part for part, _ in spans)
        pad = " " * max(width - cell_len(shown) - len(_INDENT), 0)
        return make_strip([(f"> {shown}{pad}", CURSOR)], width)

    def action_go(self, by: int) -> None:
        """Choose another."""
        before, self.index = self.index, min(max(self.index + by, 0), len(self._fixes) - 1)
        if self.index != before:
            for index in (before, self.index):
                first, end = self._span(index)
                top = first - self.scroll_offset.y
                self.refresh(Region(0, max(top, 0), self.size.width, end - first))
            self._show_chosen()

    def _show_chosen(self) -> None:
        first, end = self._span(self.index)
        top, height = self.scroll_offset.y, self.size.height
        wanted = min(first, max(top, end - height))
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, immediate=True)

    def _span(self, index: int) -> tuple[int, int]:
        of = [number for number, _ in self._lines(self.size.width)]
        return of.index(index), len(of) - of[::-1].index(index)

    def _lines(self, width: int) -> list[tuple[int, list[Span]]]:
        """Every line with the number of the fix that it is of."""
        if self._flowed is None or self._flowed[0] != width:
            room = width - len(_INDENT)
            lines = [
                (number, line)
                for number, blocks in enumerate(self._fixes)
                for line in flow(blocks, room)
            ]
            self._flowed = width, lines
        return self._flowed[1]


class FixDialog(PaintOnceScreen, ModalScreen[int | None], inherit_bindings=False):
    """Asks which fix to make; the result is its number, None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(FIX_COMMANDS),
        Binding("f8,ctrl+f", "leave", show=False),
    ]

    def __init__(
        self, cures: Sequence[FixProposal], draft: Draft, file: str, index: int = 0
    ) -> None:
        super().__init__(classes="dialog")
        self._cures = tuple(cures)
        self._list = FixList([cure_blocks(cure, draft, file) for cure in cures], index)

    def compose(self) -> ComposeResult:
        """List them over the keys."""
        with DialogBody(classes="box"):
            yield TextPage([plain(TITLE, STRONG)])
            yield self._list
            yield KeyHints(hints_of(self._commands()), indent=0)

    def on_resize(self) -> None:
        """Leave room for the keys."""
        self._list.limit(max(self.size.height - _AROUND, 1))

    def action_take(self) -> None:
        """Take the chosen one."""
        self.dismiss(self._list.index)

    def action_pin(self) -> None:
        """Take the one that pins the certificate, where there is one."""
        self._take(pins(cure.fix) for cure in self._cures)

    def action_save_authority(self) -> None:
        """Take the one that saves a CA, where there is one."""
        self._take(cure.way is FixAction.SAVE_AUTHORITY for cure in self._cures)

    def action_leave(self) -> None:
        """Take none."""
        self.dismiss(None)

    def _take(self, suits: Iterator[bool]) -> None:
        number = next((number for number, good in enumerate(suits) if good), None)
        if number is not None:
            self.dismiss(number)

    def _commands(self) -> Iterator[Command]:
        applies = {
            "pin": any(pins(cure.fix) for cure in self._cures),
            "save_authority": any(cure.way is FixAction.SAVE_AUTHORITY for cure in self._cures),
        }
        for command in FIX_COMMANDS:
            if applies.get(command.action, True):
                yield command


_GROUP = 8  # pairs of the hash that stay together in a line
_LABELS = 11


def trust_blocks(cure: FixProposal, chain: Sequence[Certificate], draft: Draft) -> list[Block]:
    """Return the question, whom it is about, and what a yes would mean."""
    fix, part = cure.fix, f"trust-{_trust_topic(cure, chain)}"
    value = fix.change.get("server_name", fix.change.get(HOST, fix.value))
    names = {
        "host": draft.text(HOST),
        "value": value_words(fix.field, value) if value else "",
        "old": now_words(fix.field, draft),
        "why": _reason(fix),
    }
    shown = cure.authority or (chain[0] if chain and fix.trusts else None)
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


def _trust_topic(cure: FixProposal, chain: Sequence[Certificate]) -> str:
    change = cure.fix.change
    if cure.authority:
        return "ca-file-own" if cure.authority in chain[:1] else "ca-file"
    if not cure.fix.trusts:
        return "weakens"
    for key, topic in ((FINGERPRINT, "tls-fingerprint"), (CA_FILE, "ca-file")):
        if change.get(key) == "":
            return f"{topic}-gone"
    if FINGERPRINT in change:
        return "tls-fingerprint"
    if CA_FILE in change:
        return "ca-file-other"
    return "server-name" if "server_name" in change else "host"


def _reason(fix: Fix) -> str:
    why = fix.why.removeprefix(f"{WEAKENS}: ")
    return why[:1].upper() + why[1:]


_AROUND_trust_dialog = 4  # the line above, the keys, and two lines of the form


class TrustDialog(PaintOnceScreen, ModalScreen[bool], inherit_bindings=False):
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
        super().__init__(classes="dialog")
        self._page = TextPage(blocks)
        self._yes = yes

    def compose(self) -> ComposeResult:
        """Show the question and the keys, which never leave the screen."""
        with DialogBody(classes="box"):
            yield self._page
            yield KeyHints((("Y", self._yes), ("N Enter Esc", "No")), indent=0)

    def on_resize(self) -> None:
        """Leave room for the keys."""
        self._page.limit(max(self.size.height - _AROUND_trust_dialog, 1))

    def action_answer(self, is_yes: bool) -> None:
        """Take the answer."""
        self.dismiss(is_yes)

    def action_go(self, lines: int) -> None:
        """Read on, where the text is longer than the screen."""
        self._page.scroll_to(y=self._page.scroll_offset.y + lines, animate=False)
