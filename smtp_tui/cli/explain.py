"""`smtp-tui explain`: what a field means, as the sidebar says it; what an error means."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from smtp_tui.checks.exit_status import NEGATIVE, PASSED
from smtp_tui.cli.edit import no_setting
from smtp_tui.cli.output import print_error, print_line
from smtp_tui.cli.parser import Invocation, UsageError
from smtp_tui.settings.fields import BY_KEY, FIELDS
from smtp_tui.settings.schema import explanation

if TYPE_CHECKING:
    from smtp_tui.diagnosis.error_lookup.lookup import Explanation

STDIN = "-"
LARGEST_INPUT = 4 * 1024 * 1024
"""Bytes of standard input; more is a whole log, and smtp-tui cannot know which line matters."""

_NOT_RECOGNISED = (
    "the text shows no cause that smtp-tui knows; "
    "run smtp-tui check with the program's settings to see what the server does"
)


def explain(call: Invocation) -> int:
    """Print a field's page, a line for each field, the table's schema, or what an error means."""
    if call.options.schema:
        return _print_schema(call)
    if call.options.error is not None:
        if call.words:
            raise UsageError("explain needs a KEY or --error, not both")
        return _explain_error(_error_text(call.options.error), as_json=call.options.json)
    if call.options.json:
        raise UsageError("explain --json needs --error")
    if not call.words:
        width = max(len(field.key) for field in FIELDS)
        for field in FIELDS:
            print_line(f"{field.key:{width}}  {field.summary}")
        return PASSED
    key = call.words[0].casefold().replace("-", "_")
    if key not in BY_KEY:
        raise UsageError(no_setting(call.words[0]))
    for line in explanation(key).rstrip("\n").split("\n"):
        print_line(line)
    return PASSED


def _print_schema(call: Invocation) -> int:
    if call.words or call.options.error is not None or call.options.json:
        raise UsageError("explain --schema allows no other argument")
    from smtp_tui.settings.schema import schema

    for line in json.dumps(schema(), indent=2).split("\n"):
        print_line(line)
    return PASSED


def _error_text(given: str) -> str:
    text = _from_stdin() if given == STDIN else given
    if not text.strip():
        raise UsageError("--error needs the text of an error, as TEXT or on standard input")
    return text


def _from_stdin() -> str:
    if sys.stdin.isatty():
        print_error("paste the error, then press Ctrl+D on an empty line")
    data = sys.stdin.buffer.read(LARGEST_INPUT + 1)
    if len(data) > LARGEST_INPUT:
        limit = LARGEST_INPUT >> 20
        raise UsageError(
            f"standard input is larger than {limit} MiB; give only the lines with the error"
        )
    return data.decode("utf-8", "backslashreplace")


def _explain_error(text: str, *, as_json: bool) -> int:
    from smtp_tui.diagnosis.error_lookup.lookup import Explanation, explain_error

    found = explain_error(text)
    if as_json:
        empty = dict.fromkeys(Explanation.__dataclass_fields__)
        print_line(
            json.dumps({**empty, "summary": _NOT_RECOGNISED} if found is None else asdict(found))
        )
    elif found is None:
        print_error(_NOT_RECOGNISED)
    else:
        for line in _lines(found):
            print_line(line)
    return NEGATIVE if found is None else PASSED


def _lines(found: Explanation) -> Iterator[str]:
    yield found.summary
    yield f"  Why: {found.why}"
    yield f"  To do: {found.cure}"
    if found.field is not None:
        setting = found.field if found.value is None else f"{found.field} = {found.value}"
        theirs = f"; in {found.program}: {found.spelling}" if found.spelling else ""
        yield f"  Setting: {setting}{theirs}"
    if found.said not in found.summary:
        yield f"  Recognised: {found.said}"
