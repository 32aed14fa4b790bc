"""The last step of a change in another application's words: it must come out as it was wanted.

Whatever is written is read back: what was stated must come out as stated, and what was given and
not to change as it was. Several keys may say one thing (`modes`), and an application's defaults
move with them; where no way of saying it does all that, the change is refused.

Changes of our keys, made in the words of an application's own table.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from smtp_tui.config.dialects.codecs import UnknownValue, UnsupportedValue
from smtp_tui.config.dialects.decode import (
    DecodedTable,
    DialectTable,
    decode,
    missing_parts,
    same_word,
)
from smtp_tui.config.dialects.spec import Dialect, KeyLocation, ModeRule
from smtp_tui.config.errors import NotExpressibleError, one_line
from smtp_tui.config.tablepath import TablePath
from smtp_tui.config.toml_edit.values import toml_value_like
from smtp_tui.settings.fields import BY_KEY, FieldKind
from smtp_tui.settings.mailbox import parse_mailbox
from smtp_tui.settings.validate import equivalent

_ENCRYPTION, _AUTO = "encryption", "starttls_auto"
_Put = Callable[[DialectTable, Mapping[str, object]], None]


def resolve_modes(
    theirs: DialectTable,
    old: DecodedTable,
    wanted: Mapping[str, object],
    stated: Mapping[str, object],
    put: _Put,
) -> dict[str, Any]:
    """Return the data in which all comes out as stated, the mode chosen for it.

    `wanted` are those of the stated settings that mean something else in `old`; `put` writes
    settings to their places.
    """
    desired = _desired(old, stated)
    if not (wrong := _left_wrong(theirs, desired, stated, put)):
        return theirs.data
    for mode in _candidates(theirs.dialect, desired):
        trial = DialectTable(theirs.dialect, copy.deepcopy(theirs.data), theirs.path)
        try:
            _put_mode(trial, mode)
        except (UnsupportedValue, UnknownValue):
            continue
        if not _left_wrong(trial, desired, stated, put):
            return trial.data
    raise _contradiction(theirs.dialect, wanted, wrong)


def _left_wrong(
    theirs: DialectTable, desired: Mapping[str, object], stated: Mapping[str, object], put: _Put
) -> list[str]:
    """Write what was a default and no longer is, and list what is wrong even so."""
    moved = [key for key in _differing(theirs, desired) if key in stated]
    with contextlib.suppress(NotExpressibleError):
        put(theirs, {key: stated[key] for key in moved})
    return _differing(theirs, desired)


def _contradiction(
    dialect: Dialect, wanted: Mapping[str, object], wrong: list[str]
) -> NotExpressibleError:
    """Say of what was wanted that it cannot be, or what would change with it."""
    blamed = [key for key in wrong if key in wanted]
    blamed += [key for key in wanted if key in dialect.notes or key == "port"]
    key = next(iter((*blamed, *wanted)))
    reason = f"it would also change the {BY_KEY[wrong[0]].label}"
    if key in wrong:
        alone = "STARTTLS where offered goes with encryption none only: set both"
        reason = alone if key == _AUTO else "it cannot have this together with the other settings"
    return refusal(dialect, key, dialect.notes.get(key, dialect.notes.get(wrong[0], reason)))


def _desired(old: DecodedTable, stated: Mapping[str, object]) -> dict[str, object]:
    desired = {**{key: old.values[key] for key in old.given}, **stated}
    encryption = desired.get(_ENCRYPTION, old.values.get(_ENCRYPTION))
    # STARTTLS where offered means nothing beside the other encryptions.
    if not equivalent(_ENCRYPTION, encryption, "none") and not stated.get(_AUTO):
        desired.pop(_AUTO, None)
    return desired


def _differing(theirs: DialectTable, desired: Mapping[str, object]) -> list[str]:
    """List the settings that do not come out as desired."""
    read = decode(theirs.dialect, theirs.data, theirs.path)
    return [
        key
        for key, value in desired.items()
        if (
            key in read.given
            if value is None
            else not equivalent(key, read.values.get(key, _implied(key)), value)
        )
    ]


def _implied(key: str) -> object:
    return False if key == _AUTO else None


def _candidates(dialect: Dialect, desired: Mapping[str, object]) -> Iterator[ModeRule]:
    """Yield the modes that say what is desired, those first that say no more than that."""
    for lenient in (False, True):
        for mode in dialect.modes:
            if all(_agrees(mode, key, desired, lenient) for key in dialect.mode_keys):
                yield mode


def _agrees(mode: ModeRule, key: str, desired: Mapping[str, object], lenient: bool) -> bool:
    have = mode.ours.get(key, _implied(key))
    if desired.get(key) is None:
        return lenient or not have or key != _AUTO
    return equivalent(key, have, desired[key])


def _put_mode(theirs: DialectTable, mode: ModeRule) -> None:
    for key, word in mode.when.items():
        if not same_word(theirs.effective(key), word):
            theirs.put(key, None if word == "" else word)


def refusal(dialect: Dialect, key: str, why: str) -> NotExpressibleError:
    """Say that a setting cannot be made so in this application's file."""
    label = f"{BY_KEY[key].label} ({key})" if key in BY_KEY else one_line(key, 40)
    name = dialect.head.application
    text = f"{label} cannot have this value in a file of {name}: {why.rstrip('.')}"
    return NotExpressibleError(text, key)


_LOGIN = "authentication"
_MISSING = object()


def encode(
    dialect: Dialect, data: Mapping[str, Any], path: TablePath, changes: Mapping[str, object]
) -> dict[str, Any]:
    """Return the file's data with `changes` of our keys made to the table at `path`, None removes.

    NotExpressibleError where the application has no setting for them.
    """
    new = copy.deepcopy(dict(data))
    old = decode(dialect, new, path)
    wanted = {
        key: value
        for key, value in changes.items()
        if not equivalent(key, old.values.get(key), value)
        and (value is not None or key in old.given)
    }
    if not wanted:
        return new
    for key in wanted:
        if key in dialect.limits or key not in BY_KEY:
            raise refusal(dialect, key, dialect.limits.get(key, "it has no such setting."))
    wanted = {key: _canonical(key, value) for key, value in wanted.items()}
    theirs = DialectTable(dialect, new, path)
    _put_variant(theirs, old, wanted)
    _put_all(theirs, wanted)
    if any(wanted.get(key, _MISSING) is None for key in dialect.mode_keys):
        _take_out_mode(theirs)
    stated = {key: value for key, value in changes.items() if value is not None} | wanted
    new = resolve_modes(theirs, old, wanted, stated, _put_all)
    for part in missing_parts(DialectTable(dialect, new, path)):
        raise refusal(dialect, part, dialect.notes.get(part, f"it requires the {part}"))
    return new


def _canonical(key: str, value: object) -> object:
    if value is None or BY_KEY[key].kind not in (FieldKind.CHOICE, FieldKind.SWITCH):
        return value
    parsed = BY_KEY[key].parse(value)
    return parsed if isinstance(parsed, bool) else str(parsed)


def _take_out_mode(theirs: DialectTable) -> None:
    """Leave what the modes speak of to the application's defaults."""
    for key in {key for mode in theirs.dialect.modes for key in mode.when}:
        if not key.startswith(":") and key not in theirs.dialect.own_keys and theirs.has(key):
            theirs.put(key, None)


def _put_all(theirs: DialectTable, wanted: Mapping[str, object]) -> None:
    for key in theirs.dialect.settings:
        if key in wanted:
            _put(theirs, key, wanted[key])


def _put(theirs: DialectTable, key: str, value: object) -> None:
    """Put a setting to the first place that can hold it, and take it away from the others."""
    dialect = theirs.dialect
    places = theirs.places(key)
    reasons = []
    chosen = None
    try:
        for place in _preferred(theirs, places) if value is not None else ():
            try:
                written = place.codec.write(value)
            except UnsupportedValue as error:
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
                    raise UnsupportedValue(
                        f"{place.key} holds a URL, which may hold a login too; put the hostname "
                        "there in an editor"
                    )
                written = toml_value_like(old, written)
            theirs.put(place.key, written)
            break
        if value is not None and chosen is None:
            reason = "; ".join(reasons) or "it has no place for that without a login mechanism"
            raise UnsupportedValue(f"{reason}.")
        for place in places:
            if place is not chosen and theirs.get(place.key) is not None:
                theirs.put(place.key, None)
                if place.label:
                    theirs.put(place.label, None)
    except (UnsupportedValue, UnknownValue) as error:
        raise refusal(dialect, key, str(error)) from None


def _preferred(theirs: DialectTable, places: Sequence[KeyLocation]) -> list[KeyLocation]:
    """Order the places: first one that is in use, then one next to such a place."""
    used = [place.key for place in places if theirs.get(place.key) is not None]
    folders = {key.rpartition(".")[0] for key in used if "." in key}

    def rank(place: KeyLocation) -> int:
        return 0 if place.key in used else 1 if place.key.rpartition(".")[0] in folders else 2

    return sorted(places, key=rank)


def _put_variant(theirs: DialectTable, old: DecodedTable, wanted: dict[str, object]) -> None:
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
    except UnsupportedValue as error:
        raise refusal(theirs.dialect, _LOGIN, f"{variants.table} {error}.") from None
    theirs.choose(variant)
    for key in moving:
        if variant is not None and key in old.given:
            wanted.setdefault(key, old.values[key])
