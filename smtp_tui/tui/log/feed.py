"""How lines come into the log: at once, or in bursts of ten a second."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import monotonic

from smtp_tui.tui.log.lines import Entry, Heading
from smtp_tui.tui.log.view import LogView

BEAT = 0.1
"""Seconds between two pictures of lines that come without end; keys never wait for them."""


class LogFeed(LogView):
    """Takes what happens as it happens, however fast."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._waiting: list[Entry] = []
        self._shown_at = 0.0
        self._is_due = False

    @property
    def entries(self) -> Sequence[Entry]:
        """All lines, those included that are shown with the next beat."""
        return (*self.rows.entries, *self._waiting)

    def add(self, entries: Iterable[Entry]) -> None:
        """Take lines; shown at once, or with the next of ten beats a second."""
        self._waiting.extend(entries)
        if self._is_due or not self._waiting:
            return
        wait = BEAT - (monotonic() - self._shown_at)
        if wait <= 0:
            self._show_waiting()
        else:
            self._is_due = True
            self.set_timer(wait, self._show_waiting)

    def catch_up(self) -> None:
        """Show now what waits for the next beat: nothing more will come."""
        if self._waiting:
            self._show_waiting()

    def begin(self, heading: Heading) -> None:
        """Separate a new test from what stands above, and follow it."""
        self._follows = True
        self.add([heading])

    def end(self, outcome: str) -> None:
        """Tell in the heading of the last test what came of it."""
        self.catch_up()
        if self.rows.headings:
            number = self.rows.headings[-1]
            heading = self.rows.entry(number)
            if isinstance(heading, Heading):
                self.rows.replace(number, heading.ended(outcome))
                self.repaint()

    def _show_waiting(self) -> None:
        self._is_due = False
        self._shown_at = monotonic()
        with self.held():
            self.rows.extend(self._waiting)
            self._waiting.clear()
            if self.search:
                self.search.look_on(self.rows)
