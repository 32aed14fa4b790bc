"""The exit status that tells a script how far a check came."""

from __future__ import annotations

from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Stage

PASSED = 0
NEGATIVE = 1
USAGE = 2
SETTINGS = 3
DEFECT = 70

BY_STAGE = {
    Stage.SETTINGS: SETTINGS,
    Stage.PASSWORD: 4,
    Stage.RESOLVE: 5,
    Stage.CONNECT: 6,
    Stage.GREETING: 7,
    Stage.EHLO: 7,
    Stage.TLS: 8,
    Stage.AUTH: 9,
    Stage.ENVELOPE: 10,
    Stage.MESSAGE: 11,
}


def exit_status(verdict: Verdict) -> int:
    """Return 0 for a check that passed, else its stage's number."""
    return PASSED if verdict.ok else BY_STAGE[verdict.stage]
