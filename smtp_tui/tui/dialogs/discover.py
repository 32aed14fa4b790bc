"""Where settings are looked for: a name, what a search for it finds, and one line to take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from time import monotonic
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from smtp_tui.discovery.autoconfig import is_available
from smtp_tui.discovery.search import TIMEOUT
from smtp_tui.discovery.steps import OK, ProbeResult, SearchQuery, Step, parse_query
from smtp_tui.tui.dialogs.server_table import (
    ServerTable,
    Told,
    details_of,
    outcome,
    stopped,
    under_way,
)
from smtp_tui.tui.form.rows import ChoiceRow, TextRow
from smtp_tui.tui.keys.bindings import bindings
from smtp_tui.tui.keys.commands import DISCOVER_COMMANDS, key_of
from smtp_tui.tui.messages import format_internal_error, text
from smtp_tui.tui.model.draft import Draft
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.model.search import SearchResults, describe_change, server_change, unsayable
from smtp_tui.tui.style import BAD, DIM, STRONG
from smtp_tui.tui.textual_compat import PaintOnceScreen
from smtp_tui.tui.widgets.line import KeyHints
from smtp_tui.tui.widgets.text_page import Block, TextPage, plain

Taken = TypeVar("Taken")


Seek = Callable[[SearchQuery, bool], AsyncGenerator[Step, None]]
"""Searches for a subject; the flag is whether its own web servers are asked too."""


class SearchTask:
    """Runs a search and remembers what it told; `show` is called whenever that is more."""

    def __init__(self, seek: Seek, show: Callable[[], None], limit: float = TIMEOUT) -> None:
        self._seek = seek
        self._show = show
        self._limit = limit
        self._task: asyncio.Task[None] | None = None
        self._started = 0.0
        self._with_web = False
        self._end: Told | None = None
        self.heard: SearchResults | None = None

    @property
    def is_busy(self) -> bool:
        """Whether it is under way."""
        return self._task is not None

    @property
    def told(self) -> Told | None:
        """How far it is, or what it came to; None before the first."""
        if self.heard is None or self._end is not None:
            return self._end
        spent = monotonic() - self._started
        return under_way(self.heard, spent, self._limit, with_web=self._with_web)

    async def run(self, subject: SearchQuery, *, with_web: bool) -> None:
        """Search to the end, or until it is stopped; one that is under way is stopped first."""
        await self._quit()
        self.heard, self._end = SearchResults(subject.name), None
        self._started, self._with_web = monotonic(), with_web
        self._task = task = asyncio.create_task(self._follow(subject, self.heard))
        self._show()
        try:
            await asyncio.wait([task])
        finally:
            if self._task is task:
                task.cancel()
                self._task = None
                self._conclude(task, self.heard)

    def stop(self) -> bool:
        """Stop it, if it is under way; its connections close at once."""
        return self._task is not None and self._task.cancel()

    async def _follow(self, subject: SearchQuery, heard: SearchResults) -> None:
        async with aclosing(self._seek(subject, self._with_web)) as steps:
            async for step in steps:
                heard.add(step)
                self._show()

    async def _quit(self) -> None:
        """End the one before; nothing of it is told any more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def _conclude(self, task: asyncio.Task[None], heard: SearchResults) -> None:
        if task.cancelled() or not task.done():
            self._end = stopped(heard, monotonic() - self._started)
        elif error := task.exception():
            self._end = format_internal_error(error), BAD
        else:
            self._end = outcome(heard)
        self._show()


class SearchScreen(PaintOnceScreen, Screen[Taken], inherit_bindings=False):
    """A whole screen on which something is found; the result is what is taken, or None."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f10,ctrl+x", "leave", show=False),
        Binding("pageup", "read(-1)", show=False),
        Binding("pagedown", "read(1)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(classes="finding")
        self.details = TextPage(classes="details")

    def on_text_row_emptied(self, event: TextRow.Emptied) -> None:
        """Nothing is below the empty field."""
        event.stop()

    def action_read(self, pages: int) -> None:
        """Read on in what is said of the chosen line."""
        self.details.scroll_pages(pages)


CLOCK = 1.0
"""Seconds between two looks at the clock."""
_NO, _YES = text("discover", "no"), text("discover", "yes")
_AROUND = 6  # title, name, autoconfig, the line of progress, a blank one, and the keys
_SHARE = 0.55  # of what is left, the most that the table takes


class DiscoverScreen(SearchScreen[ProbeResult | None]):
    """Searches while it is looked at; the result is the line to take over, or None.

    Without `seek` nobody may be asked, which is then said.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(DISCOVER_COMMANDS),
        Binding("down", "step(1)", show=False),
        Binding("up,shift+tab", "step(-1)", show=False),
    ]

    def __init__(self, name: str, draft: Draft, seek: Seek | None) -> None:
        super().__init__()
        self._proposed = name
        self._draft = draft
        self._seeking = SearchTask(seek, self._show) if seek else None
        self._with_web = self._is_awaited = False
        self._row = TextRow("name", text("discover", "name"))
        self._web = ChoiceRow("autoconfig", text("discover", "autoconfig"), (_NO, _YES))
        self._progress = TextPage(most=3, classes="progress")
        self._table = ServerTable()
        self._hints = KeyHints((), indent=0)

    def compose(self) -> ComposeResult:
        """Stack what is typed, what is found, and what there is to say of it."""
        yield TextPage([plain(text("discover", "title"), STRONG)])
        yield self._row
        yield self._web
        yield self._progress
        yield self._table
        yield self.details
        yield self._hints

    def on_mount(self) -> None:
        """Propose what the form knows; nobody is asked before Enter."""
        self._row.load(self._proposed)
        self._row.show(RowState(placeholder=text("discover", "placeholder")))
        self._show_web()
        self.set_focus(self._row)
        self.set_interval(CLOCK, self._tick)
        self._show()

    def on_resize(self) -> None:
        """Leave room for what there is to say of a line."""
        self._table.limit(max(int((self.size.height - _AROUND) * _SHARE), 3))

    # What the parts tell

    def on_text_row_edited(self, event: TextRow.Edited) -> None:
        """Take back what was said of another name."""
        event.stop()
        self._is_awaited = False
        if self._row.state.problem:
            self._row.show(RowState(placeholder=text("discover", "placeholder")))
            self._show()

    def on_choice_row_chosen(self, event: ChoiceRow.Chosen) -> None:
        """Ask web servers too, or not."""
        event.stop()
        self._with_web = event.word == _YES
        self._show_web()

    def on_server_table_chosen(self, event: ServerTable.Chosen) -> None:
        """Speak of another line."""
        event.stop()
        self._show_details(from_top=True)
        self._show_hints()

    def on_server_table_left_above(self, event: ServerTable.LeftAbove) -> None:
        """Go up to what is typed."""
        event.stop()
        self.action_step(-1)

    def on_descendant_focus(self) -> None:
        """Other keys count."""
        self._show_hints()

    # What the keys do

    def action_take(self) -> None:
        """Search, or take the chosen line."""
        if self.focused is not self._table:
            self._search()
        elif (chosen := self._table.chosen) and chosen.knock:
            self._end(chosen.knock)

    def action_move(self) -> None:
        """Go from the table to the name, and back."""
        on_table = self.focused is self._table
        self._go_to(self._row if on_table or not self._table.rows else self._table)

    def action_step(self, by: int) -> None:
        """Go to the part below, or above."""
        parts: list[Widget] = [self._row, self._web, *([self._table] if self._table.rows else [])]
        here = parts.index(self.focused) if self.focused in parts else 0
        self._go_to(parts[min(max(here + by, 0), len(parts) - 1)])

    def action_leave(self) -> None:
        """Stop the search, else go back."""
        if not (self._seeking and self._seeking.stop()):
            self._end(None)

    def _go_to(self, part: Widget) -> None:
        """Go there; what is found later draws nobody away."""
        self._is_awaited = False
        self.set_focus(part)

    def _end(self, knock: ProbeResult | None) -> None:
        self.workers.cancel_node(self)
        self.dismiss(knock)

    def _search(self) -> None:
        typed = self._row.text.strip()
        if self._seeking is None:
            return
        try:
            subject = parse_query(typed)
        except ValueError as error:
            said = text("discover", "refused", problem=error) if typed else _nothing_typed()
            self._row.show(RowState(problem=said))
            self._go_to(self._row)
            self._show()
            return
        self._table.clear()
        self._is_awaited = True
        work = self._seeking.run(subject, with_web=self._with_web)
        self.run_worker(work, group="search", exit_on_error=False)

    # What is shown

    def _tick(self) -> None:
        if self._seeking and self._seeking.is_busy:
            self._show_progress()

    def _show(self) -> None:
        """Show what is known now."""
        if not self.is_attached:
            return
        heard = self._seeking.heard if self._seeking else None
        was_empty = not self._table.has_servers
        self._table.update(heard.entries if heard else ())
        if self._is_awaited and self._table.has_servers:
            self._go_to(self._table)
        self._show_progress()
        self._show_details(from_top=was_empty)
        self._show_hints()

    def _show_progress(self) -> None:
        told = self._seeking.told if self._seeking else (text_alone(), STRONG)
        if self._row.hides_problem:
            told = self._row.state.problem, BAD
        intro = text("discover", "intro", limit=f"{TIMEOUT:g}"), DIM
        self._progress.show([plain(*(told or intro))])

    def _show_details(self, *, from_top: bool) -> None:
        heard = self._seeking.heard if self._seeking else None
        blocks: list[Block] = []
        if heard:
            chosen = self._table.chosen
            takes = self._takes(chosen.knock) if chosen and chosen.knock else ""
            blocks = details_of(chosen, heard, takes)
        self.details.show(blocks, from_top=from_top)

    def _takes(self, knock: ProbeResult) -> str:
        change = server_change(knock, self._draft)
        cannot = unsayable(knock.values, self._draft)
        is_refused = knock.trusted not in (None, OK) and self._draft.raw("ca_file") is not None
        by_ca = text("discover", "by-ca-file") if is_refused else ""
        return " ".join(filter(None, (describe_change(change, self._draft), cannot, by_ca)))

    def _show_web(self) -> None:
        if not is_available():
            limit = text("discover", "no-autoconfig")
            self._web.show(RowState(limit=limit, is_fixed=True))
            return
        chosen, note = _YES if self._with_web else _NO, text("discover", "asks-web")
        self._web.show(RowState(chosen=chosen, is_default=not self._with_web, note=note))

    def _show_hints(self) -> None:
        on_table, chosen = self.focused is self._table, self._table.chosen
        is_busy = self._seeking is not None and self._seeking.is_busy
        hints = {} if on_table else {"Enter": "search"}
        if on_table and chosen and chosen.knock:
            hints["Enter"] = "take"
        hints["Esc"] = "stop" if is_busy else "back"
        if self._table.rows:
            hints["Tab"] = "name" if on_table else "table"
        hints["PgDn"] = "read"
        self._hints.show(tuple((key, text("hints", word)) for key, word in hints.items()))


def text_alone() -> str:
    """Say that nobody may be asked."""
    return text("discover", "alone", presets=key_of("presets"))


def _nothing_typed() -> str:
    return text("discover", "nothing-typed")
