"""What every line that a test sees is held to.

JSON lines to the schema that `check --json-schema` prints, lines for people to words: the ids of
causes and warnings are for programs.
"""

from __future__ import annotations

import json
import re
from typing import Any

from jsonschema import Draft202012Validator

from smtp_tui.checks.jsonlines import LINES, schema
from smtp_tui.diagnosis import causes
from smtp_tui.smtp.events import WarningId


def strict(part: Any) -> Any:
    """Return a schema that allows no key but those that it names."""
    if isinstance(part, list):
        return [strict(one) for one in part]
    if not isinstance(part, dict):
        return part
    more = {"additionalProperties": False} if "properties" in part else {}
    return more | {key: strict(value) for key, value in part.items()}


_VALIDATORS = {
    name: Draft202012Validator(
        strict(definition), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    for name, definition in schema()["$defs"].items()
}
FOREIGN = {"finding", "knocking", "knock", "result", "settings", "scanned"}
FOREIGN |= {"sign-in-address", "signed-in", "token"}
"""The events of `discover`, `scan`, `login` and `explain --token`, which are no check's."""


def validate(line: str) -> None:
    """Fail where a line is an event and not as the schema has it; other lines pass."""
    if not line.startswith('{"event": '):
        return
    told = json.loads(line)
    if told["event"] in FOREIGN:
        return
    assert told["event"] in LINES, line
    faults = [
        f"{told['event']}{one.json_path[1:]}: {one.message}"
        for one in _VALIDATORS[told["event"]].iter_errors(told)
    ]
    assert not faults, faults


def validate_all(printed: str | bytes | None) -> None:
    """Fail where a line of what a program printed is an event and not as the schema has it."""
    text = printed.decode("utf-8", "replace") if isinstance(printed, bytes) else printed or ""
    for line in text.splitlines():
        validate(line)


# A word alone, such as greylisted, is also a word of people.
_WORDS = "|".join(sorted(one for one in (*causes.causes(), *WarningId) if "-" in one))
_IDS = re.compile(rf"(?<![\w-])({_WORDS})(?![\w-])")
# JSON, metrics, and the list of rules with their sources.
_FOR_PROGRAMS = re.compile(r"\s*([{\[]|smtp_tui_|# HELP |(undated|\d{4}-\d\d-\d\d) +reply )")


def ids_in(line: str) -> list[str]:
    """Return the ids in a line that is for people."""
    return [] if _FOR_PROGRAMS.match(line) else _IDS.findall(line)
