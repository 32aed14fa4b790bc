"""The screen that lists the SMTP settings on this machine and returns one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType

from smtp_tui.safe_text import escape_controls, mask_credentials
from smtp_tui.survey.scan import FoundSettings, ScanResult, scan_machine
from smtp_tui.survey.tree import TreeLimits
from smtp_tui.survey.usual_names import skipped_texts
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.commands import hints_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import SCAN_COMMANDS
from smtp_tui.tui.messages import format_internal_error, text
from smtp_tui.tui.model.machine_settings import cells_of, searched_text
from smtp_tui.tui.style import BAD, CAUTION, DIM, OURS, PLAIN, STRONG, Span
from smtp_tui.tui.widgets.filtered_list import FilteredList
from smtp_tui.tui.widgets.list import ListView, column_widths, fit_cells
from smtp_tui.tui.widgets.pager import SearchScreen
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, labelled, plain

_HEADS = ("program", "server", "place")
_LEAST, _LEAST_NARROW = (12, 24, 24), (8, 14, 14)
_NARROW = 70
_DETAILS = 10  # lines that the details of most settings have at 80 columns


class SettingsList(ListView[FoundSettings], can_focus=False):
    """The settings in columns: program, server and place."""

    def heading(self, width: int) -> list[Span] | None:
        """Return the column names, once there are rows."""
        if not self.rows:
            return None
        return [("".join(fit_cells(_HEADS, *self._widths(width))).rstrip(), DIM)]

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield each row's columns."""
        widths, gap = self._widths(width)
        for row in self.rows:
            program, server, place = cells_of(row)
            texts = fit_cells((program, server, _tail(place, widths[2])), widths, gap)
            yield (list(zip(texts, (STRONG, PLAIN, DIM), strict=True)),)

    def _widths(self, width: int) -> tuple[tuple[int, ...], int]:
        rows = [_HEADS, *map(cells_of, self.rows)]
        return column_widths(rows, width, _LEAST if width >= _NARROW else _LEAST_NARROW)


class ScanScreen(SearchScreen[FoundSettings | None]):
    """Searches this machine, and returns the settings to open, or None; `file` is the form's."""

    place = "scan"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SCAN_COMMANDS)]
    # Title, a blank line, and the key hints.
    around = 3

    def __init__(self, file: str) -> None:
        self._file = file
        self._result: ScanResult | None = None
        self._problem = ""
        self._rows = SettingsList()
        self._list = FilteredList(
            self._rows, searched_text, placeholder=text("scan", "placeholder"), keeps_order=True
        )
        head = TextPage([plain(text("scan", "title"), STRONG)])
        super().__init__(head, found=self._list, hints=hints_of(SCAN_COMMANDS))

    def on_resize(self) -> None:
        """Give the list what the details do not need."""
        lines = self.size.height - self.around
        self._list.limit(max(lines - _DETAILS, lines // 2, 3))

    def on_mount(self) -> None:
        """Start the search; it ends by its own limits."""
        self._rows.none_found = ""
        self.run_worker(self._search(), group="scan", exclusive=True, exit_on_error=False)
        self._show()

    async def _search(self) -> None:
        try:
            self._result = await in_daemon_thread(scan_machine)
        except Exception as error:  # the form must stay usable
            self._problem = format_internal_error(error)
        else:
            self._rows.none_found = "Nothing matches." if self._result.found else ""
            self._list.replace(self._result.found)
            self.on_resize()
        self._show()

    def on_filtered_list_moved(self) -> None:
        """Show the chosen row's details."""
        self._show()

    def action_take(self) -> None:
        """Return the chosen settings."""
        if (chosen := self._list.chosen) is not None:
            self.dismiss(chosen)

    def _show(self) -> None:
        self.page.show([*self._blocks()])

    def _blocks(self) -> Iterator[TextBlock]:
        if self._problem:
            yield plain(self._problem, BAD)
            return
        if self._result is None:
            yield plain(text("scan", "searching", seconds=f"{TreeLimits().seconds:g}"), OURS)
            return
        if not self._result.found:
            yield plain(text("scan", "nothing"), STRONG)
        if chosen := self._list.chosen:
            yield from _details(chosen, self._file)
        for problem in self._result.problems:
            yield plain(text("scan", "problem", problem=escape_controls(problem)), CAUTION)
        yield from _skipped(self._result)


def _details(row: FoundSettings, file: str) -> Iterator[TextBlock]:
    # The column cuts a long name off.
    lines = [(text("scan", "server"), cells_of(row)[1])]
    lines += [(text("scan", "place"), str(place)) for place in row.places]
    if login := row.values["username"]:
        password = text("scan", "password", state=row.password)
        lines.append((text("scan", "login"), f"{mask_credentials(str(login))}, {password}"))
    yield from (labelled(*line) for line in lines)
    if row.found.is_off:
        yield plain(text("scan", "off"), CAUTION, gap=False)
    what = "opens" if row.document else "imports"
    yield plain(text("scan", what, file=escape_controls(file)))


def _skipped(result: ScanResult) -> Iterator[TextBlock]:
    counts, texts = result.skipped.counts, skipped_texts()
    if counts:
        listed = "; ".join(f"{texts[reason]}: {counts[reason]}" for reason in sorted(counts))
        yield labelled(text("scan", "skipped"), listed, DIM)


def _tail(place: str, width: int) -> str:
    """Return a path cut at its start: its end tells more."""
    if cell_len(place) <= width:
        return place
    tail = place[-width:]
    while cell_len(tail) > width - 1:
        tail = tail[1:]
    return f"…{tail}"
