"""The rows of the form: sign, label, value and note in one line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Event, Key, Paste
from textual.geometry import Offset, Region
from textual.message import Message
from textual.widget import Widget

from smtp_tui.diagnosis.advice import Severity
from smtp_tui.safe_text import escape_controls, mask_credentials
from smtp_tui.settings.fields import FIELDS
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.style import (
    BAD,
    CAUTION,
    DIM,
    FOCUS,
    OURS,
    PLAIN,
    STRONG,
    Span,
    truncate,
)
from smtp_tui.tui.widgets.line import SingleLineWidget
from smtp_tui.tui.widgets.line_editor import LineEditor
from smtp_tui.tui.widgets.path_completion import PathEditor
from smtp_tui.tui.widgets.secret_editor import SecretEditor

# Keys that edit the focused row, besides printable ones.
_EDITING = ("backspace", "delete", "ctrl+d", "ctrl+w", "ctrl+u", "ctrl+k")
# Keys that move the cursor in the row; arrow keys with any modifier.
_MOVING = ("left", "right", "home", "end", "ctrl+a", "ctrl+e", "alt+b", "alt+f")

_NAMED_VALUE = re.compile(r"^'.*' (?=is |contains )")
SIGNS: dict[Severity, tuple[str, Style]] = {
    Severity.ERROR: ("!", BAD),
    Severity.WARNING: ("?", CAUTION),
    Severity.NOTE: ("i", DIM),
}
LABEL_WIDTH = max(len(field.label) for field in FIELDS)
GAP = 2
SIGN_WIDTH = GAP + 1


def _shorter_forms(problem: str) -> list[str]:
    """Return a problem in full, then shorter forms that still say what is wrong."""
    clause = problem.partition(";")[0]
    # The row already shows the value.
    bare = _NAMED_VALUE.sub("", clause).removeprefix("is ")
    return [problem, clause, bare, bare.partition(" like ")[0], bare.partition(" or ")[0]]


class RowEvent(Message):
    """Base of the messages that name the row they come from."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.row = row


class Row(SingleLineWidget, can_focus=True):
    """One line of the form, usually one setting.

    `is_at_rest`: the focus has just returned from the log, and the next keys may be meant for the
    log. Until the cursor moves or Enter is pressed, keys that edit only show a message.
    """

    # Whether Left and Right, which also scroll the log, change the value.
    edits_sideways: ClassVar[bool] = False

    class Touched(RowEvent):
        """A key would have edited the row at rest; if it `wakes`, the row can be edited again."""

        def __init__(self, row: Row, *, wakes: bool) -> None:
            super().__init__(row)
            self.wakes = wakes

    is_at_rest = False

    def __init__(
        self, key: str, label: str, *, label_width: int = LABEL_WIDTH, classes: str | None = None
    ) -> None:
        super().__init__(classes=classes)
        self._head_width = label_width + GAP
        self.key = key
        self.label = label
        self.state = RowState()
        self.letter = ""

    @property
    def value_at(self) -> int:
        """The column where the value begins."""
        return 1 + self._head_width

    def show(self, state: RowState) -> None:
        """Show another state."""
        if state != self.state:
            self.state = state
            self.repaint()

    def show_letter(self, letter: str) -> None:
        """Show the letter that jumps here in place of the sign; "" shows the sign again."""
        self.letter = letter
        self.repaint()

    def spans(self, width: int) -> list[Span]:
        """Return sign, label and value, then the mark, and the note if it fits."""
        state, room = self.state, self.value_room(width)
        mark = self._mark(width)
        if state.limit:
            # The effective value and why it cannot be set, all in grey.
            shown = escape_controls(mask_credentials(state.chosen or state.text))
            text = f"{shown}  {state.limit}" if shown else state.limit
            return [*self._head(), (truncate(text, room), DIM), mark]
        value, used = self.value_spans(room)
        return [*self._head(), *value, *self._tail(mark, room - used)]

    def value_room(self, width: int) -> int:
        """Return the cells left for the value in a row of `width` cells."""
        return width - self.value_at - cell_len(self._mark(width)[0])

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the spans of the value, and how many of `width` cells they use."""
        raise NotImplementedError

    @property
    def wanted_cells(self) -> tuple[int, ...]:
        """The cells of the whole value, then those of the parts that words of a mark may leave."""
        raise NotImplementedError

    async def on_event(self, event: Event) -> None:
        """Ignore keys that would edit a row at rest."""
        if not self.is_at_rest or not isinstance(event, (Key, Paste, Click)):
            await super().on_event(event)
            return
        key = event.key if isinstance(event, Key) else ""
        types = isinstance(event, Key) and event.is_printable and not key.startswith("alt+")
        moves = key in _MOVING or key.rpartition("+")[2] in _MOVING
        if types or key in _EDITING or (moves and self.edits_sideways):
            self.post_message(self.Touched(self, wakes=False))
        elif key == "enter":
            self.is_at_rest = False
            self.post_message(self.Touched(self, wakes=True))
        else:
            # Nobody pastes or clicks without looking where.
            self.is_at_rest = bool(key) and not moves
            await super().on_event(event)
            return
        event.stop()

    @property
    def hides_problem(self) -> bool:
        """Whether the problem's text does not fit in the line."""
        return not self._mark(self.size.width)[0].endswith(self.state.problem)

    @property
    def hides_fault(self) -> bool:
        """Whether the line has no room for the whole fault."""
        return not self._mark(self.size.width)[0].endswith(self.state.fault)

    def cursor_at(self) -> Offset:
        """Return where the value begins."""
        return Offset(self.value_at, 0)

    @property
    def note(self) -> str:
        """The note behind the value."""
        return self.state.note

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show or hide the focus mark."""
        super().watch_has_focus(has_focus)
        self.repaint()

    def _head(self) -> list[Span]:
        state = self.state
        if self.letter:
            # Apart from the label also where nothing is bold or reversed.
            label = self.label.ljust(self._head_width - 1)
            style = FOCUS if self.has_focus else PLAIN
            return [(self.letter, STRONG), (" ", PLAIN), (label, style)]
        if self.has_focus:
            # Behind a dialog, a reversed label would be the second on the screen.
            style = FOCUS if self.app.screen is self.screen else PLAIN
            label = f"{self.label}*" if state.is_changed else self.label
            return [(">", style), (label.ljust(self._head_width), style)]
        label = self.label.ljust(self._head_width)
        if state.limit:
            return [(" ", PLAIN), (label, DIM)]
        if state.problem:
            return [("!", BAD), (label, PLAIN)]
        return [("*", OURS) if state.is_changed else (" ", PLAIN), (label, PLAIN)]

    def _mark(self, width: int) -> Span:
        """Return the sign of what is wrong, with as many words as the value leaves room for."""
        state, room = self.state, width - self.value_at
        severity = state.advice.severity if state.advice and not state.limit else None
        if state.problem:
            texts = _shorter_forms(state.problem)
        elif state.fault:
            # The code of a reply says most of it.
            code = state.fault.split()[0]
            texts = [state.fault, state.fault.removesuffix(" here"), code if code.isdigit() else ""]
        elif state.advice and severity:
            texts = [state.advice.short]
        else:
            return "", PLAIN
        is_wrong = bool(state.problem or state.fault)
        sign, style = SIGNS[Severity.ERROR if is_wrong or severity is None else severity]
        sizes = self.wanted_cells
        # What is whole with a bare sign is not cut off for its words.
        for value in sizes[:1] if sizes[0] + SIGN_WIDTH <= room else sizes:
            for text in filter(None, texts):
                if value + cell_len(shown := f"  {sign} {text}") <= room:
                    return shown, style
        return f"  {sign}", style

    def _tail(self, mark: Span, room: int) -> list[Span]:
        """Return the mark, and the note if it fits in `room` cells: what is wrong stands first."""
        note = f"  {self.note}" if self.note and not self.state.problem else ""
        if not note or cell_len(note) > room:
            return [mark]
        return [mark, (note, DIM)] if self.state.fault else [(note, DIM), mark]


class TextRow(Row, LineEditor):
    """A text, a number or a secret, edited in place."""

    class Edited(RowEvent):
        """The text of the row changed."""

        row: TextRow

    def show(self, state: RowState) -> None:
        """Show another state."""
        self.placeholder = state.placeholder
        self.is_fixed, self.is_masked = state.is_fixed, state.is_masked
        super().show(state)

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the text around the cursor, or the placeholder, and its width."""
        return LineEditor.value_spans(self, width)

    @property
    def wanted_cells(self) -> tuple[int, ...]:
        """The cells of the text with its cursor, or of the placeholder."""
        cells = self._cells()
        return (cell_len("".join(cells) or self.placeholder) + (bool(cells) and self.has_focus),)

    def cursor_at(self) -> Offset:
        """Return the place of the next character."""
        return LineEditor.cursor_at(self)

    def edited(self) -> None:
        """Post that the text changed."""
        self.post_message(self.Edited(self))


class PathRow(TextRow, PathEditor):
    """A row whose text may be a path; a relative one starts from `folder`."""

    folder: Path | None = None

    @property
    def room(self) -> Region:
        """The visible part of the form."""
        assert isinstance(self.parent, Widget)
        return self.parent.region

    def show(self, state: RowState) -> None:
        """Show another state."""
        self.base = self.folder if state.is_path else None
        super().show(state)


class PasswordRow(PathRow, SecretEditor):
    """The password row; the file's password shows as bullets and can be deleted unseen."""

    class Emptied(Message):
        """A delete key was pressed with nothing typed: erase the file's password."""

    def _tail(self, mark: Span, room: int) -> list[Span]:
        """Return whether the password is shown, else what any row has there."""
        return self.shown_note(room + cell_len(mark[0])) or super()._tail(mark, room)

    def emptied(self) -> None:
        """Post that the file's password may be erased."""
        self.post_message(self.Emptied())


MORE_LABEL = "more"


class DisclosureRow(Row):
    """The row that names the advanced fields, and opens and closes them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "turn", show=False),
        Binding("right", "unfold(True)", show=False),
        Binding("left", "unfold(False)", show=False),
    ]

    edits_sideways = True

    class Toggled(Message):
        """The admin asked to show or hide the advanced fields."""

        def __init__(self, *, is_open: bool) -> None:
            super().__init__()
            self.is_open = is_open

    def __init__(self) -> None:
        super().__init__(MORE_LABEL, "More")
        self.is_open = False

    def open(self, is_open: bool) -> None:
        """Show whether the advanced fields are open."""
        self.is_open = is_open
        self.repaint()

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the names of the folded fields, or how to hide them."""
        names = ", ".join(field.label for field in FIELDS if field.advanced)
        text = "shown below; Left hides them" if self.is_open else names
        shown = truncate(text, width - len(self.state.note) - 2 if self.state.note else width)
        return [(shown, DIM)], len(shown)

    @property
    def wanted_cells(self) -> tuple[int, ...]:
        """The cells of the first name, cut off or not."""
        return (LABEL_WIDTH,)

    def on_click(self) -> None:
        """Toggle the advanced fields."""
        self.action_turn()

    def action_turn(self) -> None:
        """Toggle the advanced fields."""
        self.action_unfold(not self.is_open)

    def action_unfold(self, wanted: bool) -> None:
        """Ask the form to show or hide the advanced fields."""
        if wanted != self.is_open:
            self.post_message(self.Toggled(is_open=wanted))
