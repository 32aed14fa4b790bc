"""The row that unfolds the fields which are rarely wanted."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from smtp_tui.settings.fields import FIELDS
from smtp_tui.tui.form.row import Row
from smtp_tui.tui.ink import CURSOR, DIM, Span, fitted

MORE = "more"


class MoreRow(Row):
    """Names the folded fields; opens and closes them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "turn", show=False),
        Binding("right", "unfold(True)", show=False),
        Binding("left", "unfold(False)", show=False),
    ]

    class Unfolded(Message):
        """The folded fields are wanted."""

    class Folded(Message):
        """The folded fields are not wanted any more."""

    def __init__(self) -> None:
        super().__init__(MORE, "More")
        self.is_open = False

    def open(self, is_open: bool) -> None:
        """Show whether the fields below are in sight."""
        self.is_open = is_open
        self.repaint()

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the names of what is folded away."""
        names = ", ".join(field.label for field in FIELDS if field.folded)
        said = "shown below; Left hides them" if self.is_open else names
        shown = fitted(said, width - len(self.look.note) - 2 if self.look.note else width)
        if self.has_focus:
            return [(shown[:1], CURSOR), (shown[1:], DIM)], len(shown)
        return [(shown, DIM)], len(shown)

    def action_turn(self) -> None:
        """Open what is closed and close what is open."""
        self.action_unfold(not self.is_open)

    def action_unfold(self, wanted: bool) -> None:
        """Ask the form to show or to hide them."""
        if wanted != self.is_open:
            self.post_message(self.Unfolded() if wanted else self.Folded())
