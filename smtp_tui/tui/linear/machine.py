"""List the SMTP settings on this machine, and open or import one, line by line."""

from __future__ import annotations

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.safe_text import escape_controls
from smtp_tui.survey.scan import FoundSettings, ScanPlace, scan_machine
from smtp_tui.survey.tree import TreeLimits
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.linear.console import StoppedError, stoppable
from smtp_tui.tui.linear.context import LinearContext
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.machine_settings import cells_of, import_found, open_place, searched_text

MOST_LISTED = 40


class LinearScan:
    """Lists the settings that hold some words, and imports or returns the chosen ones."""

    def __init__(self, context: LinearContext) -> None:
        self.context, self.console = context, context.console

    async def choose(self, words: str) -> ScanPlace | None:
        """Return the chosen file to open; what smtp-tui cannot change is imported instead."""
        if self.context.is_demo:
            self.console.show(text("scan", "alone"))
            return None
        seconds = f"{TreeLimits().seconds:g}"
        self.console.show(text("scan", "searching-lines", seconds=seconds))
        try:
            result = await stoppable(in_daemon_thread(scan_machine))
        except StoppedError:
            self.console.show_stopped()
            return None
        for problem in result.problems:
            self.console.show(text("scan", "problem", problem=escape_controls(problem)))
        found = self._chosen([row for row in result.found if _matches(row, words)])
        if found is None:
            return None
        if found.document:
            return found.document
        before = self.context.rows()
        self.console.show(import_found(found, self.context.draft, self.context.history))
        self.context.show_news(before)
        return None

    def opened(self, place: ScanPlace) -> tuple[Document, str] | None:
        """Return a file's document and table; None, after a message, if it cannot be opened."""
        try:
            return open_place(place)
        except DocumentError as error:
            self.console.show(as_sentence(escape_controls(str(error))))
            return None

    def _chosen(self, rows: list[FoundSettings]) -> FoundSettings | None:
        if not rows:
            self.console.show(text("scan", "nothing"))
            return None
        if len(rows) > MOST_LISTED:
            self.console.show(f"Found {len(rows)} settings. Type letters after :scan to list some.")
            return None
        lines = [f"{program}: {server}, {place}" for program, server, place in map(cells_of, rows)]
        index = self.console.choose_line(text("scan", "title"), lines)
        return None if index is None else rows[index]


def _matches(row: FoundSettings, words: str) -> bool:
    searched = searched_text(row).casefold()
    return all(word in searched for word in words.casefold().split())
