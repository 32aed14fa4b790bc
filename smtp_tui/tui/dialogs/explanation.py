"""Show the explanation of a field, or of the last test, at full size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType

from smtp_tui.tui.commands import hints_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import EXPLANATION_COMMANDS
from smtp_tui.tui.explanations import Explanation
from smtp_tui.tui.style import FOCUS, PLAIN, Span, truncate
from smtp_tui.tui.widgets.line import SingleLineWidget, StatusBar
from smtp_tui.tui.widgets.pager import SectionedScreen
from smtp_tui.tui.widgets.text_page import READING_KEYS, TextPage


class TitleLine(SingleLineWidget):
    """The title of a page, reversed as the focused row is in the form, and a sentence."""

    _title = _summary = ""

    def show(self, title: str, summary: str) -> None:
        """Show another title."""
        self._title, self._summary = title, summary
        self.repaint()

    def spans(self, width: int) -> list[Span]:
        """Return the title, and as much of the sentence as fits."""
        title = f" {self._title} "
        return [(title, FOCUS), (truncate(f"  {self._summary}", width - cell_len(title)), PLAIN)]


class ExplanationScreen(SectionedScreen[tuple[str, str]]):
    """The page of one of several subjects; returns the last subject, and a command to run or "".

    `explain` returns the page of a subject.
    """

    place = "explanation"

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(EXPLANATION_COMMANDS),
        ("q", "leave"),
        Binding("f3,ctrl+y", "leave", id="explain"),
        ("shift+tab", "turn(-1)"),
        *READING_KEYS,
    ]

    def __init__(
        self,
        status: StatusBar,
        subjects: Sequence[str],
        subject: str,
        explain: Callable[[str], Explanation],
    ) -> None:
        self._subjects, self._subject = subjects, subject
        self._explain = explain
        self._title = TitleLine(classes="title")
        self.page = TextPage(more="PgDn", classes="explanation")
        super().__init__(status, self._title, self.page, hints=(), classes="sheet", indent=1)

    def on_mount(self) -> None:
        """Show the page of the first subject."""
        self._show()

    def action_turn(self, by: int) -> None:
        """Show the page of the next subject, or of the one before."""
        at = self._subjects.index(self._subject) + by
        self._subject = self._subjects[at % len(self._subjects)]
        self._show()

    def action_choose(self, command: str) -> None:
        """Close the page, and run a command of the form."""
        self.dismiss((self._subject, command))

    def action_leave(self) -> None:
        """Close the page."""
        self.dismiss((self._subject, ""))

    def _show(self) -> None:
        shown = self._explain(self._subject)
        self._title.show(shown.title, shown.summary)
        self.page.show(shown.blocks)
        hidden = set() if shown.has_fix else {"choose('fix')"}
        if len(self._subjects) == 1:
            hidden.add("turn(1)")
        self.hints.show(hints_of(EXPLANATION_COMMANDS, hidden))
