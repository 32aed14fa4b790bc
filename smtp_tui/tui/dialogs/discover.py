"""The screen that searches for the servers of a name and returns one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from time import monotonic
from typing import ClassVar

from rich.style import Style
from textual.binding import BindingType
from textual.widget import Widget
from textual.worker import Worker

from smtp_tui.discovery.autoconfig import is_available
from smtp_tui.discovery.search import TIMEOUT
from smtp_tui.discovery.steps import OK, DiscoveryQuery, ProbeResult, Step, parse_query
from smtp_tui.tui.commands import key_of, with_help
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import DISCOVER_COMMANDS, key_in
from smtp_tui.tui.dialogs.server_table import DiscoveredServerTable, format_details
from smtp_tui.tui.form.choice_row import ChoiceRow
from smtp_tui.tui.form.rows import TextRow
from smtp_tui.tui.messages import format_internal_error, text
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.model.settings_changes import (
    DiscoveredServers,
    describe_change,
    server_change,
    unsupported_fields,
    with_username,
)
from smtp_tui.tui.style import BAD, CAUTION, DIM, GOOD, OURS, STRONG
from smtp_tui.tui.widgets.pager import SearchScreen
from smtp_tui.tui.widgets.text_page import TextPage, plain

Status = tuple[str, Style]
# Runs a search; the flag is whether to query the domain's web servers too.
Search = Callable[[DiscoveryQuery, bool], AsyncGenerator[Step, None]]

# Seconds between updates of the clock.
CLOCK = 1.0
_NO, _YES = text("discover", "no"), text("discover", "yes")


def progress_status(
    results: DiscoveredServers, spent: float, limit: float, *, with_web: bool
) -> Status:
    """Return the progress of a search and its time limit."""
    if results.ports is None:
        step = text("discover", "asking-web" if with_web else "asking", name=results.name)
    else:
        names = {"answered": len(results.probes), "ports": results.ports}
        step = text("discover", "knocking", **names)
    return text("discover", "clock", text=step, spent=f"{spent:.0f}", limit=f"{limit:g}"), OURS


def stopped_status(results: DiscoveredServers, spent: float) -> Status:
    """Return the status of a stopped search, and what the admin can do with its results."""
    identity = "stopped" if any(row.probe for row in results.rows) else "stopped-early"
    return text("discover", identity, spent=f"{spent:.0f}"), STRONG


def result_status(results: DiscoveredServers) -> Status:
    """Return the result of a finished search."""
    result = results.result
    if result is None or not result.values:
        return text("discover", "nothing", reason=result.reason if result else ""), BAD
    identity = "found" if result.ok else "nearest"
    return text("discover", identity, **result.values), GOOD if result.ok else CAUTION


class DiscoverScreen(SearchScreen[ProbeResult | None]):
    """Searches and shows what it finds; returns the chosen server's probe, or None.

    Without `search` no server may be asked, and the screen says so.
    """

    place = "discover"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(DISCOVER_COMMANDS),
        ("down", "step(1)"),
        ("up,shift+tab", "step(-1)"),
    ]
    # Title, name, autoconfig, progress, a blank line, and the key hints.
    around, share = 6, 0.55

    def __init__(self, name: str, draft: SettingsDraft, search: Search | None) -> None:
        self._proposed = name
        self._draft = draft
        self._search = search
        self._worker: Worker[None] | None = None
        self._started = 0.0
        self._results: DiscoveredServers | None = None
        # The final status of the last search; None while a search runs.
        self._end: Status | None = None
        # Whether the next search asks web servers, and whether the last one did.
        self._with_web = self._asked_web = False
        self._is_awaited = False
        # The address of the last search, which is a likely username.
        self._address: str | None = None
        self._row = TextRow("name", text("discover", "name"))
        self._web = ChoiceRow("autoconfig", text("discover", "autoconfig"), (_NO, _YES))
        self._progress = TextPage(most=3, classes="progress")
        self._table = DiscoveredServerTable()
        title = TextPage([plain(text("discover", "title"), STRONG)])
        parts = title, self._row, self._web, self._progress
        super().__init__(*parts, found=self._table, hints=())

    def on_mount(self) -> None:
        """Propose the name from the form."""
        # Query nothing before Enter: DNS and servers must not learn a name by accident.
        self._row.load(self._proposed)
        self._row.show(RowState(placeholder=text("discover", "placeholder")))
        self._show_web()
        self.set_interval(CLOCK, self._show_progress)
        self._show()

    def on_text_row_edited(self) -> None:
        """Clear the problem of the old name."""
        self._is_awaited = False
        if self._row.state.problem:
            self._row.show(RowState(placeholder=text("discover", "placeholder")))
            self._show()

    def on_choice_row_chosen(self, event: ChoiceRow.Chosen) -> None:
        """Set whether to ask web servers too."""
        self._with_web = event.word == _YES
        self._show_web()

    def on_discovered_server_table_chosen(self) -> None:
        """Show the details of the chosen row."""
        self._show_details(from_top=True)
        self._show_hints()

    def on_discovered_server_table_left_above(self) -> None:
        """Focus the row above the table."""
        self.action_step(-1)

    def on_descendant_focus(self) -> None:
        """Update the key hints."""
        self._show_hints()

    def action_take(self) -> None:
        """Search, or return the chosen server."""
        if self.focused is not self._table:
            self._begin_search()
        elif (chosen := self._table.chosen) and chosen.probe:
            self._finish(with_username(chosen.probe, self._address))

    def action_search(self) -> None:
        """Search for the typed name."""
        self._begin_search()

    def action_move(self) -> None:
        """Move the focus between table and name."""
        on_table = self.focused is self._table
        self._go_to(self._row if on_table or not self._table.rows else self._table)

    def action_step(self, by: int) -> None:
        """Focus the part below or above."""
        parts: list[Widget] = [self._row, self._web, *([self._table] if self._table.rows else [])]
        here = parts.index(self.focused) if self.focused in parts else 0
        self._go_to(parts[min(max(here + by, 0), len(parts) - 1)])

    def action_leave(self) -> None:
        """Stop the search, or go back if none runs."""
        if self._is_busy and self._worker is not None:
            self._worker.cancel()
        else:
            self._finish(None)

    def _go_to(self, part: Widget) -> None:
        """Focus a part."""
        # A search focuses its first result, unless the admin has moved the focus since.
        self._is_awaited = False
        self.set_focus(part)

    @property
    def _is_busy(self) -> bool:
        return self._results is not None and self._end is None

    def _finish(self, probe: ProbeResult | None) -> None:
        self.workers.cancel_node(self)
        self.dismiss(probe)

    def _begin_search(self) -> None:
        if self._search is None:
            return
        typed = self._row.text.strip()
        try:
            query = parse_query(typed)
        except ValueError as error:
            identity = "refused" if typed else "nothing-typed"
            self._row.show(RowState(problem=text("discover", identity, problem=error)))
            self._go_to(self._row)
            self._show()
            return
        self._table.clear()
        self._is_awaited = True
        steps = self._search(query, self._with_web)
        results, self._address = DiscoveredServers(query.name), query.address
        self._results, self._end, self._started = results, None, monotonic()
        self._asked_web = self._with_web
        # `exclusive` cancels a running search, which closes its connections.
        self._worker = self.run_worker(self._follow(steps, results), group="search", exclusive=True)
        self._show()

    async def _follow(self, steps: AsyncGenerator[Step, None], results: DiscoveredServers) -> None:
        """Show a search's results until it ends, is stopped, or another search begins."""
        try:
            # A generator that is not closed would leave its sockets open.
            async with aclosing(steps):
                async for step in steps:
                    results.add(step)
                    self._show()
            end = result_status(results)
        except asyncio.CancelledError:
            end = stopped_status(results, monotonic() - self._started)
        except Exception as error:
            # A defect in the search must not lose what was typed in the form.
            end = format_internal_error(error), BAD
        # Another search may have begun in the meantime: then do not show this one.
        if self._results is results:
            self._end = end
            self._show()

    def _show(self) -> None:
        """Show the results so far."""
        if not self.is_attached:
            return
        was_empty = not self._table.has_servers
        self._table.update(self._results.rows if self._results else ())
        if self._is_awaited and self._table.has_servers:
            self._go_to(self._table)
        self._show_progress()
        self._show_details(from_top=was_empty)
        self._show_hints()

    def _show_progress(self) -> None:
        if self._row.hides_problem:
            status = self._row.state.problem, BAD
        elif self._search is None:
            status = text("discover", "alone", presets=key_of("presets")), STRONG
        elif self._results is None:
            status = text("discover", "intro", limit=f"{TIMEOUT:g}"), DIM
        elif self._end is not None:
            status = self._end
        else:
            spent = monotonic() - self._started
            status = progress_status(self._results, spent, TIMEOUT, with_web=self._asked_web)
        self._progress.show([plain(*status)])

    def _show_details(self, *, from_top: bool) -> None:
        chosen = self._table.chosen
        effects: list[str] = []
        if chosen and chosen.probe:
            probe = with_username(chosen.probe, self._address)
            change = server_change(probe, self._draft)
            effects = [
                describe_change(change, self._draft),
                unsupported_fields(probe.values, self._draft),
            ]
            if probe.trusted not in (None, OK) and self._draft.raw("ca_file") is not None:
                effects.append(text("discover", "by-ca-file"))
        summary = " ".join(filter(None, effects))
        blocks = format_details(chosen, self._results, summary) if self._results else []
        self.page.show(blocks, from_top=from_top)

    def _show_web(self) -> None:
        if not is_available():
            limit = text("discover", "no-autoconfig")
            self._web.show(RowState(limit=limit, is_fixed=True))
            return
        chosen, note = _YES if self._with_web else _NO, text("discover", "asks-web")
        self._web.show(RowState(chosen=chosen, is_default=not self._with_web, note=note))

    def _show_hints(self) -> None:
        on_table, chosen = self.focused is self._table, self._table.chosen
        hints = {key_in("discover", "search") if on_table else "Enter": "search"}
        if on_table and chosen and chosen.probe:
            hints = {"Enter": "take", **hints}
        if self._table.rows:
            hints["Tab"] = "name" if on_table else "table"
        hints["PgDn"] = "read"
        hints["Esc"] = "stop" if self._is_busy else "back"
        self.hints.show(with_help(tuple((key, text("hints", hint)) for key, hint in hints.items())))
