"""Parse dialect files, which describe an application's files and how its keys map to ours.

The header detects a file. The body, read only if a file is in the dialect, translates its tables. A
dialect file with any error is rejected as a whole, with a one-line message.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.config import file_reader
from smtp_tui.config.dialects.codecs import CODECS, ValueCodec, words
from smtp_tui.config.dialects.plain import MAIL_KEYS
from smtp_tui.config.errors import DocumentError, NoFileError, one_line
from smtp_tui.config.tablepath import ROOT, Table, TablePath, get, spelled, walk
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY

PLAIN = "plain"  # the name that stands for our own keys, not for a dialect
ANYWHERE = "**"  # the pattern that matches any table

# File names that too many applications use to identify one.
_ANYBODYS_NAMES = frozenset({"config.toml", "config.example.toml"})
_LISTS = ("source", "files", "tables", "keys", "one_of", "signs", "unless", "known")
_HEAD = {"name", "application", *_LISTS}
_BODY = {"fields", "modes", "compound", "variants", "absent", "defaults", "limits", "notes"}
_SPEC = {"key", "as", "words", "fallback", "label", "only", "needs"}
_LOGIN = "authentication"


class InvalidDialectError(Exception):
    """A dialect file is invalid; the message is one line for its author."""


@record
class DialectRecognition:
    """The dialect that a file is read in, and why: a clause like "[email] holds smtpAddr".

    `is_inside`: paths in it are those of a container.
    """

    dialect: str
    application: str | None  # None for plain keys
    reason: str
    is_inside: bool = False

    def __str__(self) -> str:
        """Return one line to show above the settings."""
        return f"Read as {self.application or 'plain TOML keys'}: {self.reason}"


@record(kw_only=True)
class DialectSignature:
    """The part of a dialect that detects its files.

    `tables` are the paths of tables with its settings; `*` is any one key, `**` any table. Such a
    table must hold all of `keys` and one of `one_of`. The file must hold none of the paths in
    `unless`; if there are `signs`, it must hold one of them or be named in `files`. `known` are
    all keys that the application has in such a table: any other key of mail settings shows that
    the table belongs to another program.
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

    def tables_in(self, data: Table) -> tuple[TablePath, ...]:
        """List the tables that match this dialect, in the file's order."""
        return tuple(path for path in self.places_in(data) if self._fits(get(data, path)))

    def _fits(self, table: Table) -> bool:
        one_of = not self.one_of or any(holds(table, key) for key in self.one_of)
        all_keys = all(holds(table, key) for key in self.keys)
        return one_of and all_keys and not self.has_foreign_keys(table)

    def places_in(self, data: Table) -> tuple[TablePath, ...]:
        """List the tables at this dialect's paths, whatever they hold."""
        patterns = [[] if pattern == "." else pattern.split(".") for pattern in self.tables]

        def matches(pattern: list[str], path: TablePath) -> bool:
            return pattern == [ANYWHERE] or (
                len(pattern) == len(path)
                and all(step in ("*", here) for step, here in zip(pattern, path, strict=True))
            )

        return tuple(
            path for path, _ in walk(data) if any(matches(pattern, path) for pattern in patterns)
        )

    def has_foreign_keys(self, table: Table) -> bool:
        """Return whether a table holds a mail key that this application does not have."""
        # Without a list of all the application's keys, no key counts as foreign.
        return bool(self.known) and any(key in MAIL_KEYS and key not in self.known for key in table)

    def reason(self, data: Table, name: str) -> str | None:
        """Return why a file belongs to this application, or None if it does not."""
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
        """Return whether the file name is specific to this application."""
        return name in self.files and name not in _ANYBODYS_NAMES

    @property
    def fixed_table(self) -> TablePath | None:
        """The path of a new table, or None if the user must choose its name."""
        first = self.tables[0]
        return None if "*" in first else ROOT if first == "." else tuple(first.split("."))


def holds(table: object, dotted: str) -> bool:
    """Return whether a table has a value at a dotted path; `*` matches any one key."""
    first, _, rest = dotted.partition(".")
    if not isinstance(table, dict):
        return False
    found = table.values() if first == "*" else [table[first]] if first in table else []
    return any(not rest or holds(inner, rest) for inner in found)


@record(kw_only=True)
class DialectKeyLocation:
    """An application's key that may hold a setting, and the codec of its values.

    A key is a path below the table. It starts at the file's root if it begins with a dot, and is a
    part of the compound text if it begins with a colon. A `*` is the current variant.
    """

    key: str
    codec: ValueCodec
    label: str | None = None  # the key of a display name next to an address
    only: tuple[str, ...] = ()  # the variants that have the key
    needs: str = ""  # a key without which the application rejects this one

    @property
    def varies(self) -> bool:
        """Whether the key is in the current variant's own table."""
        return "*" in self.key.split(".")


@record
class CombinedTomlKeys:
    """A rule for several keys: if they have the values `when`, our settings are `ours`.

    An absent key has its value in `Dialect.absent`, else "". `fill` are this mode's defaults.
    """

    when: Table
    ours: Table
    fill: Table


@record(kw_only=True)
class CompoundKeySpec:
    """A key whose text holds several settings, as a URL or `host:port`."""

    key: str
    is_url: bool
    schemes: frozenset[str] = frozenset()
    bare: str | None = None  # the scheme of a text without one; None if it is required
    required: tuple[str, ...] = ()  # the parts that the application requires
    default: str | None = None  # the application's text if the key is absent
    new: str | None = None  # the scheme of a new URL


@record
class DialectVariantSpec:
    """The table whose only subtable is named after the login mechanism; `codec` maps the names."""

    table: str
    codec: ValueCodec
    first: str


@record(kw_only=True)
class Dialect:
    """A whole dialect: the header and the body."""

    head: DialectSignature
    settings: Mapping[
        str, tuple[DialectKeyLocation, ...]
    ]  # in the order the application reads them
    fallbacks: Mapping[str, str]  # the key that the application uses if a setting is absent
    modes: tuple[CombinedTomlKeys, ...]
    form: CompoundKeySpec | None
    variants: DialectVariantSpec | None
    absent: Table
    defaults: Table
    limits: Mapping[str, str]  # why a setting cannot be expressed
    notes: Mapping[str, str]

    @property
    def secret_keys(self) -> frozenset[str]:
        """The names of the application's keys that hold the password itself."""
        return frozenset(
            place.key.rpartition(".")[2]
            for place in self.settings.get("password", ())
            if not place.key.startswith(":") and place.codec.can_write("text")
        )

    @property
    def mode_keys(self) -> tuple[str, ...]:
        """Our keys that the modes set."""
        return tuple(dict.fromkeys(key for mode in self.modes for key in mode.ours))

    @property
    def own_keys(self) -> frozenset[str]:
        """The application's keys that hold one setting; a mode may depend on them too."""
        return frozenset(place.key for places in self.settings.values() for place in places)


def parse_header(data: Table, place: Path, *, own: bool) -> DialectSignature:
    """Parse the header; InvalidDialectError if it is invalid."""
    for key in ("name", "application"):
        if not isinstance(data.get(key), str):
            raise InvalidDialectError(f"{key} is missing or not text")
    # The name is a command-line argument: --dialect NAME.
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", data["name"]) or data["name"] == PLAIN:
        raise InvalidDialectError(
            f"name must be of lower-case letters, digits and '-', and must not be {PLAIN}"
        )
    lists = {}
    for key in _LISTS:
        found = data.get(key, [])
        if not isinstance(found, list) or not all(isinstance(text, str) and text for text in found):
            raise InvalidDialectError(f"{key} is not a list of texts")
        lists[key] = tuple(found)
    if not lists["tables"]:
        raise InvalidDialectError("tables is missing; list the tables that hold the settings")
    name, application = data["name"], data["application"]
    return DialectSignature(name=name, application=application, place=place, own=own, **lists)


@cache
def dialect_at(place: Path, *, own: bool) -> Dialect:
    """Read a dialect file; InvalidDialectError with a one-line message if it is invalid."""
    try:
        data = tomllib.loads(file_reader.decode_text(file_reader.read_document(place), place))
    except NoFileError:
        raise InvalidDialectError("it does not exist") from None
    except DocumentError as error:
        reason = str(error).removeprefix(one_line(place))
        raise InvalidDialectError(reason.lstrip(": ")) from None
    except ValueError as error:
        raise InvalidDialectError(f"it is not valid TOML: {one_line(error)}") from None
    head = parse_header(data, place, own=own)
    # Reject a misspelt key: an incomplete dialect would write a wrong file.
    if unknown := sorted(data.keys() - _HEAD - _BODY):
        raise InvalidDialectError(f"{one_line(unknown[0], 40)} is not a key of a dialect")
    try:
        dialect = _parse_body(head, data)
        for fault in _faults(dialect):
            raise InvalidDialectError(fault)
    # A user's own file may hold any types; checking each one would repeat its use.
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else one_line(error, 80)
        raise InvalidDialectError(f"a part of it has the wrong form: {what}") from None
    return dialect


def _parse_body(head: DialectSignature, data: Table) -> Dialect:
    fields = _by_setting(data, "fields")
    modes = []
    for rule in data.get("modes", []):
        ours, fill = (_values(table, "modes") for table in (rule["ours"], rule.get("fill", {})))
        modes.append(CombinedTomlKeys(dict(rule["when"]), ours, fill))
    variants = None
    if spec := data.get("variants"):
        for word in spec["words"].values():
            _values({_LOGIN: word}, "variants")
        variants = DialectVariantSpec(
            spec["table"], words(spec["words"]), next(iter(spec["words"]))
        )
    settings: dict[str, tuple[DialectKeyLocation, ...]] = {}
    for key, spec in fields.items():
        places = spec if isinstance(spec, list) else [spec]
        settings[key] = tuple(_key_location(key, place) for place in places)
        if not places:
            raise InvalidDialectError(f"fields.{key} has no key")
    expressed = {*settings, *(key for mode in modes for key in mode.ours)}
    expressed |= {_LOGIN} if variants else set()
    texts = {name: _by_setting(data, name) for name in ("limits", "notes")}
    for name, table in texts.items():
        if not all(isinstance(text, str) and text for text in table.values()):
            raise InvalidDialectError(f"{name} holds a value that is not text")
    missing = f"{head.application} has no setting for it."
    return Dialect(
        head=head,
        settings=settings,
        fallbacks={
            key: spec["fallback"]
            for key, spec in fields.items()
            if isinstance(spec, dict) and spec.get("fallback")
        },
        modes=tuple(modes),
        form=_compound_spec(data["compound"]) if "compound" in data else None,
        variants=variants,
        absent=dict(data.get("absent", {})),
        defaults=_values(data.get("defaults", {}), "defaults"),
        limits={key: texts["limits"].get(key, missing) for key in BY_KEY if key not in expressed},
        notes=texts["notes"],
    )


def _faults(dialect: Dialect) -> Iterator[str]:
    """Yield a message for each inconsistency between the parts."""
    if "host" not in dialect.settings:
        yield "fields has no host"
    places = [place for found in dialect.settings.values() for place in found]
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


def _by_setting(data: Table, name: str) -> dict[str, Any]:
    """Return a table of the dialect file; InvalidDialectError if a key is not a setting."""
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise InvalidDialectError(f"{name} is not a table")
    for key in table:
        if key not in BY_KEY:
            raise InvalidDialectError(f"{name} names {one_line(key, 40)}, which is not a setting")
    return table


def _values(table: Any, name: str) -> dict[str, Any]:
    """Return values by setting; InvalidDialectError if one is invalid."""
    for key, value in _by_setting({name: table}, name).items():
        if problem := BY_KEY[key].problem_with(value):
            raise InvalidDialectError(f"{name}: {key} {one_line(problem)}")
    return dict(table)


def _key_location(key: str, spec: Any) -> DialectKeyLocation:
    if isinstance(spec, str):
        spec = {"key": spec}
    if unknown := sorted(spec.keys() - _SPEC):
        raise InvalidDialectError(
            f"fields.{key} has {one_line(unknown[0], 40)}, which has no meaning"
        )
    name = spec.get("as", "value")
    if name not in CODECS:
        raise InvalidDialectError(
            f"fields.{key} has as = {one_line(name, 40)}, which is not one of {', '.join(CODECS)}"
        )
    codec = CODECS[name]
    if "words" in spec:
        for word in spec["words"].values():
            _values({key: word}, "fields")
        codec = words(spec["words"])
    only = tuple(spec.get("only", ()))
    return DialectKeyLocation(
        key=spec["key"],
        codec=codec,
        label=spec.get("label"),
        only=only,
        needs=spec.get("needs", ""),
    )


def _compound_spec(spec: Any) -> CompoundKeySpec:
    if spec["form"] not in ("url", "host-port"):
        raise InvalidDialectError("compound.form is neither url nor host-port")
    return CompoundKeySpec(
        key=spec["key"],
        is_url=spec["form"] == "url",
        schemes=frozenset(spec.get("schemes", ())),
        bare=spec.get("bare"),
        required=tuple(spec.get("required", ())),
        default=spec.get("default"),
        new=spec.get("new"),
    )
