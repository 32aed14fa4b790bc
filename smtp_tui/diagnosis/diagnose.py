"""From the facts of a check to its verdict."""

from __future__ import annotations

from smtp_tui.diagnosis.facts import Facts
from smtp_tui.diagnosis.rules import cause_of_refusal
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.diagnosis.wording import Wording, failure_wording, success_wording
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.events import Fault, Finished


def diagnose(settings: Settings | None, facts: Facts, seconds: float) -> Verdict:
    """Judge a check that has finished; `settings` is None when they could not be read."""
    finished = facts.finished
    if finished is None:
        raise AssertionError("a check without an end has no verdict")
    cause = _cause(finished)
    wording = _wording(cause, finished, facts, settings)
    return Verdict(
        seconds=seconds,
        ok=cause is None,
        stage=finished.stage,
        cause=cause,
        summary=wording.what,
        why=wording.why,
        cure=wording.cure,
        also=tuple(fault.value for fault in finished.also),
        warnings=tuple(warning for warning in facts.warnings if warning.value != cause),
        reply=finished.reply,
        protocol=finished.protocol,
        address=facts.address,
        tls=facts.tls,
        mechanisms=facts.mechanisms,
    )


def _cause(finished: Finished) -> str | None:
    if finished.fault is Fault.REFUSED and finished.reply:
        return cause_of_refusal(finished.stage, finished.command, finished.reply)
    return finished.fault.value if finished.fault else None


def _wording(
    cause: str | None, finished: Finished, facts: Facts, settings: Settings | None
) -> Wording:
    if cause is not None:
        return failure_wording(cause, finished, facts, settings)
    if settings is None:
        raise AssertionError("nothing passes without settings")
    return Wording(success_wording(facts, settings), "", "")
