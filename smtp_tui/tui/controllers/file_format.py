"""Reading the file as another application's: chosen from a list, once nothing is unsaved."""

from __future__ import annotations

from collections.abc import Sequence

from smtp_tui.config.dialects.detect import all_headers, user_dialects_folder
from smtp_tui.config.dialects.spec import PLAIN, DialectHeader
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoTableError, SeveralTablesError
from smtp_tui.records import record
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.controllers.form import FormController
from smtp_tui.tui.controllers.tables import TableTester, Verdicts
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.sidebar.file_notes import file_blocks
from smtp_tui.tui.style import BAD
from smtp_tui.tui.widgets.dialog import SelectDialog
from smtp_tui.tui.widgets.text_page import Block

TITLE = "Which program does the settings file belong to?"
DETECT = "detect from the file"
OWN_KEYS = "plain: the keys of smtp-tui itself"


@record
class Dialects:
    """Opens the file again in the words of another application, or in our own."""

    context: FormController

    async def choose(self) -> None:
        """List the formats, and open the file in the one that is chosen."""
        context, document = self.context, self.context.document
        names = format_names()
        now = document.dialect if document.is_chosen else None
        dialog = SelectDialog(TITLE, _lines(), names.index(now), _notes(document, context.table))
        index = await context.form.app.push_screen_wait(dialog)
        if index is None or names[index] == now:
            return
        try:
            table = await self._table_of(document.in_dialect(names[index]))
            if table is None or not await context.may_leave():
                return
            other = document.in_dialect(names[index])  # what was saved just now is in it
        except DocumentError as error:
            context.sidebar.show_message(as_sentence(error), BAD)
            return
        context.test_pane.stop()
        context.screen.open_table(table, other, _told(other))

    async def _table_of(self, other: Document) -> str | None:
        """Return the table to open; None where the admin would open none of several."""
        tables = other.tables()
        if self.context.table in tables:
            return self.context.table
        try:
            return other.default_table() if tables else other.new_table()
        except SeveralTablesError:
            from smtp_tui.tui.dialogs.table_picker import TablePicker

            listing = TableTester(other, Verdicts(), self.context.test_pane.runner)
            return await self.context.form.app.push_screen_wait(TablePicker(listing, tables[0]))
        except NoTableError:
            if other.dialect == PLAIN:
                return self.context.table
            raise


def format_names() -> list[str | None]:
    """Return the names of the formats as they are listed; None is to detect it."""
    return [None, PLAIN, *(head.name for head in _heads())]


def _lines() -> list[str]:
    return [DETECT, OWN_KEYS, *(escape_controls(_named(head)) for head in _heads())]


def _named(head: DialectHeader) -> str:
    """Name an application, and its dialect where that says more."""
    is_same = head.application.casefold() == head.name
    return head.application if is_same else f"{head.application} ({head.name})"


def _heads() -> Sequence[DialectHeader]:
    return sorted(
        all_headers(user_dialects_folder())[0], key=lambda head: head.application.casefold()
    )


def _notes(document: Document, table: str) -> tuple[Block, ...]:
    """Return what the file is read as now, without the title and the key."""
    return tuple(file_blocks(document, table))[1:-1]


def _told(document: Document) -> str:
    told = f"{escape_controls(str(document.recognition))}."
    if not document.is_chosen:
        return told
    return f"{told} This lasts until you quit; --dialect {document.dialect} does the same."
