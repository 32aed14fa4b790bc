"""What a negative reply means: rules as data, the first that fits wins."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.replies import Reply


def cause_of_refusal(stage: Stage, command: str, reply: Reply) -> str:
    """Return the cause id of a negative reply in its place."""
    for rule in _rules():
        if _fits(rule, stage, command, reply):
            return rule["cause"]
    return "reply-unexpected"


@cache
def _rules() -> list[dict[str, str]]:
    text = (files("smtp_tui.diagnosis") / "replies.toml").read_text(encoding="utf-8")
    rules: list[dict[str, str]] = tomllib.loads(text)["rule"]
    return rules


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
    return exact and re.search(rule.get("text", ""), reply.text, re.IGNORECASE) is not None
