"""The rows of the form: sign, label, value and note in one line."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Event, InputEvent, Key
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
    Span,
    truncate,
)
from smtp_tui.tui.widgets.line import SingleLineWidget
from smtp_tui.tui.widgets.line_editor import LineEditor
from smtp_tui.tui.widgets.path_completion import PathEditor
from smtp_tui.tui.widgets.secret_editor import SecretEditor

# Keys that would edit the row which has the focus; printable ones come on top.
_EDITING = ("backspace", "delete", "ctrl+d", "ctrl+w", "ctrl+u", "ctrl+k")
# Keys that move in the row, those on the arrows with any modifier.
_MOVING = ("left", "right", "home", "end", "ctrl+a", "ctrl+e", "alt+b", "alt+f")

SIGNS: dict[Severity, tuple[str, Style]] = {
    Severity.ERROR: ("!", BAD),
    Severity.WARNING: ("?", CAUTION),
    Severity.NOTE: ("i", DIM),
}
LABEL_WIDTH = max(len(field.label) for field in FIELDS)
GAP = 2
SIGN_WIDTH = GAP + 1


class RowEvent(Message):
    """Base of the messages that name the row they come from."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.row = row


class Row(SingleLineWidget, can_focus=True):
    """One line of the form, usually one setting.

    `is_at_rest`: the focus came back to it from elsewhere, and perhaps nobody looked where. Then
    keys that would edit only say so, until one shows that somebody did.
    """

    class Touched(RowEvent):
        """A key would have edited the row at rest; or, if it `wakes`, it may be edited again."""

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
        self.state = state
        self.repaint()

    def show_letter(self, letter: str) -> None:
        """Show the letter that jumps here in place of the sign; "" shows the sign again."""
        self.letter = letter
        self.repaint()

    def spans(self, width: int) -> list[Span]:
        """Return sign, label and value, then the fault, and as much of the notes as fits."""
        state, fault = self.state, self._fault_text
        room = width - self.value_at - cell_len(fault)
        if state.limit:
            # The effective value and why it cannot be set, all in grey.
            shown = escape_controls(mask_credentials(state.chosen or state.text))
            text = f"{shown}  {state.limit}" if shown else state.limit
            return [*self._head(), (truncate(text, room), DIM), (fault, BAD)]
        value, used = self.value_spans(self.value_room(width))
        return [*self._head(), *value, (fault, BAD), *self._notes(room - used)]

    def value_room(self, width: int) -> int:
        """Return the cells left for the value in a row of `width` cells."""
        # The sign of advice always shows.
        sign = SIGN_WIDTH if self.state.advice else 0
        return width - self.value_at - cell_len(self._fault_text) - sign

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the spans of the value, and how many of `width` cells they use."""
        raise NotImplementedError

    @property
    def value_width(self) -> int:
        """The cells of the value itself, without what may be cut off."""
        raise NotImplementedError

    async def on_event(self, event: Event) -> None:
        """Keep keys that edit from a row at rest."""
        if not self.is_at_rest or not isinstance(event, InputEvent):
            await super().on_event(event)
            return
        key = event.key if isinstance(event, Key) else ""
        edits = isinstance(event, Key) and event.is_printable and not key.startswith("alt+")
        if edits or key in _EDITING:
            self.post_message(self.Touched(self, wakes=False))
        elif key == "enter":
            self.is_at_rest = False
            self.post_message(self.Touched(self, wakes=True))
        else:
            # A paste or a click, too, is meant for what one sees.
            moves = key in _MOVING or key.rpartition("+")[2] in _MOVING
            self.is_at_rest = bool(key) and not moves
            await super().on_event(event)
            return
        event.stop()

    @property
    def hides_problem(self) -> bool:
        """Whether the problem's text does not fit in the line."""
        if not self.state.problem:
            return False
        room = self.size.width - self.value_at
        # Gap, sign and a blank use four cells.
        return cell_len(self.state.problem) + 4 > room - self.value_spans(room)[1]

    @property
    def hides_fault(self) -> bool:
        """Whether the line has no room for the whole fault."""
        # Gap, sign and a blank use four cells.
        fault, room = self.state.fault, self.size.width - self.value_at
        return bool(fault) and self.value_width + 4 + cell_len(fault) > room

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
        label = self.label.ljust(self._head_width)
        if self.letter:
            # A blank between letter and label, also where nothing is reversed.
            label = f" {self.label}".ljust(self._head_width)
            return [(self.letter, FOCUS), (label, FOCUS if self.has_focus else PLAIN)]
        if self.has_focus:
            # Behind a dialog, a reversed label would be the second on the screen.
            style = FOCUS if self.app.screen is self.screen else PLAIN
            return [(">", style), (label, style)]
        if self.state.limit:
            return [(" ", PLAIN), (label, DIM)]
        if self.state.problem:
            return [("!", BAD), (label, PLAIN)]
        return [("*", OURS) if self.state.is_changed else (" ", PLAIN), (label, PLAIN)]

    @property
    def _fault_text(self) -> str:
        """Return the fault with its sign, or as much of it as the value leaves room for."""
        if not self.state.fault or self.state.problem:
            return ""
        if not self.hides_fault:
            return f"  ! {self.state.fault}"
        # The code of a reply says most of it.
        code = self.state.fault.split()[0]
        room = self.size.width - self.value_at - self.value_width
        return f"  ! {code}" if code.isdigit() and 4 + len(code) <= room else "  !"

    def _notes(self, room: int) -> list[Span]:
        """Return as much of the problem, or of note and advice, as fits; always the sign."""
        state = self.state
        if state.problem:
            # What is wrong, before what to type instead.
            for problem in (state.problem, state.problem.partition(";")[0]):
                if cell_len(shown := f"  ! {problem}") <= room:
                    return [(shown, BAD)]
            return [("  !", BAD)]
        note = f"  {self.note}" if self.note else ""
        if state.advice is None:
            return [(note, DIM)] if cell_len(note) <= room else []
        sign, style = SIGNS[state.advice.severity]
        short = f" {state.advice.short}"
        for before, after in ((note, short), ("", short), (note, "")):
            shown = f"  {sign}{after}"
            if cell_len(before + shown) <= room:
                return [(before, DIM), (shown, style)]
        return [(f"  {sign}", style)]


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
    def value_width(self) -> int:
        """The cells of the text, or of the placeholder."""
        return cell_len("".join(self._cells()) or self.placeholder)

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

    def _notes(self, room: int) -> list[Span]:
        """Return whether the password is shown, else the notes of any row."""
        return self.shown_note(room) or super()._notes(room)

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
    def value_width(self) -> int:
        """The cells of the first name, cut off or not."""
        return LABEL_WIDTH

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
