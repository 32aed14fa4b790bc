"""An application's keys in the data of its file: looked up and changed by their dialect's names.

What an application's table says, in our keys, its own defaults filled in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smtp_tui.config.dialects.codecs import (
    PORT,
    SCHEME,
    Compound,
    UnknownValue,
    UnsupportedValue,
    listed,
    parsed_host_and_port,
    parsed_url,
    shown,
)
from smtp_tui.config.dialects.spec import Dialect, FieldMapping, KeyLocation, ModeRule
from smtp_tui.config.errors import one_line
from smtp_tui.config.tablepath import TablePath, get
from smtp_tui.records import record
from smtp_tui.settings.parsers import Unreadable


class DialectTable:
    """One table of a file in a dialect; `put` changes the data it was made with."""

    def __init__(self, dialect: Dialect, data: dict[str, Any], path: TablePath) -> None:
        self.dialect = dialect
        self.data = data
        self.path = path
        self.variant = self._found_variant()

    def get(self, key: str) -> Any:
        """Return the value of a key, None where it is absent or an empty text."""
        value = self._part(key[1:]) if key[0] == ":" else self._looked_up(self._where(key))
        return None if value == "" else value

    def has(self, key: str) -> bool:
        """Tell whether a key stands in the file, of a part: its whole text."""
        form = self.dialect.form
        if key.startswith(":"):
            return form is not None and self.get(form.key) is not None
        return self.get(key) is not None

    def effective(self, key: str) -> Any:
        """Return what the application takes a key for, "" where it is absent and has no default."""
        value = self.get(key)
        return self.dialect.absent.get(key, "") if value is None else value

    def put(self, key: str, value: Any) -> None:
        """Change a key, None takes it out; Inexpressible where its text has no room for it."""
        if key.startswith(":"):
            self._put_part(key[1:], value)
            return
        *above, last = self._where(key)
        if value is None:
            self._take_out((*above, last))
            return
        here: Any = self.data
        for step in above:
            if isinstance(here, dict):
                here = here.setdefault(step, {})
            else:
                here = here[step] if isinstance(here, list) and isinstance(step, int) else None
        if not isinstance(here, dict):
            raise UnsupportedValue(f"would have to be in {key}, where the file has something else")
        here[last] = value

    def choose(self, variant: str | None) -> None:
        """Take the variants' table out, and let what is put from now on stand in another."""
        assert self.dialect.variants is not None
        self.put(self.dialect.variants.table, None)
        self.variant = variant

    def places(self, key: str) -> list[KeyLocation]:
        """List the places that one of our settings may stand at now."""
        setting = self.dialect.settings[key]
        return [place for place in setting.places if place.belongs_to(self.variant)]

    def name_of(self, place: KeyLocation) -> str:
        """Return what to call a place in a sentence."""
        form = self.dialect.form
        if place.key.startswith(":") and form is not None:
            return f"the {place.key[1:]} in {form.key}"
        steps = (self.variant or "*" if step == "*" else step for step in place.key.split("."))
        return ".".join(steps).removeprefix(".")

    def compound(self) -> Compound | None:
        """Take the compound text apart; None where it is absent, UnknownSpelling if it is none."""
        form = self.dialect.form
        if form is None:
            return None
        text = self.get(form.key) or form.default
        if text is None:
            return None
        found = None
        if isinstance(text, str):
            found = parsed_url(text, form.schemes) if form.is_url else parsed_host_and_port(text)
        if found is None or (form.is_url and found.scheme is None and form.bare is None):
            raise UnknownValue(
                f"{form.key} is not a URL that begins with "
                f"{' or '.join(f'{one}://' for one in sorted(form.schemes))}, or it holds a "
                "character that must be percent-encoded, like / as %2F"
                if form.is_url
                else f"{form.key} is not a hostname with or without a port"
            )
        return found

    def _found_variant(self) -> str | None:
        variants = self.dialect.variants
        table = self._looked_up(self._where(variants.table)) if variants else None
        return next(iter(table), None) if isinstance(table, dict) else None

    def _where(self, key: str) -> TablePath:
        if key.startswith("."):
            return tuple(key[1:].split("."))
        steps = (self.variant or "*" if step == "*" else step for step in key.split("."))
        return (*self.path, *steps)

    def _looked_up(self, where: TablePath) -> Any:
        try:
            return get(self.data, where)
        except (KeyError, IndexError, TypeError):
            return None

    def _take_out(self, where: TablePath) -> None:
        """Remove a key, and the tables above it that are empty then, but for the dialect's own."""
        while True:
            holder = self._looked_up(where[:-1])
            if not isinstance(holder, dict):
                return
            holder.pop(where[-1], None)
            where = where[:-1]
            inside = where[: len(self.path)] == self.path and len(where) > len(self.path)
            if holder or not inside:
                return

    def _part(self, name: str) -> str | int | None:
        found = self.compound()
        if found is None:
            return None
        try:
            part = found.part(name)
        except ValueError:
            raise UnknownValue("contains percent-encoding that is not UTF-8") from None
        form = self.dialect.form
        if name == SCHEME and part is None and form is not None:
            return form.bare
        return int(part) if name == PORT and part is not None else part

    def _put_part(self, name: str, value: Any) -> None:
        form = self.dialect.form
        assert form is not None
        try:
            found = self.compound() or Compound(host="", scheme=form.new)
            text = None if value in (None, "") else str(value)
            self.put(form.key, str(found.with_part(name, text)))
        except UnknownValue as error:
            raise UnsupportedValue(f"cannot be changed: {error}") from None
        except ValueError as error:
            raise UnsupportedValue(f"is part of {form.key}, which {error}") from None


_LOGIN = "authentication"


@record
class DecodedTable:
    """Our raw values; `given` are the keys that stand in the file, the rest are defaults."""

    values: dict[str, Any]
    given: frozenset[str]


def decode(dialect: Dialect, data: dict[str, Any], path: TablePath) -> DecodedTable:
    """Read the table at `path`. What has no meaning becomes an `Unreadable` value of its field."""
    theirs = DialectTable(dialect, data, path)
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
    return DecodedTable({**filled, **values}, given)


def _told(dialect: Dialect, theirs: DialectTable) -> Iterator[tuple[str, object]]:
    try:
        theirs.compound()
    except UnknownValue as error:
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
            except UnknownValue as error:
                raw = None
                if theirs_is_sound(theirs):
                    yield key, Unreadable(f"{theirs.name_of(place)} {error}")
            if raw is not None:
                yield key, _translated(theirs, key, place, raw)
                break


def missing_parts(theirs: DialectTable) -> tuple[str, ...]:
    """List the parts that the compound text must have, and has not."""
    form = theirs.dialect.form
    if form is None or not theirs_is_sound(theirs) or (found := theirs.compound()) is None:
        return ()
    return tuple(part for part in form.required if found.part(part) is None)


def _keys(setting: FieldMapping) -> list[str]:
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


def theirs_is_sound(theirs: DialectTable) -> bool:
    """Whether the compound text, if there is one, can be taken apart."""
    try:
        theirs.compound()
    except UnknownValue:
        return False
    return True


def _translated(theirs: DialectTable, key: str, place: KeyLocation, raw: object) -> object:
    try:
        value = place.codec.read(raw)
    except UnknownValue as error:
        # What stands in a table may be a secret of its own.
        secret = key == "password" or place.key.startswith(":") or isinstance(raw, dict | list)
        text = "********" if secret else one_line(shown(raw), 60)
        told = "" if secret else f" {text}"
        return Unreadable(f"{theirs.name_of(place)}{told} {error}", text)
    label = theirs.get(place.label) if place.label else None
    return f"{label} <{value}>" if isinstance(label, str) else value


def _chosen(dialect: Dialect, theirs: DialectTable) -> Iterator[tuple[str, object]]:
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
    except UnknownValue as error:
        text = one_line(theirs.variant, 40)
        yield _LOGIN, Unreadable(f"{variants.table}.{text} {error}", text)


def _mode(dialect: Dialect, theirs: DialectTable) -> tuple[ModeRule | None, Unreadable | None]:
    if not theirs_is_sound(theirs) or (dialect.form and _lacks_text(theirs)):
        return None, None
    for mode in dialect.modes:
        if all(same_word(theirs.effective(key), word) for key, word in mode.when.items()):
            return mode, None
    return None, _refused(dialect, theirs) if dialect.modes else None


def _lacks_text(theirs: DialectTable) -> bool:
    """Whether the modes speak of parts of a text that is not there."""
    parts = {key for mode in theirs.dialect.modes for key in mode.when if key.startswith(":")}
    return bool(parts) and theirs.compound() is None


def same_word(one: object, other: object) -> bool:
    """Tell whether two of their values are the same; true is not 1."""
    return type(one) is type(other) and one == other


def _refused(dialect: Dialect, theirs: DialectTable) -> Unreadable:
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


def _stands(dialect: Dialect, theirs: DialectTable, mode: ModeRule) -> bool:
    """Whether the file itself says what the mode says, not the application's defaults alone."""
    return any(key not in dialect.own_keys and theirs.has(key) for key in mode.when)
