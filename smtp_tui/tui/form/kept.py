"""The places a password can be kept, and the words that name each. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from enum import StrEnum

from smtp_tui.settings import sources
from smtp_tui.settings.sources import PasswordSource, parse_source


class Kept(StrEnum):
    """Where a password is kept, as the form names it."""

    FILE = "this file"
    KEYRING = "keyring"
    ENV = "env"
    PATH = "file"
    COMMAND = "command"
    ASK = "ask"


PLACEHOLDERS = {
    Kept.FILE: "none",
    Kept.ENV: "the variable's name",
    Kept.PATH: "path of the file that contains it",
    Kept.COMMAND: "the command that prints it",
    Kept.ASK: "smtp-tui asks at each test",
}
EXAMPLES: Mapping[Kept, object] = {
    Kept.FILE: "x",
    Kept.KEYRING: {"keyring": "x"},
    Kept.ENV: {"env": "X"},
    Kept.PATH: {"file": "x"},
    Kept.COMMAND: {"command": ["x"]},
    Kept.ASK: {"ask": True},
}
"""Of each place a value that names it."""

FILLED = (Kept.FILE, Kept.KEYRING, Kept.PATH)
"""The places that saving itself puts a password into."""

NEEDS = {
    Kept.ENV: "type the name of the environment variable",
    Kept.PATH: "type the path of the file that contains the password",
    Kept.COMMAND: "type the command that prints the password",
}


def source_of(raw: object | None) -> PasswordSource | None:
    """Read a source; None where there is none or it cannot be read."""
    try:
        return None if raw is None else parse_source(raw)
    except ValueError:
        return None


def refusal_of(raw: object) -> str | None:
    """Say why a source cannot be read."""
    try:
        parse_source(raw)
    except ValueError as error:
        return str(error)
    return None


def kind_of(source: PasswordSource | None) -> Kept:
    """Name the kind of place."""
    match source:
        case sources.Keyring():
            return Kept.KEYRING
        case sources.Environment():
            return Kept.ENV
        case sources.File():
            return Kept.PATH
        case sources.Command():
            return Kept.COMMAND
        case sources.Ask():
            return Kept.ASK
        case sources.Literal() | None:
            return Kept.FILE


def words_of(source: PasswordSource) -> str:
    """Return what a person types to name the place; nothing where the secret itself is typed."""
    match source:
        case sources.Environment(name):
            return name
        case sources.File(path):
            return path
        case sources.Command(argv):
            return shlex.join(argv)
        case _:
            return ""


def place_as_toml(kind: Kept, text: str) -> dict[str, object]:
    """Return the TOML value for words that were typed; ValueError where they cannot be read."""
    match kind:
        case Kept.ENV:
            return {"env": text}
        case Kept.PATH:
            return {"file": text}
        case _:
            return {"command": _split(text)}


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise ValueError("a quotation mark is not closed") from None
