"""Format the verdict of a check, and show it in a panel of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smtp_tui.diagnosis.causes import label
from smtp_tui.diagnosis.verdict import Recipient, Verdict
from smtp_tui.safe_text import escape_controls
from smtp_tui.smtp.events import Cause, Stage, WarningId
from smtp_tui.smtp.message import MailRequest
from smtp_tui.smtp.transcript import TranscriptLine, TranscriptMark
from smtp_tui.tui.commands import key_of, with_keys
from smtp_tui.tui.model.fixes import describe_fix
from smtp_tui.tui.model.session import outcome
from smtp_tui.tui.style import BAD, CAUTION, DIM, GOOD, OURS, PLAIN, STRONG
from smtp_tui.tui.test_pane.progress import STAGES
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, labelled, plain

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
    """Return the verdict in a sentence, including what happened to accepted recipients."""
    if mail is None or not _reached_others(verdict):
        return verdict.summary
    rejected, count = len(_rejected(verdict)), len(verdict.recipients)
    rest = "the others would be accepted" if mail.body is None else "the message went to the others"
    return f"{rejected} of {count} recipients rejected; {rest}."


def replies(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """Yield the replies to rejected recipients, then the accepted ones, if there are several."""
    if len(verdict.recipients) == 1:
        return
    rejected = _rejected(verdict)
    for recipient in rejected:
        # Many servers repeat the address, which already stands before the reply.
        reply = " ".join(recipient.text.split()).replace(f"<{recipient.address}>: ", "", 1)
        yield recipient.address, f"{recipient.code} {reply}"
    if _reached_others(verdict):
        accepted = ", ".join(
            recipient.address for recipient in verdict.recipients if recipient not in rejected
        )
        queued = f"; queued as {verdict.queue_id}" if verdict.queue_id else ""
        yield "Accepted", f"{accepted}{queued}"


def _reached_others(verdict: Verdict) -> bool:
    """Whether the check failed only because some of the recipients were rejected."""
    is_rejection = (verdict.stage, verdict.cause) == (Stage.ENVELOPE, Cause.RECIPIENT_REFUSED)
    return is_rejection and 0 < len(_rejected(verdict)) < len(verdict.recipients)


def _rejected(verdict: Verdict) -> list[Recipient]:
    return [recipient for recipient in verdict.recipients if recipient.code // 100 != 2]


def verdict_lines(verdict: Verdict, mail: MailRequest | None) -> list[TranscriptLine]:
    """Return the verdict as lines for the log."""
    mark = TranscriptMark.FACT if verdict.ok else TranscriptMark.WARNING
    lines = [f"{outcome(verdict)}: {summary_of(verdict, mail)}"]
    lines += [f"{title}: {reply}" for title, reply in replies(verdict)]
    return [TranscriptLine(verdict.seconds, mark, escape_controls(text)) for text in lines]


def verdict_blocks(
    verdict: Verdict, mail: MailRequest | None, *, is_stale: bool = False
) -> list[TextBlock]:
    """Return what happened, the fix, the replies, what to do and why, and the warnings."""
    happened = escape_controls(summary_of(verdict, mail))
    spans = [(f"{outcome(verdict)}: ", GOOD if verdict.ok else BAD), (happened, STRONG)]
    blocks = [TextBlock((*spans, (STALE, DIM)) if is_stale else tuple(spans))]
    if verdict.fixes and not is_stale:
        sends, count = mail is not None and mail.body is not None, len(verdict.fixes)
        what = escape_controls(describe_fix(verdict, sends=sends))
        spans = [(f"{key_of('fix')} ", STRONG), (what, PLAIN)]
        if count > 1:
            listed = "lists both" if count == 2 else f"lists all {count}"
            spans += [("; ", PLAIN), (f"{key_of('fixes')} ", STRONG), (listed, PLAIN)]
        blocks.append(TextBlock((*spans, (".", PLAIN)), gap=False))
    blocks += [labelled(title, reply) for title, reply in replies(verdict)]
    warnings = dict(zip(verdict.warnings, verdict.warning_texts, strict=True))
    if WarningId.DELIVERY_UNKNOWN in warnings:  # the admin must know this before sending again
        blocks.append(plain(warnings.pop(WarningId.DELIVERY_UNKNOWN), CAUTION, gap=False))
    blocks += [plain(text, gap=False) for text in (verdict.cure, verdict.why) if text]
    if warnings:
        blocks.append(labelled("Warnings", ", ".join(map(label, warnings)), CAUTION))
    return blocks


def warning_blocks(verdict: Verdict) -> list[TextBlock]:
    """Return an explanation of each warning."""
    titles = [label(warning) for warning in verdict.warnings]
    pairs = zip(titles, verdict.warning_texts, strict=True)
    return [labelled(title[:1].upper() + title[1:], text, CAUTION) for title, text in pairs]


class VerdictPanel(TextPage):
    """A panel with the verdict, or what the check waits for."""

    def __init__(self, notice: str, remarks: Sequence[str], *, id: str) -> None:
        first = plain(with_keys(notice or UNTESTED), PLAIN if notice else DIM, gap=False)
        about_file = [plain(remark, CAUTION, gap=False) for remark in remarks]
        super().__init__([*about_file, first], most=_LINES, indent=1, more=key_of("switch"), id=id)
        self._limit = _LINES
        self.verdict: Verdict | None = None
        self.mail: MailRequest | None = None
        self.is_stale = False
        self._extra: TextBlock | None = None

    def limit(self, most: int) -> None:
        """Limit the lines to `most`, and one more for the key of a fix or an extra line."""
        self._limit = most
        has_more = bool(self.verdict and self.verdict.fixes) or self._extra is not None
        super().limit(most + 1 if has_more else most)

    def begin(self) -> None:
        """Clear the verdict for a new check."""
        self.verdict, self.is_stale, self._extra = None, False, None
        self.limit(self._limit)

    def show_wait(self, stage: Stage | None, seconds: float, limit: float) -> None:
        """Show what the check waits for, how long so far and the limit."""
        awaited = STAGES[stage][1] if stage else "the test to start"
        text = f"waiting for {awaited}, {seconds:.0f} s of {limit:g}"
        self.show([TextBlock(((text, OURS), ("   Esc stops", DIM)))])

    def show_verdict(self, verdict: Verdict, mail: MailRequest | None) -> None:
        """Show a verdict; `mail` is what the check was to submit."""
        self.verdict, self.mail = verdict, mail
        self._update_blocks()

    def show_extra(self, extra: TextBlock | None) -> None:
        """Show an extra line at a passed verdict; None removes it."""
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
