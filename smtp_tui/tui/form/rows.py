"""The rows of the form: sign, label, value and note in one line, each drawn by one widget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message

from smtp_tui.diagnosis.advice import Severity
from smtp_tui.settings.fields import FIELDS
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.style import (
    ACCENT,
    BAD,
    CURSOR,
    DIM,
    FOCUS,
    PLAIN,
    STRONG,
    WARNING,
    Span,
    truncate,
)
from smtp_tui.tui.widgets.line import SingleLineWidget
from smtp_tui.tui.widgets.line_editor import LineEditor

SIGNS: dict[Severity, tuple[str, Style]] = {
    Severity.ERROR: ("!", BAD),
    Severity.WARNING: ("?", WARNING),
    Severity.NOTE: ("i", ACCENT),
}
LABEL_WIDTH = max(len(field.label) for field in FIELDS)
GAP = 2
SIGN_WIDTH = GAP + 1


class RowMessage(Message):
    """Something happened in a row."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.row = row


class Row(SingleLineWidget, can_focus=True):
    """One setting in one line."""

    def __init__(
        self,
        key: str,
        label: str,
        *,
        label_width: int = LABEL_WIDTH,
        classes: str | None = None,
    ) -> None:
        super().__init__(classes=classes)
        self._head_width = label_width + GAP
        self.key = key
        self.label = label
        self.state = RowState()
        self.letter = ""

    @property
    def value_at(self) -> int:
        """The column that the value begins in."""
        return 1 + self._head_width

    def show(self, state: RowState) -> None:
        """Show another state."""
        self.state = state
        self.repaint()

    def show_letter(self, letter: str) -> None:
        """Show the letter that leads here in place of the sign; an empty one takes it away."""
        self.letter = letter
        self.repaint()

    def spans(self, width: int) -> list[Span]:
        """Return sign and label, the value, and what fits of problem, note and advice."""
        state, room = self.state, width - self.value_at
        if state.limit:
            # What counts and why it cannot be set, all in grey.
            shown = escape_controls(mask_credentials(state.chosen or state.text))
            text = f"{shown}  {state.limit}" if shown else state.limit
            return [*self._head(), (truncate(text, room), DIM)]
        # The sign of an advice always shows.
        value, used = self.value_spans(room - (SIGN_WIDTH if state.advice else 0))
        return [*self._head(), *value, *self._tail(room - used)]

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the value, and how many of `width` cells it takes."""
        raise NotImplementedError

    @property
    def gap(self) -> str:
        """What stands between the value and its note."""
        return "  "

    @property
    def hides_problem(self) -> bool:
        """Whether the line has no room to say what is wrong."""
        if not self.state.problem:
            return False
        room = self.size.width - self.value_at
        # Gap, sign and a blank take four cells.
        return cell_len(self.state.problem) + 4 > room - self.value_spans(room)[1]

    def watch_has_focus(self, has_focus: bool) -> None:
        """Mark or unmark the line."""
        super().watch_has_focus(has_focus)
        self.repaint()

    def _head(self) -> list[Span]:
        label = self.label.ljust(self._head_width)
        if self.letter:
            return [(self.letter, CURSOR), (label, FOCUS if self.has_focus else PLAIN)]
        if self.has_focus:
            return [(">", FOCUS), (label, FOCUS)]
        if self.state.limit:
            return [(" ", PLAIN), (label, DIM)]
        if self.state.problem:
            return [("!", BAD), (label, PLAIN)]
        return [("*", ACCENT) if self.state.is_changed else (" ", PLAIN), (label, PLAIN)]

    def _tail(self, room: int) -> list[Span]:
        """Return the problem, or note and advice, as much as there is room for; a sign always."""
        state, gap = self.state, self.gap
        if state.problem:
            whole = f"{gap}! {state.problem}"
            # The gap counts as two cells here: where the cursor stands must not decide.
            return [(whole if cell_len(state.problem) + 4 <= room else f"{gap}!", BAD)]
        note = f"{gap}{state.note}" if state.note else ""
        if state.advice is None:
            return [(note, DIM)] if cell_len(note) <= room else []
        sign, style = SIGNS[state.advice.severity]
        short = f" {state.advice.short}"
        for before, after in ((note, short), ("", short), (note, "")):
            shown = f"{'  ' if before else gap}{sign}{after}"
            if cell_len(before + shown) <= room:
                return [(before, DIM), (shown, style)]
        return [(f"{gap}{sign}", style)]


class TextRow(Row, LineEditor):
    """A text, a number or a secret, edited in place."""

    class Edited(RowMessage):
        """The text of the row changed."""

        row: TextRow

    @property
    def gap(self) -> str:
        """The cursor behind the text is the first of the cells between."""
        return " " if self.is_at_end else super().gap

    def show(self, state: RowState) -> None:
        """Show another state."""
        self.placeholder = state.placeholder
        self.is_fixed, self.is_masked = state.is_fixed, state.is_masked
        super().show(state)

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the text with the cursor in it, or the placeholder."""
        return LineEditor.value_spans(self, width)

    def edited(self) -> None:
        """Report what was typed."""
        self.post_message(self.Edited(self))


class PasswordRow(TextRow):
    """The password; what the file holds is shown as bullets, and can be deleted unseen."""

    class Emptied(Message):
        """Something was deleted where nothing was typed: what the file holds may go."""

    def emptied(self) -> None:
        """Report that what the file holds may go."""
        self.post_message(self.Emptied())


MORE_LABEL = "more"


class DisclosureRow(Row):
    """Names the folded fields; opens and closes them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "turn", show=False),
        Binding("right", "unfold(True)", show=False),
        Binding("left", "unfold(False)", show=False),
    ]

    class Toggled(Message):
        """The folded fields are wanted, or not any more."""

        def __init__(self, *, is_open: bool) -> None:
            super().__init__()
            self.is_open = is_open

    def __init__(self) -> None:
        super().__init__(MORE_LABEL, "More")
        self.is_open = False

    def open(self, is_open: bool) -> None:
        """Show whether the fields below are in sight."""
        self.is_open = is_open
        self.repaint()

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the names of what is folded away."""
        names = ", ".join(field.label for field in FIELDS if field.advanced)
        text = "shown below; Left hides them" if self.is_open else names
        shown = truncate(text, width - len(self.state.note) - 2 if self.state.note else width)
        if self.has_focus:
            return [(shown[:1], CURSOR), (shown[1:], DIM)], len(shown)
        return [(shown, DIM)], len(shown)

    def action_turn(self) -> None:
        """Open what is closed and close what is open."""
        self.action_unfold(not self.is_open)

    def action_unfold(self, wanted: bool) -> None:
        """Ask the form to show or to hide them."""
        if wanted != self.is_open:
            self.post_message(self.Toggled(is_open=wanted))


MORE = "…"


def window(words: Sequence[str], current: int, width: int) -> tuple[int, int]:
    """Return the range of words round the current one that fits, signs for the rest included."""
    start, end = current, current + 1

    def fits(start: int, end: int) -> bool:
        size = sum(map(len, words[start:end])) + (end - start - 1)
        size += 2 if start <= current < end else 0
        size += (2 if start > 0 else 0) + (2 if end < len(words) else 0)
        return size <= width

    while True:
        if end < len(words) and fits(start, end + 1):
            end += 1
        if start > 0 and fits(start - 1, end):
            start -= 1
        elif end == len(words) or not fits(start, end + 1):
            return start, end


class ChoiceRow(Row):
    """Words beside each other, the one in force between `‹` and `›`, or `(` and `)` by default."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", show=False),
        Binding("right", "step(1)", show=False),
        Binding("space", "cycle", show=False),
        Binding("delete,backspace", "reset", show=False),
    ]

    class Chosen(RowMessage):
        """Another word was chosen; None is the default."""

        def __init__(self, row: ChoiceRow, word: str | None) -> None:
            super().__init__(row)
            self.word = word

    class Rejected(Message):
        """A word was wanted that cannot be chosen here, and why that is so."""

        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    def __init__(
        self, key: str, label: str, words: tuple[str, ...], *, classes: str | None = None
    ) -> None:
        super().__init__(key, label, classes=classes)
        self.words = words

    @property
    def current(self) -> int:
        """The place of the word in force; -1 where the value is none of them."""
        return self.words.index(self.state.chosen) if self.state.chosen in self.words else -1

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the words that fit, the current one marked."""
        room, all_words = width, sum(map(len, self.words)) + len(self.words) + 1
        # Where not all words fit, the note gets its room first, but not more than half.
        if self.state.note and all_words > width:
            room = max(width - len(self.state.note) - 2, width // 2)
        current = max(self.current, 0)
        start, end = window(self.words, current, room)
        spans: list[Span] = [(f"{MORE} ", DIM)] if start else []
        for number in range(start, end):
            if number > start:
                spans.append((" ", PLAIN))
            spans.append(self._word_span(number))
        if end < len(self.words):
            spans.append((f" {MORE}", DIM))
        return spans, sum(len(text) for text, _ in spans)

    def on_key(self, event: Key) -> None:
        """Choose the next word that begins with the letter typed."""
        character = event.character
        # Alt with a letter is a command's key.
        if character is None or not character.isalnum() or event.key.startswith("alt+"):
            return
        event.stop()
        self._choose_next(character.casefold())

    def action_step(self, by: int) -> None:
        """Choose the neighbour."""
        number = self.current + by
        # Words that cannot be chosen are skipped, but never past the ends.
        while 0 < number < len(self.words) - 1 and self.words[number] in self.state.refused:
            number += by
        self._choose(min(max(number, 0), len(self.words) - 1))

    def action_cycle(self) -> None:
        """Choose the next word, after the last the first."""
        self._choose_next("")

    def action_reset(self) -> None:
        """Go back to the default: the key becomes absent."""
        if not self.state.is_fixed:
            self.post_message(self.Chosen(self, None))

    def _choose_next(self, beginning: str) -> None:
        count, words = len(self.words), self.words
        others = [(self.current + step) % count for step in range(1, count + 1)]
        matching = [number for number in others if words[number].startswith(beginning)]
        # The first that can be chosen; where none can, the first shows why.
        matching.sort(key=lambda number: words[number] in self.state.refused)
        if matching:
            self._choose(matching[0])

    def _choose(self, number: int) -> None:
        if self.state.is_fixed:
            return
        if why := self.state.refused.get(self.words[number]):
            self.post_message(self.Rejected(f"{self.words[number]} cannot be chosen here: {why}"))
            return
        if number != self.current or self.state.is_default:
            self.post_message(self.Chosen(self, self.words[number]))

    def _word_span(self, number: int) -> Span:
        word, refused = self.words[number], self.state.refused
        if number != self.current:
            # Among words that cannot be chosen those that can stand out.
            return word, PLAIN if refused and word not in refused else DIM
        shown, style = (f"({word})", PLAIN) if self.state.is_default else (f"‹{word}›", STRONG)
        return shown, CURSOR if self.has_focus else style
