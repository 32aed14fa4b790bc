"""The list of all choices of a field, filtered while typing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType

from smtp_tui.tui.commands import command_named, key_of, with_help
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.form.choice_row import ChoiceRow
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.choices import Choice, choices, is_same_server
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.style import BAD, DIM, PLAIN, STRONG, Span, truncate
from smtp_tui.tui.test_pane.pane import TestPane
from smtp_tui.tui.widgets.dialog import TAKE, Dialog
from smtp_tui.tui.widgets.filtered_list import FilteredList
from smtp_tui.tui.widgets.list import ListView
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, plain

_GAP = 2
_MEANING_LINES = 3
# Title, find line, the line above the dialog, its key hints, and two lines of the form.
_AROUND = 6


class ChoiceList(ListView[Choice]):
    """The words, their meanings, and whether the last test's server offered them."""

    def __init__(self, choices: Sequence[Choice], current: int, *, is_default: bool) -> None:
        super().__init__(choices, max(current, 0))
        self._chosen = choices[current] if current >= 0 else None
        self._is_default = is_default
        # The meaning of the word under the cursor stands below.
        self.is_explained = True
        # The columns stay put while the list shrinks.
        self._word_width = max(len(choice.word) for choice in choices) + 2 + _GAP
        self._summary_width = max(cell_len(choice.summary) for choice in choices) + _GAP
        self._side_width = max(len(choice.availability) for choice in choices)

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield word, summary and availability, without summaries if they would be cut."""
        room = width - self._word_width - self._side_width
        if self.is_explained and room < self._summary_width - _GAP:
            room = 0
        for choice in self.rows:
            word, style = self._word(choice)
            summary = truncate(choice.summary, min(room, self._summary_width) - _GAP)
            columns = word.ljust(self._word_width), summary.ljust(min(room, self._summary_width))
            yield (list(zip((*columns, choice.availability), (style, DIM, style), strict=True)),)

    def _word(self, choice: Choice) -> Span:
        if choice == self._chosen:
            return (f"({choice.word})" if self._is_default else f"‹{choice.word}›"), STRONG
        is_usable = not choice.refusal and choice.offered is not False
        return f" {choice.word} ", PLAIN if is_usable else DIM


EXPLAIN = ""


class ChoicesDialog(Dialog[str | None]):
    """Asks for one of a field's words; returns it, EXPLAIN for the field's page, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        (TAKE, "take"),
        *bindings([command_named("explain")]),
        ("escape", "leave"),
        ("shift+tab", "go(-1)"),
        ("tab", "go(1)"),
    ]

    def __init__(self, label: str, listed: Sequence[Choice], state: RowState) -> None:
        words = [choice.word for choice in listed]
        current = words.index(state.chosen) if state.chosen in words else -1
        self._rows = ChoiceList(listed, current, is_default=state.is_default)
        self._list = FilteredList(self._rows, lambda choice: f"{choice.word} {choice.meaning}")
        self._state, self._count = state, len(listed)
        self._meaning = TextPage()
        self._meaning.styles.height = _MEANING_LINES
        take, choose, back = (text("hints", name) for name in ("take", "choose", "back"))
        page = key_of("explain"), command_named("explain").label
        hints = with_help((("Enter", take), ("Up Down", choose), page, ("Esc", back)))
        head = TextPage([plain(label, STRONG)])
        super().__init__(head, self._list, self._meaning, hints=hints, flexible=self._list)

    def on_mount(self) -> None:
        """Describe the word in force."""
        self._show()

    def on_resize(self) -> None:
        """Show the meaning if the whole list still fits."""
        has_room = self.size.height >= self._count + _AROUND + _MEANING_LINES
        self._meaning.display = self._rows.is_explained = has_room

    def on_filtered_list_moved(self) -> None:
        """Describe the word under the cursor."""
        self._show()

    def action_take(self) -> None:
        """Return the chosen word; where it cannot be used, only if the form must say why."""
        choice = self._list.chosen
        if choice is not None and (
            choice.word not in self._state.refused or not self._meaning.display
        ):
            self.dismiss(choice.word)

    def action_go(self, by: int) -> None:
        """Move by words."""
        self._list.action_go(by)

    def action_explain(self) -> None:
        """Close the list, for the page of the field."""
        self.dismiss(EXPLAIN)

    def _show(self) -> None:
        choice = self._list.chosen
        if choice is None:
            self._meaning.show([])
            return
        # Why a word cannot be used here matters more than what it means elsewhere.
        said: Span = (choice.refusal, BAD) if choice.refusal else (choice.meaning, PLAIN)
        self._meaning.show([TextBlock(((f"{choice.word}: ", STRONG), said), gap=False)])


def list_choices(
    row: ChoiceRow, draft: SettingsDraft, test_pane: TestPane, explain: Callable[[], None]
) -> None:
    """List the words of a row, to choose one; F3 calls `explain`."""
    last, done = test_pane.last_test, test_pane.done
    is_known = last and done and is_same_server(done.settings, draft)
    facts = last.facts if last and is_known else None

    def on_result(word: str | None) -> None:
        if word == EXPLAIN:
            explain()
        elif word is not None:
            row.choose(word)

    listed = choices(row.key, row.words, row.state, facts)
    row.app.push_screen(ChoicesDialog(row.label.strip(), listed, row.state), on_result)
