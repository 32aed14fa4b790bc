"""The mail providers that ship with the program, in `known.toml`, and the reading of such files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.providers.provider import Provider, Secret, User, Way, fits
from smtp_tui.settings.choices import Authentication, Encryption

FILE = Path(__file__).with_name("known.toml")

_ENTRY = "[[provider]]"
_NAMES = re.compile(r"^(?:hosts|domains|mx) = \[(.*)\]$", re.MULTILINE)
_TEXTS = {
    *("id", "name", "username_is", "password_is"),
    *("username", "username_pattern", "page", "signature"),
}


@cache
def providers() -> tuple[Provider, ...]:
    """Return every provider, in the order of the file; their hosts do not overlap."""
    return providers_in(FILE.read_text(encoding="utf-8"))


def provider_of(host: str) -> Provider | None:
    """Return the provider whose server this host is, or None."""
    return next((found for found in providers_naming(host) if found.matches(host)), None)


def providers_naming(name: str) -> Iterator[Provider]:
    """Yield those that have a name among their hosts, domains or MX hosts."""
    return (_provider_of_entry(entry) for entry, names in _entries() if fits(names, name))


# A host is looked up before the form is seen, and most hosts are no provider's: of the file, only
# what names the host is read.
@cache
def _entries() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the text of each entry with the names in it."""
    entries = FILE.read_text(encoding="utf-8").split(f"\n{_ENTRY}\n")[1:]
    return tuple(
        (
            entry,
            tuple(name.strip(' "') for names in _NAMES.findall(entry) for name in names.split(",")),
        )
        for entry in entries
    )


@cache
def _provider_of_entry(entry: str) -> Provider:
    (provider,) = providers_in(f"{_ENTRY}\n{entry}")
    return provider


def providers_in(text: str) -> tuple[Provider, ...]:
    """Return the providers of a file's text, in its order; ValueError names what is wrong."""
    # 3 ms that a check with a host of nobody's has no use for.
    import tomllib

    tables = tomllib.loads(text).get("provider", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError("it contains no [[provider]] tables")
    found: dict[str, Provider] = {}
    for number, table in enumerate(tables, start=1):
        where = str(table.get("id", f"number {number}"))
        try:
            provider = _provider(dict(table))
        except KeyError as error:
            raise ValueError(f"provider {where}: lacks {error}") from error
        except (TypeError, ValueError, re.error) as error:
            raise ValueError(f"provider {where}: {error}") from error
        if where in found:
            raise ValueError(f"provider {where}: named twice")
        found[where] = provider
    return tuple(found.values())


def _provider(table: dict[str, Any]) -> Provider:
    for key in sorted(_TEXTS & table.keys()):
        if not isinstance(table[key], str):
            raise ValueError(f"{key} is not text")
    for key in ("hosts", "sources", "limits", "notes", "domains", "mx"):
        values = table.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise ValueError(f"{key} is not a list of texts")
        table[key] = tuple(values)
    if not table["hosts"] or not table["sources"]:
        raise ValueError("needs hosts and sources")
    if type(table["taken"]) is not date:  # a date with a time is a date to Python, too
        raise ValueError("taken is not a date")
    if not isinstance(table.get("more_ways", False), bool):
        raise ValueError("more_ways is neither true nor false")
    for key in ("username_pattern", "signature"):
        re.compile(table.get(key, ""))
    for key in ("ways", "authentication"):
        if not isinstance(table[key], list) or not table[key]:
            raise ValueError(f"{key} is not a list, or is empty")
    table["ways"] = tuple(map(_way, table["ways"]))
    table["authentication"] = tuple(map(Authentication, table["authentication"]))
    table["user"], table["secret"] = User(table["user"]), Secret(table["secret"])
    # Said here, for an admin: what Python says of an argument is for programmers.
    keys = {field.name: field for field in fields(Provider)}
    for name, field in keys.items():
        if name not in table and field.default is MISSING:
            raise ValueError(f"Provider lacks {name}")
    if unknown := [name for name in table if name not in keys]:
        raise ValueError(f"Provider has no {', '.join(unknown)}")
    return Provider(**table)


def _way(table: Any) -> Way:
    if not isinstance(table, dict):
        raise ValueError(f"{table!r} is not a table of port and encryption")
    if not isinstance(table["port"], int) or not 0 < table["port"] < 65536:
        raise ValueError(f"{table['port']!r} is not a port")
    return Way(table["port"], Encryption(table["encryption"]))
