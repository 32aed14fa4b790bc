"""What a negative reply means: rules as data, the first that fits wins."""

from __future__ import annotations

import re

from smtp_tui.diagnosis.texts import rules
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.replies import Reply


def cause_of_refusal(stage: Stage, command: str, reply: Reply) -> str:
    """Return the cause id of a negative reply in its place."""
    for rule in rules():
        if _fits(rule, stage, command, reply):
            return rule["cause"]
    return "reply-unexpected"


def _fits(rule: dict[str, str], stage: Stage, command: str, reply: Reply) -> bool:
    whole = {
        "stage": stage.value,
        "command": command.partition(" ")[0],
        "code": str(reply.code),
        "enhanced": reply.enhanced or "",
    }
    exact = all(
        re.fullmatch(pattern, whole[name]) for name, pattern in rule.items() if name in whole
    )
    # A server breaks its text over lines where it likes.
    text = " ".join(reply.text.split())
    return exact and re.search(rule.get("text", ""), text, re.IGNORECASE) is not None
