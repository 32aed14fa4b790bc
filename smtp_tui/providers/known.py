"""A file of providers, read into what is known of each; a file that is wrong says where.

The mail providers that ship with the program: `known.toml`, read when first asked for.

A host is looked up before the form is seen, and most hosts are no provider's: of the file, only
what names the host is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.providers.provider import Provider, Secret, User, Values, Way, fits
from smtp_tui.settings.choices import Authentication, Encryption

_TEXTS = {
    *("id", "name", "username_is", "password_is"),
    *("username", "username_pattern", "page", "signature"),
}


def providers_in(text: str) -> tuple[Provider, ...]:
    """Return the providers of a file's text, in its order; ValueError names what is wrong."""
    import tomllib  # whoever asks for no provider needs none

    found: list[Provider] = []
    for number, table in enumerate(_tables(tomllib.loads(text)), start=1):
        where = str(table.get("id", f"number {number}"))
        try:
            found.append(_provider(dict(table)))
        except (KeyError, TypeError, ValueError, re.error) as error:
            raise ValueError(f"provider {where}: {_reason(error)}") from error
        if where in [one.id for one in found[:-1]]:
            raise ValueError(f"provider {where}: named twice")
    return tuple(found)


def _tables(document: dict[str, Any]) -> list[dict[str, Any]]:
    tables = document.get("provider", [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise ValueError("it contains no [[provider]] tables")
    return tables


def _provider(table: dict[str, Any]) -> Provider:
    for key in sorted(_TEXTS & table.keys()):
        if not isinstance(table[key], str):
            raise ValueError(f"{key} is not text")
    for key in ("hosts", "sources", "limits", "notes", "domains", "mx"):
        table[key] = _texts(key, table.get(key, []))
    if not table["hosts"] or not table["sources"]:
        raise ValueError("needs hosts and sources")
    if type(table["taken"]) is not date:  # a date with a time is a date to Python, too
        raise ValueError("taken is not a date")
    if not isinstance(table.get("more_ways", False), bool):
        raise ValueError("more_ways is neither true nor false")
    for key in ("username_pattern", "signature"):
        re.compile(table.get(key, ""))
    table["ways"] = tuple(map(_way, _some(table, "ways")))
    table["authentication"] = tuple(map(Authentication, _some(table, "authentication")))
    table["user"], table["secret"] = User(table["user"]), Secret(table["secret"])
    return Provider(**table)


def _way(table: Any) -> Way:
    if not isinstance(table, dict):
        raise ValueError(f"{table!r} is not a table of port and encryption")
    if not isinstance(table["port"], int) or not 0 < table["port"] < 65536:
        raise ValueError(f"{table['port']!r} is not a port")
    return Way(table["port"], Encryption(table["encryption"]))


def _texts(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{key} is not a list of texts")
    return tuple(value)


def _some(table: dict[str, Any], key: str) -> list[Any]:
    if not isinstance(table[key], list) or not table[key]:
        raise ValueError(f"{key} is not a list, or is empty")
    return list(table[key])


def _reason(error: Exception) -> str:
    return f"lacks {error}" if isinstance(error, KeyError) else str(error)


# rf

_ENTRY = "[[provider]]"
_NAMES = re.compile(r"^(?:hosts|domains|mx) = \[(.*)\]$", re.MULTILINE)


@cache
def providers() -> tuple[Provider, ...]:
    """Return every provider, in the order of the file; their hosts do not overlap."""
    return providers_in(_text())


def provider_of(host: str) -> Provider | None:
    """Return the provider whose server this host is, or None."""
    return next((one for one in providers_naming(host) if one.matches(host)), None)


def providers_naming(name: str) -> Iterator[Provider]:
    """Yield those that have a name among their hosts, domains or MX hosts."""
    return (_alone(entry) for entry, names in _entries() if fits(names, name))


def provider_named(identity: str) -> Provider:
    """Return the provider with this id; KeyError when there is none."""
    return _by_id()[identity]


def preset(identity: str) -> Values:
    """Return values for our fields by key; KeyError when there is no such provider."""
    return provider_named(identity).preset()


@cache
def _by_id() -> dict[str, Provider]:
    return {one.id: one for one in providers()}


@cache
def _text() -> str:
    return Path(__file__).with_name("known.toml").read_text(encoding="utf-8")


@cache
def _entries() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the text of each entry with the names in it."""
    texts = _text().split(f"\n{_ENTRY}\n")[1:]
    return tuple((text, tuple(_names_in(text))) for text in texts)


def _names_in(entry: str) -> Iterator[str]:
    for names in _NAMES.findall(entry):
        yield from (name.strip(' "') for name in names.split(","))


@cache
def _alone(entry: str) -> Provider:
    (provider,) = providers_in(f"{_ENTRY}\n{entry}")
    return provider
