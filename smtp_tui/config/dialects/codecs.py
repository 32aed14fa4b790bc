"""Convert values of an application's keys to ours and back.

An error's reason can be shown next to the field and never repeats a possible password.
`CompoundParts` are the settings in one text, a URL or `host:port`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from smtp_tui.records import record


class UnknownValue(ValueError):
    """The application would reject the file's value, or its meaning is unknown."""


class UnsupportedValue(ValueError):
    """The application has no value with this meaning."""


@record
class ValueCodec:
    """A conversion: `read` turns the application's value into ours, `write` ours into its."""

    read: Callable[[Any], object]
    write: Callable[[Any], object]

    def can_write(self, value: object) -> bool:
        """Return whether `write` supports a value."""
        try:
            self.write(value)
        except UnsupportedValue:
            return False
        return True


def words(table: Mapping[str, str]) -> ValueCodec:
    """Return a codec from a table of values; "true" and "false" stand for booleans."""

    def parse(word: str) -> str | bool:
        return word == "true" if word in ("true", "false") else word

    # Of several words with one meaning, `write` uses the first.
    meanings = {parse(word): ours for word, ours in table.items()}

    def read(value: object) -> object:
        for word, ours in meanings.items():
            if type(word) is type(value) and word == value:
                return parse(ours)
        raise UnknownValue(f"is not one of the values that smtp-tui knows: {listed(meanings)}")

    def write(value: object) -> object:
        for word, ours in meanings.items():
            if parse(ours) == value:
                return word
        raise UnsupportedValue(f"accepts only {', '.join(dict.fromkeys(meanings.values()))}")

    return ValueCodec(read, write)


def listed(values: Mapping[Any, object] | list[Any]) -> str:
    """List values as written in a file, each once."""
    return ", ".join(dict.fromkeys(shown(value) for value in values))


def shown(value: object) -> str:
    """Format a value roughly as TOML does, for a message."""
    if isinstance(value, dict | list):  # may hold a secret
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _read_plain(value: object) -> object:
    if isinstance(value, dict | list):
        raise UnknownValue("is a table or a list, which has no meaning here")
    return value


def _write_plain(value: object) -> object:
    if isinstance(value, dict):
        raise UnsupportedValue("accepts the password itself, not a place where it is kept")
    return value


def _read_digits(value: object) -> object:
    if not isinstance(value, str):
        raise UnknownValue("is not text; the application requires the number in quotes")
    return value


def _write_whole(value: object) -> object:
    number = float(str(value))
    # Rust and Go programs reject `30.0` as an integer and do not start.
    if not number.is_integer():
        raise UnsupportedValue("accepts only whole numbers")
    return int(number)


def _plain_but(pattern: str, unknown: str, unsupported: str) -> ValueCodec:
    """Return a codec of texts that must not match; `{}` in `unknown` is the pattern's group."""

    def read(value: object) -> object:
        if isinstance(value, str) and (match := re.fullmatch(pattern, value, re.DOTALL)):
            raise UnknownValue(unknown.format(*match.groups()))
        return _read_plain(value)

    def write(value: object) -> object:
        if isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL):
            raise UnsupportedValue(unsupported)
        return _write_plain(value)

    return ValueCodec(read, write)


def _foreign(what: str, to_read: str, to_write: str) -> ValueCodec:
    """Return the codec of a key whose values only the application can use."""

    def read(_value: object) -> object:
        raise UnknownValue(f"is {what} that only the application can {to_read}")

    def write(_value: object) -> object:
        raise UnsupportedValue(f"is {what} that only the application can {to_write}")

    return ValueCodec(read, write)


_ENV = r"env\(([^()=]+)\)"


def _read_env(value: object) -> object:
    match = re.fullmatch(_ENV, value) if isinstance(value, str) else None
    return {"env": match[1]} if match else _read_plain(value)


def _write_env(value: object) -> object:
    match value:
        case {"env": str(name)} if re.fullmatch(_ENV, f"env({name})"):
            return f"env({name})"
        case str() if not re.fullmatch(_ENV, value):
            return value
    raise UnsupportedValue("accepts the password itself or an environment variable")


def _read_file(value: object) -> object:
    if isinstance(value, str):
        return {"file": value}
    raise UnknownValue("is not a path")


def _write_file(value: object) -> object:
    if isinstance(value, dict) and isinstance(path := value.get("file"), str):
        return path
    raise UnsupportedValue("accepts the path of a file that holds the password")


def _read_command(value: object) -> object:
    match value:
        case str() if value:
            # Applications pass a string to a shell; smtp-tui runs commands without one.
            return {"command": ["sh", "-c", value]}
        case [str(), *_] if all(isinstance(word, str) for word in value):
            return {"command": value}
    raise UnknownValue("is not a command")


def _write_command(value: object) -> object:
    match value:
        case {"command": ["sh", "-c", str(line)]}:
            return line
        case {"command": list(words)}:
            return words
        case _:
            raise UnsupportedValue("accepts a command that prints the password")


# A command of this kind is for a shell.
_COMMANDS = ("command_evaluation", "command_eval", "CommandEval")


def _read_typed(value: object) -> object:
    if isinstance(value, str):
        return value
    kind, content = (value.get("type"), value.get("value")) if isinstance(value, dict) else ("", "")
    if kind in ("raw", "Raw") and isinstance(content, str):
        return content
    if kind in _COMMANDS and isinstance(content, str):
        return _read_command(content)
    raise UnknownValue("is neither a password nor a command")


# What m4 replaces without asking for an argument, any call, and its opening quote.
_OF_M4 = re.compile(
    r"`|\b[A-Za-z_]\w*\(|\b(?:dnl|(?:un)?divert|divnum|shift|unix|__\w+__|sysval|dumpdef|errprint"
    r"|m4exit|(?:change|trace|debug)\w+)\b"
)


def _write_past_m4(value: object) -> object:
    if isinstance(value, str) and _OF_M4.search(value):
        raise UnsupportedValue("goes through m4, which would change that value")
    return _write_plain(value)


def _write_typed(value: object) -> object:
    if isinstance(value, str):
        return {"type": "raw", "value": _write_past_m4(value)}
    line = _write_command(value)
    if isinstance(line, str):
        return {"type": _COMMANDS[0], "value": _write_past_m4(line)}
    raise UnsupportedValue("accepts the password itself, or a command in a shell that prints it")


CODECS: Mapping[str, ValueCodec] = {
    "value": ValueCodec(_read_plain, _write_plain),
    "digits": ValueCodec(_read_digits, str),
    "whole": ValueCodec(_read_plain, _write_whole),
    "env": ValueCodec(_read_env, _write_env),
    "no-env": _plain_but(
        _ENV,
        "is the environment variable {}, which only the application can read",
        "would read that value as an environment variable",
    ),
    "address": _plain_but(
        r"[^<>]*<[^<>]*>\s*",
        "has a display name; the application accepts only an address",
        "accepts only an address, without a display name",
    ),
    "host": _plain_but(
        r".*://.*", "is a URL; the application accepts only a hostname", "accepts only a hostname"
    ),
    "colonless": _plain_but(
        r".*:.*",
        "holds a colon, as IPv6 addresses do; the application accepts only one",
        "accepts no IPv6 address",
    ),
    "elsewhere": _foreign("a place", "read", "fill"),
    "own-login": _foreign("a kind of login", "do", "set up"),
    "file": ValueCodec(_read_file, _write_file),
    "command": ValueCodec(_read_command, _write_command),
    "typed": ValueCodec(_read_typed, _write_typed),
    "past-m4": ValueCodec(_read_plain, _write_past_m4),
}

_QUERY = "query."
# Compiled on demand: few files have such a text, and compiling would slow down each start.
_URL = (
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?"
    r"(?:(?P<user>[^:/?#]*)(?::(?P<password>[^/?#]*))?@)?"
    r"(?P<host>\[[^\]]*\]|[^:/?#@\[\]]*)(?::(?P<port>[0-9]*))?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?P<rest>#.*)?"
)
_HOST_AND_PORT = r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]+))?"


@record
class CompoundParts:
    """The parts of a URL or `host:port` as written, None if missing.

    An unchanged part keeps its exact spelling: `%2f` stays `%2f`.
    """

    host: str
    scheme: str | None = None
    user: str | None = None
    password: str | None = None
    port: str | None = None
    path: str | None = None
    query: str | None = None
    rest: str | None = None

    def __str__(self) -> str:
        """Return the parts joined to a text."""

        def piece(part: str | None, before: str = "", after: str = "") -> str:
            return "" if part is None else f"{before}{part}{after}"

        login = piece(self.user) + piece(self.password, ":")
        has_login = self.user is not None or self.password is not None
        server = (login + "@" if has_login else "") + self.host + piece(self.port, ":")
        where = piece(self.path) + piece(self.query, "?") + piece(self.rest)
        return piece(self.scheme, after="://") + server + where

    def part(self, name: str) -> str | None:
        """Return a part's decoded value, None if missing or empty; ValueError if not UTF-8."""
        if name.startswith(_QUERY):
            pairs = [pair.partition("=") for pair in (self.query or "").split("&") if pair]
            found = {_decoded(key): _decoded(value) for key, _, value in pairs}
            return found.get(name.removeprefix(_QUERY))
        written = getattr(self, name) or ""
        if name == "scheme":
            return written.casefold() or None
        if name == "host":
            written = written.removeprefix("[").removesuffix("]")
        return _decoded(written.strip("/") if name == "path" else written) or None

    def with_part(self, name: str, value: str | None) -> CompoundParts:
        """Return a copy with one part changed, None removes it; ValueError if it is required."""
        if value is None and name in ("scheme", "host"):
            raise ValueError(f"requires the {name}")
        if name.startswith(_QUERY):
            return self._with_query(name.removeprefix(_QUERY), value)
        encoded = value
        if value is not None and name == "host":
            bare = value.removeprefix("[").removesuffix("]").replace("%", "%25")
            encoded = f"[{bare}]" if ":" in bare else bare
        elif value is not None and name == "path":
            encoded = f"/{quote(value, safe='[]:')}"
        elif value is not None and name in ("user", "password"):
            encoded = quote(value, safe="")
        changed: dict[str, Any] = {name: encoded}
        new = replace(self, **changed)
        # Without user and password, remove the credentials.
        is_empty = name in ("user", "password") and not new.user and new.password is None
        return replace(new, user=None) if is_empty else new

    def _with_query(self, key: str, value: str | None) -> CompoundParts:
        pairs = [pair for pair in (self.query or "").split("&") if pair]
        named = [_decoded(pair.partition("=")[0]) for pair in pairs]
        kept = [pair for pair, name in zip(pairs, named, strict=True) if name != key]
        if value is not None:
            place = named.index(key) if key in named else len(kept)
            kept.insert(place, f"{key}={quote(value, safe='')}")
        return replace(self, query="&".join(kept) or None)


def parsed_url(text: str, schemes: Mapping[str, object] | frozenset[str]) -> CompoundParts | None:
    """Parse a URL, or a host with or without a port; None if it is neither."""
    match = re.fullmatch(_URL, text)
    if match is None or (match["scheme"] is None and "://" in text):
        return None
    if match["scheme"] is not None and match["scheme"].casefold() not in schemes:
        return None
    parts = {name: found for name, found in match.groupdict().items() if found is not None}
    return CompoundParts(**parts)


def parsed_host_and_port(text: str) -> CompoundParts | None:
    """Parse a host with or without a port; None if it is neither."""
    match = re.fullmatch(_HOST_AND_PORT, text)
    return CompoundParts(host=match["host"], port=match["port"]) if match else None


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8")
