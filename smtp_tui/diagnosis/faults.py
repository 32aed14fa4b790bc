"""Name the fields that a failed check found wrong, each in a few words for its row of the form.

The words are the `faults` of a cause in `causes.toml`.
"""

from __future__ import annotations

import re

from smtp_tui.diagnosis.causes import causes
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.smtp.events import Cause, Stage

LONGEST = 16  # characters: the rest of a row belongs to its value
# The recipients of a test message: no field of the settings.
RECIPIENTS = "to"


@record
class FieldFault:
    """A field, or RECIPIENTS, and what is wrong with it: at most LONGEST characters."""

    key: str
    short: str


def faults_of(verdict: Verdict, settings: Settings | None) -> tuple[FieldFault, ...]:
    """Return the fields at fault, and those whose value the server rejected."""
    if verdict.cause is None:
        return ()
    if verdict.cause == Cause.SETTINGS_INVALID:
        return _unusable(verdict)
    faults: dict[str, str] = causes().get(verdict.cause, {}).get("faults", {})
    code = str(verdict.reply.code) if verdict.reply else ""
    return tuple(
        FieldFault(_key(key, verdict, settings), short.format(code=code).strip()[:LONGEST])
        for key, short in faults.items()
        if key != RECIPIENTS or verdict.recipients
    )


def _unusable(verdict: Verdict) -> tuple[FieldFault, ...]:
    """Return the field that the detail of unusable settings begins with."""
    finished = verdict.facts.finished if verdict.facts else None
    key = re.match(r"\w*", finished.detail if finished else "")
    return (FieldFault(key[0], "cannot be used"),) if key and key[0] in BY_KEY else ()


def _key(key: str, verdict: Verdict, settings: Settings | None) -> str:
    """Return the field that decides, where one field stands in for another."""
    mechanism = verdict.facts.mechanism if verdict.facts else None
    if key == "host" and verdict.stage is Stage.TLS and settings and settings.server_name:
        return "server_name"
    if key == "password" and mechanism == "EXTERNAL":
        return "client_certificate"  # it is the login
    # The username has not the form that the provider expects.
    if key == "password" and verdict.fixes and verdict.fixes[0].field == "username":
        return "username"
    return key
