"""The rows of the form as prompts and lines, and what they accept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from smtp_tui.diagnosis.advice import Advice, Severity
from smtp_tui.diagnosis.field_notes import observations_of, value_note
from smtp_tui.records import record
from smtp_tui.safe_text import mask_credentials, shortened
from smtp_tui.settings.fields import BY_KEY, FieldKind
from smtp_tui.settings.schema import explanation
from smtp_tui.tui.model.choices import choices
from smtp_tui.tui.model.draft import PASSWORD, SettingsDraft
from smtp_tui.tui.model.file_context import OpenFileContext
from smtp_tui.tui.model.password import BULLETS, PasswordLocation
from smtp_tui.tui.model.row_state import (
    KEPT,
    KEPT_LABEL,
    KEPT_SUMMARY,
    RowState,
    choices_of,
    concerning,
    password_location_state,
    raw_of,
    row_keys,
    row_states,
)
from smtp_tui.tui.model.session import LastTest

TIMEOUT = "timeout"
SIGNS = {Severity.ERROR: "!", Severity.WARNING: "?", Severity.NOTE: "i"}
_CHOICES = (FieldKind.CHOICE, FieldKind.SWITCH)


KEYS = (*row_keys(advanced=False), *row_keys(advanced=True))
FIRST_ADVANCED = len([*row_keys(advanced=False)])


def label_of(key: str) -> str:
    """Return a row's label."""
    return KEPT_LABEL if key == KEPT else BY_KEY[key].label


def row_named(text: str) -> int | None:
    """Return the index of the row with this number, key or label, or a unique start of it."""
    wanted = text.strip().casefold()
    if wanted.isdecimal():
        return int(wanted) - 1 if 1 <= int(wanted) <= len(KEYS) else None
    names = [(key, label_of(key).casefold()) for key in KEYS]
    for matches in (
        [index for index, row in enumerate(names) if wanted in row],
        [index for index, row in enumerate(names) if any(n.startswith(wanted) for n in row)],
        # One word of a label is enough: `port`, `password`.
        [index for index, (_, label) in enumerate(names) if wanted in label.split()],
    ):
        if wanted and len(matches) == 1:
            return matches[0]
    return None


def choices_at(key: str) -> tuple[str, ...]:
    """Return the values that a row offers; empty if it accepts any text."""
    if key == KEPT:
        return tuple(PasswordLocation)
    return choices_of(BY_KEY[key]) if BY_KEY[key].kind in _CHOICES else ()


def choice_typed(key: str, text: str) -> str | None:
    """Return the choice with this number or name, or a unique start of it; else None."""
    words, wanted = choices_at(key), text.strip().casefold()
    if wanted.isdecimal():
        return words[int(wanted) - 1] if 1 <= int(wanted) <= len(words) else None
    if wanted in words:
        return wanted
    if key != KEPT and BY_KEY[key].problem_with(wanted) is None:
        parsed = BY_KEY[key].parse(wanted)
        for word in words:
            if BY_KEY[key].parse(raw_of(BY_KEY[key], word)) == parsed:
                return word
    matches = [word for word in words if word.startswith(wanted)]
    return matches[0] if len(matches) == 1 else None


@record
class FormRows:
    """The state of every row and the advice on them, at one moment."""

    states: dict[str, RowState]
    advice: tuple[Advice, ...]
    draft: SettingsDraft

    def value(self, key: str) -> str:
        """Return a row's value as a line shows it, and its note."""
        state = self.states[key]
        if state.is_masked and state.text:
            return "typed, not saved yet"
        shown = state.chosen or state.text or state.placeholder
        if state.chosen is None and choices_at(key):
            shown = self.draft.text(key)  # no value that this row knows
        # After two blanks: whose default the value is, or where the password goes.
        value, _, origin = shown.replace(BULLETS, "set").partition("  ")
        joint = " " if key == TIMEOUT or state.note.startswith("(") else ", "
        noted = f"{value}{joint}{state.note}" if state.note else value
        return shortened(mask_credentials(" ".join(f"{noted} {origin}".split())))

    def prompt(self, index: int) -> str:
        """Return the prompt of a row."""
        key, note = KEYS[index], ""
        if key == PASSWORD:
            location = self.draft.password.location
            note = ", not echoed" if self.states[key].is_masked else f", kept in: {location}"
        shown, mark = self.value(key), self._mark(key)
        # The placeholder of an empty field already shows what to type.
        if mark and mark[0] != "i" and (self.states[key].text or choices_at(key)):
            shown = f"{shown}; {mark}"
        return f"{index + 1} {label_of(key)}{note} [{shown}]: "

    def line(self, index: int) -> str:
        """Return a row's line in the list: a sign, its number, label, value and mark."""
        key = KEYS[index]
        sign = "*" if self.states[key].is_changed else " "
        mark = self._mark(key)
        return f"{sign}{index + 1:2} {label_of(key)}: {self.value(key)}{mark and f'  {mark}'}"

    def _mark(self, key: str) -> str:
        """Return a sign and what is wrong or noteworthy, in a few words; or ""."""
        state = self.states[key]
        if fault := state.problem or state.fault:
            return f"! {fault}"
        return f"{SIGNS[state.advice.severity]} {state.advice.short}" if state.advice else ""


def form_rows(
    draft: SettingsDraft, file_context: OpenFileContext, last: LastTest | None
) -> FormRows:
    """Compute the state of every row after the last test."""
    file_context.preview_effects(draft)
    tried, faults = (last.done.tried, last.faults) if last else (None, {})
    advice = file_context.advice(draft, tried)
    states = row_states(draft, advice, faults)
    states[KEPT] = password_location_state(draft)
    return FormRows(states, advice, draft)


def explanation_lines(key: str, rows: FormRows, last: LastTest | None) -> Iterator[str]:
    """Yield a row's summary, choices, current meaning, last finding and advice."""
    state, draft = rows.states[key], rows.draft
    summary = KEPT_SUMMARY if key == KEPT else BY_KEY[key].summary
    yield f"{label_of(key)}: {summary}"
    facts = last.facts if last and not last.is_stale else None
    for number, choice in enumerate(choices(key, choices_at(key), state, facts), 1):
        known = ", ".join(filter(None, (choice.summary, choice.availability)))
        yield f"{number} {choice.word}{f': {known}' if known else ''}"
    field = PASSWORD if key == KEPT else key
    if state.limit:
        yield f"Cannot be set here. {state.limit}"
    elif state.refused:
        yield f"Unavailable: {', '.join(state.refused)}. {next(iter(state.refused.values()))}"
    if note := value_note(field, draft.values()):
        yield f"Now: {note}"
    if last and (found := observations_of(field, last.facts, last.verdict)):
        yield f"{'Last test, before your change' if last.is_stale else 'Last test'}: {found}"
    if state.problem:
        yield f"! {state.problem}"
    yield from map(advice_line, concerning(rows.advice, field))


def advice_line(advice: Advice) -> str:
    """Return an advice in full."""
    more = f" {advice.more}" if advice.more else ""
    return f"{SIGNS[advice.severity]} {BY_KEY[advice.field].label}: {advice.text}{more}"


def page_paragraphs(key: str) -> Iterator[tuple[str, str, str]]:
    """Yield the paragraphs of a field's page, each with the indent of its first and other lines."""
    paragraph: list[str] = []
    is_code = False
    for line in (*explanation(PASSWORD if key == KEPT else key).splitlines(), ""):
        is_fence = line.startswith("```")
        starts = not line or is_fence or line.startswith(("#", "- ")) or is_code
        if starts and paragraph:
            yield _paragraph(paragraph)
            paragraph = []
        if is_fence:
            is_code = not is_code
        elif is_code:
            yield line, "    ", "    "
        elif line.startswith("#"):
            yield "", "", ""
            yield line.lstrip("# "), "", ""
        elif line:
            paragraph.append(line)


def _paragraph(lines: Sequence[str]) -> tuple[str, str, str]:
    text = re.sub(r"`([^`]+)`|\*\*([^*]+)\*\*", r"\1\2", " ".join(map(str.strip, lines)))
    return (text[2:], "- ", "  ") if text.startswith("- ") else (text, "", "")
