"""Asks which of several SMTP tables is meant; shows what each one's last test said."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.keys.bindings import bindings
from smtp_tui.tui.keys.commands import TABLE_COMMANDS, hints_of
from smtp_tui.tui.style import STRONG
from smtp_tui.tui.widgets.dialog import Dialog, DialogBody
from smtp_tui.tui.widgets.line import KeyHints
from smtp_tui.tui.widgets.list import Menu
from smtp_tui.tui.widgets.text_page import TextPage, plain

TESTING = "testing …"


class TableSource(Protocol):
    """The tables of a file."""

    @property
    def path(self) -> Path:
        """The file."""

    def entries(self) -> Iterable[tuple[str, str, str]]:
        """Return name, host and last verdict of each table, in the file's order."""

    async def test(self, table: str) -> None:
        """Test a table as the file has it."""


class TablePicker(Dialog[str | None]):
    """A list of the tables; the result is the one chosen, None for none.

    Without a `current` one it is the first thing on the screen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(TABLE_COMMANDS),
        Binding("f10,ctrl+x", "leave", show=False),
    ]

    def __init__(self, source: TableSource, current: str | None = None) -> None:
        super().__init__()
        self.set_classes("dialog" if current else "picker")
        self._source = source
        self._current = current
        self._tables = [table for table, _, _ in source.entries()]
        index = self._tables.index(current) if current in self._tables else 0
        self._menu = Menu(self._lines(), index)

    def compose(self) -> ComposeResult:
        """List them, each with its host."""
        path = self._source.path
        title = f"{path} has several SMTP tables. Which one do you want?"
        if self._current:
            title = f"SMTP tables in {path.name}"
        with DialogBody(classes="box" if self._current else "page"):
            yield TextPage([plain(title, STRONG)])
            yield self._menu
            yield KeyHints(hints_of(TABLE_COMMANDS), indent=0)

    def action_take(self) -> None:
        """Take the chosen one."""
        self.dismiss(self._tables[self._menu.index])

    def action_test_all(self) -> None:
        """Test one after the other, as the file has them."""
        self.run_worker(self._test_all(), group="tables", exclusive=True)

    async def _test_all(self) -> None:
        for table in self._tables:
            self._menu.show(self._lines(testing=table), self._menu.index)
            await self._source.test(table)
        self._menu.show(self._lines(), self._menu.index)

    def _lines(self, testing: str | None = None) -> list[str]:
        entries = [
            (escape_controls(table), escape_controls(host), TESTING if table == testing else said)
            for table, host, said in self._source.entries()
        ]
        widths = [max((len(entry[at]) for entry in entries), default=0) for at in (0, 1)]
        return [
            f"{table:{widths[0]}}  {host:{widths[1]}}  {said}".rstrip()
            for table, host, said in entries
        ]
