"""Values of an application's keys: from its spelling to ours, and back.

What has no meaning is refused with a reason that can stand beside the field and never repeats what
may be a password. A `Compound` is one text that holds several settings, a URL or `host:port`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from smtp_tui.records import record


class UnknownValue(ValueError):
    """The file holds a value that the application would refuse, or whose meaning is not known."""


class UnsupportedValue(ValueError):
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
        except UnsupportedValue:
            return False
        return True


def words(table: Mapping[str, str]) -> Codec:
    """Make the codec of a choice; `true` and `false` on either side stand for the booleans."""

    def typed(word: str) -> str | bool:
        return word == "true" if word in ("true", "false") else word

    # The first word of each meaning is the one that is written.
    spelled = {typed(word): ours for word, ours in table.items()}

    def read(value: object) -> object:
        for word, ours in spelled.items():
            if type(word) is type(value) and word == value:
                return typed(ours)
        raise UnknownValue(f"is not one of the values that smtp-tui knows: {listed(spelled)}")

    def write(value: object) -> object:
        for word, ours in spelled.items():
            if typed(ours) == value:
                return word
        raise UnsupportedValue(f"accepts only {', '.join(dict.fromkeys(spelled.values()))}")

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
    # Rust and Go read `30.0` as no integer, and do not start.
    if not number.is_integer():
        raise UnsupportedValue("accepts only whole numbers")
    return int(number)


def _plain_but(pattern: str, unknown: str, unsupported: str) -> Codec:
    """Make the codec of a text that must not match; `{}` in `unknown` is the pattern's group."""

    def read(value: object) -> object:
        if isinstance(value, str) and (match := re.fullmatch(pattern, value, re.DOTALL)):
            raise UnknownValue(unknown.format(*match.groups()))
        return _read_plain(value)

    def write(value: object) -> object:
        if isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL):
            raise UnsupportedValue(unsupported)
        return _write_plain(value)

    return Codec(read, write)


def _foreign(what: str, to_read: str, to_write: str) -> Codec:
    """Make the codec of a key whose every value is the application's own business."""

    def read(_value: object) -> object:
        raise UnknownValue(f"is {what} that only the application can {to_read}")

    def write(_value: object) -> object:
        raise UnsupportedValue(f"is {what} that only the application can {to_write}")

    return Codec(read, write)


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
            # Applications hand a text to a shell; this program runs none by itself.
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


CODECS: Mapping[str, Codec] = {
    "value": Codec(_read_plain, _write_plain),
    "digits": Codec(_read_digits, str),
    "whole": Codec(_read_plain, _write_whole),
    "env": Codec(_read_env, _write_env),
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
    "file": Codec(_read_file, _write_file),
    "command": Codec(_read_command, _write_command),
}

_QUERY = "query."
# Compiled when they are used: few files have such a text, and each start would pay for it.
_URL = (
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?"
    r"(?:(?P<user>[^:/?#]*)(?::(?P<password>[^/?#]*))?@)?"
    r"(?P<host>\[[^\]]*\]|[^:/?#@\[\]]*)(?::(?P<port>[0-9]*))?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?P<rest>#.*)?"
)
_HOST_AND_PORT = r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]+))?"


@record
class Compound:
    """The parts of a text as they are written, None where one is missing.

    A part that does not change keeps its very letters: whoever wrote `%2f` finds `%2f` again.
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
        """The text, put together again."""

        def piece(part: str | None, before: str = "", after: str = "") -> str:
            return "" if part is None else f"{before}{part}{after}"

        login = piece(self.user) + piece(self.password, ":")
        has_login = self.user is not None or self.password is not None
        server = (login + "@" if has_login else "") + self.host + piece(self.port, ":")
        where = piece(self.path) + piece(self.query, "?") + piece(self.rest)
        return piece(self.scheme, after="://") + server + where

    def part(self, name: str) -> str | None:
        """Return what a part means, None where it is missing or empty; ValueError if not UTF-8."""
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

    def with_part(self, name: str, value: str | None) -> Compound:
        """Return it with one part changed; None takes the part out. ValueError where it must be."""
        if value is None and name in ("scheme", "host"):
            raise ValueError(f"requires the {name}")
        if name.startswith(_QUERY):
            return self._with_query(name.removeprefix(_QUERY), value)
        written = value
        if value is not None and name == "host":
            bare = value.removeprefix("[").removesuffix("]").replace("%", "%25")
            written = f"[{bare}]" if ":" in bare else bare
        elif value is not None and name == "path":
            written = f"/{quote(value, safe='[]:')}"
        elif value is not None and name in ("user", "password"):
            written = quote(value, safe="")
        changed: dict[str, Any] = {name: written}
        made = replace(self, **changed)
        # A colon without user and password is no credentials any more.
        alone = name in ("user", "password") and not made.user and made.password is None
        return replace(made, user=None) if alone else made

    def _with_query(self, key: str, value: str | None) -> Compound:
        pairs = [pair for pair in (self.query or "").split("&") if pair]
        named = [_decoded(pair.partition("=")[0]) for pair in pairs]
        kept = [pair for pair, name in zip(pairs, named, strict=True) if name != key]
        if value is not None:
            place = named.index(key) if key in named else len(kept)
            kept.insert(place, f"{key}={quote(value, safe='')}")
        return replace(self, query="&".join(kept) or None)


def parsed_url(text: str, schemes: Mapping[str, object] | frozenset[str]) -> Compound | None:
    """Take a URL apart, or a host with or without a port; None if it is neither."""
    match = re.fullmatch(_URL, text)
    if match is None or (match["scheme"] is None and "://" in text):
        return None
    if match["scheme"] is not None and match["scheme"].casefold() not in schemes:
        return None
    parts = {name: found for name, found in match.groupdict().items() if found is not None}
    return Compound(**parts)


def parsed_host_and_port(text: str) -> Compound | None:
    """Take `host:port` apart; None if it is none."""
    match = re.fullmatch(_HOST_AND_PORT, text)
    return Compound(host=match["host"], port=match["port"]) if match else None


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8")
