"""The head of a dialect: its name, its application, and how a file of it is recognised."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from smtp_tui.config.errors import DocumentError, NoFileError
from smtp_tui.config.synonyms import MAIL_KEYS
from smtp_tui.config.tablepath import ROOT, TablePath, get, spelled, walk
from smtp_tui.config.wording import one_line
from smtp_tui.records import record

PLAIN = "plain"
"""The name of our own keys, which are no dialect."""
ANYWHERE = "**"
"""The pattern of any table at all."""

_ANYBODYS_NAMES = frozenset({"config.toml", "config.example.toml"})
"""Names of files that so many applications have that they show nothing."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_LISTS = ("source", "files", "tables", "keys", "one_of", "signs", "unless", "known")


class FaultyDialect(Exception):
    """A dialect's file is wrong; the text is one line for whoever wrote it."""


@record
class Recognition:
    """Which dialect a file is read in, and why.

    `application` is None for plain keys. `reason` is a clause for people: "[email] holds smtpAddr".
    """

    dialect: str
    application: str | None
    reason: str

    def __str__(self) -> str:
        """Return one line to show above the settings."""
        return f"Read as {self.application or 'plain TOML keys'}: {self.reason}"


@record(kw_only=True)
class Head:
    """A dialect as far as recognising a file takes.

    `tables` are the paths its settings may stand at, `*` for any one key, `**` for any table at
    all. Such a table must hold all of `keys` and one of `one_of`; the file must hold none of the
    paths in `unless`, and where there are `signs` one of those, or have a name of `files`.
    `known` are all keys that the application has in such a table: another key of mail settings in
    it shows that the table is somebody else's.
    """

    name: str
    application: str
    place: Path
    own: bool
    tables: tuple[str, ...]
    source: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    def tables_in(self, data: Mapping[str, Any]) -> tuple[TablePath, ...]:
        """List the tables that could be this dialect's, in the file's order."""
        return tuple(
            path
            for path in self.places_in(data)
            if self._fits(get(data, path)) and not self.contradictions(get(data, path))
        )

    def places_in(self, data: Mapping[str, Any]) -> tuple[TablePath, ...]:
        """List the tables that stand where this dialect's do, whatever they hold."""
        wanted = [() if one == "." else tuple(one.split(".")) for one in self.tables]
        return tuple(path for path, _ in walk(data) if any(map(path_fits(path), wanted)))

    def contradictions(self, table: Mapping[str, Any]) -> tuple[str, ...]:
        """List the keys of mail settings in a table that this application does not have."""
        if not self.known:
            return ()
        return tuple(key for key in table if key in MAIL_KEYS and key not in self.known)

    def reason(self, data: Mapping[str, Any], name: str) -> str | None:
        """Say why a file of this name is this application's; None where it is not."""
        if any(holds(data, key) for key in self.unless):
            return None
        sign = next((key for key in self.signs if holds(data, key)), None)
        is_named = self.is_named(name)
        if (self.signs and sign is None and not is_named) or not (found := self.tables_in(data)):
            return None
        named = f"the file is named {one_line(name, 40)}" if is_named else ""
        table = get(data, found[0])
        key = next((key for key in (*self.keys, *self.one_of) if holds(table, key)), None)
        where = f"[{one_line(spelled(found[0]), 60)}]" if found[0] else "the file"
        holding = f"{where} holds {key}" if key else f"it holds {where}"
        if sign:
            inside = sign.rpartition(".")[2] if holds(table, sign.rpartition(".")[2]) else ""
            holding += f" and {inside}" if inside else f" and the file has {sign}"
        return f"{named} and {holding}" if named else holding

    def is_named(self, name: str) -> bool:
        """Whether a file's name is one that only this application has."""
        return name in self.files and name not in _ANYBODYS_NAMES

    def _fits(self, table: Mapping[str, Any]) -> bool:
        return all(holds(table, key) for key in self.keys) and (
            not self.one_of or any(holds(table, key) for key in self.one_of)
        )

    @property
    def is_anywhere(self) -> bool:
        """Whether any table at all may be this dialect's."""
        return ANYWHERE in self.tables

    @property
    def fixed_table(self) -> TablePath | None:
        """Where a new table goes, None where its name is for the admin to say."""
        first = self.tables[0]
        if "*" in first:
            return None
        return ROOT if first == "." else tuple(first.split("."))


def path_fits(path: TablePath) -> Callable[[tuple[str, ...]], bool]:
    """Make the test whether a pattern is one of this path."""

    def fits(pattern: tuple[str, ...]) -> bool:
        if pattern == (ANYWHERE,):
            return True
        pairs = zip(pattern, path, strict=False)
        return len(pattern) == len(path) and all(one in ("*", step) for one, step in pairs)

    return fits


def holds(table: object, dotted: str) -> bool:
    """Tell whether something stands at a dotted path below a table; `*` is any one key."""
    first, _, rest = dotted.partition(".")
    if not isinstance(table, dict):
        return False
    found = table.values() if first == "*" else [table[first]] if first in table else []
    return any(not rest or holds(one, rest) for one in found)


def head_of(data: Mapping[str, Any], place: Path, *, own: bool) -> Head:
    """Read the head; FaultyDialect says what is wrong with it."""
    for key in ("name", "application"):
        if not isinstance(data.get(key), str):
            raise FaultyDialect(f"{key} is missing or not text")
    if not _NAME.fullmatch(data["name"]) or data["name"] == PLAIN:
        raise FaultyDialect(
            f"name must be of lower-case letters, digits and '-', and must not be {PLAIN}"
        )
    lists = {key: _texts(key, data.get(key, [])) for key in _LISTS}
    if not lists["tables"]:
        raise FaultyDialect("tables is missing; list the tables that hold the settings")
    name, application = data["name"], data["application"]
    return Head(name=name, application=application, place=place, own=own, **lists)


def read_text(place: Path) -> str:
    """Return a dialect's text; FaultyDialect where it cannot be read."""
    from smtp_tui.config import reading

    try:
        return reading.decoded(reading.read(place), place)
    except NoFileError:
        raise FaultyDialect("it does not exist") from None
    except DocumentError as error:
        told = str(error).removeprefix(one_line(place))
        raise FaultyDialect(told.lstrip(": ")) from None


def _texts(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise FaultyDialect(f"{key} is not a list of texts")
    return tuple(value)
