"""Every JSON line that a test sees is held to the schema that `check --json-schema` prints."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from smtp_tui.checks.events.schema import LINES, schema


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
FOREIGN = {"finding", "knocking", "knock", "result"}
"""The events of `discover --json`, which are no check's."""


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
