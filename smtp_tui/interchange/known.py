"""The formats that are known: a registry kept as data, one table a format."""

from __future__ import annotations

import functools
import re
from dataclasses import field
from importlib.resources import files
from typing import Any

from smtp_tui.interchange.results import InterchangeError
from smtp_tui.interchange.texts import text
from smtp_tui.records import record

QUOTINGS = ("docker", "systemd", "ruby", "python", "laravel")
"""How an `.env` file may be quoted: by who reads it."""


@record(kw_only=True)
class Format:
    """A program's format and what it can express.

    `links` says what becomes of each of our four ways to connect (`none`, `auto` for STARTTLS where
    it is offered, `tls`, `ssl`): itself, or the nearest that the program has. `mechanisms` are
    those of AUTH that it can name. `expresses` are the keys of ours that it has a place for.
    """

    name: str
    title: str
    find: tuple[str, ...]
    expresses: frozenset[str]
    links: dict[str, str] = field(default_factory=dict)
    mechanisms: tuple[str, ...] = ()
    verify: tuple[str, ...] = ("peer",)
    quoting: str | None = None
    may_be_env: bool = False

    def fits(self, content: str) -> bool:
        """Tell whether a text looks like this format."""
        return all(re.search(one, content, re.MULTILINE) for one in self.find)

    @property
    def takes_quoting(self) -> bool:
        """Whether the format is, or can be, an `.env` file."""
        return self.quoting is not None or self.may_be_env


@functools.cache
def formats() -> dict[str, Format]:
    """Return all formats by name."""
    import tomllib

    source = files("smtp_tui.interchange").joinpath("formats.toml").read_text(encoding="utf-8")
    return {name: _format(name, table) for name, table in tomllib.loads(source).items()}


def _format(name: str, table: dict[str, Any]) -> Format:
    table["expresses"] = frozenset(table["expresses"])
    for key in ("find", "mechanisms", "verify"):
        if key in table:
            table[key] = tuple(table[key])
    table["links"] = {"none": "none", "auto": "auto", "tls": "tls", "ssl": "ssl"} | table.get(
        "links", {}
    )
    return Format(name=name, **table)


def format_named(name: str) -> Format:
    """Return a format; InterchangeError where there is none of that name."""
    try:
        return formats()[name.casefold()]
    except KeyError:
        raise InterchangeError(
            text("no-such-format", name=repr(name[:40]), formats=", ".join(formats()))
        ) from None
