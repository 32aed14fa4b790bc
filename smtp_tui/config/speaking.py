"""Changes of our keys, made in the words of an application's own table."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from smtp_tui.config.dialect import Dialect, Place
from smtp_tui.config.sameness import means_the_same
from smtp_tui.config.settling import refusal, settled
from smtp_tui.config.spelling import typed_like
from smtp_tui.config.tablepath import TablePath
from smtp_tui.config.theirs import Theirs
from smtp_tui.config.translating import Inexpressible, UnknownSpelling
from smtp_tui.config.understanding import Understanding, missing_parts, understood
from smtp_tui.settings.fields import BY_KEY, Kind
from smtp_tui.settings.mailbox import parse_mailbox

_LOGIN = "authentication"
_MISSING = object()


def said(
    dialect: Dialect, data: Mapping[str, Any], path: TablePath, changes: Mapping[str, object]
) -> dict[str, Any]:
    """Return the file's data with `changes` of our keys made to the table at `path`, None removes.

    NotExpressibleError where the application has no setting for them.
    """
    new = copy.deepcopy(dict(data))
    old = understood(dialect, new, path)
    wanted = {
        key: value
        for key, value in changes.items()
        if not means_the_same(key, old.values.get(key), value)
        and (value is not None or key in old.given)
    }
    if not wanted:
        return new
    for key in wanted:
        if key in dialect.limits or key not in BY_KEY:
            raise refusal(dialect, key, dialect.limits.get(key, "it has no such setting."))
    wanted = {key: _canonical(key, value) for key, value in wanted.items()}
    theirs = Theirs(dialect, new, path)
    _put_variant(theirs, old, wanted)
    _put_all(theirs, wanted)
    if any(wanted.get(key, _MISSING) is None for key in dialect.mode_keys):
        _take_out_mode(theirs)
    stated = {key: value for key, value in changes.items() if value is not None} | wanted
    new = settled(theirs, old, wanted, stated, _put_all)
    for part in missing_parts(Theirs(dialect, new, path)):
        raise refusal(dialect, part, dialect.notes.get(part, f"it requires the {part}"))
    return new


def _canonical(key: str, value: object) -> object:
    if value is None or BY_KEY[key].kind not in (Kind.CHOICE, Kind.SWITCH):
        return value
    parsed = BY_KEY[key].parse(value)
    return parsed if isinstance(parsed, bool) else str(parsed)


def _take_out_mode(theirs: Theirs) -> None:
    """Leave what the modes speak of to the application's defaults."""
    for key in {key for mode in theirs.dialect.modes for key in mode.when}:
        if not key.startswith(":") and key not in theirs.dialect.own_keys and theirs.has(key):
            theirs.put(key, None)


def _put_all(theirs: Theirs, wanted: Mapping[str, object]) -> None:
    for key in theirs.dialect.settings:
        if key in wanted:
            _put(theirs, key, wanted[key])


def _put(theirs: Theirs, key: str, value: object) -> None:
    """Put a setting to the first place that can hold it, and take it away from the others."""
    dialect = theirs.dialect
    places = theirs.places(key)
    reasons = []
    chosen = None
    try:
        for place in _preferred(theirs, places) if value is not None else ():
            try:
                written = place.codec.write(value)
            except Inexpressible as error:
                reasons.append(f"{theirs.name_of(place)} {error}")
                continue
            chosen = place
            if place.label is not None:
                mailbox = parse_mailbox(written)
                written = mailbox.address
                theirs.put(place.label, mailbox.name or None)
            if not place.key.startswith(":"):
                old = theirs.get(place.key)
                if key == "host" and isinstance(old, str) and "://" in old:
                    raise Inexpressible(
                        f"{place.key} holds a URL, which may hold a login too; put the hostname "
                        "there in an editor"
                    )
                written = typed_like(old, written)
            theirs.put(place.key, written)
            break
        if value is not None and chosen is None:
            reason = "; ".join(reasons) or "it has no place for that without a login mechanism"
            raise Inexpressible(f"{reason}.")
        for place in places:
            if place is not chosen and theirs.get(place.key) is not None:
                theirs.put(place.key, None)
                if place.label:
                    theirs.put(place.label, None)
    except (Inexpressible, UnknownSpelling) as error:
        raise refusal(dialect, key, str(error)) from None


def _preferred(theirs: Theirs, places: Sequence[Place]) -> list[Place]:
    """Order the places: first one that is in use, then one next to such a place."""
    used = [place.key for place in places if theirs.get(place.key) is not None]
    folders = {key.rpartition(".")[0] for key in used if "." in key}

    def rank(place: Place) -> int:
        return 0 if place.key in used else 1 if place.key.rpartition(".")[0] in folders else 2

    return sorted(places, key=rank)


def _put_variant(theirs: Theirs, old: Understanding, wanted: dict[str, object]) -> None:
    """Choose the table of another mechanism, and have user name and password follow it there."""
    variants = theirs.dialect.variants
    if variants is None:
        return
    moving = [key for key, one in theirs.dialect.settings.items() if one.places[0].varies]
    login = wanted.get(_LOGIN, _MISSING)
    if login is _MISSING and theirs.variant is None and any(map(wanted.get, moving)):
        theirs.choose(variants.first)
    if login is _MISSING:
        return
    try:
        variant = None if login in (None, "none") else str(variants.codec.write(login))
    except Inexpressible as error:
        raise refusal(theirs.dialect, _LOGIN, f"{variants.table} {error}.") from None
    theirs.choose(variant)
    for key in moving:
        if variant is not None and key in old.given:
            wanted.setdefault(key, old.values[key])
