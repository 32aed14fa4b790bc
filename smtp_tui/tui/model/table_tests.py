"""Test a file's tables side by side, each as it stands in the file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

from smtp_tui.config.diff import fresh
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, mask_credentials
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.events import Event, Stage, StageEntered
from smtp_tui.tui.messages import as_sentence, format_internal_error
from smtp_tui.tui.model.check_request import (
    PlaceRefusedError,
    Runner,
    needs_password_prompt,
    request_for,
    run_to_verdict,
    runner_at,
)
from smtp_tui.tui.model.draft import HOST, SettingsDraft
from smtp_tui.tui.model.file_context import OpenFileContext, risk_of_test
from smtp_tui.tui.model.session import CompletedTest, SessionMemory

ONE_TABLE = "This file has one SMTP table."
# More at once would look like an attack to a server that several tables name.
AT_ONCE = 8
ASKED_FOR = "It needs a typed password."


@record
class RunningTest:
    """A test that waits for its turn (`started` is None) or runs, in a stage."""

    started: float | None = None
    stage: Stage | None = None


def read_again(document: Document, table: str) -> str:
    """Read the file again to open a table; return why the table cannot be opened, or ""."""
    with suppress(DocumentError):  # saving recreates a removed file from what was read
        if table not in fresh(document).tables():
            return f"The file no longer has the table {escape_controls(table)}."
        document.reload()
    return ""


class TableTests:
    """The tables of a file, and the tests of them; `on_change` is called after each step."""

    def __init__(
        self,
        document: Document,
        session: SessionMemory,
        runner: Runner,
        on_change: Callable[[], None],
    ) -> None:
        self._document = document
        self._session = session
        self._runner = runner
        self._on_change = on_change
        self.tables = document.tables()
        self._drafts: dict[str, SettingsDraft] = {}
        self._running: dict[str, RunningTest] = {}
        # Why a table was not tested.
        self._reasons: dict[str, str] = {}
        self._load()

    def reload(self, *, has_form: bool) -> str:
        """Read the file again; return why that was impossible, or "".

        `has_form`: a form is open and keeps the document as it has read it.
        """
        try:
            if has_form:
                self._document = fresh(self._document)
            else:
                self._document.reload()
        except DocumentError as error:
            return as_sentence(error)
        # A table that is gone stays in the list, which says so.
        new = [table for table in self._document.tables() if table not in self.tables]
        self.tables = (*self.tables, *new)
        self._load()
        return ""

    def _load(self) -> None:
        self._drafts.clear()
        self._reasons.clear()
        for table in self.tables:
            try:
                self._drafts[table] = OpenFileContext(self._document, table).draft()
            except DocumentError as error:
                self._reasons[table] = as_sentence(error)

    def server(self, table: str) -> str:
        """Return a table's host, port and encryption."""
        if (draft := self._drafts.get(table)) is None:
            return ""
        texts = [str(draft.counting(key) or "") for key in (HOST, "port", "encryption")]
        if texts[-1] == "none" and draft.counting("starttls_auto"):
            texts[-1] = "if offered"
        return escape_controls(" ".join(filter(None, map(mask_credentials, texts))))

    def running(self, table: str) -> RunningTest | None:
        """Return a table's test, if it waits or runs."""
        return self._running.get(table)

    def reason(self, table: str) -> str:
        """Return why a table was not tested; "" if it was, or if nobody has asked for it."""
        return self._reasons.get(table, "")

    def done(self, table: str) -> CompletedTest | None:
        """Return the last finished test of a table in this session."""
        return next(reversed(self._session.tests(table)), None)

    def first_failure(self) -> str | None:
        """Return the first table whose last test failed."""
        tests = ((table, self.done(table)) for table in self.tables)
        return next((table for table, done in tests if done and not done.verdict.ok), None)

    @property
    def is_busy(self) -> bool:
        """Whether tests run."""
        return bool(self._running)

    async def run(self) -> None:
        """Test all tables; a cancelled run keeps what has finished, and closes all connections."""
        slots = asyncio.Semaphore(AT_ONCE)
        self._running = dict.fromkeys(self.tables, RunningTest())
        self._reasons = {}
        self._on_change()
        try:
            async with asyncio.TaskGroup() as group:
                for table in self.tables:
                    group.create_task(self._run_in_turn(table, slots))
        finally:
            self._running = {}
            self._on_change()

    async def _run_in_turn(self, table: str, slots: asyncio.Semaphore) -> None:
        async with slots:
            try:
                reason = await self._test(table)
            except DocumentError as error:
                reason = as_sentence(error)
            except PlaceRefusedError as error:
                reason = str(error)
            except Exception as error:  # a bug in one check must not lose the other tests
                reason = format_internal_error(error)
        self._running.pop(table, None)
        if reason:
            self._reasons[table] = reason
        self._on_change()

    async def _test(self, table: str) -> str:
        """Test a table and remember the test; return why it was not tested, or ""."""
        if self._document.lacks(table):
            return "The file no longer has this table."
        draft = OpenFileContext(self._document, table).draft()
        settings, path = draft.reading().settings, self._document.path
        for key, problem in draft.problems().items():
            # A line of the list has space for the first problem only.
            return f"{BY_KEY[key].label} {problem}."
        if settings is None or needs_password_prompt(draft, settings):
            return ASKED_FOR
        if risk := risk_of_test(draft.password, settings, path):
            return as_sentence(risk.refusal)
        request = request_for(draft, file=path, table=table, recognition=self._document.recognition)
        request = replace(request, tries_ports=False)
        events: list[Event] = []
        started = monotonic()
        self._running[table] = RunningTest(started)

        def record_event(event: Event) -> None:
            events.append(event)
            if isinstance(event, StageEntered):
                self._running[table] = RunningTest(started, event.stage)
                self._on_change()

        moment = datetime.now(UTC)
        runner = runner_at(self._session.place, self._runner)
        verdict = await run_to_verdict(runner, request, record_event)
        if verdict is None:
            return "A bug in smtp-tui: the test ended without a verdict."
        done = CompletedTest(request, settings, tuple(events), verdict, moment, draft.snapshot())
        self._session.add(table, done)
        return ""
