"""`smtp-tui get`: print settings as they stand in the file."""

from __future__ import annotations

import json

from smtp_tui.checks.status import NEGATIVE, PASSED
from smtp_tui.cli.check import printable
from smtp_tui.cli.opening import open_table
from smtp_tui.cli.options import Call, UsageError
from smtp_tui.config.spelling import spelled_value
from smtp_tui.settings.fields import BY_KEY

MASK = "********"


def get(call: Call) -> int:
    """Print all settings that are set, or one."""
    _, document, table = open_table(call.words, call.options.table)
    values = {key: value for key, value in document.values(table).items() if key in BY_KEY}
    if isinstance(values.get("password"), str) and not call.options.reveal:
        values["password"] = MASK
    if len(call.words) == 1:
        _print_all(values, as_json=call.options.json)
        return PASSED
    key = call.words[1]
    if key not in BY_KEY:
        raise UsageError(f"{key!r} is no setting; smtp-tui explain lists them")
    if key not in values:
        return NEGATIVE
    _print_one(values[key], as_json=call.options.json)
    return PASSED


def _print_all(values: dict[str, object], *, as_json: bool) -> None:
    ordered = {key: values[key] for key in BY_KEY if key in values}
    if as_json:
        print(json.dumps(ordered))
        return
    for key, value in ordered.items():
        print(printable(f"{key} = {spelled_value(value)}"))


def _print_one(value: object, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(value))
    else:
        print(printable(value if isinstance(value, str) else spelled_value(value)))
