"""The SMTP tables of one file: which there are, what each one's last test said, and another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.smtp.events import label
from smtp_tui.tui.model.draft import HOST, text_of

if TYPE_CHECKING:
    from smtp_tui.tui.controllers.form import FormController
    from smtp_tui.tui.test_pane.test_run import Runner

ONLY_ONE = "This file has one SMTP table."
ASKED_FOR = "not tested: you must type its password"


@record
class Verdicts:
    """What the tests of this session said, by table."""

    last: dict[str, str] = field(default_factory=dict)

    def remember(self, table: str, verdict: Verdict) -> None:
        """Take the verdict of a test that came to its end."""
        from smtp_tui.tui.test_pane.verdict import outcome

        cause = f": {label(verdict.cause)}" if verdict.cause else ""
        self.last[table] = f"{outcome(verdict)}{cause}"


@record
class TableTester:
    """The tables of a document, and the tests of all of them as the file has them."""

    document: Document
    verdicts: Verdicts
    runner: Runner

    @property
    def tables(self) -> tuple[str, ...]:
        """Their names, in the file's order."""
        return self.document.tables()

    @property
    def path(self) -> Path:
        """The file."""
        return self.document.path

    def entries(self) -> Iterator[tuple[str, str, str]]:
        """Yield name, host and last verdict of each."""
        for table in self.tables:
            try:
                host = mask_credentials(text_of(self.document.values(table).get(HOST)))
            except DocumentError:
                host = ""
            yield table, host, self.verdicts.last.get(table, "")

    async def test(self, table: str) -> None:
        """Test one table as the file has it; where that is impossible, say so in its place."""
        from smtp_tui.tui.controllers.password_risk import risk_of_test
        from smtp_tui.tui.model.file_context import FileContext
        from smtp_tui.tui.test_pane.test_run import (
            needs_password_prompt,
            request_for,
            run_to_verdict,
        )

        draft = FileContext(self.document, table).draft()
        settings = draft.reading().settings
        for key, problem in draft.problems().items():
            self.verdicts.last[table] = f"not tested: {BY_KEY[key].label} {problem}"
            return
        if settings is None or needs_password_prompt(draft, settings):
            self.verdicts.last[table] = ASKED_FOR
            return
        if risk := risk_of_test(draft.password, settings, self.document.path):
            self.verdicts.last[table] = f"not tested: {risk.refusal.removesuffix('.')}"
            return
        request = request_for(draft, file=self.document.path, table=table)
        verdict = await run_to_verdict(self.runner, request, lambda _event: None)
        if verdict is not None:
            self.verdicts.remember(table, verdict)


@record
class TableController:
    """Goes to another table of the file."""

    context: FormController

    async def choose(self) -> None:
        """List the tables, and open the one that is chosen once nothing is unsaved."""
        from smtp_tui.tui.dialogs.table_picker import TablePicker

        context = self.context
        listing = TableTester(context.document, context.verdicts, context.test_pane.runner)
        if len(listing.tables) < 2 and listing.tables in ((), (context.table,)):
            context.sidebar.show_message(ONLY_ONE)
            return
        picker = TablePicker(listing, current=context.table)
        table = await context.form.app.push_screen_wait(picker)
        if table is None or table == context.table or not await context.may_leave():
            return
        context.test_pane.stop()
        context.screen.open_table(table)
