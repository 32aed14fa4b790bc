"""The values while they are edited: what the file says, what was changed, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from copy import copy
from types import MappingProxyType
from typing import Any

from smtp_tui.settings.fields import BY_KEY, FIELDS, Field, FieldKind
from smtp_tui.settings.validate import (
    ParseResult,
    defaults,
    is_absent,
    parse_fields,
    parse_settings,
)
from smtp_tui.tui.model.password import PasswordDraft, PasswordLocation, PasswordState

PASSWORD = next(field.key for field in FIELDS if field.kind is FieldKind.PASSWORD)
HOST = "host"
ACCOUNT = "username"
DraftState = Mapping[str, object | None]


def text_of(raw: object) -> str:
    """Write a raw value as a person would type it."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    # Nobody types a table or an array where a text belongs, and it may hold a secret of its own.
    if isinstance(raw, dict | list):
        return "{ … }" if isinstance(raw, dict) else "[ … ]"
    return "" if raw is None else str(raw)


class Draft:
    """One table's values as the form holds them.

    A value that means what the file already says counts as untouched, and a key that is absent
    stays absent until it is set. `assumed` is what the application takes where the file sets
    nothing, `limits` the fields that it cannot express, each with the reason.
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
        """Begin again with what the file says now; a password that was not saved may stay."""
        self._file = dict(file)
        self._edits: dict[str, object | None] = {}
        self._refused: dict[str, str] = {}
        self._assumed = self._assumed_first = dict(assumed)
        if not keep_password:
            self.password = PasswordDraft(self._file.get(PASSWORD), lambda: self.text(HOST))

    def copy(self) -> Draft:
        """Return another one: this one may be edited on while a keyring is waited for."""
        other = copy(self)
        other._edits = dict(self._edits)
        other.password = self.password.copy(lambda: other.text(HOST))
        return other

    def state(self, keys: Iterable[str] = BY_KEY) -> DraftState:
        """Return what fields hold: raw values, and of the password what was typed and chosen."""
        return {key: self.password.state if key == PASSWORD else self.raw(key) for key in keys}

    def restore(self, state: DraftState) -> None:
        """Set fields to what they held."""
        for key, raw in state.items():
            if isinstance(raw, PasswordState):
                self.password.state = raw
            else:
                self.edit(key, raw)

    def edit(self, key: str, raw: object | None) -> None:
        """Set a field to what was typed or chosen; None or empty text makes its key absent."""
        field = BY_KEY[key]
        if key in self._file or is_absent(field, raw):
            unchanged = [self._file.get(key)]
        else:
            # An application may take another default beside other changes; both must agree.
            unchanged = [self._assumed.get(key), self._assumed_first.get(key)]
        # What is put back to its old meaning is no change: saving leaves its spelling alone.
        if all(same_meaning(field, raw, value) for value in unchanged):
            self._edits.pop(key, None)
        else:
            self._edits[key] = None if is_absent(field, raw) else raw

    def raw(self, key: str) -> object | None:
        """A field's raw value, or None where its key is absent."""
        if key == PASSWORD:
            # A command whose quotation mark is still open counts as nothing.
            with suppress(ValueError):
                return self.password.raw()
            return None
        raw = self._edits[key] if key in self._edits else self._file.get(key)
        return None if is_absent(BY_KEY[key], raw) else raw

    def text(self, key: str) -> str:
        """A field's value as a person would type it."""
        return text_of(self.raw(key))

    def counting(self, key: str) -> object | None:
        """A field's raw value; where its key is absent, what the application takes then."""
        raw = self.raw(key)
        return self.assumed(key) if raw is None else raw

    def assumed(self, key: str) -> object | None:
        """What the application whose file it is takes where the file does not say it."""
        return self._assumed.get(key)

    def preview_effects(self, assumed: Mapping[str, object], refused: Mapping[str, str]) -> None:
        """Learn what the application would make of the changes, and what it has no way to say."""
        self._assumed, self._refused = dict(assumed), dict(refused)

    def values(self) -> dict[str, object]:
        """All raw values that count, as a check takes them."""
        raws = {key: self.counting(key) for key in BY_KEY}
        with suppress(ValueError):
            if (password := self.password.to_test()) is not None:
                raws[PASSWORD] = password
        return {key: raw for key, raw in raws.items() if raw is not None}

    def parsed(self) -> dict[str, Any]:
        """Each field's value, its default where none is set or the one set cannot be read."""
        given, _ = parse_fields(self.values())
        return {**defaults(given), **given}

    def reading(self) -> ParseResult:
        """What the values amount to."""
        return parse_settings(self.values())

    def problems(self) -> dict[str, str]:
        """What stands in the way of a test, by field and in the form's order."""
        # Reversed, so that the first problem of a field is the one that stays.
        found = {problem.key: problem.message for problem in reversed(self.reading().problems)}
        password = self.password.problem(self.text(ACCOUNT))
        if password:
            found[PASSWORD] = password
        found.update(self._refused)
        return {field.key: found[field.key] for field in FIELDS if field.key in found}

    @property
    def changed(self) -> tuple[str, ...]:
        """The keys that saving would change, in the form's order."""
        return tuple(
            field.key
            for field in FIELDS
            if field.key in self._edits or (field.key == PASSWORD and self.password.changed)
        )

    def unsavable(self) -> dict[str, str]:
        """The changed fields whose own value is wrong: what a file should not be made to say."""
        wrong = {**self._refused, **self.wrong()}
        return {key: wrong[key] for key in self.changed if key in wrong}

    def wrong(self) -> dict[str, str]:
        """The changed fields whose value is wrong in any file."""
        found: dict[str, str | None] = {}
        for key in self.changed:
            if key == PASSWORD:
                found[key] = self.password.problem(self.text(ACCOUNT))
            elif (raw := self.raw(key)) is not None:
                found[key] = BY_KEY[key].problem_with(raw)
        return {key: problem for key, problem in found.items() if problem}

    def to_write(self, key: str) -> object | None:
        """A field's TOML value as saving would write it. ValueError where it is wrong."""
        field = BY_KEY[key]
        raw = self.password.raw() if key == PASSWORD else self.raw(key)
        return None if raw is None else as_toml(field, raw)


def as_toml(field: Field, raw: object) -> object:
    """Turn what was typed into the TOML value that says it; ValueError where it is wrong."""
    parsed = field.parse(raw)
    match field.kind:
        case FieldKind.NUMBER if isinstance(parsed, float) and parsed.is_integer():
            # 10 and not 10.0: people write it so.
            return int(parsed)
        case FieldKind.NUMBER | FieldKind.SWITCH:
            return parsed
        case FieldKind.CHOICE:
            return str(parsed)
        case FieldKind.TEXT if isinstance(raw, str):
            # Blanks round a value go where they mean nothing; in a username they may mean
            # something.
            return raw.strip() if field.parse(raw.strip()) == parsed else raw
        case _:
            return raw


def same_meaning(field: Field, raw: object | None, other: object | None) -> bool:
    """Whether two raw values of a field, None where it is absent, come to the same."""
    if is_absent(field, raw) or is_absent(field, other):
        return is_absent(field, raw) and is_absent(field, other)
    # Tables and arrays have no text that could be parsed.
    if isinstance(raw, dict | list) or isinstance(other, dict | list):
        return raw == other
    try:
        return text_of(raw) == text_of(other) or bool(field.parse(raw) == field.parse(other))
    except ValueError:
        return False
