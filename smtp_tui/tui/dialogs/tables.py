"""The list of a file's tables, to open one or to test all side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.worker import Worker

from smtp_tui.config.document import Document
from smtp_tui.diagnosis.causes import label
from smtp_tui.safe_text import escape_controls
from smtp_tui.smtp.transcript import lines_of
from smtp_tui.tui.commands import hints_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import TABLE_COMMANDS
from smtp_tui.tui.model.check_request import Runner
from smtp_tui.tui.model.session import SessionMemory, outcome
from smtp_tui.tui.model.table_tests import TableTests
from smtp_tui.tui.model.verdict_text import verdict_text
from smtp_tui.tui.style import BAD, CAUTION, DIM, GOOD, OURS, PLAIN, STRONG, Span
from smtp_tui.tui.test_pane.progress import STAGES
from smtp_tui.tui.widgets.filtered_list import FilteredList
from smtp_tui.tui.widgets.line import PROGRAM
from smtp_tui.tui.widgets.list import ListView, column_widths, fit_cells
from smtp_tui.tui.widgets.pager import SearchScreen
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, labelled, plain

_HEADS = ("Table", "Server", "Result")
_LEAST = (12, 12, 22)
_WIDE = 66  # from this width on, the servers have a column
_TIME = 7  # cells for the duration of a test
# While tests run, results come and go: the columns stay where they are.
_LONGEST_WAIT = "waiting for the TLS handshake"
_LAST_LINES = 12  # of a dialogue, shown below its verdict
FLUSH_INTERVAL = 0.1  # seconds between repaints


class TableList(ListView[str]):
    """The tables in columns: name, server, result and duration."""

    none_found = "No table matches."

    def __init__(self, tests: TableTests, index: int, changed: str | None) -> None:
        super().__init__(tests.tables, index)
        self._tests = tests
        # The table that the form has changed.
        self._changed = changed

    def heading(self, width: int) -> list[Span]:
        """Return the column names."""
        heads = _HEADS if width >= _WIDE else (_HEADS[0], _HEADS[2])
        return [("".join(fit_cells(heads, *self._widths(width))).rstrip(), DIM)]

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield each table's columns."""
        widths, gap = self._widths(width)
        for table in self.rows:
            result, style = self.result(table)
            cells = fit_cells((*self._names(table, width), result), widths, gap)
            styles = STRONG, *(PLAIN for _ in cells[2:]), style
            spans: list[Span] = []
            for cell, cell_style in zip(cells, styles, strict=True):
                shown = cell.rstrip()
                spans += [(shown, cell_style), (cell[len(shown) :], PLAIN)]
            seconds = self._seconds(table)
            yield ([*spans, (" " * (_TIME - len(seconds)), PLAIN), (seconds, DIM)],)

    def result(self, table: str) -> Span:
        """Return the result of a table's test, or what the test waits for."""
        tests = self._tests
        if running := tests.running(table):
            stage = running.stage
            return f"waiting for {STAGES[stage][1] if stage else 'its turn'}", OURS
        if reason := tests.reason(table):
            return f"? {reason.removesuffix('.')}", CAUTION
        if done := tests.done(table):
            verdict = done.verdict
            # The column has no room for the stage too, which the details below name.
            failed = f"FAILED: {label(verdict.cause)}" if verdict.cause else outcome(verdict)
            return (outcome(verdict), GOOD) if verdict.ok else (failed, BAD)
        return "", PLAIN

    def searched(self, table: str) -> str:
        """Return the text in which typed letters search: `fail` lists the failed tables."""
        return " ".join((*self._names(table, _WIDE), self.result(table)[0]))

    def _seconds(self, table: str) -> str:
        """Return how long a test took, or has taken so far."""
        if running := self._tests.running(table):
            return f"{monotonic() - running.started:.0f} s" if running.started else ""
        done = self._tests.done(table)
        if done is None or self._tests.reason(table):
            return ""
        seconds = done.verdict.seconds
        return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"

    def _names(self, table: str, width: int) -> tuple[str, ...]:
        """Return a table's name and, if there is room, its server."""
        name = escape_controls(table) + (" *" if table == self._changed else "")
        return (name, self._tests.server(table)) if width >= _WIDE else (name,)

    def _widths(self, width: int) -> tuple[tuple[int, ...], int]:
        names = [self._names(table, width) for table in self._tests.tables]
        names.append(_HEADS[: len(names[0])])
        results = [_LONGEST_WAIT, *(self.result(table)[0] for table in self._tests.tables)]
        room = width - _TIME - 2
        # The result gets what names and servers leave, so that the columns keep their distance.
        left = room - sum(max(map(cell_len, column)) + 2 for column in zip(*names, strict=True))
        cut = max(min(max(map(cell_len, results)), left), _LEAST[-1])
        return column_widths(
            [(*row, "x" * cut) for row in names], room, _LEAST[-len(names[0]) - 1 :]
        )


class TablePicker(SearchScreen[str | None]):
    """A list of a file's tables, to open one or test all; returns the chosen table, or None.

    Without a `current` table no form is open yet; `is_changed`: its form has unsaved changes.
    """

    place = "tables"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(TABLE_COMMANDS),
        ("shift+tab", "go(-1)"),
        ("tab", "go(1)"),
    ]
    # Title, two blank lines, and the key hints.
    around, share = 4, 0.6

    def __init__(
        self,
        document: Document,
        session: SessionMemory,
        runner: Runner,
        current: str | None = None,
        *,
        is_changed: bool = False,
    ) -> None:
        self._changed = current if is_changed else None
        self._tests = TableTests(document, session, runner, self._schedule)
        tables = self._tests.tables
        index = tables.index(current) if current in tables else 0
        rows = TableList(self._tests, index, self._changed)
        self._list = FilteredList(
            rows, rows.searched, placeholder="a few letters of a name, a server or a result"
        )
        self._is_first = current is None
        self._message = ""
        self._has_moved = self._is_due = False
        self._worker: Worker[None] | None = None
        self._file = escape_controls(document.path.name)
        self._head = TextPage(self._title())
        super().__init__(self._head, found=self._list, hints=hints_of(TABLE_COMMANDS))

    def on_mount(self) -> None:
        """Show the first page, and update the clocks of running tests."""
        self.set_interval(1, self._show_clocks)
        self._show()

    def on_filtered_list_moved(self) -> None:
        """Show the chosen table's test."""
        self._has_moved = True
        self._message = ""
        self._show()

    def _title(self) -> list[TextBlock]:
        about = f" · {len(self._tests.tables)} tables"
        title = ((f"{PROGRAM}  ", STRONG), (self._file, PLAIN), (about, DIM))
        return [TextBlock(title, is_preformatted=True), plain("", gap=False)]

    def action_take(self) -> None:
        """Return the chosen table, unless its own test still runs."""
        table = self._list.chosen
        if table is not None and self._tests.running(table):
            self._show_message(f"The test of {table} still runs. Esc stops all tests.")
        elif table is not None:
            self.dismiss(table)

    def action_go(self, by: int) -> None:
        """Move by tables."""
        self._list.action_go(by)

    def action_test_all(self) -> None:
        """Test all tables."""
        if self._tests.is_busy:
            self._show_message("The tests already run. Esc stops them.")
            return
        # The file may have been changed in an editor.
        before = self._tests.tables
        if problem := self._tests.reload(has_form=not self._is_first):
            self._show_message(problem)
            return
        if self._tests.tables != before:
            self._list.replace(self._tests.tables)
            self.on_resize()  # the list may be longer now
            self._head.show(self._title())
        self._has_moved = False
        self._message = ""
        self._worker = self.run_worker(self._test_all(), group="tables", exclusive=True)

    def action_leave(self) -> None:
        """Stop the tests, or go back."""
        if self._tests.is_busy and self._worker:
            self._worker.cancel()
            self._message = "Stopped. Tests that had finished are kept."
        else:
            self.dismiss(None)

    async def _test_all(self) -> None:
        await self._tests.run()
        failed = self._tests.first_failure()
        # If the cursor moved by itself, Enter could open another table than the admin chose.
        self._list.update()
        rows = self._list.rows
        if failed in rows.rows and not self._has_moved:
            self._list.action_go(rows.rows.index(failed) - rows.index)
        self._show()

    def _schedule(self) -> None:
        """Show the state at the next flush: ten times a second at most."""
        if not self._is_due and self.is_attached:
            self._is_due = True
            self.set_timer(FLUSH_INTERVAL, self._show)

    def _show_clocks(self) -> None:
        if self._tests.is_busy:
            self._show()

    def _show_message(self, text: str) -> None:
        self._message = escape_controls(text)
        self._show()

    def _show(self) -> None:
        self._is_due = False
        self._list.update()
        self.page.show([*self._blocks()])
        leave = "Stop" if self._tests.is_busy else "Quit" if self._is_first else "Back"
        *others, _ = hints_of(TABLE_COMMANDS)
        self.hints.show((*others, ("Esc", leave)))

    def _blocks(self) -> Iterator[TextBlock]:
        yield plain(self._message, STRONG) if self._message else plain(self._summary(), DIM)
        if (table := self._list.chosen) is None:
            return
        title = ((escape_controls(table), STRONG), (f"  {self._tests.server(table)}", DIM))
        yield TextBlock(title, is_preformatted=True)
        done, reason = self._tests.done(table), self._tests.reason(table)
        if self._tests.running(table):
            yield plain("Its test has not finished yet.", DIM, gap=False)
        elif reason:
            yield labelled("NOT TESTED", f"{reason} Enter opens the table.", CAUTION)
        elif done is None:
            yield plain("Not tested in this session.", DIM, gap=False)
        else:
            verdict = done.verdict
            words = verdict_text(verdict, done.request.mail)
            style = GOOD if verdict.ok else BAD
            yield labelled(words.outcome, words.happened, style)
            yield from (plain(text, gap=False) for text in (verdict.cure, verdict.why) if text)
            lines = [line for event in done.events for line in lines_of(event)][-_LAST_LINES:]
            for index, line in enumerate(lines):
                shown = escape_controls(str(line))
                yield TextBlock(((shown, DIM),), is_preformatted=True, gap=index == 0)

    def _summary(self) -> str:
        tests, counts = self._tests, Counter[str]()
        for table in tests.tables:
            if tests.running(table):
                counts["running"] += 1
            elif tests.reason(table):
                counts["not tested"] += 1
            elif done := tests.done(table):
                counts["passed" if done.verdict.ok else "failed"] += 1
        count, key = len(tests.tables), TABLE_COMMANDS[1].first_key
        words = ("passed", "failed", "not tested", "running")
        parts = ", ".join(f"{counts[word]} {word}" for word in words if counts[word])
        summary = f"{parts}." if parts else f"The file has {count} SMTP tables."
        if self._changed:
            changed = escape_controls(self._changed)
            return f"{summary} {key} tests the file; {changed} has unsaved changes (*)."
        return summary if parts else f"{summary} {key} tests all as saved in the file."
