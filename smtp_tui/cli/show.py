"""`smtp-tui get` and `explain`: print a file's settings; explain settings and errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from smtp_tui.checks.exit_status import NEGATIVE, PASSED
from smtp_tui.cli.commands import Invocation, flag_of
from smtp_tui.cli.edit import open_table, print_notes, warn_of_readers
from smtp_tui.cli.parser import UsageError, no_setting, read_stdin, refuse_options
from smtp_tui.cli.terminal import print_error, print_line, print_lines
from smtp_tui.config.mask import MASK, masked_value
from smtp_tui.config.toml_edit.values import toml_value
from smtp_tui.lazy import load
from smtp_tui.settings.fields import BY_KEY, FIELDS, FieldKind
from smtp_tui.settings.password_sources import LiteralSource, parse_source
from smtp_tui.settings.schema import TOPICS, explanation, schema

if TYPE_CHECKING:
    from smtp_tui.diagnosis.error_lookup.lookup import ErrorExplanation

STDIN = "-"
# Bytes of standard input: more is a whole log, and smtp-tui cannot know which line matters.
LARGEST_INPUT = 4 * 1024 * 1024

_NOT_RECOGNISED = (
    "the text shows no cause that smtp-tui knows; "
    "run smtp-tui check with the program's settings to see what the server does"
)


def get(call: Invocation) -> int:
    """Print all given settings, or one; return 1 if that one is not set."""
    options = call.options
    key = call.words[1] if len(call.words) > 1 else None
    if key is not None and key not in BY_KEY:
        raise UsageError(no_setting(key))
    table = open_table(call.words, options)
    print_notes(table)
    raw, explicit = table.values, table.document.given(table.name)
    values = {
        name: raw[name] if options.reveal else _masked(name, raw[name])
        for name in BY_KEY
        if name in explicit
    }
    if options.json and (key is None or key in values):
        print_line(json.dumps(values if key is None else values[key], default=str))
    elif key is None:
        for name, value in values.items():
            print_line(f"{name} = {_as_toml(value)}")
    elif key in values:
        value = values[key]
        print_line(value if isinstance(value, str) else _as_toml(value))
    if key in (None, "password") and isinstance(raw.get("password"), str):
        warn_of_readers(table.document.path)
    return PASSED if key is None or key in values else NEGATIVE


def _masked(key: str, raw: object) -> object:
    """Mask a password, also inside another value; a password's place stays visible."""
    if BY_KEY[key].kind is not FieldKind.PASSWORD:
        return masked_value(key, raw)
    try:
        source = parse_source(raw)
    except ValueError:
        return MASK
    return MASK if isinstance(source, LiteralSource) else masked_value("", raw)


def _as_toml(value: object) -> str:
    try:
        return toml_value(value)
    except TypeError:  # a date or time, which no setting accepts but a file may contain
        return str(value)


def explain(call: Invocation) -> int:
    """Print a page, a line per field or cause, the table's schema, or what an error means."""
    options = call.options
    if options.message is None:
        refuse_options(call, ("dns", "resolver", "authserv_id"), "{} needs --message")
    for alone in ("schema", "causes"):
        if alone in call.given and (call.words or len(call.given) > 1):
            raise UsageError(f"explain --{alone} allows no other argument")
    for other in ("error", "message", "token"):
        if other in call.given and call.words:
            raise UsageError(f"explain needs a KEY or {flag_of(other)}, not both")
    if options.error is not None:
        return _explain_error(options.error, as_json=options.json)
    if options.message is not None:
        return int(load("cli.message:explain_message")(call))
    if options.token is not None:
        return int(load("cli.token:explain_token")(options))
    if options.json:
        raise UsageError("explain --json needs --error, --message or --token")
    if options.schema:
        print_lines(json.dumps(schema(), indent=2))
    elif options.causes:
        load("cli.cause_page:print_causes")()
    elif call.words:
        _explain_name(call.words[0])
    else:
        pages = TOPICS | {field.key: field.summary for field in FIELDS}
        width = max(map(len, pages))
        for key, summary in pages.items():
            print_line(f"{key:{width}}  {summary}")
    return PASSED


def _explain_name(word: str) -> None:
    """Print the page of a setting, of a topic or of a cause."""
    topic = word.casefold().replace("_", "-")
    key = topic if topic in TOPICS else topic.replace("-", "_")
    if key in BY_KEY or key in TOPICS:
        print_lines(explanation(key).rstrip("\n"))
    else:  # the causes take as long to load as the error rules
        load("cli.cause_page:explain_cause")(word)


def _explain_error(argument: str, *, as_json: bool) -> int:
    text = argument
    if argument == STDIN:
        data = read_stdin("the error", LARGEST_INPUT, "; give only the lines with the error")
        text = data.decode("utf-8", "backslashreplace")
    if not text.strip():
        raise UsageError("--error needs the text of an error, as TEXT or on standard input")
    # The error rules take 0.1 s to load, and the page of a field needs none of them.
    found: ErrorExplanation | None = load("diagnosis.error_lookup.lookup:explain_error")(text)
    if as_json:
        fields = load("diagnosis.error_lookup.lookup:ErrorExplanation").__dataclass_fields__
        empty = {**dict.fromkeys(fields), "summary": _NOT_RECOGNISED}
        print_line(json.dumps(empty if found is None else asdict(found)))
    elif found is None:
        print_error(_NOT_RECOGNISED)
    else:
        for line in _explanation_lines(found):
            print_line(line)
    return NEGATIVE if found is None else PASSED


def _explanation_lines(found: ErrorExplanation) -> Iterator[str]:
    yield found.summary
    yield f"  Why: {found.why}"
    yield f"  To do: {found.cure}"
    if found.field is not None:
        setting = found.field if found.value is None else f"{found.field} = {found.value}"
        native = f"; in {found.program}: {found.spelling}" if found.spelling else ""
        yield f"  Setting: {setting}{native}"
    if found.said not in found.summary:
        yield f"  Recognised: {found.said}"
