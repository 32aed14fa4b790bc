"""What a check amounts to, in words that never scroll away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smtp_tui.checks.exit_status import STAGE_NAMES
from smtp_tui.diagnosis.causes import label
from smtp_tui.diagnosis.verdict import Recipient, Verdict
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Cause, Stage, WarningId
from smtp_tui.smtp.message import MailRequest
from smtp_tui.smtp.transcript import Line, Mark
from smtp_tui.tui.commands import key_of, with_keys
from smtp_tui.tui.model.fixes import describe_fix
from smtp_tui.tui.style import ACCENT, BAD, DIM, GOOD, PLAIN, STRONG, WARNING
from smtp_tui.tui.test_pane.progress import STAGES
from smtp_tui.tui.widgets.text_page import Block, TextPage, labelled, plain

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


def summary_of(verdict: Verdict, mail: MailRequest | None) -> str:
    """Return what happened in a sentence, also what became of the recipients not rejected."""
    if mail is None or not _reached_others(verdict):
        return verdict.summary
    refused, count = len(_refused(verdict)), len(verdict.recipients)
    rest = "the others would be accepted" if mail.body is None else "the message went to the others"
    return f"{refused} of {count} recipients rejected; {rest}."


def replies(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """Yield the replies to each recipient, where some of several were rejected."""
    if len(verdict.recipients) == 1:
        return
    refused = _refused(verdict)
    for one in refused:
        # Many servers repeat the address, which stands before the reply already.
        reply = " ".join(one.text.split()).replace(f"<{one.address}>: ", "", 1)
        yield one.address, f"{one.code} {reply}"
    if _reached_others(verdict):
        taken = ", ".join(one.address for one in verdict.recipients if one not in refused)
        queued = f"; queued as {verdict.queue_id}" if verdict.queue_id else ""
        yield "Accepted", f"{taken}{queued}"


def _reached_others(verdict: Verdict) -> bool:
    """Whether refusals of some recipients are all that was wrong."""
    is_theirs = (verdict.stage, verdict.cause) == (Stage.ENVELOPE, Cause.RECIPIENT_REFUSED)
    return is_theirs and 0 < len(_refused(verdict)) < len(verdict.recipients)


def _refused(verdict: Verdict) -> list[Recipient]:
    return [one for one in verdict.recipients if one.code // 100 != 2]


def outcome(verdict: Verdict) -> str:
    """Name the outcome in a word or three."""
    return "PASSED" if verdict.ok else f"FAILED at {STAGE_NAMES[verdict.stage]}"


def verdict_lines(verdict: Verdict, mail: MailRequest | None) -> list[Line]:
    """Return the verdict as the log's last lines."""
    mark = Mark.FACT if verdict.ok else Mark.WARNING
    lines = [f"{outcome(verdict)}: {summary_of(verdict, mail)}"]
    lines += [f"{whom}: {reply}" for whom, reply in replies(verdict)]
    return [Line(verdict.seconds, mark, escape_controls(text)) for text in lines]


def verdict_blocks(
    verdict: Verdict, mail: MailRequest | None, *, is_stale: bool = False
) -> list[Block]:
    """Return what happened, what that means, and what to do."""
    happened = escape_controls(summary_of(verdict, mail))
    spans = [(f"{outcome(verdict)}: ", GOOD if verdict.ok else BAD), (happened, STRONG)]
    blocks = [Block((*spans, (STALE, DIM)) if is_stale else tuple(spans))]
    if verdict.fixes and not is_stale:
        sends, count = mail is not None and mail.body is not None, len(verdict.fixes)
        what = escape_controls(describe_fix(verdict, sends=sends))
        spans = [(f"{key_of('fix')} ", STRONG), (what, PLAIN)]
        if count > 1:
            listed = "lists both" if count == 2 else f"lists all {count}"
            spans += [("; ", PLAIN), (f"{key_of('fixes')} ", STRONG), (listed, PLAIN)]
        blocks.append(Block((*spans, (".", PLAIN)), gap=False))
    blocks += [labelled(whom, reply) for whom, reply in replies(verdict)]
    warnings = dict(zip(verdict.warnings, verdict.warning_texts, strict=True))
    if WarningId.DELIVERY_UNKNOWN in warnings:  # who sends it again must know this first
        blocks.append(plain(warnings.pop(WarningId.DELIVERY_UNKNOWN), WARNING, gap=False))
    blocks += [plain(text, gap=False) for text in (verdict.cure, verdict.why) if text]
    if warnings:
        blocks.append(labelled("Warnings", ", ".join(map(label, warnings)), WARNING))
    return blocks


def warning_blocks(verdict: Verdict) -> list[Block]:
    """Return what each warning means."""
    titles = [label(warning) for warning in verdict.warnings]
    pairs = zip(titles, verdict.warning_texts, strict=True)
    return [labelled(title[:1].upper() + title[1:], text, WARNING) for title, text in pairs]


class VerdictPanel(TextPage):
    """The verdict, or what is being waited for."""

    def __init__(self, notice: str, remarks: Sequence[str], *, id: str) -> None:
        first = plain(with_keys(notice or UNTESTED), PLAIN if notice else DIM, gap=False)
        about_file = [plain(one, WARNING, gap=False) for one in remarks]
        super().__init__([*about_file, first], most=_LINES, indent=1, more=key_of("switch"), id=id)
        self._limit = _LINES
        self.verdict: Verdict | None = None
        self.mail: MailRequest | None = None
        self.is_stale = False
        self._extra: Block | None = None

    def limit(self, most: int) -> None:
        """Take at most so many lines, and one more for the key of a fix or an extra line."""
        self._limit = most
        has_more = bool(self.verdict and self.verdict.fixes) or self._extra is not None
        super().limit(most + 1 if has_more else most)

    def begin(self) -> None:
        """Start a check with the values as they are now."""
        self.verdict, self.is_stale, self._extra = None, False, None
        self.limit(self._limit)

    def show_wait(self, stage: Stage | None, seconds: float, limit: float) -> None:
        """Show what is being waited for, and for how long it may be."""
        awaited = STAGES[stage][1] if stage else "the test to start"
        text = f"waiting for {awaited}, {seconds:.0f} s of {limit:g}"
        self.show([Block(((text, ACCENT), ("   Esc stops", DIM)))])

    def show_verdict(self, verdict: Verdict, mail: MailRequest | None) -> None:
        """Show a verdict, and what became of the mail that was to be handed over."""
        self.verdict, self.mail = verdict, mail
        self._update_blocks()

    def show_extra(self, extra: Block | None) -> None:
        """Show an extra line at a verdict of success; None takes it away."""
        if self.verdict is not None and self.verdict.ok and extra != self._extra:
            self._extra = extra
            self._update_blocks()

    def show_failure(self, text: str) -> None:
        """Show why there is no verdict."""
        self.verdict = None
        self.show([plain(text, BAD)])

    def mark_stale(self) -> None:
        """Show that a value has changed since the check began."""
        if not self.is_stale:
            self.is_stale = True
            self._update_blocks()

    def _update_blocks(self) -> None:
        if self.verdict is not None:
            self.limit(self._limit)
            first, *rest = verdict_blocks(self.verdict, self.mail, is_stale=self.is_stale)
            self.show([first, *([self._extra] if self._extra else ()), *rest])
