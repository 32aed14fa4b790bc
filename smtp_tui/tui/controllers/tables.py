"""To open another table of the file, or the file as another application's."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.config.dialects.detect import all_headers, user_dialects_folder
from smtp_tui.config.dialects.spec import PLAIN
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoTableError, SeveralTablesError
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.controllers.check import verdict_line
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.controllers.save import SaveController
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.model.draft import HOST, text_of
from smtp_tui.tui.model.file_context import FileContext, risk_of_test
from smtp_tui.tui.sidebar import file_blocks
from smtp_tui.tui.style import BAD
from smtp_tui.tui.test_pane.pane import Runner, needs_password_prompt, request_for, run_to_verdict
from smtp_tui.tui.widgets.dialog import SelectDialog, TablePicker

FORMAT_TITLE = "Which program does the settings file belong to?"
ASKED_FOR = "not tested: you must type its password"


@record
class TableTester:
    """The tables of a document, and the tests of all of them as the file has them.

    `last_verdicts` has a line for each table that was tested in this session.
    """

    document: Document
    last_verdicts: dict[str, str]
    runner: Runner

    def entries(self) -> Iterator[tuple[str, str, str]]:
        """Yield name, host and last verdict of each."""
        for table in self.document.tables():
            try:
                host = mask_credentials(text_of(self.document.values(table).get(HOST)))
            except DocumentError:
                host = ""
            yield table, host, self.last_verdicts.get(table, "")

    async def test(self, table: str) -> None:
        """Test one table as the file has it; where that is impossible, say so in its place."""
        self.last_verdicts[table] = await self._test(table)

    async def _test(self, table: str) -> str:
        draft = FileContext(self.document, table).draft()
        settings = draft.reading().settings
        for key, problem in draft.problems().items():
            # A list has room for the first problem only.
            return f"not tested: {BY_KEY[key].label} {problem}"
        if settings is None or needs_password_prompt(draft, settings):
            return ASKED_FOR
        if risk := risk_of_test(draft.password, settings, self.document.path):
            return f"not tested: {risk.refusal.removesuffix('.')}"
        request = request_for(draft, file=self.document.path, table=table)
        verdict = await run_to_verdict(self.runner, request, lambda _event: None)
        return verdict_line(verdict) if verdict else self.last_verdicts.get(table, "")

    def picker(self, current: str | None = None) -> TablePicker:
        """Return the list of the tables; without a `current` one it has the whole screen."""
        return TablePicker(self.document.path, self.entries, self.test, current)


class TableController(Controller):
    """Opens another table of the file, or the file in another application's format."""

    async def choose(self) -> None:
        """List the tables, and open the one that is chosen once nothing is unsaved."""
        tester = TableTester(self.document, self.context.last_verdicts, self.test_pane.runner)
        tables = self.document.tables()
        if len(tables) < 2 and tables in ((), (self.table,)):
            self.show_message("This file has one SMTP table.")
            return
        table = await self.show_dialog(tester.picker(self.table))
        if table is None or table == self.table:
            return
        if await SaveController(self.context).may_leave():
            self.test_pane.stop()
            self.screen.open_table(table)

    async def choose_format(self) -> None:
        """List the formats, and open the file in the one that is chosen."""
        document = self.document
        choices: dict[str | None, str] = {
            None: "detect from the file",
            PLAIN: "plain: the keys of smtp-tui itself",
        }
        headers = all_headers(user_dialects_folder())[0]
        for header in sorted(headers, key=lambda header: header.application.casefold()):
            # The dialect is named where that says more than the application.
            is_same = header.application.casefold() == header.name
            title = header.application if is_same else f"{header.application} ({header.name})"
            choices[header.name] = escape_controls(title)
        names, now = list(choices), document.dialect if document.is_chosen else None
        # What the file is read as now; its title and the key that led here are known.
        notes = tuple(file_blocks(document, self.table))[1:-1]
        dialog = SelectDialog(FORMAT_TITLE, list(choices.values()), names.index(now), notes)
        index = await self.show_dialog(dialog)
        if index is None or names[index] == now:
            return
        try:
            table = await self._table_to_open(document.in_dialect(names[index]))
            if table is None or not await SaveController(self.context).may_leave():
                return
            other = document.in_dialect(names[index])  # what was saved just now is in it
        except DocumentError as error:
            self.show_message(as_sentence(error), BAD)
            return
        notice = f"{escape_controls(str(other.recognition))}."
        if other.is_chosen:
            notice += f" This lasts until you quit; --dialect {other.dialect} does the same."
        self.test_pane.stop()
        self.screen.open_table(table, other, notice)

    async def _table_to_open(self, other: Document) -> str | None:
        """Return the table to open; None where the admin would open none of several."""
        tables = other.tables()
        if self.table in tables:
            return self.table
        try:
            return other.default_table() if tables else other.new_table()
        except SeveralTablesError:
            # Verdicts so far are of tables read with other keys.
            tester = TableTester(other, {}, self.test_pane.runner)
            return await self.show_dialog(tester.picker(tables[0]))
        except NoTableError:
            if other.dialect == PLAIN:
                return self.table
            raise
