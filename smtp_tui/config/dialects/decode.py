"""Read a table in an application's dialect, and translate it to our keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smtp_tui.config.dialects.codecs import (
    CompoundParts,
    UnknownValue,
    UnsupportedValue,
    listed,
    parsed_host_and_port,
    parsed_url,
    shown,
)
from smtp_tui.config.dialects.spec import CombinedTomlKeys, Dialect, DialectKeyLocation
from smtp_tui.config.errors import one_line
from smtp_tui.config.tablepath import TablePath, get
from smtp_tui.settings.parsers import UnreadableValue

_LOGIN = "authentication"


class DialectTomlTable:
    """One table of a file in a dialect; `put` changes the data in place.

    `values` are raw values by our keys at the time of creation, including the application's
    defaults; `given` are the keys set in the file. A value without meaning is `UnreadableValue`.
    """

    unclear: tuple[str, ...] = ()

    def __init__(self, dialect: Dialect, data: dict[str, Any], path: TablePath) -> None:
        self.dialect, self.data, self.path = dialect, data, path
        variants = dialect.variants
        table = self._look_up(self._path(variants.table)) if variants else None
        # himalaya names the login mechanism in a table's name: [smtp.sasl.plain].
        self.variant: str | None = next(iter(table), None) if isinstance(table, dict) else None
        self.values, self.given = decode(self)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The keys in the settings' table that the application does not have, if all are known."""
        known = self.dialect.head.known
        folders = dict.fromkeys(key.rpartition(".")[0] for key in known)
        # If the settings are in a subtable, this table holds other things.
        for folder in list(filter(None, folders)) or list(folders):
            table = self._look_up((*self.path, *(folder.split(".") if folder else ())))
            if isinstance(table, dict):
                full = [f"{folder}.{key}" if folder else key for key in table]
                return tuple(key for key in full if key not in known)
        return ()

    def can_express(self, key: str, value: object) -> bool:
        """Return whether one of a setting's locations can hold this one value."""
        places = () if key in self.dialect.limits else self.dialect.settings.get(key, ())
        return any(place.codec.can_write(value) for place in places)

    def get(self, key: str) -> Any:
        """Return the value of a key, or None if it is absent or an empty string."""
        value = self._part(key[1:]) if key[0] == ":" else self._look_up(self._path(key))
        return None if value == "" else value

    def has(self, key: str) -> bool:
        """Return whether the file sets a key; for a part, whether it sets the compound text."""
        if key.startswith(":"):
            return self.dialect.form is not None and self.get(self.dialect.form.key) is not None
        return self.get(key) is not None

    def effective(self, key: str) -> Any:
        """Return a key's value or the application's default, "" if it has none."""
        value = self.get(key)
        return self.dialect.absent.get(key, "") if value is None else value

    def put(self, key: str, value: Any) -> None:
        """Set a key, or remove it if None; UnsupportedValue if the file cannot hold the value."""
        if key.startswith(":"):
            self._put_part(key[1:], value)
            return
        path = self._path(key)
        if value is None:
            # Remove the parent tables that become empty too, but keep this table itself.
            while isinstance(holder := self._look_up(path[:-1]), dict):
                holder.pop(path[-1], None)
                path = path[:-1]
                inside = path[: len(self.path)] == self.path and len(path) > len(self.path)
                if holder or not inside:
                    return
            return
        here: Any = self.data
        for step in path[:-1]:
            if isinstance(here, dict):
                here = here.setdefault(step, {})
            else:
                here = here[step] if isinstance(here, list) and isinstance(step, int) else None
        if not isinstance(here, dict):
            raise UnsupportedValue(f"would have to be in {key}, where the file has something else")
        here[path[-1]] = value

    def places(self, key: str) -> list[DialectKeyLocation]:
        """List the locations of one of our settings for the current variant."""
        chosen = self.variant
        return [
            place
            for place in self.dialect.settings[key]
            if not place.varies or (chosen is not None and (not place.only or chosen in place.only))
        ]

    def name_of(self, place: DialectKeyLocation) -> str:
        """Return a location's name for messages."""
        form = self.dialect.form
        if place.key.startswith(":") and form is not None:
            return f"the {place.key[1:]} in {form.key}"
        steps = (self.variant or "*" if step == "*" else step for step in place.key.split("."))
        return ".".join(steps).removeprefix(".")

    def compound(self) -> CompoundParts | None:
        """Parse the compound text; None if it is absent, UnknownValue if it is invalid."""
        form = self.dialect.form
        text = (self.get(form.key) or form.default) if form else None
        if form is None or text is None:
            return None
        parsed = None
        if isinstance(text, str):
            parsed = parsed_url(text, form.schemes) if form.is_url else parsed_host_and_port(text)
        if parsed is None or (form.is_url and parsed.scheme is None and form.bare is None):
            if not form.is_url:
                raise UnknownValue(f"{form.key} is not a hostname with or without a port")
            schemes = " or ".join(f"{scheme}://" for scheme in sorted(form.schemes))
            raise UnknownValue(
                f"{form.key} is not a URL that begins with {schemes}, or it holds a "
                "character that must be percent-encoded, like / as %2F"
            )
        return parsed

    @property
    def fault(self) -> str:
        """Why the compound text cannot be parsed; empty if it can or there is none."""
        try:
            self.compound()
        except UnknownValue as error:
            return str(error)
        return ""

    @property
    def missing_parts(self) -> tuple[str, ...]:
        """The required parts that the compound text lacks."""
        form = self.dialect.form
        if form is None or self.fault or (found := self.compound()) is None:
            return ()
        return tuple(part for part in form.required if found.part(part) is None)

    def _path(self, key: str) -> TablePath:
        if key.startswith("."):
            return tuple(key[1:].split("."))
        variant = self.variant if "*" in key else None
        return (*self.path, *(variant or "*" if step == "*" else step for step in key.split(".")))

    def _look_up(self, path: TablePath) -> Any:
        try:
            return get(self.data, path)
        except (KeyError, IndexError, TypeError):
            return None

    def _part(self, name: str) -> str | int | None:
        found, form = self.compound(), self.dialect.form
        if found is None or form is None:
            return None
        try:
            part = found.part(name)
        except ValueError:
            raise UnknownValue("contains percent-encoding that is not UTF-8") from None
        # The application assumes a scheme for `server = "mx.example:465"`.
        if name == "scheme" and part is None:
            return form.bare
        # A port is a number everywhere but in a URL.
        return int(part) if name == "port" and part is not None else part

    def _put_part(self, name: str, value: Any) -> None:
        form = self.dialect.form
        assert form is not None
        try:
            found = self.compound() or CompoundParts(host="", scheme=form.new)
            text = None if value in (None, "") else str(value)
            self.put(form.key, str(found.with_part(name, text)))
        except UnknownValue as error:
            raise UnsupportedValue(f"cannot be changed: {error}") from None
        except ValueError as error:
            raise UnsupportedValue(f"is part of {form.key}, which {error}") from None


def decode(table: DialectTomlTable) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the current raw values by our keys, and which of our keys the file sets."""
    dialect = table.dialect
    values: dict[str, Any] = {}
    for key, value in _single_settings(table):
        values.setdefault(key, value)
    given = frozenset(values)
    mode = _mode(table)
    if isinstance(mode, CombinedTomlKeys):
        # The mode counts as given if the file sets one of its keys, not only defaults.
        if any(key not in dialect.own_keys and table.has(key) for key in mode.when):
            given |= set(mode.ours)
        # A mode overrides single keys: it defines what they mean together.
        values |= mode.ours
    elif mode:
        values[dialect.mode_keys[0]] = mode
        given |= {dialect.mode_keys[0]}
    for key, fallback in dialect.fallbacks.items():
        if key not in values and table.get(fallback) is not None:
            values[key] = table.get(fallback)
    fill = mode.fill if isinstance(mode, CombinedTomlKeys) else {}
    return {**dialect.defaults, **fill, **values}, given


def _single_settings(table: DialectTomlTable) -> Iterator[tuple[str, object]]:
    """Yield each setting with a location of its own, with its value or `UnreadableValue`."""
    dialect, form, variants = table.dialect, table.dialect.form, table.dialect.variants
    if table.fault:
        yield "host", UnreadableValue(table.fault)
    for part in table.missing_parts:
        holders = {key: {place.key for place in dialect.settings[key]} for key in dialect.settings}
        key = next(key for key in holders if f":{part}" in holders[key])
        where = form.key if form else ""
        text = f"is missing in {where}; {dialect.head.application} requires it there"
        yield key, UnreadableValue(text)
    if variants and (logins := table.get(variants.table)) is not None:
        if not isinstance(logins, dict) or len(logins) != 1:
            yield _LOGIN, UnreadableValue(f"{variants.table} must hold exactly one mechanism")
        else:
            try:
                yield _LOGIN, variants.codec.read(table.variant)
            except UnknownValue as error:
                text = one_line(table.variant, 40)
                yield _LOGIN, UnreadableValue(f"{variants.table}.{text} {error}", text)
    for key in dialect.settings:
        for place in table.places(key):
            try:
                raw = table.get(place.key)
            except UnknownValue as error:
                raw = None
                if not table.fault:
                    yield key, UnreadableValue(f"{table.name_of(place)} {error}")
            if raw is not None:
                # The first location in use counts, as the application reads them in this order.
                yield key, _decoded(table, key, place, raw)
                break


def _decoded(table: DialectTomlTable, key: str, place: DialectKeyLocation, raw: object) -> object:
    try:
        value = place.codec.read(raw)
    except UnknownValue as error:
        # A table or list may hold a secret.
        if key == "password" or place.key.startswith(":") or isinstance(raw, dict | list):
            return UnreadableValue(f"{table.name_of(place)} {error}", "********")
        text = one_line(shown(raw), 60)
        return UnreadableValue(f"{table.name_of(place)} {text} {error}", text)
    label = table.get(place.label) if place.label else None
    return f"{label} <{value}>" if isinstance(label, str) else value


def _mode(table: DialectTomlTable) -> CombinedTomlKeys | UnreadableValue | None:
    """Return the mode that several keys select, `UnreadableValue` if none matches, or None."""
    dialect, application = table.dialect, table.dialect.head.application
    # An invalid compound text is reported once, for the host, not for each of its parts.
    if table.fault or not dialect.modes:
        return None
    whens = [(key, word) for mode in dialect.modes for key, word in mode.when.items()]
    if any(key.startswith(":") for key, _ in whens) and not table.compound():
        return None
    for mode in dialect.modes:
        if all(same_word(table.effective(key), word) for key, word in mode.when.items()):
            return mode
    # A key that holds a setting of its own, such as a port, does not define the mode.
    own = dialect.own_keys
    current = {key: table.effective(key) for key, _ in whens if key not in own}
    for key, value in current.items():
        known = [word for name, word in whens if name == key]
        if any(same_word(value, word) for word in known):
            continue
        words = listed([word for word in known if word != ""])
        if key.startswith(":") and dialect.form:
            key = f"the {key.removeprefix(':').removeprefix('query.')} in {dialect.form.key}"
        if value == "":
            return UnreadableValue(f"{key} is missing; {application} accepts {words}")
        text = one_line(shown(value), 40)
        return UnreadableValue(f"{key} {text} is not known to {application}; use {words}", text)
    pairs = [f"{key} = {one_line(shown(value), 20)}" for key, value in current.items()]
    return UnreadableValue(f"{' and '.join(pairs)} contradict each other", " ".join(pairs))


def same_word(left: object, right: object) -> bool:
    """Return whether two values have the same type and value; True is not 1."""
    return type(left) is type(right) and left == right
