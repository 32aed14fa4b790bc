"""Single values: from an application's spelling to ours, and back.

What has no meaning is refused with a reason that can stand beside the field, and never repeats
what may be a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from smtp_tui.records import record

_NAMED = re.compile(r"[^<>]*<[^<>]*>")
_ENV = re.compile(r"env\((?P<name>[^()=]+)\)")


class UnknownSpelling(ValueError):
    """The file holds a value that the application would refuse, or whose meaning is not known."""


class Inexpressible(ValueError):
    """The application has no value that means this."""


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
        raise UnknownSpelling(f"is not one of the values that smtp-tui knows: {listed(spelled)}")

    def write(value: object) -> object:
        for word, ours in spelled.items():
            if _typed(ours) == value:
                return word
        raise Inexpressible(f"accepts only {', '.join(dict.fromkeys(spelled.values()))}")

    return Codec(read, write)


def listed(values: Mapping[Any, object] | list[Any]) -> str:
    """List values as they would stand in the file, each once."""
    return ", ".join(dict.fromkeys(shown(value) for value in values))


def shown(value: object) -> str:
    """Spell a value as TOML does, near enough to be recognised."""
    if isinstance(value, dict | list):  # it may hold a secret of its own
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _typed(word: str) -> str | bool:
    return word == "true" if word in ("true", "false") else word


def _read_plain(value: object) -> object:
    if isinstance(value, dict | list):
        raise UnknownSpelling("is a table or a list, which has no meaning here")
    return value


def _write_plain(value: object) -> object:
    if isinstance(value, dict):
        raise Inexpressible("accepts the password itself, not a place where it is kept")
    return value


def _read_digits(value: object) -> object:
    if not isinstance(value, str):
        raise UnknownSpelling("is not text; the application requires the number in quotes")
    return value


def _write_whole(value: object) -> object:
    number = float(str(value))
    if not number.is_integer():
        raise Inexpressible("accepts only whole numbers")
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
            raise Inexpressible("accepts the password itself or an environment variable")


def _read_no_env(value: object) -> object:
    if isinstance(value, str) and _ENV.fullmatch(value):
        raise UnknownSpelling(
            f"is the environment variable {value[4:-1]}, which only the application can read"
        )
    return _read_plain(value)


def _write_no_env(value: object) -> object:
    if isinstance(value, str) and _ENV.fullmatch(value):
        raise Inexpressible("would read that value as an environment variable")
    return value


def _read_address(value: object) -> object:
    if isinstance(value, str) and _NAMED.fullmatch(value.strip()):
        raise UnknownSpelling("has a display name; the application accepts only an address")
    return _read_plain(value)


def _write_address(value: object) -> object:
    if isinstance(value, str) and _NAMED.fullmatch(value.strip()):
        raise Inexpressible("accepts only an address, without a display name")
    return _write_plain(value)


def _read_host(value: object) -> object:
    if isinstance(value, str) and "://" in value:
        raise UnknownSpelling("is a URL; the application accepts only a hostname")
    return _read_plain(value)


def _write_host(value: object) -> object:
    if isinstance(value, str) and "://" in value:
        raise Inexpressible("accepts only a hostname")
    return value


def _read_colonless(value: object) -> object:
    if isinstance(value, str) and ":" in value:
        raise UnknownSpelling(
            "holds a colon, as IPv6 addresses do; the application accepts only one"
        )
    return _read_plain(value)


def _write_colonless(value: object) -> object:
    if isinstance(value, str) and ":" in value:
        raise Inexpressible("accepts no IPv6 address")
    return value


def _read_elsewhere(_value: object) -> object:
    raise UnknownSpelling("is a place that only the application can read")


def _write_elsewhere(_value: object) -> object:
    raise Inexpressible("is a place that only the application can fill")


def _read_own_login(_value: object) -> object:
    raise UnknownSpelling("is a kind of login that only the application can do")


def _write_own_login(_value: object) -> object:
    raise Inexpressible("is a kind of login that only the application can set up")


def _read_file(value: object) -> object:
    if not isinstance(value, str):
        raise UnknownSpelling("is not a path")
    return {"file": value}


def _write_file(value: object) -> object:
    match value:
        case {"file": str(path)}:
            return path
        case _:
            raise Inexpressible("accepts the path of a file that holds the password")


def _read_command(value: object) -> object:
    match value:
        case str() if value:
            return {"command": ["sh", "-c", value]}
        case [str(), *_] if all(isinstance(word, str) for word in value):
            return {"command": value}
        case _:
            raise UnknownSpelling("is not a command")


def _write_command(value: object) -> object:
    match value:
        case {"command": ["sh", "-c", str(line)]}:
            return line
        case {"command": list(words)}:
            return words
        case _:
            raise Inexpressible("accepts a command that prints the password")


CODECS: Mapping[str, Codec] = {
    "value": Codec(_read_plain, _write_plain),
    "digits": Codec(_read_digits, str),
    "whole": Codec(_read_plain, _write_whole),
    "env": Codec(_read_env, _write_env),
    "no-env": Codec(_read_no_env, _write_no_env),
    "address": Codec(_read_address, _write_address),
    "host": Codec(_read_host, _write_host),
    "colonless": Codec(_read_colonless, _write_colonless),
    "elsewhere": Codec(_read_elsewhere, _write_elsewhere),
    "own-login": Codec(_read_own_login, _write_own_login),
    "file": Codec(_read_file, _write_file),
    "command": Codec(_read_command, _write_command),
}
