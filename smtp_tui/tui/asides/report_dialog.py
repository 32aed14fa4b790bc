"""Where a report is to be saved, asked at the bottom of the screen."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from smtp_tui.tui.bars import HintBar
from smtp_tui.tui.form.text_row import TextRow
from smtp_tui.tui.ink import BAD, DIM
from smtp_tui.tui.sidebar.page import Page
from smtp_tui.tui.sidebar.prose import plain

TITLE = "Save a report of the last test, as Markdown for a ticket. It holds no password."


def proposed_path(settings: Path, moment: datetime, suffix: str = ".md") -> Path:
    """Return a good name: beside the settings, or where we are if we may not write there."""
    name = f"{settings.stem}-check-{moment:%Y%m%d-%H%M%S}{suffix}"
    folder = settings.parent
    return folder / name if os.access(folder, os.W_OK | os.X_OK) else Path.cwd() / name


class ReportDialog(ModalScreen[str | None], inherit_bindings=False):
    """Asks for a file's name; the result is what was typed, None for no report."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", show=False),
        Binding("escape", "leave", show=False),
    ]

    def __init__(self, path: str, problem: str = "", title: str = TITLE) -> None:
        super().__init__(classes="dialog")
        self._path = path
        self._problem = problem
        self._title = title

    def compose(self) -> ComposeResult:
        """Show a field for it, and what stood in the way the last time."""
        with Vertical(classes="box"):
            yield Page([plain(self._title, DIM)])
            yield TextRow("report", "File")
            if self._problem:
                yield Page([plain(self._problem, BAD)])
            yield HintBar((("Enter", "Save"), ("Esc", "Do not save")), indent=0)

    def on_mount(self) -> None:
        """Begin with what was proposed or typed before."""
        row = self.query_exactly_one(TextRow)
        row.load(self._path)
        row.focus()

    def action_take(self) -> None:
        """Take the name."""
        text = self.query_exactly_one(TextRow).text.strip()
        if text:
            self.dismiss(text)

    def action_leave(self) -> None:
        """Save none."""
        self.dismiss(None)
