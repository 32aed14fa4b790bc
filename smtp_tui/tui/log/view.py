"""The log's keys: scroll, search, filter, fold and mark it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click, Key, Paste
from textual.geometry import clamp

from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.commands import LOG_COMMANDS, key_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.log.entries import FoldableLogLine
from smtp_tui.tui.log.lines import LogLines
from smtp_tui.tui.log.model import nearest
from smtp_tui.tui.log.search import LogSearch
from smtp_tui.tui.widgets.line import WHEEL
from smtp_tui.tui.widgets.line_editor import PASTE_CUT, first_line

NO_FOLDS = "There is nothing to unfold."
EMPTY = "The log is empty. F5 starts a test."
NO_SEARCH = "There is no search to continue. {find} starts one."
UNKNOWN_KEY = "{key} has no effect in the log. {help} lists the keys."
_SIDEWAYS = 8


class LogView(LogLines):
    """The log with its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("ctrl+u", "page(-0.5)", show=False),
        Binding("ctrl+d", "page(0.5)", show=False),
        Binding("home,g", "ends(-1)", show=False),
        Binding("end,G", "ends(1)", show=False),
        Binding("left", "sideways(-1)", show=False),
        Binding("right", "sideways(1)", show=False),
        Binding("q", "screen.leave_log", show=False),
        *bindings(LOG_COMMANDS),
    ]

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the cursor with the focus only; without it, end a search being typed."""
        super().watch_has_focus(has_focus)
        if not has_focus:
            self._message = ""
            if self.search and self.search.is_typed:
                self._end_search()
        self.repaint()

    @property
    def moment(self) -> datetime | None:
        """When the test under the cursor began."""
        heading = self.rows.heading_of(self.current_row[0])
        return heading.moment if heading else None

    # Key actions

    def on_key(self, event: Key) -> None:
        """Pass keys to a search being typed; keys that it does not use act as usual."""
        self._had_message = bool(self._message)
        self.show_message("")
        search = self.search
        if search is None or not search.is_typed:
            self._show_unknown(event)
            return
        if event.key == "enter":
            with self.keeping_place():
                search.is_typed = False
                self.search = search if search.line.text else None
        elif event.key == "escape" or (event.key == "backspace" and not search.line.text):
            self.step_back()
        elif event.is_printable and event.character:
            self._type_search(search, event.character)
        elif search.edit(event.key):
            self._type_search(search, "")
        else:
            return
        event.stop()
        event.prevent_default()

    def _show_unknown(self, event: Key) -> None:
        """Show that a character is no key of the log."""
        key = event.key
        if event.is_printable and "+" not in key:
            bound = self.screen.active_bindings
            if key not in bound and key.lower() not in bound:
                shown = escape_controls(event.character or key)
                self.show_message(UNKNOWN_KEY.format(key=shown, help=key_of("help")))

    def on_paste(self, event: Paste) -> None:
        """Search for the first line of a paste that is not blank."""
        event.stop()
        line, count = first_line(event.text)
        if line and self.search and self.search.is_typed:
            self._type_search(self.search, line)
            self.search.note = PASTE_CUT.format(count=count) if count > 1 else ""
            self.repaint()

    def step_back(self) -> bool:
        """Clear a message, else end a search, else clear a marked block.

        Return False if there is none of them.
        """
        if self._had_message:  # the key itself has cleared it
            return True
        search = self.search
        if search is None:
            had_block = self.block is not None
            self.clear_block()
            return had_block
        self._end_search()
        if search.is_typed:
            self.go_to(search.origin)
        return True

    def on_click(self, event: Click) -> None:
        """Go to the clicked line."""
        if self.top + event.y < len(self.rows):
            self.move_to(self.top + event.y)

    def on_mouse_scroll_up(self) -> None:
        """Go up by some lines."""
        self.action_move(-WHEEL)

    def on_mouse_scroll_down(self) -> None:
        """Go down by some lines."""
        self.action_move(WHEEL)

    def action_move(self, rows: int) -> None:
        """Move the cursor by rows."""
        self.move_to(self.cursor + rows)

    def action_page(self, pages: float) -> None:
        """Move the cursor by pages."""
        rows = int(pages * max(self.view_height - 1, 2))
        self.top = clamp(self.top + rows, 0, self.last_top)
        self.move_to(self.cursor + rows)

    def action_ends(self, direction: int) -> None:
        """Go to the start of the first or the last line."""
        self.scroll_sideways(-self.rows.widest)
        self.move_to(0 if direction < 0 else len(self.rows))

    def action_sideways(self, direction: int) -> None:
        """Scroll long lines."""
        self.scroll_sideways(direction * _SIDEWAYS)

    def action_find(self) -> None:
        """Start a search."""
        with self.keeping_place():
            self.search = LogSearch(self.current_row[0])

    def action_next_match(self) -> None:
        """Go to the next line with a match."""
        self._find_again(1)

    def action_previous_match(self) -> None:
        """Go to the previous line with a match."""
        self._find_again(-1)

    def action_filter(self) -> None:
        """Switch to the next filter."""
        with self.keeping_place():
            self.rows.show(self.rows.filter.following)
            if self.search:
                self.search.scan(self.rows)

    def action_wrap(self) -> None:
        """Switch wrapping on or off."""
        with self.keeping_place():
            self.left = 0
            self.rows.wrap(0 if self.rows.width else self.text_width)

    def action_fold(self) -> None:
        """Toggle the fold under the cursor; elsewhere all folds."""
        if not any(isinstance(entry, FoldableLogLine) for entry in self.rows.entries):
            self.show_message(NO_FOLDS)
            return
        with self.keeping_place():
            owner = self.rows.fold(self.current_row[0])
        if owner is not None:
            self.go_to(owner)

    def action_earlier_test(self) -> None:
        """Go to the heading above."""
        self._go_to_heading(-1)

    def action_later_test(self) -> None:
        """Go to the heading below."""
        self._go_to_heading(1)

    def action_mark(self) -> None:
        """Start a block at the cursor, or clear it."""
        self.block = self.current_row[0] if self.block is None else None
        self.repaint()

    def _go_to_heading(self, direction: int) -> None:
        number = nearest(self.rows.headings, self.current_row[0], direction)
        if number is not None:
            self.top = min(self.rows.index_of(number), self.last_top)
            self.go_to(number)

    def _find_again(self, direction: int) -> None:
        if self.search is None:
            self.show_message(NO_SEARCH.format(find=key_of("find")))
            return
        number = nearest(self.search.matches, self.current_row[0], direction)
        if number is not None:
            self._go_to_match(self.search, number)

    def _end_search(self) -> None:
        with self.keeping_place():
            self.search = None

    def _type_search(self, search: LogSearch, text: str) -> None:
        """Insert text into the search, and go to the first match from its origin."""
        search.note = ""
        search.line.insert(text)
        search.scan(self.rows)
        number = nearest(search.matches, search.origin - 1, 1)
        if number is None:
            self.go_to(search.origin)
        else:
            self._go_to_match(search, number)

    def _go_to_match(self, search: LogSearch, number: int) -> None:
        """Go to an entry with a match, and scroll to the match in a long line."""
        with self.keeping_place():
            self.rows.reveal(number)
        self.go_to(number)
        match = search.pattern.search(self.rows.text(number)) if search.pattern else None
        if match is None:
            return
        start, end = match.span()
        if self.rows.width:
            self.move_to(self.rows.index_of(number, start))
        elif start < self.left + bool(self.left) or end >= self.left + self.text_width:
            self.left = 0
            self.scroll_sideways(0 if end < self.text_width else start - self.text_width // 3)
