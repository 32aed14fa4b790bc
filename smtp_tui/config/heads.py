"""The head of a dialect: its name, its application, and how a file of it is recognised."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from smtp_tui.config.errors import DocumentError, NoFileError
from smtp_tui.config.tablepath import ROOT, TablePath, walk
from smtp_tui.config.wording import one_line
from smtp_tui.records import record

PLAIN = "plain"
"""The name of our own keys, which are no dialect."""
ANYWHERE = "**"
"""The pattern of any table at all."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_LISTS = ("source", "files", "tables", "keys", "one_of", "signs", "unless")


class FaultyDialect(Exception):
    """A dialect's file is wrong; the text is one line for whoever wrote it."""


@record(kw_only=True)
class Head:
    """A dialect as far as recognising a file takes.

    `tables` are the paths its settings may stand at, `*` for any one key, `**` for any table at
    all. Such a table must hold all of `keys` and one of `one_of`; the file must hold none of the
    paths in `unless`, and where there are `signs` one of those, or have a name of `files`.
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

    def tables_in(self, data: Mapping[str, Any]) -> tuple[TablePath, ...]:
        """List the tables that could be this dialect's, in the file's order."""
        wanted = [() if one == "." else tuple(one.split(".")) for one in self.tables]
        return tuple(
            path
            for path, table in walk(data)
            if any(map(path_fits(path), wanted))
            and all(holds(table, key) for key in self.keys)
            and (not self.one_of or any(holds(table, key) for key in self.one_of))
        )

    def recognises(self, data: Mapping[str, Any], path: Path) -> bool:
        """Tell whether a file is this application's."""
        if any(holds(data, key) for key in self.unless):
            return False
        told = not self.signs or any(holds(data, key) for key in self.signs)
        return (told or path.name in self.files) and bool(self.tables_in(data))

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


def holds(table: Mapping[str, Any], dotted: str) -> bool:
    """Tell whether something stands at a dotted path below a table."""
    here: Any = table
    for key in dotted.split("."):
        if not isinstance(here, dict) or key not in here:
            return False
        here = here[key]
    return True


def head_of(data: Mapping[str, Any], place: Path, *, own: bool) -> Head:
    """Read the head; FaultyDialect says what is wrong with it."""
    for key in ("name", "application"):
        if not isinstance(data.get(key), str):
            raise FaultyDialect(f"{key} is missing, or no text")
    if not _NAME.fullmatch(data["name"]) or data["name"] == PLAIN:
        raise FaultyDialect(f"name is no word of small letters, digits and '-', or it is {PLAIN}")
    lists = {key: _texts(key, data.get(key, [])) for key in _LISTS}
    if not lists["tables"]:
        raise FaultyDialect("tables is missing: where do the settings stand?")
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
        raise FaultyDialect(f"{key} is no list of texts")
    return tuple(value)
