"""The head of a dialect: its name, its application, and how a file of it is recognised.

A dialect whole: which of an application's keys is which of our settings, as its file says it.

A dialect's file, read and checked: a fault in it is told in one line, and never half taken.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.config.dialects.codecs import CODECS, Codec, words
from smtp_tui.config.dialects.mail_tables import MAIL_KEYS
from smtp_tui.config.errors import DocumentError, NoFileError, one_line
from smtp_tui.config.tablepath import ROOT, TablePath, get, spelled, walk
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY

PLAIN = "plain"
"""The name of our own keys, which are no dialect."""
ANYWHERE = "**"
"""The pattern of any table at all."""

_ANYBODYS_NAMES = frozenset({"config.toml", "config.example.toml"})
"""Names of files that so many applications have that they show nothing."""

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


def parse_header(data: Mapping[str, Any], place: Path, *, own: bool) -> DialectHeader:
    """Read the head; FaultyDialect says what is wrong with it."""
    for key in ("name", "application"):
        if not isinstance(data.get(key), str):
            raise InvalidDialectError(f"{key} is missing or not text")
    if not _NAME.fullmatch(data["name"]) or data["name"] == PLAIN:
        raise InvalidDialectError(
            f"name must be of lower-case letters, digits and '-', and must not be {PLAIN}"
        )
    lists = {key: _texts(key, data.get(key, [])) for key in _LISTS}
    if not lists["tables"]:
        raise InvalidDialectError("tables is missing; list the tables that hold the settings")
    name, application = data["name"], data["application"]
    return DialectHeader(name=name, application=application, place=place, own=own, **lists)


def read_text(place: Path) -> str:
    """Return a dialect's text; FaultyDialect where it cannot be read."""
    from smtp_tui.config import file_reader

    try:
        return file_reader.decode_text(file_reader.read_document(place), place)
    except NoFileError:
        raise InvalidDialectError("it does not exist") from None
    except DocumentError as error:
        told = str(error).removeprefix(one_line(place))
        raise InvalidDialectError(told.lstrip(": ")) from None


def _texts(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise InvalidDialectError(f"{key} is not a list of texts")
    return tuple(value)


Values = Mapping[str, Any]

_ANY_VARIANT = "*"


@record(kw_only=True)
class KeyLocation:
    """Where a setting may stand: a key of theirs, and how it is spelled there.

    A key is a path below the table, from the file's root where it begins with a dot, and one part
    of the compound text where it begins with a colon. `label` is the key of a display name beside
    an address; `only` are the variants that have the key.
    """

    key: str
    codec: Codec
    label: str | None = None
    only: tuple[str, ...] = ()

    def belongs_to(self, variant: str | None) -> bool:
        """Whether the key exists while this variant is chosen."""
        if not self.varies:
            return True
        return variant is not None and (not self.only or variant in self.only)

    @property
    def varies(self) -> bool:
        """Whether the key stands in the chosen variant's own table."""
        return _ANY_VARIANT in self.key.split(".")


@record
class FieldMapping:
    """One of our settings: the places it may stand at, the first before the others.

    `fallback` is the key that the application takes in its place where it is absent.
    """

    places: tuple[KeyLocation, ...]
    fallback: str | None = None


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
    """All of it. `limits` says of every setting that cannot be expressed why that is so."""

    head: DialectHeader
    settings: Mapping[str, FieldMapping]
    modes: tuple[ModeRule, ...]
    form: CompoundSpec | None
    variants: VariantSpec | None
    absent: Values
    defaults: Values
    limits: Mapping[str, str]
    notes: Mapping[str, str]

    def says(self, key: str, value: object) -> bool:
        """Tell whether one of a setting's places can hold a value, be it alone."""
        if key in self.limits or key not in self.settings:
            return False
        return any(place.codec.can_write(value) for place in self.settings[key].places)

    @property
    def secret_keys(self) -> frozenset[str]:
        """The names of the keys of theirs that hold the password itself."""
        setting = self.settings.get("password")
        return frozenset(
            place.key.rpartition(".")[2]
            for place in (setting.places if setting else ())
            if not place.key.startswith(":") and place.codec.can_write("text")
        )

    @property
    def mode_keys(self) -> tuple[str, ...]:
        """The settings that the modes speak of."""
        return tuple(dict.fromkeys(key for mode in self.modes for key in mode.ours))

    @property
    def own_keys(self) -> frozenset[str]:
        """The keys of theirs that hold a setting of their own; a mode may depend on them too."""
        return frozenset(
            place.key for setting in self.settings.values() for place in setting.places
        )


FieldValues = Mapping[str, Any]

_HEAD = {"name", "application", "source", "files", "tables", "keys", "one_of", "signs", "unless"}
_HEAD |= {"known"}
_BODY = {"fields", "modes", "compound", "variants", "absent", "defaults", "limits", "notes"}
_SPEC = {"key", "as", "words", "fallback", "label", "only"}
_LOGIN = "authentication"


@cache
def dialect_at(place: Path, *, own: bool) -> Dialect:
    """Read a dialect's file; FaultyDialect says in one line what is wrong with it."""
    try:
        data = tomllib.loads(read_text(place))
    except ValueError as error:
        raise InvalidDialectError(f"it is not valid TOML: {one_line(error)}") from None
    head = parse_header(data, place, own=own)
    if unknown := sorted(data.keys() - _HEAD - _BODY):
        raise InvalidDialectError(f"{one_line(unknown[0], 40)} is not a key of a dialect")
    try:
        dialect = _dialect(head, data)
        for fault in _faults(dialect):
            raise InvalidDialectError(fault)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else one_line(error, 80)
        raise InvalidDialectError(f"a part of it has the wrong form: {what}") from None
    return dialect


def _dialect(head: DialectHeader, data: FieldValues) -> Dialect:
    fields = _ours(data.get("fields", {}), "fields")
    modes = tuple(
        ModeRule(
            dict(one["when"]), _valued(one["ours"], "modes"), _valued(one.get("fill", {}), "modes")
        )
        for one in data.get("modes", [])
    )
    variants = data.get("variants")
    settings = {key: _setting(key, fields[key]) for key in fields}
    said = {*settings, *(key for mode in modes for key in mode.ours)}
    said |= {_LOGIN} if variants else set()
    return Dialect(
        head=head,
        settings=settings,
        modes=modes,
        form=_form(data["compound"]) if "compound" in data else None,
        variants=_variants(variants) if variants else None,
        absent=dict(data.get("absent", {})),
        defaults=_valued(data.get("defaults", {}), "defaults"),
        limits=_limits(head, said, _texts_dialect_reading(data.get("limits", {}), "limits")),
        notes=_texts_dialect_reading(data.get("notes", {}), "notes"),
    )


def _faults(dialect: Dialect) -> Iterator[str]:
    """Yield what the parts have to do with each other, and have not."""
    if "host" not in dialect.settings:
        yield "fields has no host"
    places = [place for setting in dialect.settings.values() for place in setting.places]
    whens = {key for mode in dialect.modes for key in mode.when}
    for key in [*(place.key for place in places), *whens]:
        if not key.strip(".:"):
            yield f"{one_line(key, 40)!r} is not a key"
        elif key.startswith(":") and dialect.form is None:
            yield f"{one_line(key, 40)} is a part of a compound text, but there is no compound"
    if dialect.variants is None and any(place.varies for place in places):
        yield "a key with * needs variants"
    form = dialect.form
    if form is not None and form.is_url:
        schemes = {scheme for scheme in (form.bare, form.new) if scheme is not None}
        if not form.schemes or not schemes <= form.schemes:
            yield "compound.schemes must list all schemes, bare and new among them"


def _ours(table: Any, where: str) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise InvalidDialectError(f"{where} is not a table")
    for key in table:
        if key not in BY_KEY:
            raise InvalidDialectError(f"{where} names {one_line(key, 40)}, which is not a setting")
    return table


def _valued(table: Any, where: str) -> dict[str, Any]:
    for key, value in _ours(table, where).items():
        if problem := BY_KEY[key].problem_with(value):
            raise InvalidDialectError(f"{where}: {key} {one_line(problem)}")
    return dict(table)


def _texts_dialect_reading(table: Any, where: str) -> dict[str, str]:
    if not all(isinstance(text, str) and text for text in _ours(table, where).values()):
        raise InvalidDialectError(f"{where} holds a value that is not text")
    return dict(table)


def _setting(key: str, spec: Any) -> FieldMapping:
    places = tuple(_place(key, one) for one in (spec if isinstance(spec, list) else [spec]))
    if not places:
        raise InvalidDialectError(f"fields.{key} has no key")
    return FieldMapping(places, spec.get("fallback") if isinstance(spec, dict) else None)


def _place(key: str, spec: Any) -> KeyLocation:
    if isinstance(spec, str):
        spec = {"key": spec}
    if unknown := sorted(spec.keys() - _SPEC):
        raise InvalidDialectError(
            f"fields.{key} has {one_line(unknown[0], 40)}, which has no meaning"
        )
    way = spec.get("as", "value")
    if way not in CODECS:
        raise InvalidDialectError(
            f"fields.{key} has as = {one_line(way, 40)}, which is not one of {', '.join(CODECS)}"
        )
    if "words" in spec:
        for word in spec["words"].values():
            _valued({key: word}, "fields")
    codec = words(spec["words"]) if "words" in spec else CODECS[way]
    only = tuple(spec.get("only", ()))
    return KeyLocation(key=spec["key"], codec=codec, label=spec.get("label"), only=only)


def _form(spec: Any) -> CompoundSpec:
    if spec["form"] not in ("url", "host-port"):
        raise InvalidDialectError("compound.form is neither url nor host-port")
    return CompoundSpec(
        key=spec["key"],
        is_url=spec["form"] == "url",
        schemes=frozenset(spec.get("schemes", ())),
        bare=spec.get("bare"),
        required=tuple(spec.get("required", ())),
        default=spec.get("default"),
        new=spec.get("new"),
    )


def _variants(spec: FieldValues) -> VariantSpec:
    for word in spec["words"].values():
        _valued({_LOGIN: word}, "variants")
    return VariantSpec(spec["table"], words(spec["words"]), next(iter(spec["words"])))


def _limits(head: DialectHeader, said: set[str], limits: Mapping[str, str]) -> dict[str, str]:
    return {
        key: limits.get(key, f"{head.application} has no setting for it.")
        for key in BY_KEY
        if key not in said
    }
