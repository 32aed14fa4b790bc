"""The place of a password as `--keep-in` names it."""

from __future__ import annotations

from smtp_tui.cli.calls import UsageError
from smtp_tui.cli.values import read_pairs
from smtp_tui.settings.sources import Ask, Literal, PasswordSource, own_entry, parse_source

PLACES = "keyring, keyring=SERVICE, file=PATH, env=NAME, literal, ask, or '{command=[…]}'"


def parsed_place(text: str, host: str) -> PasswordSource:
    """Read a place; a literal holds nothing yet. UsageError if it is none."""
    if text.lstrip().startswith("{"):
        values, faults = read_pairs([f"password={text.strip()}"])
        if faults:
            raise _none()
        return _checked(values["password"])
    match text.strip().partition("="):
        case "keyring", "", "":
            return own_entry(host)
        case ("keyring" | "file" | "env") as kind, "=", where:
            return _checked({kind: where})
        case "literal", "", "":
            return Literal("")
        case "ask", "", "":
            return Ask()
        case _:
            raise _none()


def _checked(raw: object) -> PasswordSource:
    try:
        return parse_source(raw)
    except ValueError:
        raise _none() from None


def _none() -> UsageError:
    return UsageError(f"--keep-in accepts {PLACES}")
