"""The form: a row a field, made from the one field table, over the values being edited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from string import ascii_lowercase, digits
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.timer import Timer

from smtp_tui.diagnosis.advice import Advice, advise
from smtp_tui.settings.fields import BY_KEY, FIELDS, Field, FieldKind
from smtp_tui.tui.form.rows import MORE_LABEL, ChoiceRow, DisclosureRow, PasswordRow, Row, TextRow
from smtp_tui.tui.model.draft import PASSWORD, Draft
from smtp_tui.tui.model.file_context import FileContext
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.model.row_state import (
    choices_of,
    concerning,
    most_severe,
    password_location_state,
    raw_of,
    row_states,
)
from smtp_tui.tui.model.undo import UndoStack
from smtp_tui.tui.textual_compat import NoRepaintOnResize

KEPT = "kept"
REST = 0.6  # seconds without a key until problems and advice show; sooner they would flicker


def letters_of(topics: Iterable[str]) -> dict[str, str]:
    """Return a letter for each topic: the first of its name that is free, else any other.

    More rows than letters get digits, and after those nothing.
    """
    letters: dict[str, str] = {}
    for topic in topics:
        own = filter(str.isalpha, topic)
        free = (sign for sign in (*own, *ascii_lowercase, *digits) if sign not in letters.values())
        letters[topic] = next(free, "")
    return letters


@cache
def letters() -> dict[str, str]:
    """Return the letter that leads to each row of the form, the same each time."""
    return letters_of(topic for topic, _ in _layout())


def _layout() -> Iterator[tuple[str, Field | None]]:
    """Yield the rows from the top, with their fields; two of them show none."""
    for field in FIELDS:
        if not field.advanced:
            yield field.key, field
        if field.key == PASSWORD:
            yield KEPT, None
    yield MORE_LABEL, None
    yield from ((field.key, field) for field in FIELDS if field.advanced)


class Form(NoRepaintOnResize, VerticalScroll, can_focus=False):
    """All rows; hands edits to the draft, and the draft's states to the rows."""

    DEFAULT_CSS = """
    Form {
        height: auto;
        scrollbar-size: 0 0;
        .folded { display: none; }
        &.-unfolded .folded { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,shift+tab", "move(-1)", show=False),
        Binding("down,tab,enter", "move(1)", show=False),
    ]

    class Changed(Message):
        """A value changed."""

    class EditingPaused(Message):
        """Nothing was typed for a while, or the field was left."""

    class ChoiceRejected(Message):
        """A word was wanted that cannot be chosen, and why that is so."""

        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    class PasswordLocationChosen(Message):
        """Another place was chosen for the password."""

        def __init__(self, place: PasswordLocation) -> None:
            super().__init__()
            self.place = place

    def __init__(
        self, draft: Draft, file_context: FileContext | None = None, *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.draft = draft
        self.history = UndoStack()
        self._file_context = file_context
        self._advice: tuple[Advice, ...] = ()
        self._typing: str | None = None
        self._pause: Timer | None = None
        self._last: Row | None = None

    def compose(self) -> ComposeResult:
        """Make the rows."""
        for topic, field in _layout():
            if field is not None:
                yield _row(field)
            elif topic == KEPT:
                yield ChoiceRow(KEPT, "  Kept in", tuple(PasswordLocation))
            else:
                yield DisclosureRow()

    def on_mount(self) -> None:
        """Fill the rows and begin at the first; advice comes with `update_advice`."""
        self._load()
        self._go_to(self.current_row)
        # Where a row stands is known only when rows that came into sight are laid out.
        self.watch(self, "virtual_size", self._after_layout, init=False)

    @property
    def line_count(self) -> int:
        """How many rows there are to see."""
        return sum(1 for _ in self.rows())

    @property
    def current_row(self) -> Row:
        """The row under the cursor, or the one that was."""
        focused = self.screen.focused
        # While the log has the whole screen Textual looks for another place for the focus.
        if isinstance(focused, Row) and focused in self.children and self.region:
            self._last = focused
        return self._last or next(self.rows())

    def focus_last(self) -> None:
        """Bring the focus back to where it was."""
        self._go_to(self.current_row)

    def show_here(self) -> None:
        """Bring the row under the cursor into sight."""
        self.scroll_to_widget(self.current_row, animate=False)

    def rows(self, *, all_of_them: bool = False) -> Iterator[Row]:
        """Yield the rows that are unfolded, from the top."""
        for row in self.query_children(Row):
            if all_of_them or row.display:
                yield row

    def row(self, topic: str) -> Row:
        """Return the row of a topic, in sight or not."""
        return next(row for row in self.rows(all_of_them=True) if row.key == topic)

    def show_letters(self) -> list[tuple[str, str]]:
        """Show its letter at each row; return letter and label of those out of sight."""
        beyond, top = [], self.scroll_offset.y
        for row in self.rows(all_of_them=True):
            letter = letters()[row.key].upper()
            row.show_letter(letter)
            if not (row.display and top <= row.virtual_region.y < top + self.size.height):
                beyond.append((letter, row.label.strip()))
        return beyond

    def hide_letters(self) -> None:
        """Show the signs again that stood where the letters do."""
        for row in self.rows(all_of_them=True):
            row.show_letter("")

    def reload(self) -> None:
        """Show the draft as it is now, whatever was typed."""
        self._typing = None
        self.history.keep_to(self.draft.password)
        self._compute_advice()
        self._load()

    def update_advice(self) -> None:
        """Show problems and advice on the values that it began with."""
        if self._pause is None:  # else they show when the typing pauses
            self.commit_edit()

    def refresh_rows(self) -> None:
        """Show every row's state; problems and advice of what is typed wait for a pause."""
        states = row_states(self.draft, self._advice)
        states[KEPT] = password_location_state(self.draft)
        for row in self.rows(all_of_them=True):
            if (state := states.get(row.key)) is not None:
                is_typed = row.key == self._typing
                # A problem shown now would blame what is not finished.
                row.show(replace(state, problem="", advice=None) if is_typed else state)
        self._count_folded()

    def focus_field(self, topic: str) -> None:
        """Put the focus on a row, unfolding where it must."""
        row = self.row(topic)
        if topic in BY_KEY and BY_KEY[topic].advanced:
            self.unfold()
        self.commit_edit()
        self._go_to(row)

    def unfold(self, wanted: bool = True) -> None:
        """Show or hide the folded fields."""
        self.set_class(wanted, "-unfolded")
        self.query_exactly_one(DisclosureRow).open(wanted)
        self._count_folded()

    def advice_on(self, topic: str) -> list[Advice]:
        """Return the advice on a field as of the last pause."""
        if topic == MORE_LABEL:
            return [advice for advice in self._advice if BY_KEY[advice.field].advanced]
        return concerning(self._advice, PASSWORD if topic == KEPT else topic)

    def commit_edit(self) -> None:
        """Show the problem of the field that was typed in, and the advice that follows."""
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        self._typing = None
        self._compute_advice()
        self.refresh_rows()
        self.post_message(self.EditingPaused())

    def action_move(self, by: int) -> None:
        """Go to the next row, or the one before; after the last comes the first."""
        rows = list(self.rows())
        self._go_to(rows[(rows.index(self.current_row) + by) % len(rows)])

    def on_descendant_blur(self) -> None:
        """Commit what was typed there."""
        # What is typed after coming back is another step.
        self.history.close()
        if self._pause is not None:
            self.commit_edit()

    def on_text_row_edited(self, event: TextRow.Edited) -> None:
        """Put what is typed into the draft."""
        event.stop()
        self.history.type(self.draft, event.row.key, event.row.text)
        self._typing = event.row.key
        self._await_pause()
        self._changed()

    def on_password_row_emptied(self, event: PasswordRow.Emptied) -> None:
        """Forget the password that the file holds."""
        event.stop()
        if self.draft.password.is_masked:
            self.history.apply(self.draft, {}, self.draft.password.erase, at=PASSWORD)
            self._await_pause()
            self._changed()

    def on_choice_row_chosen(self, event: ChoiceRow.Chosen) -> None:
        """Put a choice into the draft."""
        event.stop()
        topic, word = event.row.key, event.word
        if topic == KEPT:
            self._move_password(word)
        else:
            raw = None if word is None else raw_of(BY_KEY[topic], word)
            self.history.apply(self.draft, {topic: raw}, at=topic)
            self._changed()
        self._await_pause()

    def on_choice_row_choice_rejected(self, event: ChoiceRow.ChoiceRejected) -> None:
        """Report why."""
        event.stop()
        self.post_message(self.ChoiceRejected(event.why))

    def on_disclosure_row_unfolded(self) -> None:
        """Show the folded fields, and as many of them as there is room for."""
        self.unfold()
        more = self.query_exactly_one(DisclosureRow)
        # The rows below it have no place before they are laid out.
        self.call_after_refresh(self.scroll_to_widget, more, animate=False, top=True)

    def on_disclosure_row_folded(self) -> None:
        """Hide them again."""
        self.unfold(False)

    def _load(self) -> None:
        for row in self.rows(all_of_them=True):
            if isinstance(row, TextRow):
                is_password = row.key == PASSWORD
                row.load(self.draft.password.text if is_password else self.draft.text(row.key))
        self.refresh_rows()

    def _after_layout(self) -> None:
        self.call_later(self.show_here)

    def _go_to(self, row: Row) -> None:
        # `Widget.focus` waits for the next callback: keys typed ahead would go astray.
        self._last = row
        self.screen.set_focus(row)

    def _move_password(self, word: str | None) -> None:
        password = self.draft.password

        def move() -> None:
            password.reset() if word is None else password.move_to(PasswordLocation(word))

        self.history.apply(self.draft, {}, move, at=KEPT)
        row = self.row(PASSWORD)
        if isinstance(row, TextRow):
            row.load(password.text)
        self._changed()
        # Last, for the change clears the message that there is no keyring.
        if word is not None:
            self.post_message(self.PasswordLocationChosen(password.location))

    def _compute_advice(self) -> None:
        context_advice: Iterable[Advice] = ()
        if self._file_context is not None:
            self._file_context.preview_effects(self.draft)
            context_advice = self._file_context.advice(self.draft)
        self._advice = (*context_advice, *advise(self.draft.values()))

    def _changed(self) -> None:
        self.refresh_rows()
        self.post_message(self.Changed())

    def _await_pause(self) -> None:
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(REST, self.commit_edit)

    def _count_folded(self) -> None:
        """Show on the row that unfolds them what there is in the folded fields."""
        count = sum(self.draft.raw(field.key) is not None for field in FIELDS if field.advanced)
        more = self.query_exactly_one(DisclosureRow)
        advice = None if more.is_open else most_severe(self.advice_on(MORE_LABEL))
        more.show(replace(more.state, note=f"{count} set" if count else "", advice=advice))


def _row(field: Field) -> Row:
    classes = "folded" if field.advanced else None
    if field.kind in (FieldKind.CHOICE, FieldKind.SWITCH):
        return ChoiceRow(field.key, field.label, choices_of(field), classes=classes)
    kind = PasswordRow if field.key == PASSWORD else TextRow
    return kind(field.key, field.label, classes=classes)
