"""Open or test the file's tables, or read the file in another application's format."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from smtp_tui.config.dialects.detect import all_headers, user_dialects_folder
from smtp_tui.config.dialects.spec import PLAIN
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoTableError, SeveralTablesError
from smtp_tui.safe_text import escape_controls, mask_credentials
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.commands import TABLE_COMMANDS, hints_of
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.controllers.save import SaveController
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.model.check_request import (
    Runner,
    needs_password_prompt,
    request_for,
    run_to_verdict,
)
from smtp_tui.tui.model.draft import HOST, text_of
from smtp_tui.tui.model.file_context import OpenFileContext, risk_of_test
from smtp_tui.tui.model.session import SessionMemory, verdict_line
from smtp_tui.tui.sidebar import file_blocks
from smtp_tui.tui.style import BAD, STRONG
from smtp_tui.tui.widgets.dialog import Dialog, ListChoiceDialog
from smtp_tui.tui.widgets.list import Menu
from smtp_tui.tui.widgets.text_page import TextPage, plain

FORMAT_TITLE = "Which program does the settings file belong to?"
ASKED_FOR = "not tested: you must type its password"
TESTING = "testing …"


class TablePicker(Dialog[str | None]):
    """A list of a file's tables, to open one or test all; returns the chosen table, or None.

    Without a `current` table the list fills the screen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(TABLE_COMMANDS), ("f10,ctrl+x", "leave")]

    def __init__(
        self,
        document: Document,
        session: SessionMemory,
        runner: Runner,
        current: str | None = None,
    ) -> None:
        self._document = document
        self._outcomes = session.lines
        self._runner = runner
        self._tables = document.tables()
        index = self._tables.index(current) if current in self._tables else 0
        self._menu = Menu(self._lines(), index)
        title = f"{document.path} has several SMTP tables. Which one do you want?"
        if current:
            title = f"SMTP tables in {document.path.name}"
        head = TextPage([plain(title, STRONG)])
        super().__init__(head, self._menu, hints=hints_of(TABLE_COMMANDS))
        if not current:
            self.set_classes("picker")
            self.box = "page"

    def action_take(self) -> None:
        """Return the table under the cursor."""
        self.dismiss(self._tables[self._menu.index])

    def action_test_all(self) -> None:
        """Test the tables one by one, in the order of the file."""
        self.run_worker(self._test_all(), group="tables", exclusive=True)

    async def _test_all(self) -> None:
        for table in self._tables:
            self._menu.show(self._lines(testing=table), self._menu.index)
            self._outcomes[table] = await self._test(table)
        self._menu.show(self._lines(), self._menu.index)

    async def _test(self, table: str) -> str:
        """Test a table's saved settings; return the verdict line, or why there is none."""
        draft = OpenFileContext(self._document, table).draft()
        settings = draft.reading().settings
        for key, problem in draft.problems().items():
            # A line of the list has space for the first problem only.
            return f"not tested: {BY_KEY[key].label} {problem}"
        if settings is None or needs_password_prompt(draft, settings):
            return ASKED_FOR
        if risk := risk_of_test(draft.password, settings, self._document.path):
            return f"not tested: {risk.refusal.removesuffix('.')}"
        request = request_for(draft, file=self._document.path, table=table)
        verdict = await run_to_verdict(self._runner, request, lambda _event: None)
        return verdict_line(verdict) if verdict else self._outcomes.get(table, "")

    def _lines(self, testing: str | None = None) -> list[str]:
        """Return each table's name, host and last verdict, in columns."""
        rows = []
        for table in self._tables:
            try:
                host = mask_credentials(text_of(self._document.values(table).get(HOST)))
            except DocumentError:
                host = ""
            last = TESTING if table == testing else self._outcomes.get(table, "")
            rows.append((escape_controls(table), escape_controls(host), last))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return [f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]}".rstrip() for row in rows]


class TomlTableController(Controller):
    """Opens another table of the file, or the file in another application's format."""

    async def choose(self) -> None:
        """List the tables, ask about unsaved changes, and open the chosen table."""
        tables = self.document.tables()
        if len(tables) < 2 and tables in ((), (self.table,)):
            self.show_message("This file has one SMTP table.")
            return
        session, runner = self.context.session, self.test_pane.runner
        picker = TablePicker(self.document, session, runner, self.table)
        table = await self.show_dialog(picker)
        if table is None or table == self.table:
            return
        if await SaveController(self.context).may_leave():
            self.test_pane.stop()
            self.screen.open_table(table)

    async def choose_format(self) -> None:
        """List the formats, and reopen the file in the chosen one."""
        document = self.document
        choices: dict[str | None, str] = {
            None: "detect from the file",
            PLAIN: "plain: the keys of smtp-tui itself",
        }
        headers = all_headers(user_dialects_folder())[0]
        for header in sorted(headers, key=lambda header: header.application.casefold()):
            # Name the dialect too unless it is the application's name.
            is_same = header.application.casefold() == header.name
            title = header.application if is_same else f"{header.application} ({header.name})"
            choices[header.name] = escape_controls(title)
        names, now = list(choices), document.dialect if document.is_chosen else None
        # Show the present format, without the title and the key that opened this dialog.
        notes = tuple(file_blocks(document, self.table))[1:-1]
        dialog = ListChoiceDialog(FORMAT_TITLE, list(choices.values()), names.index(now), notes)
        index = await self.show_dialog(dialog)
        if index is None or names[index] == now:
            return
        try:
            table = await self._table_to_open(document.in_dialect(names[index]))
            if table is None or not await SaveController(self.context).may_leave():
                return
            other = document.in_dialect(names[index])  # includes what was just saved
        except DocumentError as error:
            self.show_message(as_sentence(error), BAD)
            return
        notice = f"{escape_controls(str(other.recognition))}."
        if other.is_chosen:
            notice += f" This lasts until you quit; --dialect {other.dialect} does the same."
        self.test_pane.stop()
        self.screen.open_table(table, other, notice)

    async def _table_to_open(self, other: Document) -> str | None:
        """Return the table to open; None if the admin chose none of several."""
        tables = other.tables()
        if self.table in tables:
            return self.table
        try:
            return other.default_table() if tables else other.new_table()
        except SeveralTablesError:
            # The verdicts so far belong to tables in the other format.
            picker = TablePicker(other, SessionMemory(), self.test_pane.runner, tables[0])
            return await self.show_dialog(picker)
        except NoTableError:
            if other.dialect == PLAIN:
                return self.table
            raise
