"""From the facts of a check to its verdict."""

from __future__ import annotations

from smtp_tui.diagnosis import wording
from smtp_tui.diagnosis.facts import Facts
from smtp_tui.diagnosis.names import names_of
from smtp_tui.diagnosis.rules import cause_of_refusal
from smtp_tui.diagnosis.verdict import Recipient, Verdict
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.events import Fault, Finished


def diagnose(
    settings: Settings | None, facts: Facts, seconds: float, problems: tuple[str, ...] = ()
) -> Verdict:
    """Judge a check that has finished; without `settings` the `problems` say why there are none."""
    finished = facts.finished
    if finished is None:
        raise AssertionError("a check without an end has no verdict")
    cause = _cause(finished)
    names = names_of(settings, facts)
    said = wording.said_of(cause, names, facts, settings)
    also = tuple(fault.value for fault in finished.also)
    warnings = tuple(warning for warning in facts.warnings if warning.value != cause)
    return Verdict(
        seconds=seconds,
        ok=cause is None,
        stage=finished.stage,
        cause=cause,
        summary=said.what,
        why=said.why,
        cure=said.cure,
        also=also,
        warnings=warnings,
        reply=finished.reply,
        protocol=finished.protocol,
        address=facts.address,
        tls=facts.tls,
        mechanisms=facts.mechanisms,
        recipients=tuple(
            Recipient(address=one.recipient, code=one.reply.code, text=one.reply.text)
            for one in facts.recipients
        ),
        queue_id=facts.queue_id,
        problems=problems,
        also_texts=tuple(wording.what_of(one, names) for one in also),
        warning_texts=tuple(wording.warning_text(one, names) for one in warnings),
    )


def _cause(finished: Finished) -> str | None:
    if finished.fault is Fault.REFUSED and finished.reply:
        return cause_of_refusal(finished.stage, finished.command, finished.reply)
    return finished.fault.value if finished.fault else None
