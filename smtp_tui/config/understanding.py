"""What an application's table says, in our keys, its own defaults filled in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smtp_tui.config.dialect import Dialect, Mode, Place, Setting
from smtp_tui.config.tablepath import TablePath, get
from smtp_tui.config.theirs import Theirs
from smtp_tui.config.translating import UnknownSpelling, listed, shown
from smtp_tui.config.wording import one_line
from smtp_tui.records import record
from smtp_tui.settings.parsers import Unreadable

_LOGIN = "authentication"


@record
class Understanding:
    """Our raw values; `given` are the keys that stand in the file, the rest are defaults."""

    values: dict[str, Any]
    given: frozenset[str]


def understood(dialect: Dialect, data: dict[str, Any], path: TablePath) -> Understanding:
    """Read the table at `path`. What has no meaning becomes an `Unreadable` value of its field."""
    theirs = Theirs(dialect, data, path)
    values: dict[str, Any] = {}
    for key, value in _told(dialect, theirs):
        values.setdefault(key, value)
    given = frozenset(values)
    mode, refused = _mode(dialect, theirs)
    if mode is not None:
        given |= set(mode.ours) if _stands(dialect, theirs, mode) else set()
        values |= mode.ours
    elif refused is not None:
        key = dialect.mode_keys[0]
        given |= {key}
        values[key] = refused
    for key, setting in dialect.settings.items():
        if setting.fallback and key not in values and theirs.get(setting.fallback) is not None:
            values[key] = theirs.get(setting.fallback)
    filled = {**dialect.defaults, **(mode.fill if mode else {})}
    return Understanding({**filled, **values}, given)


def _told(dialect: Dialect, theirs: Theirs) -> Iterator[tuple[str, object]]:
    try:
        theirs.compound()
    except UnknownSpelling as error:
        yield "host", Unreadable(str(error))
    for part in missing_parts(theirs):
        key = next(key for key, one in dialect.settings.items() if f":{part}" in _keys(one))
        text = f"is missing in {_form_key(dialect)}; {dialect.head.application} requires it there"
        yield key, Unreadable(text)
    if dialect.variants is not None:
        yield from _chosen(dialect, theirs)
    for key in dialect.settings:
        for place in theirs.places(key):
            try:
                raw = theirs.get(place.key)
            except UnknownSpelling as error:
                raw = None
                if theirs_is_sound(theirs):
                    yield key, Unreadable(f"{theirs.name_of(place)} {error}")
            if raw is not None:
                yield key, _translated(theirs, key, place, raw)
                break


def missing_parts(theirs: Theirs) -> tuple[str, ...]:
    """List the parts that the compound text must have, and has not."""
    form = theirs.dialect.form
    if form is None or not theirs_is_sound(theirs) or (found := theirs.compound()) is None:
        return ()
    return tuple(part for part in form.required if found.part(part) is None)


def _keys(setting: Setting) -> list[str]:
    return [place.key for place in setting.places]


def _form_key(dialect: Dialect) -> str:
    return dialect.form.key if dialect.form else ""


def unknown_keys(dialect: Dialect, data: dict[str, Any], path: TablePath) -> tuple[str, ...]:
    """List the keys next to the application's own that it does not have, as far as is known."""
    known = dialect.head.known
    folders = dict.fromkeys(one.rpartition(".")[0] for one in known)
    # Where the settings have a table below this one, other things stand in this one.
    for folder in [one for one in folders if one] or list(folders):
        try:
            table = get(data, (*path, *(folder.split(".") if folder else ())))
        except (KeyError, TypeError):
            continue
        if not isinstance(table, dict):
            continue
        full = [f"{folder}.{key}" if folder else key for key in table]
        return tuple(key for key in full if key not in known)
    return ()


def theirs_is_sound(theirs: Theirs) -> bool:
    """Whether the compound text, if there is one, can be taken apart."""
    try:
        theirs.compound()
    except UnknownSpelling:
        return False
    return True


def _translated(theirs: Theirs, key: str, place: Place, raw: object) -> object:
    try:
        value = place.codec.read(raw)
    except UnknownSpelling as error:
        # What stands in a table may be a secret of its own.
        secret = key == "password" or place.key.startswith(":") or isinstance(raw, dict | list)
        text = "********" if secret else one_line(shown(raw), 60)
        told = "" if secret else f" {text}"
        return Unreadable(f"{theirs.name_of(place)}{told} {error}", text)
    label = theirs.get(place.label) if place.label else None
    return f"{label} <{value}>" if isinstance(label, str) else value


def _chosen(dialect: Dialect, theirs: Theirs) -> Iterator[tuple[str, object]]:
    variants = dialect.variants
    assert variants is not None
    found = theirs.get(variants.table)
    if found is None:
        return
    if not isinstance(found, dict) or len(found) != 1:
        text = f"{variants.table} must hold exactly one mechanism"
        yield _LOGIN, Unreadable(text)
        return
    try:
        yield _LOGIN, variants.codec.read(theirs.variant)
    except UnknownSpelling as error:
        text = one_line(theirs.variant, 40)
        yield _LOGIN, Unreadable(f"{variants.table}.{text} {error}", text)


def _mode(dialect: Dialect, theirs: Theirs) -> tuple[Mode | None, Unreadable | None]:
    if not theirs_is_sound(theirs) or (dialect.form and _lacks_text(theirs)):
        return None, None
    for mode in dialect.modes:
        if all(same_word(theirs.effective(key), word) for key, word in mode.when.items()):
            return mode, None
    return None, _refused(dialect, theirs) if dialect.modes else None


def _lacks_text(theirs: Theirs) -> bool:
    """Whether the modes speak of parts of a text that is not there."""
    parts = {key for mode in theirs.dialect.modes for key in mode.when if key.startswith(":")}
    return bool(parts) and theirs.compound() is None


def same_word(one: object, other: object) -> bool:
    """Tell whether two of their values are the same; true is not 1."""
    return type(one) is type(other) and one == other


def _refused(dialect: Dialect, theirs: Theirs) -> Unreadable:
    """Say which key has a value that no mode knows, or that they contradict each other."""
    application = dialect.head.application
    # What holds a setting of its own, as a port does, is no word for this one.
    own = dialect.own_keys
    there = {
        key: theirs.effective(key) for mode in dialect.modes for key in mode.when if key not in own
    }
    for key, value in there.items():
        known = [mode.when[key] for mode in dialect.modes if key in mode.when]
        if any(same_word(value, word) for word in known):
            continue
        words = listed([word for word in known if word != ""])
        if key.startswith(":"):
            key = f"the {key.removeprefix(':').removeprefix('query.')} in {_form_key(dialect)}"
        if value == "":
            return Unreadable(f"{key} is missing; {application} accepts {words}")
        text = one_line(shown(value), 40)
        return Unreadable(f"{key} {text} is not known to {application}; use {words}", text)
    pairs = [f"{key} = {one_line(shown(value), 20)}" for key, value in there.items()]
    return Unreadable(f"{' and '.join(pairs)} contradict each other", " ".join(pairs))


def _stands(dialect: Dialect, theirs: Theirs, mode: Mode) -> bool:
    """Whether the file itself says what the mode says, not the application's defaults alone."""
    return any(key not in dialect.own_keys and theirs.has(key) for key in mode.when)
