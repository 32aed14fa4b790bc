"""The form: one row per field of the field table, showing and editing a draft."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from string import ascii_lowercase, digits
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.timer import Timer

from smtp_tui.config.paths import PEM_FIELDS
from smtp_tui.diagnosis.advice import Advice
from smtp_tui.diagnosis.experiments import TriedEncryptions
from smtp_tui.settings.fields import BY_KEY, FIELDS, FieldKind
from smtp_tui.tui.form.choice_row import ChoiceRow
from smtp_tui.tui.form.rows import (
    MORE_LABEL,
    DisclosureRow,
    PasswordRow,
    PathRow,
    Row,
    TextRow,
)
from smtp_tui.tui.model.draft import PASSWORD, SettingsDraft
from smtp_tui.tui.model.file_context import OpenFileContext
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.model.row_state import (
    KEPT,
    KEPT_LABEL,
    NO_FAULTS,
    RowState,
    choices_of,
    concerning,
    most_severe,
    password_location_state,
    raw_of,
    row_keys,
    row_states,
)
from smtp_tui.tui.model.undo import UndoStack
from smtp_tui.tui.textual_compat import NoRepaintOnResize

_ROW_KEYS = (*row_keys(advanced=False), MORE_LABEL, *row_keys(advanced=True))
PAUSE = 0.6  # seconds without a key until problems and advice show; with fewer they flicker


def letters_of(keys: Iterable[str]) -> dict[str, str]:
    """Return a letter for each row: the first free letter of its key, else any free letter.

    When the letters run out, rows get digits, then "".
    """
    letters: dict[str, str] = {}
    for key in keys:
        own = filter(str.isalpha, key)
        free = (char for char in (*own, *ascii_lowercase, *digits) if char not in letters.values())
        letters[key] = next(free, "")
    return letters


@cache
def letters() -> dict[str, str]:
    """Return the letter that jumps to each row of the form, by row key."""
    return letters_of(_ROW_KEYS)


def _row(key: str) -> Row:
    if key == KEPT:
        return ChoiceRow(KEPT, f"  {KEPT_LABEL}", tuple(PasswordLocation))
    field = BY_KEY[key]
    if field.kind in (FieldKind.CHOICE, FieldKind.SWITCH):
        return ChoiceRow(key, field.label, choices_of(field))
    kind = PasswordRow if key == PASSWORD else PathRow if key in PEM_FIELDS else TextRow
    return kind(key, field.label)


class Form(NoRepaintOnResize, VerticalScroll, can_focus=False):
    """All rows; writes edits to the draft and shows the draft's state in the rows."""

    DEFAULT_CSS = """
    Form {
        height: auto;
        scrollbar-size: 0 0;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,shift+tab", "move(-1)", show=False),
        Binding("down,tab,enter", "move(1)", show=False),
    ]

    class Changed(Message):
        """The row `key` was edited and a value changed.

        `left_out` says what a paste did not insert.
        """

        def __init__(self, key: str, left_out: str) -> None:
            super().__init__()
            self.key, self.left_out = key, left_out

    class EditingPaused(Message):
        """Typing paused, or the field lost the focus."""

    def __init__(
        self, draft: SettingsDraft, file_context: OpenFileContext, *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.draft = draft
        self.history = UndoStack()
        self._file_context = file_context
        self._more = DisclosureRow()
        self._rows = {key: self._more if key == MORE_LABEL else _row(key) for key in _ROW_KEYS}
        # The admin's own choice; None while the size of the window decides.
        self._wants_all: bool | None = None
        self._show_all(False)
        self._last = next(iter(self._rows.values()))
        for row in self._rows.values():
            if isinstance(row, PathRow):
                row.folder = file_context.folder
        self._advice: tuple[Advice, ...] = ()
        self._tried: TriedEncryptions | None = None
        self._faults: Mapping[str, str] = NO_FAULTS
        self._typing: str | None = None
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        """Yield the rows."""
        yield from self._rows.values()

    def on_mount(self) -> None:
        """Fill the rows and focus the first; `update_advice` adds the advice."""
        self._load()
        self._go_to(self.current_row)
        # A row's position is known only after newly visible rows are laid out.
        self.watch(self, "virtual_size", self._after_layout, init=False)

    @property
    def line_count(self) -> int:
        """The number of displayed rows."""
        return len(self._shown_rows())

    @property
    def shown_keys(self) -> list[str]:
        """The keys of the displayed rows, from top to bottom."""
        return [row.key for row in self._shown_rows()]

    @property
    def row_count(self) -> int:
        """The number of rows with the advanced fields."""
        return len(self._rows)

    @property
    def current_row(self) -> Row:
        """The focused row, or the one focused last."""
        focused = self.screen.focused
        # While the log fills the screen, Textual moves the focus to another widget.
        if isinstance(focused, Row) and focused in self.children and self.region:
            self._last = focused
        return self._last

    def state_of(self, key: str) -> RowState:
        """Return what a row shows."""
        return self._rows[key].state

    def focus_last(self) -> None:
        """Focus the row that had the focus last; scroll to it once the form has its new height."""
        self._go_to(self.current_row, scrolls=False)
        self.call_after_refresh(self._show_current_row)

    def rest(self) -> None:
        """Let no key edit the current row before the admin moves, or presses Enter."""
        self.current_row.is_at_rest = True

    def show_letters(self) -> list[tuple[str, str]]:
        """Show each row's letter; return (letter, label) of the rows scrolled or folded away."""
        hidden, top = [], self.scroll_offset.y
        for key, row in self._rows.items():
            letter = letters()[key].upper()
            row.show_letter(letter)
            if not (row.display and top <= row.virtual_region.y < top + self.size.height):
                hidden.append((letter, row.label.strip()))
        return hidden

    def hide_letters(self) -> None:
        """Show the rows' signs again in place of the letters."""
        for row in self._rows.values():
            row.show_letter("")

    def reload(self) -> None:
        """Show the draft as it is now, replacing what was typed."""
        self._typing = None
        self.history.keep_to(self.draft.password)
        self._compute_advice()
        self._load()

    def update_advice(self) -> None:
        """Show problems and advice, unless an edit is pending."""
        if self._pause is None:  # else they show when typing pauses
            self.commit_edit()

    def show_tried(self, tried: TriedEncryptions | None) -> None:
        """Keep the advice from contradicting what was tried."""
        if tried != self._tried:
            self._tried = tried
            self._compute_advice()
            self.refresh_rows()

    def show_faults(self, faults: Mapping[str, str]) -> None:
        """Mark the fields that the last test found wrong, each with a few words; {} for none."""
        if faults != self._faults:
            self._faults = faults
            self.refresh_rows()

    def refresh_rows(self) -> None:
        """Show every row's state; the row being typed in shows no problem or advice."""
        states = row_states(self.draft, self._advice, self._faults)
        trouble = self._file_context.keyring_trouble
        states[KEPT] = password_location_state(self.draft, trouble[0] if trouble else "")
        for key, state in states.items():
            # An unfinished value is not wrong yet.
            is_typed = key == self._typing
            shown = replace(state, problem="", fault="", advice=None) if is_typed else state
            self._rows[key].show(shown)
        self._count_folded()

    def focus_field(self, key: str) -> None:
        """Focus a row, unfolding the advanced fields if it is one of them."""
        if key in BY_KEY and BY_KEY[key].advanced:
            self.unfold()
        self.commit_edit()
        self._go_to(self._rows[key])

    @property
    def password_row(self) -> PasswordRow:
        """The row of the password, or of the name of its place."""
        row = self._rows[PASSWORD]
        assert isinstance(row, PasswordRow)
        return row

    def unfold(self, wanted: bool = True) -> None:
        """Show or hide the advanced fields."""
        if wanted != self._more.is_open:
            self._show_all(wanted)
            self._count_folded()

    def adapt(self, *, fits_all: bool) -> None:
        """Show the advanced fields where all fit, unless the admin chose otherwise."""
        is_on_one = self._last.key in BY_KEY and BY_KEY[self._last.key].advanced
        wants_all = fits_all if self._wants_all is None else self._wants_all
        self.unfold(wants_all or is_on_one)

    def _show_all(self, wanted: bool) -> None:
        self._more.open(wanted)
        for key, row in self._rows.items():
            if key in BY_KEY and BY_KEY[key].advanced:
                row.display = wanted

    def advice_on(self, key: str) -> list[Advice]:
        """Return the advice on a row, as of the last typing pause."""
        if key == MORE_LABEL:
            return [advice for advice in self._advice if BY_KEY[advice.field].advanced]
        return concerning(self._advice, PASSWORD if key == KEPT else key)

    def commit_edit(self) -> None:
        """End the edit: update advice and show the problems of the field that was typed in."""
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        self._typing = None
        self._compute_advice()
        self.refresh_rows()
        self.post_message(self.EditingPaused())

    def action_move(self, by: int) -> None:
        """Move the focus by `by` rows, wrapping around at both ends."""
        rows = self._shown_rows()
        self._go_to(rows[(rows.index(self.current_row) + by) % len(rows)])

    def on_descendant_blur(self) -> None:
        """Commit the edit of the row that lost the focus."""
        # Typing after the focus returns is a new undo step.
        self.history.close()
        if self._pause is not None:
            self.commit_edit()

    def on_text_row_edited(self, event: TextRow.Edited) -> None:
        """Write the typed text to the draft."""
        event.stop()
        self._typing = event.row.key
        self.history.type(self.draft, event.row.key, event.row.text)
        self._show_edit(event.row.key, event.row.left_out)

    def on_password_row_emptied(self, event: PasswordRow.Emptied) -> None:
        """Erase the password that the file holds."""
        event.stop()
        if self.draft.password.is_masked:
            self.history.apply(self.draft, {}, self.draft.password.erase, at=PASSWORD)
            self._show_edit(PASSWORD)

    def on_choice_row_chosen(self, event: ChoiceRow.Chosen) -> None:
        """Write a choice to the draft."""
        event.stop()
        key, word, password = event.row.key, event.word, self.draft.password
        if key == KEPT:
            edit = partial(password.move_to, PasswordLocation(word)) if word else password.reset
            self.history.apply(self.draft, {}, edit, at=KEPT)
            self._load_row(PASSWORD)
        else:
            raw = None if word is None else raw_of(BY_KEY[key], word)
            self.history.apply(self.draft, {key: raw}, at=key)
        self._show_edit(key)

    def on_disclosure_row_toggled(self, event: DisclosureRow.Toggled) -> None:
        """Show the advanced fields, scrolling to as many as fit, or hide them."""
        event.stop()
        self._wants_all = event.is_open
        self.unfold(event.is_open)
        if event.is_open:
            # The rows below have no position until they are laid out.
            self.call_after_refresh(self.scroll_to_widget, self._more, animate=False, top=True)

    def _shown_rows(self) -> list[Row]:
        return [row for row in self._rows.values() if row.display]

    def _load(self) -> None:
        for key in self._rows:
            self._load_row(key)
        self.refresh_rows()

    def _load_row(self, key: str) -> None:
        row = self._rows[key]
        if isinstance(row, TextRow):
            row.load(self.draft.password.text if key == PASSWORD else self.draft.text(key))

    def on_resize(self) -> None:
        """Keep the focused row in view."""
        self._after_layout()

    def _after_layout(self) -> None:
        self.call_later(self._show_current_row)

    def _show_current_row(self) -> None:
        """Scroll to the row with the focus; while the log has it, the rows stay where they are."""
        if self.current_row.has_focus:
            self.scroll_to_widget(self.current_row, animate=False)

    def _go_to(self, row: Row, *, scrolls: bool = True) -> None:
        # `Widget.focus` waits for the next callback: keys typed ahead would reach the old row.
        self._last.is_at_rest = row.is_at_rest = False
        self._last = row
        self.screen.set_focus(row, scroll_visible=scrolls)

    def _compute_advice(self) -> None:
        self._file_context.preview_effects(self.draft)
        self._advice = self._file_context.advice(self.draft, self._tried)

    def _show_edit(self, key: str, left_out: str = "") -> None:
        """Show an edit at once, and its problems after a pause."""
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE, self.commit_edit)
        self.refresh_rows()
        self.post_message(self.Changed(key, left_out))

    def _count_folded(self) -> None:
        """Show how many advanced fields are set, and their worst advice, on the disclosure row."""
        count = sum(self.draft.raw(field.key) is not None for field in FIELDS if field.advanced)
        advice = None if self._more.is_open else most_severe(self.advice_on(MORE_LABEL))
        wrong = [BY_KEY[key].label for key in self._faults if BY_KEY[key].advanced]
        fault = wrong[0] if wrong and not self._more.is_open else ""
        note = f"{count} set" if count else ""
        self._more.show(replace(self._more.state, note=note, advice=advice, fault=fault))
