"""The log: the dialogue line by line, to read, search, filter and copy by keyboard."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.message import Message

from smtp_tui.tui.keys.bindings import bindings
from smtp_tui.tui.keys.commands import LOG_COMMANDS
from smtp_tui.tui.log.search import LogSearch
from smtp_tui.tui.log.view import LogFeed

_ASIDE = 8
NO_FOLDS = "There is nothing to unfold: the log shows no certificate."


class LogPane(LogFeed):
    """Lines as they happen, and what the keys do with them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home", "ends(-1)", show=False),
        Binding("end", "ends(1)", show=False),
        Binding("left", "aside(-1)", show=False),
        Binding("right", "aside(1)", show=False),
        *bindings(LOG_COMMANDS),
    ]

    class Visited(Message):
        """The focus came here."""

    class Zoomed(Message):
        """The log wants the whole height, or gives it back."""

    class Left(Message):
        """The focus went elsewhere."""

    def watch_has_focus(self, has_focus: bool) -> None:
        """Tell that the log is visited, or left."""
        super().watch_has_focus(has_focus)
        if not has_focus and self.search and self.search.is_typed:
            self.action_find_end()
        self.repaint()
        self.post_message(self.Visited() if has_focus else self.Left())

    def on_key(self, event: Key) -> None:
        """While a search is typed, keys go into it; those that mean nothing there act as ever."""
        self.tell("")
        if not (self.search and self.search.is_typed):
            return
        if event.key == "enter":
            self.search.is_typed = False
            self._end_empty_search()
        elif event.key == "escape" or (event.key == "backspace" and not self.search.line.text):
            self.step_back()
        elif event.is_printable and event.character:
            self._look_for(event.character)
        elif not self.search.edit(event.key):
            return
        else:
            self._look_for("")
        event.stop()
        event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        """Search for the first line of what is pasted."""
        event.stop()
        lines = event.text.splitlines()
        if lines and self.search and self.search.is_typed:
            self._look_for(lines[0])

    def step_back(self) -> bool:
        """Leave a search, else take back the mark of a block; False where there is neither."""
        if self.search:
            origin = self.search.origin if self.search.is_typed else None
            self.action_find_end()
            if origin is not None:
                self.go_to(origin)
            return True
        had_block = self.block is not None
        self.forget_block()
        return had_block

    def action_move(self, rows: int) -> None:
        """Go up or down."""
        self.go(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """Go up or down by what is in sight."""
        self.page(pages)

    def action_ends(self, way: int) -> None:
        """Go to the first line or to the last, and to the beginning of it."""
        self.aside(-self.rows.widest)
        self.go(0 if way < 0 else len(self.rows))

    def action_aside(self, way: int) -> None:
        """Read on in long lines."""
        self.aside(way * _ASIDE)

    def action_find(self) -> None:
        """Begin a search."""
        with self.held():
            self.search = LogSearch(self.here[0])

    def action_find_end(self) -> None:
        """End the search; the cursor stays where it found something."""
        with self.held():
            self.search = None

    def action_next_match(self) -> None:
        """Go to the next line with a match."""
        self._go_on_searching(1)

    def action_previous_match(self) -> None:
        """Go to the previous line with a match."""
        self._go_on_searching(-1)

    def action_filter(self) -> None:
        """Show the next selection of lines."""
        with self.held():
            self.rows.show(self.rows.filter.following)
            if self.search:
                self.search.look(self.rows)

    def action_wrap(self) -> None:
        """Wrap long lines, or leave them whole."""
        with self.held():
            self._left = 0
            self.rows.wrap(0 if self.rows.is_wrapped else self.text_width)

    def action_fold(self) -> None:
        """Fold or unfold the certificates under the cursor; elsewhere all of them."""
        if not self.rows.has_folds:
            self.tell(NO_FOLDS)
            return
        with self.held():
            head = self.rows.fold(self.here[0])
        if head is not None:
            self.go_to(head)

    def action_earlier_test(self) -> None:
        """Go to the heading above."""
        self._go_to_heading(-1)

    def action_later_test(self) -> None:
        """Go to the heading below."""
        self._go_to_heading(1)

    def action_mark(self) -> None:
        """Begin a block at the cursor, or forget it."""
        self.block = self.here[0] if self.block is None else None
        self.repaint()

    def action_zoom(self) -> None:
        """Take the whole height, or give it back."""
        self.post_message(self.Zoomed())

    def forget_block(self) -> None:
        """Mark no block any more."""
        self.block = None
        self.repaint()

    def _look_for(self, text: str) -> None:
        """Type into the search, and go to the first match from where it began."""
        search = self.search
        if search is None:
            return
        search.line.insert(text)
        search.look(self.rows)
        found = search.beside(search.origin, 1, inclusive=True)
        if found is None:
            self.go_to(search.origin)
        else:
            self._go_to_match(found)

    def _go_on_searching(self, way: int) -> None:
        if self.search is None:
            self.action_find()
        else:
            self._go_to_match(self.search.beside(self.here[0], way))

    def _go_to_heading(self, way: int) -> None:
        heading = self.rows.heading(self.here[0], way)
        if heading is not None:
            self.to_top(heading)

    def _go_to_match(self, number: int | None) -> None:
        if number is None:
            self.repaint()
            return
        with self.held():
            self.rows.reveal(number)
        self.go_to(number)
        self._show_match(number)

    def _show_match(self, number: int) -> None:
        """Bring the match itself into sight where its line is longer than the view."""
        found = (
            self.search
            and self.search.pattern
            and self.search.pattern.search(self.rows.text(number))
        )
        if not found:
            return
        if self.rows.is_wrapped:
            self.go(self.rows.index_of(number, found.start()))
        else:
            self.reach(found.start(), found.end())

    def _end_empty_search(self) -> None:
        if self.search and not self.search.line.text:
            self.search = None
        with self.held():
            pass
