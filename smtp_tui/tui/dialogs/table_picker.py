"""Asks which of several SMTP tables is meant; tells what each one's last test said."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.controllers.tables import TableTester
from smtp_tui.tui.keys.bindings import bindings
from smtp_tui.tui.keys.commands import TABLE_COMMANDS, hints_of
from smtp_tui.tui.style import STRONG
from smtp_tui.tui.textual_compat import PaintOnceScreen
from smtp_tui.tui.widgets.dialog import DialogBody
from smtp_tui.tui.widgets.line import KeyHints
from smtp_tui.tui.widgets.list import Menu
from smtp_tui.tui.widgets.text_page import TextPage, plain

TESTING = "testing …"


class TablePicker(PaintOnceScreen, ModalScreen[str | None], inherit_bindings=False):
    """A list of the tables; the result is the one chosen, None for none.

    Without a `current` one it is the first thing on the screen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(TABLE_COMMANDS),
        Binding("f10,ctrl+x", "leave", show=False),
    ]

    def __init__(self, listing: TableTester, current: str | None = None) -> None:
        super().__init__(classes="dialog" if current else "picker")
        self._listing = listing
        self._current = current
        self._testing: str | None = None
        self._menu = Menu(self._lines())
        if current in listing.tables:
            self._menu.index = listing.tables.index(current)

    def compose(self) -> ComposeResult:
        """List them, each with its host."""
        file = self._listing.document.path
        title = f"{file} has several SMTP tables. Which one do you want?"
        if self._current:
            title = f"SMTP tables in {file.name}"
        with DialogBody(classes="box" if self._current else "page"):
            yield TextPage([plain(title, STRONG)])
            yield self._menu
            yield KeyHints(hints_of(TABLE_COMMANDS), indent=0)

    def action_take(self) -> None:
        """Take the chosen one."""
        self.dismiss(self._listing.tables[self._menu.index])

    def action_test_all(self) -> None:
        """Test one after the other, as the file has them."""
        self.run_worker(self._test_all(), group="tables", exclusive=True)

    def action_leave(self) -> None:
        """Take none."""
        self.dismiss(None)

    async def _test_all(self) -> None:
        try:
            for table in self._listing.tables:
                self._testing = table
                self._menu.show(self._lines(), self._menu.index)
                await self._listing.test(table)
        finally:
            self._testing = None
        self._menu.show(self._lines(), self._menu.index)

    def _lines(self) -> list[str]:
        entries = [
            (
                escape_controls(one.table),
                escape_controls(one.host),
                TESTING if one.table == self._testing else one.said,
            )
            for one in self._listing.entries()
        ]
        widths = [max((len(entry[at]) for entry in entries), default=0) for at in (0, 1)]
        return [
            f"{table:{widths[0]}}  {host:{widths[1]}}  {said}".rstrip()
            for table, host, said in entries
        ]
