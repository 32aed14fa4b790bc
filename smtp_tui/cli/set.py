"""`smtp-tui set`: change settings in a file, and nothing else in it."""

from __future__ import annotations

from collections.abc import Mapping

from smtp_tui.checks.status import BY_STAGE, SETTINGS, USAGE
from smtp_tui.cli.calls import Call, UsageError
from smtp_tui.cli.changing import PRIVATE, change, target
from smtp_tui.cli.handover import handed_over, hands_over
from smtp_tui.cli.opening import warn_of_readers
from smtp_tui.cli.output import complain
from smtp_tui.cli.values import read_pairs
from smtp_tui.config.errors import PasswordError
from smtp_tui.settings.fields import BY_KEY, Kind


def set_values(call: Call) -> int:
    """Write the values; every one that is off is told, and then none is written."""
    file, *pairs = call.words
    values, faults = read_pairs(pairs)
    refused = [f"{BY_KEY[key].label} ({key}): {problem}" for key, problem in _problems(values)]
    for line in (*faults, *refused):
        complain(line)
    if faults or refused:
        return USAGE if faults else SETTINGS
    options = call.options
    if "password" in values and hands_over(options):
        raise UsageError("give the password once: with an option, or as password=PLACE")
    document, table = target(file, options, create=options.create)
    changes = {key: _typed(key, value) for key, value in values.items()}
    if not hands_over(options):
        return change(document, table, changes, options, create=options.create)
    try:
        changes["password"] = handed_over(options, "")
    except PasswordError as error:
        complain(str(error))
        return BY_STAGE["password"]
    status = change(document, table, changes, options, create=options.create)
    if not options.diff:
        warn_of_readers(document.path, PRIVATE)
    return status


def _problems(values: Mapping[str, object]) -> list[tuple[str, str]]:
    found = [(key, BY_KEY[key].problem_with(value)) for key, value in values.items()]
    return [(key, problem) for key, problem in found if problem]


def _typed(key: str, value: object) -> object:
    """Give a value that was typed as text the TOML type of its field."""
    field = BY_KEY[key]
    parsed = field.parse(value)
    match field.kind:
        case Kind.NUMBER:
            number = float(str(parsed))
            return int(number) if number.is_integer() else number
        case Kind.SWITCH:
            return parsed
        case Kind.CHOICE:
            return str(parsed)
        case _:
            return value
