"""Open or test the file's tables, or read the file in another application's format."""

from __future__ import annotations

from smtp_tui.config.dialects.spec import PLAIN
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoTableError, SeveralTablesError
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.controllers.save import SaveController
from smtp_tui.tui.dialogs.tables import TablePicker
from smtp_tui.tui.explanations import file_blocks
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.model.session import SessionMemory
from smtp_tui.tui.model.table_tests import ONE_TABLE, read_again
from smtp_tui.tui.style import BAD
from smtp_tui.tui.widgets.dialog import ListChoiceDialog

FORMAT_TITLE = "Which program does the settings file belong to?"


class TomlTableController(Controller):
    """Opens another table of the file, or the file in another application's format."""

    async def choose(self) -> None:
        """List the tables, ask about unsaved changes, and open the chosen table."""
        tables = self.document.tables()
        if len(tables) < 2 and tables in ((), (self.table,)):
            self.show_message(ONE_TABLE)
            return
        session, runner = self.context.session, self.test_pane.runner
        is_changed = bool(self.draft.changed)
        picker = TablePicker(self.document, session, runner, self.table, is_changed=is_changed)
        table = await self.show_dialog(picker)
        if table == self.table:
            # "Test all" may have tested this table too.
            latest = session.tests(table)[-1:]
            if latest != (self.test_pane.done,) and not self.test_pane.is_busy:
                self.screen.show_tests(latest)
        elif table is not None:
            then = f"open {escape_controls(table)}"
            if await SaveController(self.context).may_leave(then):
                if problem := read_again(self.document, table):
                    self.show_message(problem, BAD)
                    return
                self.test_pane.stop()
                self.screen.open_table(table)

    async def choose_format(self) -> None:
        """List the formats, and reopen the file in the chosen one."""
        document = self.document
        choices: dict[str | None, str] = {None: "detect from the file"}
        choices |= {name: escape_controls(title) for name, title in document.dialects().items()}
        names, now = list(choices), document.dialect if document.is_chosen else None
        # Show the current format, without the title and the key that opened this dialog.
        notes = tuple(file_blocks(document, self.table))[1:-1]
        dialog = ListChoiceDialog(FORMAT_TITLE, list(choices.values()), names.index(now), notes)
        index = await self.show_dialog(dialog)
        if index is None or names[index] == now:
            return
        try:
            table = await self._table_to_open(document.in_dialect(names[index]))
            if table is None or not await SaveController(self.context).may_leave(
                "read the file again"
            ):
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
