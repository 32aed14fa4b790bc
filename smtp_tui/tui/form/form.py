"""The form: a row a field, made from the one field table, over the values being edited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.timer import Timer

from smtp_tui.diagnosis.advice import Advice, advise
from smtp_tui.settings.fields import BY_KEY, FIELDS, Field, FieldKind
from smtp_tui.tui.form.rows import MORE_LABEL, ChoiceRow, DisclosureRow, Row
from smtp_tui.tui.form.text_row import TextRow
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
REST = 0.6


class Form(NoRepaintOnResize, VerticalScroll, can_focus=False):
    """All rows; passes what the hand does on to the draft, and the draft's looks to the rows."""

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

    class FieldFocused(Message):
        """The focus came to a row, or what there is to say about it changed."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    class Changed(Message):
        """A value changed."""

    class EditingPaused(Message):
        """The hand rests, or left the field it was typing in."""

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
        self._file_context = file_context
        self.history = UndoStack()
        self._advice: tuple[Advice, ...] = ()
        self._typing: str | None = None
        self._rest: Timer | None = None
        self._last: Row | None = None

    def compose(self) -> ComposeResult:
        """Make the rows."""
        folded = [field for field in FIELDS if field.folded]
        for field in FIELDS:
            if field.folded:
                continue
            yield _row(field)
            if field.key == PASSWORD:
                yield ChoiceRow(KEPT, "  Kept in", tuple(PasswordLocation))
        yield DisclosureRow()
        for field in folded:
            yield _row(field, classes="folded")

    def on_mount(self) -> None:
        """Fill the rows and begin at the first; `weigh` tells what there is to say of them."""
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
        """Yield the rows that are in sight, from the top."""
        for row in self.query_children(Row):
            if all_of_them or row.display:
                yield row

    def is_in_sight(self, row: Row) -> bool:
        """Whether a row stands on the screen now."""
        top = self.scroll_offset.y
        return row.display and top <= row.virtual_region.y < top + self.size.height

    def row(self, topic: str) -> Row:
        """Return the row of a topic, in sight or not."""
        return next(row for row in self.rows(all_of_them=True) if row.topic == topic)

    def reload(self) -> None:
        """Show the draft as it is now, whatever was typed."""
        self._typing = None
        self.history.keep_to(self.draft.password)
        self._compute_advice()
        self._load()

    def update_advice(self) -> None:
        """Say what there is to say of the values that it began with."""
        if self._rest is None:  # a hand that types already will rest
            self.commit_edit()

    def _load(self) -> None:
        for row in self.rows(all_of_them=True):
            if isinstance(row, TextRow):
                row.load(self._text(row.topic))
        self.refresh_rows()

    def refresh_rows(self) -> None:
        """Give every row its look; problems and advice are told when the hand rests."""
        everything = row_states(self.draft, self._advice)
        everything[KEPT] = password_location_state(self.draft)
        for row in self.rows(all_of_them=True):
            look = everything.get(row.topic)
            if look is not None:
                is_typed = row.topic == self._typing
                row.show(replace(look, problem="", advice=None) if is_typed else look)
        self._count_folded()

    def focus_field(self, topic: str) -> None:
        """Put the focus on a row, unfolding where it must."""
        row = self.row(topic)
        if topic in BY_KEY and BY_KEY[topic].folded:
            self.unfold()
        self.commit_edit()
        self._go_to(row)

    def unfold(self, wanted: bool = True) -> None:
        """Show or hide the folded fields."""
        self.set_class(wanted, "-unfolded")
        self.query_exactly_one(DisclosureRow).open(wanted)
        self._count_folded()

    def advice_on(self, topic: str) -> list[Advice]:
        """Return what there was to say about a field when the hand last rested."""
        if topic == MORE_LABEL:
            return [one for one in self._advice if BY_KEY[one.field].folded]
        return concerning(self._advice, PASSWORD if topic == KEPT else topic)

    def commit_edit(self) -> None:
        """Tell the problem of the field that was typed in, and the advice that follows."""
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        self._typing = None
        self._compute_advice()
        self.refresh_rows()
        self.post_message(self.EditingPaused())

    def action_move(self, by: int) -> None:
        """Go to the next row, or the one before; after the last comes the first."""
        rows = list(self.rows())
        self._go_to(rows[(rows.index(self.current_row) + by) % len(rows)])

    def on_row_entered(self, event: Row.Entered) -> None:
        """Tell which row is visited."""
        event.stop()
        self.post_message(self.FieldFocused(event.row))

    def on_row_left(self, event: Row.Left) -> None:
        """Take what was typed as meant."""
        event.stop()
        self.history.close()
        if self._rest is not None:
            self.commit_edit()

    def on_text_row_edited(self, event: TextRow.Edited) -> None:
        """Take what is typed."""
        event.stop()
        if event.row.topic == PASSWORD:
            self.history.type_password(self.draft, event.row.text)
        else:
            self.history.type(self.draft, event.row.topic, event.row.text)
        self._typing = event.row.topic
        self._await_rest()
        self._changed()

    def on_text_row_emptied(self, event: TextRow.Emptied) -> None:
        """Forget the password that the file holds."""
        event.stop()
        if event.row.topic == PASSWORD and self.draft.password.is_masked:
            self.history.change_password(self.draft, PASSWORD, self.draft.password.erase)
            self._await_rest()
            self._changed()

    def on_choice_row_chosen(self, event: ChoiceRow.Chosen) -> None:
        """Take a choice."""
        event.stop()
        if event.row.topic == KEPT:
            self._keep(event.word)
        else:
            field = BY_KEY[event.row.topic]
            raw = None if event.word is None else raw_of(field, event.word)
            self.history.choose(self.draft, field.key, raw)
            self._changed()
        self._await_rest()

    def on_choice_row_choice_rejected(self, event: ChoiceRow.ChoiceRejected) -> None:
        """Tell why."""
        event.stop()
        self.post_message(self.ChoiceRejected(event.why))

    def on_disclosure_row_unfolded(self) -> None:
        """Show the folded fields, and as many of them as there is room for."""
        self.unfold()
        more = self.query_exactly_one(DisclosureRow)
        self.call_after_refresh(self.scroll_to_widget, more, animate=False, top=True)

    def on_disclosure_row_folded(self) -> None:
        """Hide them again."""
        self.unfold(False)

    def _after_layout(self) -> None:
        self.call_later(self.show_here)

    def _go_to(self, row: Row) -> None:
        """Move the focus at once: `Widget.focus` waits, and keys typed ahead would go astray."""
        self._last = row
        self.screen.set_focus(row)

    def _keep(self, word: str | None) -> None:
        password = self.draft.password

        def keep() -> None:
            password.reset() if word is None else password.move_to(PasswordLocation(word))

        self.history.change_password(self.draft, KEPT, keep)
        row = self.row(PASSWORD)
        if isinstance(row, TextRow):
            row.load(password.text)
        self._changed()
        # Last, for what is said of the new place would be wiped out by the change.
        if word is not None:
            self.post_message(self.PasswordLocationChosen(password.location))

    def _compute_advice(self) -> None:
        """Work out what there is to say of the values, and of what is around them."""
        around: Iterator[Advice] = iter(())
        if self._file_context is not None:
            self._file_context.preview_effects(self.draft)
            around = self._file_context.advice(self.draft)
        self._advice = (*around, *advise(self.draft.values()))

    def _text(self, topic: str) -> str:
        return self.draft.password.text if topic == PASSWORD else self.draft.text(topic)

    def _changed(self) -> None:
        self.refresh_rows()
        self.post_message(self.Changed())

    def _await_rest(self) -> None:
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST, self.commit_edit)

    def _count_folded(self) -> None:
        """Say on the row that unfolds them what there is in the folded fields."""
        count = sum(self.draft.raw(field.key) is not None for field in FIELDS if field.folded)
        more = self.query_exactly_one(DisclosureRow)
        told = None if more.is_open else most_severe(self.advice_on(MORE_LABEL))
        more.show(replace(more.look, note=f"{count} set" if count else "", advice=told))


def _row(field: Field, *, classes: str | None = None) -> Row:
    if field.kind in (FieldKind.CHOICE, FieldKind.SWITCH):
        return ChoiceRow(field.key, field.label, choices_of(field), classes=classes)
    return TextRow(field.key, field.label, classes=classes)
