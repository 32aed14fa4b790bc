"""A table in an application's words: its keys looked up and changed, and what they say in ours."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from smtp_tui.config.dialects.codecs import (
    Compound,
    UnknownValue,
    UnsupportedValue,
    listed,
    parsed_host_and_port,
    parsed_url,
    shown,
)
from smtp_tui.config.dialects.spec import Dialect, KeyLocation, ModeRule
from smtp_tui.config.errors import one_line
from smtp_tui.config.tablepath import TablePath, get
from smtp_tui.settings.parsers import Unreadable

_LOGIN = "authentication"


class DialectTable:
    """One table of a file in a dialect; `put` changes the data it was made with.

    What is read is raw: a value that has no meaning becomes an `Unreadable` of its field.
    """

    unclear: tuple[str, ...] = ()

    def __init__(self, dialect: Dialect, data: dict[str, Any], path: TablePath) -> None:
        self.dialect = dialect
        self.data = data
        self.path = path
        variants = dialect.variants
        table = self._look_up(self._steps(variants.table)) if variants else None
        # himalaya names the login mechanism by a table: [smtp.sasl.plain], [smtp.sasl.login].
        self.variant = next(iter(table), None) if isinstance(table, dict) else None

    @property
    def values(self) -> dict[str, Any]:
        """The values by our keys, the application's defaults among them."""
        return self._decoded[0]

    @property
    def given(self) -> frozenset[str]:
        """Those of our keys that stand in the file."""
        return self._decoded[1]

    @cached_property
    def _decoded(self) -> tuple[dict[str, Any], frozenset[str]]:
        return decode(self)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The keys next to the application's own that it does not have, as far as is known."""
        known = self.dialect.head.known
        folders = dict.fromkeys(key.rpartition(".")[0] for key in known)
        # Where the settings have a table below this one, other things stand in this one.
        for folder in list(filter(None, folders)) or list(folders):
            table = self._look_up((*self.path, *(folder.split(".") if folder else ())))
            if isinstance(table, dict):
                full = [f"{folder}.{key}" if folder else key for key in table]
                return tuple(key for key in full if key not in known)
        return ()

    def can_express(self, key: str, value: object) -> bool:
        """Tell whether one of a setting's places can hold a value, be it alone."""
        if key in self.dialect.limits:
            return False
        return any(place.codec.can_write(value) for place in self.dialect.settings.get(key, ()))

    def get(self, key: str) -> Any:
        """Return the value of a key, None where it is absent or an empty text."""
        value = self._part(key[1:]) if key[0] == ":" else self._look_up(self._steps(key))
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
        """Change a key, None takes it out; UnsupportedValue where its text has no room for it."""
        if key.startswith(":"):
            self._put_part(key[1:], value)
            return
        *above, last = self._steps(key)
        if value is None:
            self._remove((*above, last))
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
        chosen = self.variant
        return [
            place
            for place in self.dialect.settings[key]
            if not place.varies or (chosen is not None and (not place.only or chosen in place.only))
        ]

    def name_of(self, place: KeyLocation) -> str:
        """Return what to call a place in a sentence."""
        form = self.dialect.form
        if place.key.startswith(":") and form is not None:
            return f"the {place.key[1:]} in {form.key}"
        steps = (self.variant or "*" if step == "*" else step for step in place.key.split("."))
        return ".".join(steps).removeprefix(".")

    def compound(self) -> Compound | None:
        """Take the compound text apart; None where it is absent, UnknownValue if it is none."""
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
                f"{' or '.join(f'{scheme}://' for scheme in sorted(form.schemes))}, or it holds a "
                "character that must be percent-encoded, like / as %2F"
                if form.is_url
                else f"{form.key} is not a hostname with or without a port"
            )
        return found

    @property
    def is_sound(self) -> bool:
        """Whether the compound text, if there is one, can be taken apart."""
        try:
            self.compound()
        except UnknownValue:
            return False
        return True

    @property
    def missing_parts(self) -> tuple[str, ...]:
        """The parts that the compound text must have, and has not."""
        form = self.dialect.form
        if form is None or not self.is_sound or (found := self.compound()) is None:
            return ()
        return tuple(part for part in form.required if found.part(part) is None)

    def _steps(self, key: str) -> TablePath:
        if key.startswith("."):
            return tuple(key[1:].split("."))
        steps = (self.variant or "*" if step == "*" else step for step in key.split("."))
        return (*self.path, *steps)

    def _look_up(self, steps: TablePath) -> Any:
        try:
            return get(self.data, steps)
        except (KeyError, IndexError, TypeError):
            return None

    def _remove(self, steps: TablePath) -> None:
        """Remove a key, and the tables above it that are empty then, but for the dialect's own."""
        while isinstance(holder := self._look_up(steps[:-1]), dict):
            holder.pop(steps[-1], None)
            steps = steps[:-1]
            inside = steps[: len(self.path)] == self.path and len(steps) > len(self.path)
            if holder or not inside:
                return

    def _part(self, name: str) -> str | int | None:
        found, form = self.compound(), self.dialect.form
        if found is None or form is None:
            return None
        try:
            part = found.part(name)
        except ValueError:
            raise UnknownValue("contains percent-encoding that is not UTF-8") from None
        # `server = "mx.example:465"` without a scheme means one of them to the application.
        if name == "scheme" and part is None:
            return form.bare
        # The parts of a URL are text, and a port is a number wherever else it stands.
        return int(part) if name == "port" and part is not None else part

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


def decode(table: DialectTable) -> tuple[dict[str, Any], frozenset[str]]:
    """Return our raw values, and which keys of ours stand in the file; the rest are defaults."""
    dialect = table.dialect
    values: dict[str, Any] = {}
    for key, value in _read(table):
        values.setdefault(key, value)
    given = frozenset(values)
    mode, refused = _mode(table)
    if mode is not None:
        # The file itself says what the mode says, not the application's defaults alone.
        if any(key not in dialect.own_keys and table.has(key) for key in mode.when):
            given |= set(mode.ours)
        # A mode goes before single keys: it says what they mean together.
        values |= mode.ours
    elif refused is not None:
        key = dialect.mode_keys[0]
        given |= {key}
        values[key] = refused
    for key, fallback in dialect.fallbacks.items():
        if key not in values and table.get(fallback) is not None:
            values[key] = table.get(fallback)
    return {**dialect.defaults, **(mode.fill if mode else {}), **values}, given


def _read(table: DialectTable) -> Iterator[tuple[str, object]]:
    """Yield each setting that has a place of its own, with its value or why it has none."""
    dialect, form = table.dialect, table.dialect.form
    try:
        table.compound()
    except UnknownValue as error:
        yield "host", Unreadable(str(error))
    for part in table.missing_parts:
        key = next(
            key
            for key, places in dialect.settings.items()
            if any(place.key == f":{part}" for place in places)
        )
        where = form.key if form else ""
        text = f"is missing in {where}; {dialect.head.application} requires it there"
        yield key, Unreadable(text)
    yield from _login(table)
    for key in dialect.settings:
        for place in table.places(key):
            try:
                raw = table.get(place.key)
            except UnknownValue as error:
                raw = None
                if table.is_sound:
                    yield key, Unreadable(f"{table.name_of(place)} {error}")
            if raw is not None:
                # The first place that is in use counts, as the application reads them in this
                # order.
                yield key, _translated(table, key, place, raw)
                break


def _translated(table: DialectTable, key: str, place: KeyLocation, raw: object) -> object:
    try:
        value = place.codec.read(raw)
    except UnknownValue as error:
        # What stands in a table may be a secret of its own.
        secret = key == "password" or place.key.startswith(":") or isinstance(raw, dict | list)
        text = "********" if secret else one_line(shown(raw), 60)
        quoted = "" if secret else f" {text}"
        return Unreadable(f"{table.name_of(place)}{quoted} {error}", text)
    label = table.get(place.label) if place.label else None
    return f"{label} <{value}>" if isinstance(label, str) else value


def _login(table: DialectTable) -> Iterator[tuple[str, object]]:
    """Yield the login mechanism that the chosen variant names."""
    variants = table.dialect.variants
    if variants is None or (found := table.get(variants.table)) is None:
        return
    if not isinstance(found, dict) or len(found) != 1:
        yield _LOGIN, Unreadable(f"{variants.table} must hold exactly one mechanism")
        return
    try:
        yield _LOGIN, variants.codec.read(table.variant)
    except UnknownValue as error:
        text = one_line(table.variant, 40)
        yield _LOGIN, Unreadable(f"{variants.table}.{text} {error}", text)


def _mode(table: DialectTable) -> tuple[ModeRule | None, Unreadable | None]:
    modes = table.dialect.modes
    # One fault in a text would be told of each of its parts; the host tells it for all.
    if not table.is_sound:
        return None, None
    if any(key.startswith(":") for mode in modes for key in mode.when) and not table.compound():
        return None, None
    for mode in modes:
        if all(same_word(table.effective(key), word) for key, word in mode.when.items()):
            return mode, None
    return None, _mode_problem(table) if modes else None


def same_word(left: object, right: object) -> bool:
    """Tell whether two of their values are the same; true is not 1."""
    return type(left) is type(right) and left == right


def _mode_problem(table: DialectTable) -> Unreadable:
    """Say which key has a value that no mode knows, or that they contradict each other."""
    dialect, application = table.dialect, table.dialect.head.application
    # What holds a setting of its own, as a port does, is no word for this one.
    own = dialect.own_keys
    there = {
        key: table.effective(key) for mode in dialect.modes for key in mode.when if key not in own
    }
    for key, value in there.items():
        known = [mode.when[key] for mode in dialect.modes if key in mode.when]
        if any(same_word(value, word) for word in known):
            continue
        words = listed([word for word in known if word != ""])
        if key.startswith(":") and dialect.form:
            key = f"the {key.removeprefix(':').removeprefix('query.')} in {dialect.form.key}"
        if value == "":
            return Unreadable(f"{key} is missing; {application} accepts {words}")
        text = one_line(shown(value), 40)
        return Unreadable(f"{key} {text} is not known to {application}; use {words}", text)
    pairs = [f"{key} = {one_line(shown(value), 20)}" for key, value in there.items()]
    return Unreadable(f"{' and '.join(pairs)} contradict each other", " ".join(pairs))
