"""`smtp-tui get`: print settings as they stand in the file."""

from __future__ import annotations

import json

from smtp_tui.checks.status import NEGATIVE, PASSED
from smtp_tui.cli.calls import Call, UsageError
from smtp_tui.cli.opening import open_table, tell_notes, warn_of_readers
from smtp_tui.cli.output import tell
from smtp_tui.cli.values import no_setting
from smtp_tui.config.masking import MASK, masked
from smtp_tui.config.spelling import spelled_value
from smtp_tui.settings.fields import BY_KEY, Kind
from smtp_tui.settings.sources import Literal, parse_source


def get(call: Call) -> int:
    """Print all settings that are set, or one."""
    key = call.words[1] if len(call.words) > 1 else None
    if key is not None and key not in BY_KEY:
        raise UsageError(no_setting(key))
    _, document, table = open_table(call.words, call.options.table, call.options.dialect)
    tell_notes(document, table)
    there, given = document.values(table), document.given(table)
    values = {known: there[known] for known in BY_KEY if known in given}
    if not call.options.reveal:
        values = {known: _shown(known, value) for known, value in values.items()}
    if key is None:
        _tell_all(values, as_json=call.options.json)
    elif key in values:
        _tell_one(values[key], as_json=call.options.json)
    if key in (None, "password") and isinstance(there.get("password"), str):
        warn_of_readers(document.path)
    return PASSED if key is None or key in values else NEGATIVE


def _shown(key: str, raw: object) -> object:
    """Hide a password, and one within another value; a place where one is kept shows."""
    if BY_KEY[key].kind is not Kind.PASSWORD:
        return masked(key, raw)
    try:
        source = parse_source(raw)
    except ValueError:
        return MASK
    return MASK if isinstance(source, Literal) else masked("", raw)


def _tell_all(values: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        tell(json.dumps(values, default=str))
        return
    for key, value in values.items():
        tell(f"{key} = {_spelled(value)}")


def _tell_one(value: object, *, as_json: bool) -> None:
    if as_json:
        tell(json.dumps(value, default=str))
    else:
        tell(value if isinstance(value, str) else _spelled(value))


def _spelled(value: object) -> str:
    try:
        return spelled_value(value)
    except TypeError:  # a date or a time, which no setting is; it stands in the file all the same
        return str(value)
