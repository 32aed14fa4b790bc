"""The exit status that tells a script how far a check came.

JSON Lines: ASCII only, keys always there, null where empty; `events` declares each key.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from smtp_tui.checks.batch import BatchSummary
from smtp_tui.checks.events.kinds import Line
from smtp_tui.checks.events.of_check import DOMAIN, OF_EVENTS, SUMMARY, VERDICT
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Event, Finished, MessageQueued, RecipientReply, StageEntered

if TYPE_CHECKING:
    from smtp_tui.checks.watch import VerdictChanged, Watch
    from smtp_tui.diagnosis.verdict import Verdict
    from smtp_tui.discovery.domain.facts import DomainFact


PASSED = 0
NEGATIVE = 1
USAGE = 2
SETTINGS = 3
DEFECT = 70

# The values of `smtp.events.Cause` and `ScreenView`, which are not loaded for a few numbers.
INTERNAL_ERROR = "internal-error"
BY_STAGE: dict[str, int] = {
    "settings": SETTINGS,
    "password": 4,
    "resolve": 5,
    "connect": 6,
    "greeting": 7,
    "ehlo": 7,
    "tls": 8,
    "auth": 9,
    "envelope": 10,
    "message": 11,
}

# The stages in an admin's words; the ids are for programs.
IN_WORDS: dict[str, str] = {
    "settings": "settings",
    "password": "password",
    "resolve": "name lookup",
    "connect": "connection",
    "greeting": "greeting",
    "ehlo": "EHLO",
    "tls": "TLS",
    "auth": "login",
    "envelope": "envelope",
    "message": "message",
}


def exit_status(verdict: Verdict) -> int:
    """Return 0 for a check that passed, 70 for a defect of ours, else its stage's number."""
    if verdict.cause == INTERNAL_ERROR:
        return DEFECT
    return PASSED if verdict.ok else BY_STAGE[verdict.stage]


_FRAMING = (StageEntered, RecipientReply, MessageQueued, Finished)


def json_line(told: Event | Verdict, file: str | None, table: str | None) -> str | None:
    """Return the line of an event or a verdict; None for what only frames the dialogue."""
    if isinstance(told, _FRAMING):
        return None
    return written(
        VERDICT if isinstance(told, Verdict) else OF_EVENTS[type(told)], told, file, table
    )


def summary_line(summary: BatchSummary) -> str:
    """Return the line that ends the checks of several tables."""
    return written(SUMMARY, summary, None, None)


def domain_line(
    facts: Sequence[DomainFact], file: str | None, table: str | None, seconds: float
) -> str:
    """Return the facts of the domain check."""
    return written(DOMAIN, (facts, seconds), file, table)


def change_line(change: VerdictChanged, file: str | None, table: str | None) -> str:
    """Return the line that begins a watch's check with another verdict."""
    from smtp_tui.checks.events.of_watch import CHANGE

    return written(CHANGE, change, file, table)


def held_line(moment: datetime, text: str, file: str | None, table: str | None) -> str:
    """Return the line of a watch that waits for another password."""
    from smtp_tui.checks.events.of_watch import HELD

    return written(HELD, (moment, text), file, table)


def watched_line(watch: Watch, file: str | None, table: str | None) -> str:
    """Return the line that ends a watch."""
    from smtp_tui.checks.events.of_watch import WATCHED

    return written(WATCHED, watch, file, table)


def written(line: Line, source: Any, file: str | None, table: str | None) -> str:
    """Return an event as one line of JSON: every line of a check is made here."""
    return json.dumps(line.written(source, file, table))
