"""A page with what runs with other settings than the file has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from smtp_tui.config.document import Document
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.commands import hints_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import DRIFT_COMMANDS
from smtp_tui.tui.messages import text
from smtp_tui.tui.model import drift
from smtp_tui.tui.style import CAUTION, DIM, OURS, PLAIN
from smtp_tui.tui.widgets.pager import PagerScreen
from smtp_tui.tui.widgets.text_page import TextBlock, as_title, plain

if TYPE_CHECKING:
    from smtp_tui.survey.notice import DriftNotice


class DriftScreen(PagerScreen):
    """Compares the file with what runs, and lists what differs."""

    place = "drift"
    BINDINGS: ClassVar[list[BindingType]] = bindings(DRIFT_COMMANDS)

    def __init__(self, document: Document) -> None:
        super().__init__(hints=hints_of(DRIFT_COMMANDS))
        self._document = document
        self._notice: DriftNotice | None = None
        self._is_asking = True

    def on_mount(self) -> None:
        """Begin to compare."""
        self.action_again()

    def action_again(self) -> None:
        """Compare again."""
        self._is_asking = True
        self.run_worker(self._compare(), exclusive=True, exit_on_error=False)
        self.update()

    async def _compare(self) -> None:
        self._notice = await drift.look_for_drift(self._document)
        self._is_asking = False
        self.update()

    def blocks(self, _width: int) -> Iterator[TextBlock]:
        """Yield the findings, each with its settings and the command that helps."""
        name = escape_controls(self._document.path.name)
        yield as_title(plain(text("drift", "title", file=name)))
        yield plain(text("drift", "why"), DIM, gap=False)
        if self._is_asking:
            yield plain(text("drift", "asking", seconds=f"{drift.SECONDS:g}"), OURS)
        elif self._notice is None:
            yield plain(text("drift", "unusable"), CAUTION)
        else:
            for headline, *lines in self._notice.findings:
                yield plain(headline, CAUTION)
                yield from (
                    TextBlock(((line.strip(), PLAIN),), "  ", "    ", gap=False) for line in lines
                )
            for number, line in enumerate(self._notice.summary):
                yield plain(line, DIM, gap=number == 0)
