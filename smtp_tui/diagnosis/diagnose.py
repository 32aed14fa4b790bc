"""From the facts of a check to its verdict, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smtp_tui.diagnosis.causes import parts_of, warnings
from smtp_tui.diagnosis.template_vars import Names, template_vars
from smtp_tui.diagnosis.verdict import CheckSummary, Fix, Recipient, Verdict
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.settings.parsers import is_this_machine
from smtp_tui.settings.validate import Problem
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Cause, Finished, WarningId

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
    names = template_vars(settings, facts)
    cause: str | None = None
    proposed: tuple[Fix, ...] = ()
    if finished.fault is None:
        texts = {"what": _success(facts, settings), "why": "", "cure": ""}
    else:
        # A check that passes is spared 20 ms: experiments, fixes and the providers.
        from smtp_tui.diagnosis import experiments, fixes

        rule = _rule_of(finished, settings, facts)
        cause = _cause(finished, rule)
        if settings is None:
            proposed = fixes.fixes_of_problems(tuple(problem.key for problem in problems))
        else:
            names |= experiments.hints(settings, facts)
            proposed = fixes.fixes_for(settings, facts, cause, names)
        texts = _cause_texts(cause, names, rule, is_local=_is_local(settings, facts))
    also = tuple(fault.value for fault in finished.also)
    shown = tuple(warning for warning in facts.warnings if warning.value != cause)
    return Verdict(
        seconds=seconds,
        ok=cause is None,
        stage=finished.stage,
        cause=cause,
        summary=texts["what"],
        why=texts["why"],
        cure=texts["cure"],
        also=also,
        warnings=shown,
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
        fixes=proposed,
        also_texts=tuple(parts_of(one)["what"].format_map(names) for one in also),
        warning_texts=tuple(warning_text(warning, names) for warning in shown),
        facts=facts,
    )


def cause_of(finished: Finished, settings: Settings, facts: CheckSummary) -> str | None:
    """Return the cause id of an end; None where the check passed."""
    return _cause(finished, _rule_of(finished, settings, facts)) if finished.fault else None


def _cause(finished: Finished, rule: ReplyRule | None) -> str:
    is_read = finished.fault is Cause.REFUSED and rule
    return rule.cause if is_read and rule else str(finished.fault)


def _rule_of(
    finished: Finished, settings: Settings | None, facts: CheckSummary
) -> ReplyRule | None:
    """Return the rule that reads the negative reply of an end, where it ended with one."""
    if finished.reply is None or finished.fault not in _WITH_A_REPLY:
        return None
    from smtp_tui.diagnosis.rules import rule_of_refusal  # few checks end with a refusal

    # The login that is missing is one that the server offers, or that its port is there for.
    lacks_login = (
        settings is not None
        and not settings.authenticates
        and (bool(facts.mechanisms) or settings.port in _SUBMISSION_PORTS)
    )
    return rule_of_refusal(
        finished.stage,
        finished.command,
        finished.reply,
        settings.host if settings else None,
        without_login=lacks_login,
    )


def _cause_texts(
    cause: str, names: Names, rule: ReplyRule | None, *, is_local: bool
) -> dict[str, str]:
    """Fill in the texts of a cause; the rule that read a reply may have better ones."""
    texts = parts_of(cause, is_local=is_local)
    if rule is not None and rule.cause == cause:
        own = {"what": rule.what, "why": rule.why, "cure": rule.cure}
        texts |= {part: text for part, text in own.items() if text}
    return {part: text.format_map(names) for part, text in texts.items()}


def _is_local(settings: Settings | None, facts: CheckSummary) -> bool:
    """Whether the server was sought on this machine, by its name or by what the name leads to."""
    addresses = settings and (facts.resolved or (settings.host,))
    return bool(addresses) and all(is_this_machine(address) for address in addresses or ())


def warning_text(warning: WarningId, names: Names) -> str:
    """Say in a sentence or two what a warning means."""
    return warnings()[warning.value]["text"].format_map(names)


def _success(facts: CheckSummary, settings: Settings | None) -> str:
    if settings is None:
        raise AssertionError("nothing passes without settings")
    link = "unencrypted"
    if facts.established:
        held = "verified" if facts.established.verified else "not verified"
        if settings.tls_fingerprint:
            held = "pinned"
        link = f"inside {facts.established.version}, certificate {held}"
    if facts.is_accepted:
        queued = f", as {facts.queue_id}" if facts.queue_id else ""
        said = f"The server accepted the message{queued}, {link}. This does not prove delivery."
    elif facts.recipients:
        first, *others = [one.recipient for one in facts.recipients]
        shown = f"{first} and {len(others)} more" if others else first
        said = f"The server accepts mail for {shown}, {link}. No message was sent."
    elif settings.authenticates:
        who = f" of {mask_credentials(settings.username)}" if settings.username else ""
        said = f"The server accepts the login{who} with {facts.mechanism}, {link}."
    else:
        said = f"The server {settings.host} answers correctly, {link}; there was no login."
    return escape_controls(said)
