"""Compute what each row of the form shows from the draft. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from types import MappingProxyType
from typing import Any

from smtp_tui.config.paths import PEM_FIELDS
from smtp_tui.diagnosis.advice import Advice, Severity
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.choices import Encryption
from smtp_tui.settings.fields import FIELDS, PORT_NAMES, Field, FieldKind
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.model.draft import PASSWORD, SettingsDraft, text_of
from smtp_tui.tui.model.password import PasswordDraft, PasswordLocation

# The row that shows where the password is kept, which is no field of the file.
KEPT, KEPT_LABEL = "kept", "Kept in"
KEPT_SUMMARY = "Where the password is kept; saving moves it to the place that you choose."
SWITCH = ("no", "yes")
DEFAULT = "(default)"
ASSUMED = "(app's default)"
REQUIRED = "required"
NO_FAULTS: Mapping[str, str] = MappingProxyType({})


def row_keys(*, advanced: bool) -> Iterator[str]:
    """Yield the keys of the rows from top to bottom, those that always show or those of More."""
    for row_field in FIELDS:
        if row_field.advanced is advanced:
            yield row_field.key
            if row_field.key == PASSWORD:
                yield KEPT


def most_severe(advice: Iterable[Advice]) -> Advice | None:
    """Return the first item of the highest severity."""
    order = list(Severity)  # declared from most to least severe
    return min(advice, key=lambda item: order.index(item.severity), default=None)


def concerning(advice: Iterable[Advice], key: str) -> list[Advice]:
    """Return the advice that concerns a field: its own first, then that of other fields."""
    return sorted(
        (item for item in advice if item.concerns(key)), key=lambda item: item.field != key
    )


@record
class RowState:
    """What a row shows: its text or choice, and the notes next to it.

    `problem` prevents a test; `fault` is what the last test found wrong with the value. `refused`
    maps words that cannot be chosen to the reason, `doubts` words that would not work here.
    """

    text: str = ""
    chosen: str | None = None
    is_default: bool = False
    placeholder: str = ""
    note: str = ""
    advice: Advice | None = None
    problem: str = ""
    fault: str = ""
    is_changed: bool = False
    is_masked: bool = False
    is_path: bool = False
    is_fixed: bool = False
    limit: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)


def choices_of(field: Field) -> tuple[str, ...]:
    """The words that a choice or switch field offers."""
    return SWITCH if field.kind is FieldKind.SWITCH else tuple(map(str, field.choices))


def raw_of(field: Field, word: str) -> object:
    """The raw value of a chosen word."""
    return word == SWITCH[1] if field.kind is FieldKind.SWITCH else word


def row_states(
    draft: SettingsDraft, advice: Sequence[Advice] = (), faults: Mapping[str, str] = NO_FAULTS
) -> dict[str, RowState]:
    """Return every field's state by key, each with its fault, or else its most severe advice."""
    parsed, problems, changed = draft.parsed(), draft.problems(), draft.changed
    states = {}
    for spec in FIELDS:
        key = spec.key
        if key == PASSWORD:
            state = _password_state(draft.password)
        else:
            state = _field_state(spec, draft, parsed)
        problem = escape_controls(problems.get(key, ""))
        # The placeholder of a required field already says that it is required.
        is_named = draft.raw(key) is None and spec.default_text == REQUIRED
        # The finding of a test is more certain than advice.
        advised = (item for item in advice if item.field == key and key not in faults)
        state = replace(
            state,
            is_changed=key in changed,
            problem="" if is_named else problem,
            fault=escape_controls(faults.get(key, "")),
            advice=most_severe(advised),
        )
        states[key] = _limited(state, draft.limits.get(key, ""))
    return states


def password_location_state(draft: SettingsDraft, keyring_trouble: str = "") -> RowState:
    """Return the state of the row that shows where the password is kept."""
    password, places = draft.password, draft.places
    refused = {}
    doubts = {}
    if keyring_trouble:
        doubts = {PasswordLocation.KEYRING.value: as_sentence(keyring_trouble)}
    if places and places != tuple(PasswordLocation):
        # The application name may come from a user's own dialect: escape it.
        why = escape_controls(
            f"{draft.application} reads a password only from: {', '.join(places)}."
        )
        refused = {place.value: why for place in PasswordLocation if place not in places}
    state = RowState(
        chosen=password.location.value,
        is_default=password.is_default,
        note=DEFAULT if password.is_default else "",
        is_changed=password.changed,
        refused=refused,
        doubts=doubts,
    )
    if places == (password.location,):  # the only location that the application supports
        limit = escape_controls(f"{draft.application} has no other.")
        return replace(state, limit=limit, is_fixed=True)
    return _limited(state, draft.limits.get(PASSWORD, ""))


def format_default(field: Field, parsed: Mapping[str, Any]) -> str:
    """Return a field's default as text."""
    return field.default_text or _word(field, field.default(parsed))


def _limited(state: RowState, limit: str) -> RowState:
    # A change that the file cannot express can still be undone.
    if not limit or state.is_changed:
        return state
    return replace(state, limit=escape_controls(limit), is_fixed=True)


def _field_state(field: Field, draft: SettingsDraft, parsed: Mapping[str, Any]) -> RowState:
    raw = draft.raw(field.key)
    is_absent, is_assumed = raw is None, raw is None and draft.assumed(field.key) is not None
    is_readable = raw is not None and field.problem_with(raw) is None
    default = _word(field, parsed[field.key]) if is_assumed else format_default(field, parsed)
    whose = ASSUMED if is_assumed else DEFAULT
    note = _note(field, parsed) if is_absent or is_readable else ""
    if field.kind in (FieldKind.CHOICE, FieldKind.SWITCH):
        chosen = default if is_absent else _word(field, field.parse(raw)) if is_readable else None
        note = note or (whose if is_absent else "")
        return RowState(chosen=chosen, is_default=is_absent, note=note)
    placeholder = escape_controls(default)
    if not field.default_text or is_assumed:
        placeholder = f"{placeholder}  {whose}"
    return RowState(
        text=text_of(raw),
        placeholder=placeholder,
        is_default=is_absent,
        is_path=field.key in PEM_FIELDS,
        note=note,
    )


def _password_state(password: PasswordDraft) -> RowState:
    return RowState(
        text=password.text,
        placeholder=escape_controls(password.placeholder),
        is_masked=password.is_masked,
        is_path=password.location is PasswordLocation.PATH,
        is_fixed=password.location is PasswordLocation.ASK,
    )


def _word(field: Field, value: object) -> str:
    if field.kind is FieldKind.SWITCH:
        return SWITCH[1] if value else SWITCH[0]
    return text_of(getattr(value, "value", value) if field.kind is FieldKind.CHOICE else value)


def _note(field: Field, parsed: Mapping[str, Any]) -> str:
    """Return a note on what a number or switch means, or ""."""
    match field.key:
        case "port":
            return PORT_NAMES.get(parsed["port"], "")
        case "timeout":
            return "seconds"
        case "starttls_auto" if parsed["encryption"] is not Encryption.NONE:
            return "only with none"
        case _:
            return ""
