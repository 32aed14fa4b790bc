"""What each row of the form shows, worked out from the values being edited. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from smtp_tui.diagnosis.advice import Advice, Severity
from smtp_tui.records import record
from smtp_tui.settings.choices import Encryption
from smtp_tui.settings.fields import FIELDS, PORT_NAMES, Field, FieldKind
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.model.draft import PASSWORD, Draft, text_of
from smtp_tui.tui.model.password import PasswordLocation

SWITCH = ("no", "yes")
DEFAULT = "(default)"
ASSUMED = "(app's default)"
REQUIRED = "required"


def most_severe(advice: Iterable[Advice]) -> Advice | None:
    """Return the first of the most severe."""
    order = list(Severity)
    return min(advice, key=lambda one: order.index(one.severity), default=None)


def concerning(advice: Iterable[Advice], topic: str) -> list[Advice]:
    """Return what concerns a field: its own advice first, then what is told at another."""
    told = [one for one in advice if one.concerns(topic)]
    return sorted(told, key=lambda one: one.field != topic)


@record
class RowState:
    """A row's outside: the text or the choice, and what stands beside it.

    `refused` are the words that cannot be chosen, each with the reason.
    """

    text: str = ""
    chosen: str | None = None
    is_default: bool = False
    placeholder: str = ""
    note: str = ""
    advice: Advice | None = None
    problem: str = ""
    is_changed: bool = False
    is_masked: bool = False
    is_fixed: bool = False
    limit: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)


def choices_of(field: Field) -> tuple[str, ...]:
    """The words a field's choice is made from."""
    return SWITCH if field.kind is FieldKind.SWITCH else tuple(map(str, field.choices))


def raw_of(field: Field, word: str) -> object:
    """The raw value that a chosen word stands for."""
    return word == SWITCH[1] if field.kind is FieldKind.SWITCH else word


def row_states(draft: Draft, advice: Sequence[Advice] = ()) -> dict[str, RowState]:
    """Return every field's look, by key; of its advice it bears the gravest."""
    parsed, problems, changed = draft.parsed(), draft.problems(), draft.changed
    plain = {
        field.key: _look(field, draft, parsed, problems, field.key in changed) for field in FIELDS
    }
    return {
        key: replace(
            _limited(look, draft.limits.get(key, "")),
            advice=most_severe(one for one in advice if one.field == key),
        )
        for key, look in plain.items()
    }


def password_location_state(draft: Draft) -> RowState:
    """Return the look of the row that tells where the password is kept."""
    password = draft.password
    look = RowState(
        chosen=password.location.value,
        is_default=password.is_default,
        note=DEFAULT if password.is_default else "",
        is_changed=password.changed,
        refused=refused_places(draft),
    )
    if draft.places == (password.location,):  # whatever is typed for a password, it stays there
        return replace(
            look, limit=escape_controls(f"{draft.application} has no other."), is_fixed=True
        )
    return _limited(look, draft.limits.get(PASSWORD, ""))


def refused_places(draft: Draft) -> dict[str, str]:
    """Return the places that the file's application has no way to name, each with the reason."""
    if not draft.places or draft.places == tuple(PasswordLocation):
        return {}
    known = ", ".join(draft.places)
    why = escape_controls(f"{draft.application} reads a password only from: {known}.")
    return {kind.value: why for kind in PasswordLocation if kind not in draft.places}


def default_words(field: Field, parsed: Mapping[str, Any]) -> str:
    """Name a field's default in words."""
    return field.default_text or _word(field, field.default(parsed))


def _limited(look: RowState, limit: str) -> RowState:
    """Let nobody edit what cannot be expressed; a change that was made can still be taken back."""
    return (
        replace(look, limit=escape_controls(limit), is_fixed=True)
        if limit and not look.is_changed
        else look
    )


def _look(
    field: Field,
    draft: Draft,
    parsed: Mapping[str, Any],
    problems: Mapping[str, str],
    is_changed: bool,
) -> RowState:
    problem = escape_controls(problems.get(field.key, ""))
    if field.key == PASSWORD:
        return _password_look(draft, problem, is_changed)
    raw = draft.raw(field.key)
    if raw is None and field.default_text == REQUIRED:
        problem = ""
    assumed = raw is None and draft.assumed(field.key) is not None
    default = _word(field, parsed[field.key]) if assumed else default_words(field, parsed)
    whose = ASSUMED if assumed else DEFAULT
    readable = raw is not None and field.problem_with(raw) is None
    note = _note(field, parsed) if raw is None or readable else ""
    if field.kind in (FieldKind.CHOICE, FieldKind.SWITCH):
        value = field.parse(raw) if readable else None
        chosen = default if raw is None else _word(field, value) if readable else None
        note = note or (whose if raw is None else "")
        return RowState(
            chosen=chosen,
            is_default=raw is None,
            note=note,
            problem=problem,
            is_changed=is_changed,
        )
    is_worded = bool(field.default_text) and not assumed
    placeholder = escape_controls(default) if is_worded else f"{escape_controls(default)}  {whose}"
    return RowState(
        text=text_of(raw),
        is_default=raw is None,
        placeholder=placeholder,
        note=note,
        problem=problem,
        is_changed=is_changed,
    )


def _password_look(draft: Draft, problem: str, is_changed: bool) -> RowState:
    password = draft.password
    return RowState(
        text=password.text,
        placeholder=escape_controls(password.placeholder),
        problem=problem,
        is_changed=is_changed,
        is_masked=password.is_masked,
        is_fixed=password.location is PasswordLocation.ASK,
    )


def _word(field: Field, value: object) -> str:
    if field.kind is FieldKind.SWITCH:
        return SWITCH[1] if value else SWITCH[0]
    return text_of(
        value.value if field.kind is FieldKind.CHOICE and hasattr(value, "value") else value
    )


def _note(field: Field, parsed: Mapping[str, Any]) -> str:
    """What a value means, where a number or a switch does not say it by itself."""
    match field.key:
        case "port":
            return PORT_NAMES.get(parsed["port"], "")
        case "timeout":
            return "seconds"
        case "starttls_auto" if parsed["encryption"] is not Encryption.NONE:
            return "only with none"
        case _:
            return ""
