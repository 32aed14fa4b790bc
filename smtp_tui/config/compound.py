"""Texts that hold several settings, a URL or `host:port`: taken apart, one part changed, put back.

A part that does not change keeps its very text: whoever wrote `%2f` finds `%2f` again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from smtp_tui.records import record

SCHEME, HOST, PORT, USER, PASSWORD, PATH = ("scheme", "host", "port", "user", "password", "path")
QUERY = "query."
_NEEDED = (SCHEME, HOST)

_URL = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?"
    r"(?:(?P<user>[^:/?#]*)(?::(?P<password>[^/?#]*))?@)?"
    r"(?P<host>\[[^\]]*\]|[^:/?#@\[\]]*)(?::(?P<port>[0-9]*))?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?P<rest>#.*)?"
)
_HOST_AND_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]+))?")


@record
class Compound:
    """Such a text's parts as they are written, None where one is missing."""

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
        credentials = self.user or ""
        if self.password is not None:
            credentials += f":{self.password}"
        pieces = [
            f"{self.scheme}://" if self.scheme is not None else "",
            f"{credentials}@" if self.user is not None or self.password is not None else "",
            self.host,
            f":{self.port}" if self.port is not None else "",
            self.path or "",
            f"?{self.query}" if self.query is not None else "",
            self.rest or "",
        ]
        return "".join(pieces)

    def part(self, name: str) -> str | None:
        """Return what a part means, None where it is missing or empty; ValueError if not UTF-8."""
        if name.startswith(QUERY):
            return dict(self._pairs()).get(name.removeprefix(QUERY))
        written = getattr(self, name)
        match name:
            case "host":
                return _decoded(written.removeprefix("[").removesuffix("]")) or None
            case "scheme":
                return written.casefold() if written else None
            case "path":
                return _decoded(written.strip("/")) or None if written else None
            case _:
                return _decoded(written) if written else None

    def with_part(self, name: str, value: str | None) -> Compound:
        """Return it with one part changed; None takes the part out. ValueError where it must be."""
        if value is None and name in _NEEDED:
            raise ValueError(f"requires the {name}")
        if name.startswith(QUERY):
            return self._with_query(name.removeprefix(QUERY), value)
        if value is not None:
            value = _written(name, value)
        changed: dict[str, Any] = {name: value}
        made = replace(self, **changed)
        alone = name in (USER, PASSWORD) and not made.user and made.password is None
        return replace(made, user=None) if alone else made

    def _pairs(self) -> list[tuple[str, str]]:
        pairs = [pair.partition("=") for pair in (self.query or "").split("&") if pair]
        return [(_decoded(key), _decoded(value)) for key, _, value in pairs]

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
    match = _URL.fullmatch(text)
    if match is None or (match["scheme"] is None and "://" in text):
        return None
    if match["scheme"] is not None and match["scheme"].casefold() not in schemes:
        return None
    parts = {name: found for name, found in match.groupdict().items() if found is not None}
    return Compound(**parts)


def parsed_host_and_port(text: str) -> Compound | None:
    """Take `host:port` apart; None if it is none."""
    match = _HOST_AND_PORT.fullmatch(text)
    return Compound(host=match["host"], port=match["port"]) if match else None


def _written(name: str, value: str) -> str:
    match name:
        case "host":
            bare = value.removeprefix("[").removesuffix("]").replace("%", "%25")
            return f"[{bare}]" if ":" in bare else bare
        case "path":
            return f"/{quote(value, safe='[]:')}"
        case "user" | "password":
            return quote(value, safe="")
        case _:
            return value


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8")
