"""A dialect's file, read and checked: a fault in it is told in one line, and never half taken."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.config.dialect import Dialect, Form, Mode, Place, Setting, Variants
from smtp_tui.config.heads import FaultyDialect, Head, head_of, read_text
from smtp_tui.config.translating import CODECS, words
from smtp_tui.config.wording import one_line
from smtp_tui.settings.fields import BY_KEY

Values = Mapping[str, Any]

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
        raise FaultyDialect(f"it is not valid TOML: {one_line(error)}") from None
    head = head_of(data, place, own=own)
    if unknown := sorted(data.keys() - _HEAD - _BODY):
        raise FaultyDialect(f"{one_line(unknown[0], 40)} is not a key of a dialect")
    try:
        dialect = _dialect(head, data)
        for fault in _faults(dialect):
            raise FaultyDialect(fault)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else one_line(error, 80)
        raise FaultyDialect(f"a part of it has the wrong form: {what}") from None
    return dialect


def _dialect(head: Head, data: Values) -> Dialect:
    fields = _ours(data.get("fields", {}), "fields")
    modes = tuple(
        Mode(
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
        limits=_limits(head, said, _texts(data.get("limits", {}), "limits")),
        notes=_texts(data.get("notes", {}), "notes"),
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
        raise FaultyDialect(f"{where} is not a table")
    for key in table:
        if key not in BY_KEY:
            raise FaultyDialect(f"{where} names {one_line(key, 40)}, which is not a setting")
    return table


def _valued(table: Any, where: str) -> dict[str, Any]:
    for key, value in _ours(table, where).items():
        if problem := BY_KEY[key].problem_with(value):
            raise FaultyDialect(f"{where}: {key} {one_line(problem)}")
    return dict(table)


def _texts(table: Any, where: str) -> dict[str, str]:
    if not all(isinstance(text, str) and text for text in _ours(table, where).values()):
        raise FaultyDialect(f"{where} holds a value that is not text")
    return dict(table)


def _setting(key: str, spec: Any) -> Setting:
    places = tuple(_place(key, one) for one in (spec if isinstance(spec, list) else [spec]))
    if not places:
        raise FaultyDialect(f"fields.{key} has no key")
    return Setting(places, spec.get("fallback") if isinstance(spec, dict) else None)


def _place(key: str, spec: Any) -> Place:
    if isinstance(spec, str):
        spec = {"key": spec}
    if unknown := sorted(spec.keys() - _SPEC):
        raise FaultyDialect(f"fields.{key} has {one_line(unknown[0], 40)}, which has no meaning")
    way = spec.get("as", "value")
    if way not in CODECS:
        raise FaultyDialect(
            f"fields.{key} has as = {one_line(way, 40)}, which is not one of {', '.join(CODECS)}"
        )
    if "words" in spec:
        for word in spec["words"].values():
            _valued({key: word}, "fields")
    codec = words(spec["words"]) if "words" in spec else CODECS[way]
    only = tuple(spec.get("only", ()))
    return Place(key=spec["key"], codec=codec, label=spec.get("label"), only=only)


def _form(spec: Any) -> Form:
    if spec["form"] not in ("url", "host-port"):
        raise FaultyDialect("compound.form is neither url nor host-port")
    return Form(
        key=spec["key"],
        is_url=spec["form"] == "url",
        schemes=frozenset(spec.get("schemes", ())),
        bare=spec.get("bare"),
        required=tuple(spec.get("required", ())),
        default=spec.get("default"),
        new=spec.get("new"),
    )


def _variants(spec: Values) -> Variants:
    for word in spec["words"].values():
        _valued({_LOGIN: word}, "variants")
    return Variants(spec["table"], words(spec["words"]), next(iter(spec["words"])))


def _limits(head: Head, said: set[str], limits: Mapping[str, str]) -> dict[str, str]:
    return {
        key: limits.get(key, f"{head.application} has no setting for it.")
        for key in BY_KEY
        if key not in said
    }
