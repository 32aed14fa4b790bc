"""What a check amounts to, in words that never scroll away."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style

from smtp_tui.checks.status import IN_WORDS
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.escaping import visible
from smtp_tui.smtp.events import Stage, Warn
from smtp_tui.smtp.labels import label
from smtp_tui.smtp.message import Mail
from smtp_tui.smtp.transcript import Line, Mark
from smtp_tui.tui.bench.stages import AWAITED
from smtp_tui.tui.ink import ACCENT, BAD, DIM, GOOD, PLAIN, STRONG, WARNING
from smtp_tui.tui.keys.commands import key_of, with_keys
from smtp_tui.tui.mail.handover import headline, replies
from smtp_tui.tui.sidebar.page import Page
from smtp_tui.tui.sidebar.prose import Block, labelled, plain

UNTESTED = (
    "Not tested yet. F5 tests the settings in the form, saved or not. F3 explains an error from "
    "any other program."
)
BEGINNINGS = (
    "Alt+S finds the settings of a domain, Alt+P lists mail providers, Alt+I imports another "
    "program's settings. F5 tests the form, saved or not."
)
_LINES = 3
STALE = "  (before your last change)"
STOPPED = "Stopped. The test proved nothing; the log shows how far it got."

STOPPED_LATE = (
    "Stopped. The server may or may not have accepted the message; the log shows how far it got."
)


def outcome(verdict: Verdict) -> str:
    """Name the outcome in a word or three."""
    return "PASSED" if verdict.ok else f"FAILED at {IN_WORDS[verdict.stage]}"


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
    blocks = [Block(tuple(spans))]
    if verdict.fixes and not is_stale:
        blocks.append(fix_block(verdict, mail))
    blocks += [labelled(whom, reply) for whom, reply in replies(verdict)]
    warnings = dict(zip(verdict.warnings, verdict.warning_texts, strict=True))
    if Warn.DELIVERY_UNKNOWN in warnings:  # who sends it again must know this first
        blocks.append(plain(warnings.pop(Warn.DELIVERY_UNKNOWN), WARNING, gap=False))
    blocks += [plain(text, gap=False) for text in (verdict.cure, verdict.why) if text]
    if warnings:
        blocks.append(labelled("Warnings", ", ".join(map(label, warnings)), WARNING))
    return blocks


def fix_block(verdict: Verdict, mail: Mail | None) -> Block:
    """Return which key makes the first fix, what that does, and where the others are."""
    from smtp_tui.tui.cures.fixing import promise

    sends = mail is not None and mail.body is not None
    spans = [(f"{key_of('fix')} ", STRONG), (visible(promise(verdict, sends=sends)), PLAIN)]
    count = len(verdict.fixes)
    if count > 1:
        spans += [
            ("; ", PLAIN),
            (f"{key_of('fixes')} ", STRONG),
            ("lists both" if count == 2 else f"lists all {count}", PLAIN),
        ]
    return Block((*spans, (".", PLAIN)), gap=False)


def warning_blocks(verdict: Verdict) -> list[Block]:
    """Return what each warning means."""
    told = zip(verdict.warnings, verdict.warning_texts, strict=True)
    return [labelled(_capitalized(label(one)), text, WARNING) for one, text in told]


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


class VerdictBar(Page):
    """The verdict, or what is being waited for."""

    def __init__(
        self, notice: str = "", remarks: Sequence[str] = (), *, id: str | None = None
    ) -> None:
        first = plain(with_keys(notice or UNTESTED), PLAIN if notice else DIM, gap=False)
        about_file = [plain(one, WARNING, gap=False) for one in remarks]
        super().__init__([*about_file, first], most=_LINES, indent=1, more=key_of("switch"), id=id)
        self._usual = _LINES
        self.verdict: Verdict | None = None
        self.mail: Mail | None = None
        self.is_stale = False
        self._beside: Block | None = None

    def limit(self, most: int) -> None:
        """Take at most so many lines, and one more for the key that cures or what is beside."""
        self._usual = most
        has_more = bool(self.verdict and self.verdict.fixes) or self._beside is not None
        super().limit(most + 1 if has_more else most)

    def begin(self) -> None:
        """A check begins with the values as they are now."""
        self.verdict, self.is_stale, self._beside = None, False, None
        self.limit(self._usual)

    def wait(self, stage: Stage | None, seconds: float, limit: float) -> None:
        """Say what is being waited for, and for how long it may be."""
        awaited = AWAITED[stage] if stage else "the test to start"
        text = f"waiting for {awaited}, {seconds:.0f} s of {limit:g}"
        self.show([Block(((text, ACCENT), ("   Esc stops", DIM)))])

    def conclude(self, verdict: Verdict, mail: Mail | None) -> None:
        """Show a verdict, and what became of the mail that was to be handed over."""
        self.verdict, self.mail = verdict, mail
        self.limit(self._usual)
        self._show_verdict()

    def add(self, beside: Block | None) -> None:
        """Show another line at a verdict of success; None takes it away."""
        if self.verdict is not None and self.verdict.ok and beside != self._beside:
            self._beside = beside
            self.limit(self._usual)
            self._show_verdict()

    def tell(self, text: str, style: Style = PLAIN) -> None:
        """Say why there is no verdict."""
        self.verdict = None
        self.show([plain(text, style)])

    def outdate(self) -> None:
        """A value changed since the check began: it speaks of what stood there before."""
        if not self.is_stale:
            self.is_stale = True
            self._show_verdict()

    def _show_verdict(self) -> None:
        if self.verdict is not None:
            blocks = verdict_blocks(self.verdict, self.mail, is_stale=self.is_stale)
            first, rest = blocks[:1], blocks[1:]
            self.show([*first, *([self._beside] if self._beside else ()), *rest])
