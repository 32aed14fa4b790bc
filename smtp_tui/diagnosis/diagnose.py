"""From the facts of a check to its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smtp_tui.diagnosis import cause_text
from smtp_tui.diagnosis.template_vars import Names, template_vars
from smtp_tui.diagnosis.verdict import CheckSummary, Fix, Recipient, Verdict
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.validate import Problem
from smtp_tui.smtp.events import Cause, Finished

if TYPE_CHECKING:
    from smtp_tui.diagnosis.rules import ReplyRule

_WITH_A_REPLY = (Cause.REFUSED, Cause.RECIPIENT_REFUSED)
# RFC 6409 and RFC 8314: for the mail of those who log in.
_SUBMISSION_PORTS = (465, 587)


def diagnose(
    settings: Settings | None,
    facts: CheckSummary,
    seconds: float,
    problems: tuple[Problem, ...] = (),
) -> Verdict:
    """Judge a check that has finished; without `settings` the `problems` say why there are none."""
    finished = facts.finished
    if finished is None:
        raise AssertionError("a check without an end has no verdict")
    rule = _rule_of(finished, settings, facts)
    cause = _cause(finished, rule)
    names = template_vars(settings, facts)
    said = cause_text.describe_cause(cause, names, facts, settings, rule)
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
        problems=tuple(map(str, problems)),
        fixes=_fixes(settings, facts, cause, names, problems),
        also_texts=tuple(cause_text.cause_headline(one, names) for one in also),
        facts=facts,
        warning_texts=tuple(cause_text.warning_text(one, names) for one in warnings),
    )


def _fixes(
    settings: Settings | None,
    facts: CheckSummary,
    cause: str | None,
    names: Names,
    problems: tuple[Problem, ...],
) -> tuple[Fix, ...]:
    if cause is None:
        return ()
    from smtp_tui.diagnosis import fixes  # a check that passes needs none

    if settings is None:
        return fixes.fixes_of_problems(tuple(problem.key for problem in problems))
    return fixes.fixes_for(settings, facts, cause, names)


def cause_of(finished: Finished, settings: Settings, facts: CheckSummary) -> str | None:
    """Return the cause id of an end; None where the check passed."""
    return _cause(finished, _rule_of(finished, settings, facts))


def _cause(finished: Finished, rule: ReplyRule | None) -> str | None:
    if finished.fault is Cause.REFUSED and rule:
        return rule.cause
    return finished.fault.value if finished.fault else None


def _rule_of(
    finished: Finished, settings: Settings | None, facts: CheckSummary
) -> ReplyRule | None:
    """The rule that reads the reply of an end, where a negative one is what it ended with."""
    if finished.reply is None or finished.fault not in _WITH_A_REPLY:
        return None
    from smtp_tui.diagnosis.rules import rule_of_refusal  # a check that passes needs none

    return rule_of_refusal(
        finished.stage,
        finished.command,
        finished.reply,
        settings.host if settings else None,
        without_login=settings is not None and _lacks_login(settings, facts),
    )


def _lacks_login(settings: Settings, facts: CheckSummary) -> bool:
    """Whether nobody logs in where a login is to be had, or its port is there for nothing else."""
    return not settings.authenticates and (
        bool(facts.mechanisms) or settings.port in _SUBMISSION_PORTS
    )
