"""Where a password is kept: pure descriptions; fetching is `config.passwords`' business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from smtp_tui.records import record
from smtp_tui.settings import parsers


@record
class Literal:
    """The password itself, written in the file."""

    value: str = field(repr=False)


@record
class Keyring:
    """An entry of the desktop's or system's keyring; the account is the user name."""

    service: str


@record
class Environment:
    """An environment variable of the process that tests."""

    name: str


@record
class File:
    """A file that holds nothing but the password."""

    path: str


@record
class Command:
    """A program, run without a shell, whose first line of output is the password."""

    argv: tuple[str, ...]


@record
class Ask:
    """Nowhere: asked for at each test."""


PasswordSource = Literal | Keyring | Environment | File | Command | Ask


def own_entry(host: str) -> Keyring:
    """Return the entry that this program makes; with the host, as many accounts are `apikey`."""
    return Keyring(f"smtp-tui {host}".strip())


SPELLINGS = (
    'a quoted string, { keyring = "SERVICE" }, { env = "NAME" }, { file = "PATH" }, '
    '{ command = ["argv", …] } or { ask = true }'
)


def parse_source(value: object) -> PasswordSource:
    """Read a password source from its TOML value; ValueError says what would be allowed."""
    match value:
        case str():
            return Literal(parsers.text(value))
        case Mapping() if len(value) == 1:
            ((kind, where),) = value.items()
            source = _from_pair(kind, where)
            if source is not None:
                return source
    raise ValueError(f"is neither a password nor a place of one; use {SPELLINGS}")


def _from_pair(kind: object, where: object) -> PasswordSource | None:
    match kind, where:
        case "keyring", str() if where:
            return Keyring(parsers.text(where))
        case "env", str() if where and "=" not in where:
            return Environment(parsers.text(where))
        case "file", str() if where:
            return File(parsers.text(where))
        case "command", [str(program), *words] if program and _are_texts(words):
            return Command(tuple(map(parsers.text, where)))
        case "ask", True:
            return Ask()
        case _:
            return None


def _are_texts(words: list[object]) -> bool:
    return all(isinstance(word, str) for word in words)


def source_as_toml(source: PasswordSource) -> str | dict[str, object]:
    """Return the TOML value that spells `source`."""
    match source:
        case Literal(value):
            return value
        case Keyring(service):
            return {"keyring": service}
        case Environment(name):
            return {"env": name}
        case File(path):
            return {"file": path}
        case Command(argv):
            return {"command": list(argv)}
        case Ask():
            return {"ask": True}
