"""What a check amounts to, in words that never scroll away."""

from __future__ import annotations

from rich.style import Style

from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.escaping import visible
from smtp_tui.smtp.events import Stage, Warn
from smtp_tui.smtp.message import Mail
from smtp_tui.smtp.transcript import Line, Mark
from smtp_tui.tui.handover import headline, replies
from smtp_tui.tui.ink import ACCENT, BAD, DIM, GOOD, PLAIN, STRONG, WARNING
from smtp_tui.tui.page import Page
from smtp_tui.tui.prose import Block, labelled, plain
from smtp_tui.tui.stages import AWAITED, NAMES

UNTESTED = "Not tested yet. F5 tests the settings as they stand, saved or not."
STALE = "  (before your last change)"
STOPPED = "Stopped. Nothing was proved; what was said until then stands in the log."

STOPPED_LATE = (
    "Stopped. The server may have taken the message or not; the log tells how far it came."
)


def outcome(verdict: Verdict) -> str:
    """Name the outcome in a word or three."""
    return "PASSED" if verdict.ok else f"FAILED at {NAMES[verdict.stage]}"


def verdict_lines(verdict: Verdict, mail: Mail | None) -> list[Line]:
    """Return the verdict as the log's last lines."""
    mark = Mark.FACT if verdict.ok else Mark.WARNING
    told = [f"{outcome(verdict)}: {headline(verdict, mail)}"]
    told += [f"{whom}: {reply}" for whom, reply in replies(verdict)]
    return [Line(verdict.seconds, mark, visible(text)) for text in told]


def verdict_blocks(verdict: Verdict, mail: Mail | None, *, is_stale: bool = False) -> list[Block]:
    """Return what happened, what that means, and what to do."""
    style = GOOD if verdict.ok else BAD
    spans = [(f"{outcome(verdict)}: ", style), (visible(headline(verdict, mail)), STRONG)]
    if is_stale:
        spans.append((STALE, DIM))
    blocks = [Block(tuple(spans)), *(labelled(whom, reply) for whom, reply in replies(verdict))]
    warnings = dict(zip(verdict.warnings, verdict.warning_texts, strict=True))
    if Warn.DELIVERY_UNKNOWN in warnings:  # who sends it again must know this first
        blocks.append(plain(warnings.pop(Warn.DELIVERY_UNKNOWN), WARNING, gap=False))
    blocks += [plain(text, gap=False) for text in (verdict.cure, verdict.why) if text]
    if warnings:
        blocks.append(labelled("Warnings", ", ".join(warnings), WARNING))
    return blocks


def warning_blocks(verdict: Verdict) -> list[Block]:
    """Return what each warning means."""
    told = zip(verdict.warnings, verdict.warning_texts, strict=True)
    return [labelled(warning, text, WARNING) for warning, text in told]


class VerdictBar(Page):
    """The verdict, or what is being waited for."""

    def __init__(self, notice: str = "", *, id: str | None = None) -> None:
        first = plain(notice or UNTESTED, PLAIN if notice else DIM)
        super().__init__([first], most=3, indent=1, id=id)
        self.verdict: Verdict | None = None
        self.mail: Mail | None = None
        self._is_stale = False

    def wait(self, stage: Stage | None, seconds: float, limit: float) -> None:
        """Say what is being waited for, and for how long it may be."""
        self.verdict = None
        awaited = AWAITED[stage] if stage else "the check to begin"
        text = f"waiting for {awaited}, {seconds:.0f} s of {limit:g}"
        self.show([Block(((text, ACCENT), ("   Esc stops", DIM)))])

    def conclude(self, verdict: Verdict, mail: Mail | None) -> None:
        """Show a verdict, and what became of the mail that was to be handed over."""
        self.verdict, self.mail, self._is_stale = verdict, mail, False
        self.show(verdict_blocks(verdict, mail))

    def tell(self, text: str, style: Style = PLAIN) -> None:
        """Say why there is no verdict."""
        self.verdict = None
        self.show([plain(text, style)])

    def outdate(self) -> None:
        """A value changed since: the verdict speaks of what stood there before."""
        if self.verdict is not None and not self._is_stale:
            self._is_stale = True
            self.show(verdict_blocks(self.verdict, self.mail, is_stale=True))
