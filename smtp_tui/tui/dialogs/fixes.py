"""The dialogs that list fixes and ask whether to trust a server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from smtp_tui.safe_text import escape_controls
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.tui.commands import hints_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import FIX_COMMANDS
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.fixes import FixKind, FixProposal, format_fix, pins
from smtp_tui.tui.model.trust_text import ASKS, SHA_256, WEAKENS, reason_of, trust_text
from smtp_tui.tui.style import CAUTION, DIM, PLAIN, STRONG, Span
from smtp_tui.tui.widgets.dialog import Dialog
from smtp_tui.tui.widgets.list import ListView
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, flow, plain

TITLE = "Possible fixes"
_LABELS = 11


class FixList(ListView[Sequence[TextBlock]]):
    """The list of fixes, each of a few lines."""

    name_span = None

    BINDINGS: ClassVar[list[BindingType]] = [("shift+tab", "go(-1)"), ("tab", "go(1)")]

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield the lines of each fix."""
        for blocks in self.rows:
            yield flow(blocks, width)


class FixDialog(Dialog[int | None]):
    """Asks which fix to apply; returns its index, or None."""

    place = "fixes"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(FIX_COMMANDS),
        Binding("f8,ctrl+f", "leave", id="fixes"),
    ]

    def __init__(
        self, proposals: Sequence[FixProposal], draft: SettingsDraft, file: str, index: int = 0
    ) -> None:
        rows = [_blocks(proposal, draft, file) for proposal in proposals]
        self._list = FixList(rows, min(index, len(rows) - 1))
        # The index of the first fix for each action that has its own key.
        self._first: dict[str, int] = {}
        for number, proposal in enumerate(proposals):
            if pins(proposal.fix):
                self._first.setdefault("pin", number)
            if proposal.kind is FixKind.SAVE_AUTHORITY:
                self._first.setdefault("save_authority", number)
        hints = hints_of(FIX_COMMANDS, {"pin", "save_authority"} - self._first.keys())
        title = TextPage([plain(TITLE, STRONG)])
        super().__init__(title, self._list, hints=hints, flexible=self._list)

    def action_take(self) -> None:
        """Return the fix under the cursor."""
        self.dismiss(self._list.index)

    def action_pin(self) -> None:
        """Return the fix that pins the certificate, if any."""
        if "pin" in self._first:
            self.dismiss(self._first["pin"])

    def action_save_authority(self) -> None:
        """Return the fix that saves a CA, if any."""
        if "save_authority" in self._first:
            self.dismiss(self._first["save_authority"])


def _blocks(proposal: FixProposal, draft: SettingsDraft, file: str) -> list[TextBlock]:
    """Return a fix's changes, risk and reason."""
    fix = proposal.fix
    change = TextBlock(((escape_controls(format_fix(proposal, draft, file)), PLAIN),), rest="  ")
    risk: tuple[Span, ...] = ()
    if fix.weakens:
        risk = (WEAKENS, CAUTION), (f", {ASKS}. ", DIM)
    elif proposal.asks:
        risk = ((f"{ASKS.capitalize()}. ", DIM),)
    return [change, TextBlock((*risk, (escape_controls(reason_of(fix)), DIM)), gap=False)]


def trust_blocks(
    proposal: FixProposal, chain: Sequence[Certificate], draft: SettingsDraft, width: int
) -> list[TextBlock]:
    """Return the question, the certificate it is about, and the meaning of a yes."""
    shown = trust_text(proposal, chain, draft, width - _LABELS - 4)
    width = max((len(label) + 2 for label, _ in shown.facts), default=0)
    facts = [_fact(label, value, max(width, _LABELS)) for label, value in shown.facts]
    return [plain(shown.question, CAUTION), *facts, plain(shown.meaning)]


def _fact(label: str, value: str, width: int) -> TextBlock:
    head, rest = f"  {label:{width}}", " " * (width + 2)
    style = STRONG if label == SHA_256 else PLAIN
    return TextBlock(((value, style),), head, rest, gap=False)


class CertificateTrustDialog(Dialog[bool]):
    """Asks whether to trust; Y means yes, and Enter, Escape and N mean no.

    `blocks` are the question for a width of the screen.
    """

    # People press Enter and Escape without reading, so they never mean yes.
    BINDINGS: ClassVar[list[BindingType]] = [
        ("y,Y", "dismiss(True)"),
        ("n,N,enter,escape", "dismiss(False)"),
        ("up,k", "go(-1)"),
        ("down,j", "go(1)"),
        ("pageup", "go(-5)"),
        ("pagedown,space", "go(5)"),
    ]

    def __init__(self, blocks: Callable[[int], Sequence[TextBlock]], yes: str) -> None:
        self.page, self._blocks = TextPage(), blocks
        # The key hints stay visible, however long the question is.
        hints = ("Y", yes), ("N Enter Esc", "No")
        super().__init__(self.page, hints=hints, flexible=self.page)

    def on_resize(self) -> None:
        """Break the hash between its groups in any width."""
        self.page.show(self._blocks(self.size.width))
        super().on_resize()
