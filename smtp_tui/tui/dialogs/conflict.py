"""What another program changed in the file, and what is to become of the changes made here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from smtp_tui.config.diff import DiffLine
from smtp_tui.config.merge import Conflict
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.dialogs.diff import DiffView
from smtp_tui.tui.form.rows import ChoiceRow, Row
from smtp_tui.tui.keys.bindings import bindings
from smtp_tui.tui.keys.commands import CHANGED_COMMANDS, CONFLICT_COMMANDS, Command, hints_of
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.style import BAD, DIM, PLAIN, STRONG
from smtp_tui.tui.textual_compat import PaintOnceScreen
from smtp_tui.tui.widgets.dialog import DialogBody
from smtp_tui.tui.widgets.line import KeyHints
from smtp_tui.tui.widgets.text_page import Block, TextPage, plain

AROUND = 4
THEIRS, OURS = "file", "form"
UNDECIDED = "Choose a value for each field: the file's or the form's."


class ConflictChoice(StrEnum):
    """How to go on."""

    MERGE = "merge"
    RELOAD = "reload"


class ChangedDialog(PaintOnceScreen, ModalScreen[ConflictChoice | None], inherit_bindings=False):
    """Shows what became of the file; the result is how to go on, None to step back."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(CHANGED_COMMANDS)

    def __init__(
        self, file: str, lines: Sequence[DiffLine], ours: Sequence[str], *, can_merge: bool
    ) -> None:
        super().__init__(classes="dialog")
        self._can_merge = can_merge
        title = f"{file} was changed by another program since smtp-tui read it:"
        changed = ", ".join(ours)
        told = f"Your changes are not saved: {changed}." if ours else "You have no unsaved changes."
        self._head = TextPage([plain(title, STRONG), plain(told, DIM, gap=False)])
        self._view = DiffView(lines)

    def compose(self) -> ComposeResult:
        """Show the diff over the keys."""
        with DialogBody(classes="box"):
            yield self._head
            yield self._view
            yield KeyHints(hints_of(self._commands()), indent=0)

    def on_mount(self) -> None:
        """The keys scroll the diff."""
        self.set_focus(self._view)

    def on_resize(self) -> None:
        """Leave room for what stands around it."""
        self._view.limit(self.size.height - AROUND - self._head.line_count(self.size.width - 2))

    def action_merge(self) -> None:
        """Make the changes of the form in the file as it is now."""
        if self._can_merge:
            self.dismiss(ConflictChoice.MERGE)

    def action_reload(self) -> None:
        """Take the file as it is now."""
        self.dismiss(ConflictChoice.RELOAD)

    def action_leave(self) -> None:
        """Step back."""
        self.dismiss(None)

    def _commands(self) -> Iterator[Command]:
        return (
            one for one in CHANGED_COMMANDS if self._can_merge or one.action != ConflictChoice.MERGE
        )


class ConflictDialog(PaintOnceScreen, ModalScreen[frozenset[str] | None], inherit_bindings=False):
    """Asks for each key that was changed here and there whose value counts.

    The result are the keys that keep the form's value, None to step back.
    """

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(CONFLICT_COMMANDS),
        Binding("up,shift+tab", "move(-1)", show=False),
        Binding("down,tab,enter", "move(1)", show=False),
    ]

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        super().__init__(classes="dialog")
        self._conflicts = {one.key: one for one in conflicts}
        self._rows = {
            key: ChoiceRow(key, BY_KEY[key].label, (THEIRS, OURS)) for key in self._conflicts
        }
        self._chosen: dict[str, str] = {}
        self._says = TextPage(most=4)

    def compose(self) -> ComposeResult:
        """Show a row for each, and a line about the one under the cursor."""
        with DialogBody(classes="box"):
            yield TextPage(
                [plain("Changed in the file and in the form. Which value do you want?", STRONG)]
            )
            yield from self._rows.values()
            yield self._says
            yield KeyHints(hints_of(CONFLICT_COMMANDS), indent=0)

    def on_mount(self) -> None:
        """Begin at the first; nothing is chosen for anybody."""
        self._show_looks()
        self.set_focus(next(iter(self._rows.values())))

    def on_row_entered(self, event: Row.Entered) -> None:
        """Tell of another key."""
        event.stop()
        self._says.show([self._told(event.row.topic)])

    def on_row_left(self, event: Row.Left) -> None:
        """Nothing is to be done."""
        event.stop()

    def on_choice_row_chosen(self, event: ChoiceRow.Chosen) -> None:
        """Take a choice."""
        event.stop()
        if event.word is None:
            self._chosen.pop(event.row.topic, None)
        else:
            self._chosen[event.row.topic] = event.word
        self._show_looks()

    def action_move(self, by: int) -> None:
        """Go to another key."""
        rows = list(self._rows.values())
        here = next((at for at, row in enumerate(rows) if row is self.focused), 0)
        self.set_focus(rows[(here + by) % len(rows)])

    def action_take(self) -> None:
        """Merge, if all is decided."""
        if self._chosen.keys() != self._rows.keys():
            self._says.show([plain(UNDECIDED, BAD)])
            undecided = next(row for key, row in self._rows.items() if key not in self._chosen)
            self.set_focus(undecided)
            return
        self.dismiss(frozenset(key for key, word in self._chosen.items() if word == OURS))

    def action_leave(self) -> None:
        """Step back."""
        self.dismiss(None)

    def _show_looks(self) -> None:
        for key, row in self._rows.items():
            row.show(RowState(chosen=self._chosen.get(key)))

    def _told(self, key: str) -> Block:
        return plain(f"{escape_controls(str(self._conflicts[key]))}.", PLAIN)
