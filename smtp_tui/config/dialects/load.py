"""Read a dialect's file and check it: a fault in it is told in one line, and never half taken."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.config import file_reader
from smtp_tui.config.dialects.codecs import CODECS, words
from smtp_tui.config.dialects.spec import (
    CompoundSpec,
    Dialect,
    DialectHeader,
    InvalidDialectError,
    KeyLocation,
    ModeRule,
    VariantSpec,
    parse_header,
)
from smtp_tui.config.errors import DocumentError, NoFileError, one_line
from smtp_tui.settings.fields import BY_KEY

_HEAD = {"name", "application", "source", "files", "tables", "keys", "one_of", "signs", "unless"}
_HEAD |= {"known"}
_BODY = {"fields", "modes", "compound", "variants", "absent", "defaults", "limits", "notes"}
_SPEC = {"key", "as", "words", "fallback", "label", "only"}
_LOGIN = "authentication"


@cache
def dialect_at(place: Path, *, own: bool) -> Dialect:
    """Read a dialect's file; InvalidDialectError says in one line what is wrong with it."""
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
    # A slip in a key's name must show: half of a dialect would write a wrong file.
    if unknown := sorted(data.keys() - _HEAD - _BODY):
        raise InvalidDialectError(f"{one_line(unknown[0], 40)} is not a key of a dialect")
    try:
        dialect = _dialect(head, data)
        for fault in _faults(dialect):
            raise InvalidDialectError(fault)
    # Any part may have any form in an admin's own file; each check would repeat its use.
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else one_line(error, 80)
        raise InvalidDialectError(f"a part of it has the wrong form: {what}") from None
    return dialect


def _dialect(head: DialectHeader, data: Mapping[str, Any]) -> Dialect:
    fields = _settings(data.get("fields", {}), "fields")
    modes = tuple(
        ModeRule(
            dict(rule["when"]),
            _valued(rule["ours"], "modes"),
            _valued(rule.get("fill", {}), "modes"),
        )
        for rule in data.get("modes", [])
    )
    variants = None
    if spec := data.get("variants"):
        for word in spec["words"].values():
            _valued({_LOGIN: word}, "variants")
        variants = VariantSpec(spec["table"], words(spec["words"]), next(iter(spec["words"])))
    settings = {key: _places(key, fields[key]) for key in fields}
    expressed = {*settings, *(key for mode in modes for key in mode.ours)}
    expressed |= {_LOGIN} if variants else set()
    limits = _texts(data.get("limits", {}), "limits")
    return Dialect(
        head=head,
        settings=settings,
        fallbacks={
            key: spec["fallback"]
            for key, spec in fields.items()
            if isinstance(spec, dict) and spec.get("fallback")
        },
        modes=modes,
        form=_compound(data["compound"]) if "compound" in data else None,
        variants=variants,
        absent=dict(data.get("absent", {})),
        defaults=_valued(data.get("defaults", {}), "defaults"),
        limits={
            key: limits.get(key, f"{head.application} has no setting for it.")
            for key in BY_KEY
            if key not in expressed
        },
        notes=_texts(data.get("notes", {}), "notes"),
    )


def _faults(dialect: Dialect) -> Iterator[str]:
    """Yield what the parts have to do with each other, and have not."""
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


def _settings(table: Any, where: str) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise InvalidDialectError(f"{where} is not a table")
    for key in table:
        if key not in BY_KEY:
            raise InvalidDialectError(f"{where} names {one_line(key, 40)}, which is not a setting")
    return table


def _valued(table: Any, where: str) -> dict[str, Any]:
    for key, value in _settings(table, where).items():
        if problem := BY_KEY[key].problem_with(value):
            raise InvalidDialectError(f"{where}: {key} {one_line(problem)}")
    return dict(table)


def _texts(table: Any, where: str) -> dict[str, str]:
    if not all(isinstance(text, str) and text for text in _settings(table, where).values()):
        raise InvalidDialectError(f"{where} holds a value that is not text")
    return dict(table)


def _places(key: str, spec: Any) -> tuple[KeyLocation, ...]:
    places = tuple(_place(key, one) for one in (spec if isinstance(spec, list) else [spec]))
    if not places:
        raise InvalidDialectError(f"fields.{key} has no key")
    return places


def _place(key: str, spec: Any) -> KeyLocation:
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
            _valued({key: word}, "fields")
        codec = words(spec["words"])
    only = tuple(spec.get("only", ()))
    return KeyLocation(key=spec["key"], codec=codec, label=spec.get("label"), only=only)


def _compound(spec: Any) -> CompoundSpec:
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
