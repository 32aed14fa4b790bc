"""What the log can hand out: a comparison, copies, its text in a file."""

from __future__ import annotations

import os
from collections.abc import Sequence

from smtp_tui.records import record
from smtp_tui.tui.asides.asides import NO_TEST, Asides
from smtp_tui.tui.deeds import Deeds
from smtp_tui.tui.log.lines import Entry

ONE_TEST = "There is nothing to compare: fewer than two tests have finished."
NOTHING_HERE = "There is nothing to copy: the log is empty."
KEEP_TITLE = "Save the dialogue of the last test as plain text. It contains no password."


@record
class LogDeeds:
    """Compares, copies and keeps what the log holds."""

    deeds: Deeds

    async def compare(self) -> None:
        """Show what differs between the last two tests."""
        done, before = self.deeds.bench.done, self.deeds.bench.before
        if done is None or before is None:
            self._say(ONE_TEST)
            return
        from smtp_tui.tui.log.compare_screen import CompareScreen

        await self.deeds.form.app.push_screen_wait(CompareScreen(before, done))

    async def copy(self) -> None:
        """Copy the marked block, or the line under the cursor."""
        log = self.deeds.bench.log_view
        self._copy(log.chosen())
        log.forget_block()

    async def copy_test(self) -> None:
        """Copy the whole last test."""
        log = self.deeds.bench.log_view
        log.catch_up()
        self._copy(log.rows.last_test())

    async def save_text(self) -> None:
        """Ask for a file and save the last test's dialogue there."""
        from smtp_tui.tui.asides.proposal import proposed_path
        from smtp_tui.tui.log.text import kept_text

        bench = self.deeds.bench
        if bench.moment is None:
            self.deeds.words.say(NO_TEST)
            return
        bench.log_view.catch_up()
        entries = bench.log_view.rows.last_test()
        text = kept_text(entries, bench.moment, os.environ.get("HOME", ""))
        proposal = proposed_path(self.deeds.document.path, bench.moment, ".txt")
        await Asides(self.deeds).save("the dialogue", proposal, text, KEEP_TITLE)

    def _copy(self, entries: Sequence[Entry]) -> None:
        from smtp_tui.tui.log.text import (
            MOST_COPIED,
            clipboard_size,
            plain_text,
            sent_words,
            too_long_words,
        )

        text = plain_text(entries)
        size = clipboard_size(text)
        if not text:
            self._say(NOTHING_HERE)
        elif size > MOST_COPIED:
            self._say(too_long_words(size))
        else:
            app = self.deeds.form.app
            app.copy_to_clipboard(text.encode("utf-8", "backslashreplace").decode("utf-8"))
            self._say(sent_words(len(entries), os.environ))

    def _say(self, text: str) -> None:
        """Say something in the log, which moves nothing about; where that is hidden, elsewhere."""
        log = self.deeds.bench.log_view
        if log.size:
            log.tell(text)
        else:
            self.deeds.words.say(text)
