"""The exit status that tells a script how far a check came."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smtp_tui.diagnosis.verdict import Verdict

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
