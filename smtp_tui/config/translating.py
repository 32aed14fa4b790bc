"""Single values: from an application's spelling to ours, and back.

What has no meaning is refused with a reason that can stand beside the field, and never repeats
what may be a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from smtp_tui.records import record

_ENV = re.compile(r"env\((?P<name>[^()=]+)\)")


class UnknownSpelling(ValueError):
    """The file holds a value that the application would not take, or means what we cannot know."""


class Inexpressible(ValueError):
    """The application has no way to say this value."""


@record
class Codec:
    """One way of spelling: `read` makes our value of theirs, `write` theirs of ours."""

    read: Callable[[Any], object]
    write: Callable[[Any], object]

    def can_write(self, value: object) -> bool:
        """Tell whether it can spell a value."""
        try:
            self.write(value)
        except Inexpressible:
            return False
        return True


def words(table: Mapping[str, str]) -> Codec:
    """Make the codec of a choice; `true` and `false` on either side stand for the booleans."""
    spelled = {_typed(word): ours for word, ours in table.items()}

    def read(value: object) -> object:
        for word, ours in spelled.items():
            if type(word) is type(value) and word == value:
                return _typed(ours)
        raise UnknownSpelling(f"is none of {listed(spelled)}")

    def write(value: object) -> object:
        for word, ours in spelled.items():
            if _typed(ours) == value:
                return word
        raise Inexpressible(f"takes none but {', '.join(dict.fromkeys(spelled.values()))}")

    return Codec(read, write)


def listed(values: Mapping[Any, object] | list[Any]) -> str:
    """List values as they would stand in the file, each once."""
    return ", ".join(dict.fromkeys(shown(value) for value in values))


def shown(value: object) -> str:
    """Spell a value as TOML does, near enough to be recognised."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _typed(word: str) -> str | bool:
    return word == "true" if word in ("true", "false") else word


def _read_plain(value: object) -> object:
    if isinstance(value, dict | list):
        raise UnknownSpelling("is a table or a list, which says nothing here")
    return value


def _write_plain(value: object) -> object:
    if isinstance(value, dict):
        raise Inexpressible("takes the password itself, not a place where it is kept")
    return value


def _read_digits(value: object) -> object:
    if not isinstance(value, str):
        raise UnknownSpelling("is not text; the application wants the number in quotes")
    return value


def _write_whole(value: object) -> object:
    number = float(str(value))
    if not number.is_integer():
        raise Inexpressible("takes whole numbers only")
    return int(number)


def _read_env(value: object) -> object:
    match = _ENV.fullmatch(value) if isinstance(value, str) else None
    return {"env": match["name"]} if match else _read_plain(value)


def _write_env(value: object) -> object:
    match value:
        case {"env": str(name)} if _ENV.fullmatch(f"env({name})"):
            return f"env({name})"
        case str() if not _ENV.fullmatch(value):
            return value
        case _:
            raise Inexpressible("takes the password itself or an environment variable")


def _read_no_env(value: object) -> object:
    if isinstance(value, str) and _ENV.fullmatch(value):
        raise UnknownSpelling(f"is the environment variable {value[4:-1]}, which only it can see")
    return _read_plain(value)


def _write_no_env(value: object) -> object:
    if isinstance(value, str) and _ENV.fullmatch(value):
        raise Inexpressible("would take that for an environment variable")
    return value


def _read_file(value: object) -> object:
    if not isinstance(value, str):
        raise UnknownSpelling("is no path")
    return {"file": value}


def _write_file(value: object) -> object:
    match value:
        case {"file": str(path)}:
            return path
        case _:
            raise Inexpressible("takes the path of a file that holds the password")


def _read_command(value: object) -> object:
    match value:
        case str() if value:
            return {"command": ["sh", "-c", value]}
        case [str(), *_] if all(isinstance(word, str) for word in value):
            return {"command": value}
        case _:
            raise UnknownSpelling("is no command")


def _write_command(value: object) -> object:
    match value:
        case {"command": ["sh", "-c", str(line)]}:
            return line
        case {"command": list(words)}:
            return words
        case _:
            raise Inexpressible("takes a command that prints the password")


CODECS: Mapping[str, Codec] = {
    "value": Codec(_read_plain, _write_plain),
    "digits": Codec(_read_digits, str),
    "whole": Codec(_read_plain, _write_whole),
    "env": Codec(_read_env, _write_env),
    "no-env": Codec(_read_no_env, _write_no_env),
    "file": Codec(_read_file, _write_file),
    "command": Codec(_read_command, _write_command),
}
