"""What a verdict says of recipients and message, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.diagnosis.verdict import Recipient, Verdict
from smtp_tui.smtp.events import Fault, Stage
from smtp_tui.smtp.message import Mail


def headline(verdict: Verdict, mail: Mail | None) -> str:
    """Return what happened in a sentence; of some recipients refused, what became of the rest."""
    if mail is None or not _went_to_the_rest(verdict):
        return verdict.summary
    refused, count = len(_refused(verdict)), len(verdict.recipients)
    rest = "the others would be accepted" if mail.body is None else "the message went to the others"
    return f"{refused} of {count} recipients rejected; {rest}."


def replies(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """Yield what was said to whom, where some of several recipients were refused."""
    if len(verdict.recipients) == 1:
        return
    refused = _refused(verdict)
    for one in refused:
        yield one.address, f"{one.code} {_words(one)}"
    if _went_to_the_rest(verdict):
        taken = ", ".join(one.address for one in verdict.recipients if one not in refused)
        queued = f"; queued as {verdict.queue_id}" if verdict.queue_id else ""
        yield "Accepted", f"{taken}{queued}"


def _words(recipient: Recipient) -> str:
    """What the server said, in one line, without the address that it often repeats."""
    return " ".join(recipient.text.split()).replace(f"<{recipient.address}>: ", "", 1)


def _went_to_the_rest(verdict: Verdict) -> bool:
    """Whether refusals of some recipients are all that was wrong."""
    is_theirs = (verdict.stage, verdict.cause) == (Stage.ENVELOPE, Fault.RECIPIENT_REFUSED)
    return is_theirs and 0 < len(_refused(verdict)) < len(verdict.recipients)


def _refused(verdict: Verdict) -> list[Recipient]:
    return [one for one in verdict.recipients if one.code // 100 != 2]
