"""The sentences of a verdict, from data and facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smtp_tui.diagnosis import causes
from smtp_tui.diagnosis.template_vars import Names
from smtp_tui.diagnosis.verdict import CheckSummary
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.settings.parsers import is_this_machine
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import WarningId

if TYPE_CHECKING:
    from smtp_tui.diagnosis.rules import ReplyRule


@record
class CauseText:
    """What happened, why, and what to do."""

    what: str
    why: str = ""
    cure: str = ""


def describe_cause(
    cause: str | None,
    names: Names,
    facts: CheckSummary,
    settings: Settings | None,
    rule: ReplyRule | None = None,
) -> CauseText:
    """Return the texts of a cause filled in with what was seen, or those of success.

    A rule that reads the server's reply as this cause may have better words for it.
    """
    if cause is not None:
        parts = causes.parts_of(cause, is_local=_is_local(settings, facts))
        if rule is not None and rule.cause == cause:
            own = {"what": rule.what, "why": rule.why, "cure": rule.cure}
            parts = parts | {part: text for part, text in own.items() if text}
        return CauseText(**{part: text.format_map(names) for part, text in parts.items()})
    if settings is None:
        raise AssertionError("nothing passes without settings")
    return CauseText(_success(facts, settings))


def _is_local(settings: Settings | None, facts: CheckSummary) -> bool:
    """Whether the server was sought on this machine, by its name or by what the name leads to."""
    if settings is None:
        return False
    addresses = facts.resolved or (settings.host,)
    return all(is_this_machine(address) for address in addresses)


def cause_headline(cause: str, names: Names) -> str:
    """Say in one sentence what a further cause is about."""
    return causes.parts_of(cause)["what"].format_map(names)


def warning_text(warning: WarningId, names: Names) -> str:
    """Say in a sentence or two what a warning means."""
    return causes.warnings()[warning.value].format_map(names)


def _success(facts: CheckSummary, settings: Settings) -> str:
    link = "unencrypted"
    if facts.established:
        held = "verified" if facts.established.verified else "not verified"
        if settings.tls_fingerprint:
            held = "pinned"
        link = f"inside {facts.established.version}, certificate {held}"
    if facts.is_accepted:
        queued = f", as {facts.queue_id}" if facts.queue_id else ""
        said = f"The server accepted the message{queued}, {link}. This does not prove delivery."
        return escape_controls(said)
    if facts.recipients:
        whom = _recipients(facts)
        return escape_controls(f"The server accepts mail for {whom}, {link}. No message was sent.")
    if settings.authenticates:
        who = f" of {mask_credentials(settings.username)}" if settings.username else ""
        return escape_controls(f"The server accepts the login{who} with {facts.mechanism}, {link}.")
    return escape_controls(
        f"The server {settings.host} answers correctly, {link}; there was no login."
    )


def _recipients(facts: CheckSummary) -> str:
    first, *others = [one.recipient for one in facts.recipients]
    return f"{first} and {len(others)} more" if others else first
