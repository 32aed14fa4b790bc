"""A file of providers, read into what is known of each; a file that is wrong says where."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from smtp_tui.providers.provider import Provider, Secret, User, Way
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
