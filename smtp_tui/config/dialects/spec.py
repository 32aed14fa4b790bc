"""What a dialect is: which files are an application's, and which of its keys is which setting.

The head of a dialect recognises a file. The rest, read by `load` where a file is in the dialect,
translates its tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtp_tui.config.dialects.plain import MAIL_KEYS
from smtp_tui.config.errors import one_line
from smtp_tui.config.tablepath import ROOT, TablePath, get, spelled, walk
from smtp_tui.records import record

if TYPE_CHECKING:
    from smtp_tui.config.dialects.codecs import Codec

PLAIN = "plain"
"""The name of our own keys, which are no dialect."""
ANYWHERE = "**"
"""The pattern of any table at all."""

# Names of files that so many applications have that they show nothing.
_ANYBODYS_NAMES = frozenset({"config.toml", "config.example.toml"})
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_LISTS = ("source", "files", "tables", "keys", "one_of", "signs", "unless", "known")


class InvalidDialectError(Exception):
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
class DialectHeader:
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

        def fits(table: Mapping[str, Any]) -> bool:
            one_of = not self.one_of or any(holds(table, key) for key in self.one_of)
            return one_of and all(holds(table, key) for key in self.keys)

        return tuple(
            path
            for path in self.places_in(data)
            if fits(get(data, path)) and not self.contradictions(get(data, path))
        )

    def places_in(self, data: Mapping[str, Any]) -> tuple[TablePath, ...]:
        """List the tables that stand where this dialect's do, whatever they hold."""
        patterns = [[] if pattern == "." else pattern.split(".") for pattern in self.tables]
        return tuple(
            path for path, _ in walk(data) if any(_matches(pattern, path) for pattern in patterns)
        )

    def contradictions(self, table: Mapping[str, Any]) -> tuple[str, ...]:
        """List the keys of mail settings in a table that this application does not have."""
        # Where not all keys of an application are known, none shows that a table is another's.
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
        table = get(data, found[0])
        key = next((key for key in (*self.keys, *self.one_of) if holds(table, key)), None)
        where = f"[{one_line(spelled(found[0]), 60)}]" if found[0] else "the file"
        holding = f"{where} holds {key}" if key else f"it holds {where}"
        if sign:
            inside = sign.rpartition(".")[2]
            holding += f" and {inside}" if holds(table, inside) else f" and the file has {sign}"
        return f"the file is named {one_line(name, 40)} and {holding}" if is_named else holding

    def is_named(self, name: str) -> bool:
        """Whether a file's name is one that only this application has."""
        return name in self.files and name not in _ANYBODYS_NAMES

    @property
    def fixed_table(self) -> TablePath | None:
        """Where a new table goes, None where its name is for the admin to say."""
        first = self.tables[0]
        if "*" in first:
            return None
        return ROOT if first == "." else tuple(first.split("."))


def _matches(pattern: Sequence[str], path: TablePath) -> bool:
    if pattern == [ANYWHERE]:
        return True
    return len(pattern) == len(path) and all(
        step in ("*", here) for step, here in zip(pattern, path, strict=True)
    )


def holds(table: object, dotted: str) -> bool:
    """Tell whether something stands at a dotted path below a table; `*` is any one key."""
    first, _, rest = dotted.partition(".")
    if not isinstance(table, dict):
        return False
    found = table.values() if first == "*" else [table[first]] if first in table else []
    return any(not rest or holds(inner, rest) for inner in found)


def parse_header(data: Mapping[str, Any], place: Path, *, own: bool) -> DialectHeader:
    """Read the head; InvalidDialectError says what is wrong with it."""
    for key in ("name", "application"):
        if not isinstance(data.get(key), str):
            raise InvalidDialectError(f"{key} is missing or not text")
    # The name is an argument of the command line: --dialect NAME.
    if not _NAME.fullmatch(data["name"]) or data["name"] == PLAIN:
        raise InvalidDialectError(
            f"name must be of lower-case letters, digits and '-', and must not be {PLAIN}"
        )
    lists = {}
    for key in _LISTS:
        found = data.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
            raise InvalidDialectError(f"{key} is not a list of texts")
        lists[key] = tuple(found)
    if not lists["tables"]:
        raise InvalidDialectError("tables is missing; list the tables that hold the settings")
    name, application = data["name"], data["application"]
    return DialectHeader(name=name, application=application, place=place, own=own, **lists)


Values = Mapping[str, Any]


@record(kw_only=True)
class KeyLocation:
    """Where a setting may stand: a key of theirs, and how it is spelled there.

    A key is a path below the table, from the file's root where it begins with a dot, and one part
    of the compound text where it begins with a colon. A `*` in it is the chosen variant. `label`
    is the key of a display name beside an address; `only` are the variants that have the key.
    """

    key: str
    codec: Codec
    label: str | None = None
    only: tuple[str, ...] = ()

    @property
    def varies(self) -> bool:
        """Whether the key stands in the chosen variant's own table."""
        return "*" in self.key.split(".")


@record
class ModeRule:
    """Several keys that say one thing: `when` they have these values, `ours` is what it means.

    An absent key has the value that `absent` names, else "". `fill` are defaults that go with it.
    """

    when: Values
    ours: Values
    fill: Values


@record(kw_only=True)
class CompoundSpec:
    """A key whose text holds several settings, as a URL or as `host:port`.

    `bare` is the scheme of a text without one, None where it must have one; `default` is the text
    that the application uses where the key is absent, `new` the scheme to begin a URL with.
    `required` are the parts without which the application refuses the text.
    """

    key: str
    is_url: bool
    schemes: frozenset[str] = frozenset()
    bare: str | None = None
    required: tuple[str, ...] = ()
    default: str | None = None
    new: str | None = None


@record
class VariantSpec:
    """The table whose only sub-table names the login mechanism, and what the names mean."""

    table: str
    codec: Codec
    first: str


@record(kw_only=True)
class Dialect:
    """All of it.

    `settings` are the places of each setting, the first before the others, `fallbacks` the key
    that the application takes in place of a setting's own where that is absent. `limits` says of
    every setting that cannot be expressed why that is so.
    """

    head: DialectHeader
    settings: Mapping[str, tuple[KeyLocation, ...]]
    fallbacks: Mapping[str, str]
    modes: tuple[ModeRule, ...]
    form: CompoundSpec | None
    variants: VariantSpec | None
    absent: Values
    defaults: Values
    limits: Mapping[str, str]
    notes: Mapping[str, str]

    @property
    def secret_keys(self) -> frozenset[str]:
        """The names of the keys of theirs that hold the password itself."""
        return frozenset(
            place.key.rpartition(".")[2]
            for place in self.settings.get("password", ())
            if not place.key.startswith(":") and place.codec.can_write("text")
        )

    @property
    def mode_keys(self) -> tuple[str, ...]:
        """The settings that the modes speak of."""
        return tuple(dict.fromkeys(key for mode in self.modes for key in mode.ours))

    @property
    def own_keys(self) -> frozenset[str]:
        """The keys of theirs that hold a setting of their own; a mode may depend on them too."""
        return frozenset(place.key for places in self.settings.values() for place in places)
