"""The values being edited: the file's values, the changes to them, and their problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import field as dataclass_field
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY, FIELDS, Field, FieldKind
from smtp_tui.settings.password_sources import KeyringSource
from smtp_tui.settings.validate import (
    ParsedSettings,
    defaults,
    is_absent,
    parse_fields,
    parse_settings,
)
from smtp_tui.tui.model.password import (
    PasswordDraft,
    PasswordLocation,
    PasswordState,
    source_of,
)

PASSWORD = next(field.key for field in FIELDS if field.kind is FieldKind.PASSWORD)
HOST = "host"
ACCOUNT = "username"
DraftState = Mapping[str, object | None]


@record
class DraftSnapshot:
    """A draft at one moment, to compare with and to return to; no repr shows its passwords.

    `state` has the fields' raw values, `values` what a test uses, `password` the password at hand,
    and `source` the password's value in the file at that moment.
    """

    state: DraftState = dataclass_field(repr=False)
    values: Mapping[str, object] = dataclass_field(repr=False)
    password: str = dataclass_field(repr=False)
    source: object = dataclass_field(repr=False)


def text_of(raw: object) -> str:
    """Format a raw value as a person would type it."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    # Nobody types a table or an array into a text field, and it may contain a secret.
    if isinstance(raw, dict | list):
        return "{ … }" if isinstance(raw, dict) else "[ … ]"
    return "" if raw is None else str(raw)


class SettingsDraft:
    """One table's values as the form edits them.

    A value equal in meaning to the file's counts as unchanged, and an absent key stays absent until
    it is set. `assumed` has the application's defaults for keys that the file does not set;
    `limits` maps the fields that the application cannot express to the reason.
    """

    def __init__(
        self,
        file: Mapping[str, object],
        *,
        assumed: Mapping[str, object] = MappingProxyType({}),
        limits: Mapping[str, str] = MappingProxyType({}),
        application: str = "",
    ) -> None:
        self.limits = dict(limits)
        self.places: tuple[PasswordLocation, ...] = tuple(PasswordLocation)
        self.application = application
        self.rebase(file, assumed=assumed)

    def rebase(
        self,
        file: Mapping[str, object],
        *,
        assumed: Mapping[str, object] = MappingProxyType({}),
        keep_password: bool = False,
    ) -> None:
        """Drop all edits and use the file's values; `keep_password` keeps an unsaved password."""
        self._file = dict(file)
        self._edits: dict[str, object | None] = {}
        self._refused: dict[str, str] = {}
        self._assumed = self._assumed_first = dict(assumed)
        if not keep_password:
            self.password = PasswordDraft(self._file.get(PASSWORD), lambda: self.text(HOST))

    def copy(self) -> SettingsDraft:
        """Return a copy: this draft may be edited while saving waits for a keyring."""
        other = copy(self)
        other._edits = dict(self._edits)
        other.password = self.password.copy(lambda: other.text(HOST))
        return other

    def state(self, keys: Iterable[str] = BY_KEY) -> DraftState:
        """Return the fields' raw values; for the password, a PasswordState."""
        return {key: self.password.state if key == PASSWORD else self.raw(key) for key in keys}

    def restore(self, state: DraftState) -> None:
        """Set fields to an earlier state."""
        for key, raw in state.items():
            if isinstance(raw, PasswordState):
                self.password.state = raw
            else:
                self.edit(key, raw)

    def snapshot(self) -> DraftSnapshot:
        """Return the draft as it is now."""
        password, values = self.password, self.values()
        secret = password.secret()
        if secret is not None:
            values[PASSWORD] = secret
        return DraftSnapshot(self.state(), values, password.at_hand, self._file.get(PASSWORD))

    def differing(self, earlier: DraftSnapshot) -> tuple[str, ...]:
        """Return the fields in which a test now would use another value than it did then."""
        now = self.snapshot().values
        return tuple(
            field.key
            for field in FIELDS
            if not same_meaning(field, now.get(field.key), earlier.values.get(field.key))
        )

    def state_to_return_to(self, earlier: DraftSnapshot) -> DraftState:
        """Return the state of the differing fields that restores what was tested then."""
        state = {key: earlier.state[key] for key in self.differing(earlier)}
        password = state.get(PASSWORD)
        if isinstance(password, PasswordState):
            # Saved in the meantime: without a typed password, the state would keep or move the
            # file's new one.
            has_none = not earlier.password
            is_other = self._file.get(PASSWORD) != earlier.source or PASSWORD not in earlier.values
            if is_other:
                source, names = source_of(earlier.values.get(PASSWORD)), dict(password.names)
                if isinstance(source, KeyringSource):
                    names[PasswordLocation.KEYRING] = source.service
                state[PASSWORD] = replace(
                    password, names=names, typed=earlier.password, is_cleared=has_none
                )
        return state

    def edit(self, key: str, raw: object | None) -> None:
        """Set a field to a typed or chosen value; None or empty text makes its key absent."""
        field = BY_KEY[key]
        if key in self._file or is_absent(field, raw):
            unchanged = [self._file.get(key)]
        else:
            # Other changes may alter the application's default; the value must match both.
            unchanged = [self._assumed.get(key), self._assumed_first.get(key)]
        # A value set back to its old meaning is no change: saving keeps its spelling.
        if all(same_meaning(field, raw, value) for value in unchanged):
            self._edits.pop(key, None)
        else:
            self._edits[key] = None if is_absent(field, raw) else raw

    def raw(self, key: str) -> object | None:
        """Return a field's raw value, or None if its key is absent."""
        if key == PASSWORD:
            # A command with an unclosed quotation mark counts as absent.
            with suppress(ValueError):
                return self.password.raw()
            return None
        raw = self._edits[key] if key in self._edits else self._file.get(key)
        return None if is_absent(BY_KEY[key], raw) else raw

    def in_file(self, key: str) -> object | None:
        """Return the raw value that the file sets, or None."""
        return self._file.get(key)

    def text(self, key: str) -> str:
        """Return a field's value as a person would type it."""
        return text_of(self.raw(key))

    def counting(self, key: str) -> object | None:
        """Return a field's raw value; if its key is absent, the application's default."""
        raw = self.raw(key)
        return self.assumed(key) if raw is None else raw

    def assumed(self, key: str) -> object | None:
        """Return the application's default for a key that the file does not set, or None."""
        return self._assumed.get(key)

    def preview_effects(self, assumed: Mapping[str, object], refused: Mapping[str, str]) -> None:
        """Set the application's defaults after the changes, and the reasons it rejects some."""
        self._assumed, self._refused = dict(assumed), dict(refused)

    def values(self) -> dict[str, object]:
        """Return all effective raw values, as a test uses them."""
        raws = {key: self.counting(key) for key in BY_KEY}
        with suppress(ValueError):
            if (password := self.password.to_test()) is not None:
                raws[PASSWORD] = password
        return {key: raw for key, raw in raws.items() if raw is not None}

    def parsed(self) -> dict[str, Any]:
        """Return each field's parsed value; its default if the field is unset or invalid."""
        parsed, _ = parse_fields(self.values())
        return {**defaults(parsed), **parsed}

    def reading(self) -> ParsedSettings:
        """Parse all values into settings, or problems."""
        return parse_settings(self.values())

    def problems(self) -> dict[str, str]:
        """Return the problems that prevent a test, by field in the form's order."""
        # Reversed, so that the first problem of each field wins.
        found = {problem.key: problem.message for problem in reversed(self.reading().problems)}
        password = self.password.problem(self.text(ACCOUNT))
        if password:
            found[PASSWORD] = password
        found.update(self._refused)
        return {field.key: found[field.key] for field in FIELDS if field.key in found}

    @property
    def changed(self) -> tuple[str, ...]:
        """The keys of changed fields, in the form's order."""
        return tuple(
            field.key
            for field in FIELDS
            if field.key in self._edits or (field.key == PASSWORD and self.password.changed)
        )

    def unsavable(self) -> dict[str, str]:
        """Return the problems of changed fields that must not be saved, by key."""
        wrong = {**self._refused, **self.wrong()}
        return {key: wrong[key] for key in self.changed if key in wrong}

    def wrong(self) -> dict[str, str]:
        """Return the problems of changed fields that are invalid in any file, by key."""
        found: dict[str, str | None] = {}
        for key in self.changed:
            if key == PASSWORD:
                found[key] = self.password.problem(self.text(ACCOUNT))
            elif (raw := self.raw(key)) is not None:
                found[key] = BY_KEY[key].problem_with(raw)
        return {key: problem for key, problem in found.items() if problem}

    def to_write(self, key: str) -> object | None:
        """Return a field's TOML value as saving would write it. ValueError if it is invalid."""
        field = BY_KEY[key]
        raw = self.password.raw() if key == PASSWORD else self.raw(key)
        return None if raw is None else as_toml(field, raw)


def as_toml(field: Field, raw: object) -> object:
    """Convert a typed value to its TOML value. ValueError if it is invalid."""
    parsed = field.parse(raw)
    match field.kind:
        case FieldKind.NUMBER if isinstance(parsed, float) and parsed.is_integer():
            # People write 10, not 10.0.
            return int(parsed)
        case FieldKind.NUMBER | FieldKind.SWITCH:
            return parsed
        case FieldKind.CHOICE:
            return str(parsed)
        case FieldKind.TEXT if isinstance(raw, str):
            # Strip blanks around a value unless they matter, as they may in a username.
            return raw.strip() if field.parse(raw.strip()) == parsed else raw
        case _:
            return raw


def same_meaning(field: Field, raw: object | None, other: object | None) -> bool:
    """Whether two raw values of a field mean the same; None stands for an absent key."""
    if is_absent(field, raw) or is_absent(field, other):
        return is_absent(field, raw) and is_absent(field, other)
    # Tables and arrays cannot be parsed as text.
    if isinstance(raw, dict | list) or isinstance(other, dict | list):
        return raw == other
    try:
        return text_of(raw) == text_of(other) or bool(field.parse(raw) == field.parse(other))
    except ValueError:
        return False
