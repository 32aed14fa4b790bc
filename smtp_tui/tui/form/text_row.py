"""A row whose value is typed."""

from __future__ import annotations

from textual.message import Message

from smtp_tui.tui.form.rows import Row
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.style import Span
from smtp_tui.tui.widgets.line_editor import LineEditor


class TextRow(Row, LineEditor):
    """A text, a number or a secret, edited in place."""

    class Edited(Message):
        """The text changed; what it is now, the row tells."""

        def __init__(self, row: TextRow) -> None:
            super().__init__()
            self.row = row

    class Emptied(Message):
        """Something was deleted where nothing was typed: what the file holds may go."""

        def __init__(self, row: TextRow) -> None:
            super().__init__()
            self.row = row

    @property
    def gap(self) -> str:
        """The cursor behind the text is the first of the cells between."""
        return " " if self.is_at_end else super().gap

    def show(self, look: RowState) -> None:
        """Take another look."""
        self.placeholder = look.placeholder
        self.is_fixed, self.is_masked = look.is_fixed, look.is_masked
        super().show(look)

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the text with the cursor in it, or the placeholder."""
        return LineEditor.value_spans(self, width)

    def edited(self) -> None:
        """Have the form take what was typed."""
        self.post_message(self.Edited(self))

    def emptied(self) -> None:
        """Have the form forget what the file holds."""
        self.post_message(self.Emptied(self))
