"""The log as plain text, for a clipboard or a file. Pure.

What it is made of was redacted and escaped where it came to be.

What the log can hand out: a comparison, copies, its text in a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from smtp_tui.checks.report import TITLE, without
from smtp_tui.records import record
from smtp_tui.tui.controllers.form import FormController
from smtp_tui.tui.controllers.tools import NO_TEST, ToolController
from smtp_tui.tui.log.model import Entry, Title
from smtp_tui.tui.messages import MOST_COPIED, clipboard_size


def plain_text(entries: Iterable[Entry]) -> str:
    """Return entries as lines, each with a line end; titles stand as comments."""
    lines = (f"# {entry}" if isinstance(entry, Title) else str(entry) for entry in entries)
    return "".join(f"{line}\n" for line in lines)


def kept_text(entries: Iterable[Entry], moment: datetime, home: str) -> str:
    """Return the file that keeps a dialogue; it begins as reports do, and may replace one."""
    head = f"{TITLE}: the dialogue, {moment:%Y-%m-%d %H:%M:%S} UTC\n"
    lines = without(home, plain_text(entries).splitlines())
    return head + "".join(f"{line}\n" for line in lines)


def sent_words(count: int, environment: Mapping[str, str]) -> str:
    """Say what became of a copied text, as far as that can be known."""
    what, it = ("the line", "it") if count == 1 else (f"{count} lines", "them")
    told = f"Sent {what} to the terminal. It does not report whether it accepted {it}."
    if environment.get("TMUX"):
        return f"{told} tmux accepts it only with `set-clipboard` on; O saves to a file."
    if environment.get("STY"):
        return f"{told} GNU screen does not pass it on; O saves to a file."
    return told


def too_long_words(size: int) -> str:
    """Say why a text was not sent."""
    return (
        f"Not copied: {size // 1000} kB is more than many terminals accept. O saves to a file, "
        "M marks a block."
    )


ONE_TEST = "There is nothing to compare: fewer than two tests have finished."
NOTHING_HERE = "There is nothing to copy: the log is empty."
KEEP_TITLE = "Save the dialogue of the last test as plain text. It contains no password."


@record
class LogController:
    """Compares, copies and keeps what the log holds."""

    context: FormController

    async def compare(self) -> None:
        """Show what differs between the last two tests."""
        done, before = self.context.test_pane.done, self.context.test_pane.before
        if done is None or before is None:
            self._say(ONE_TEST)
            return
        from smtp_tui.tui.dialogs.compare import CompareScreen

        await self.context.form.app.push_screen_wait(CompareScreen(before, done))

    async def copy(self) -> None:
        """Copy the marked block, or the line under the cursor."""
        log = self.context.test_pane.log_view
        self._copy(log.chosen())
        log.forget_block()

    async def copy_test(self) -> None:
        """Copy the whole last test."""
        log = self.context.test_pane.log_view
        log.catch_up()
        self._copy(log.rows.last_test())

    async def save_text(self) -> None:
        """Ask for a file and save the last test's dialogue there."""
        from smtp_tui.tui.controllers.tools import proposed_path

        test_pane = self.context.test_pane
        if test_pane.moment is None:
            self.context.sidebar.show_message(NO_TEST)
            return
        test_pane.log_view.catch_up()
        entries = test_pane.log_view.rows.last_test()
        text = kept_text(entries, test_pane.moment, os.environ.get("HOME", ""))
        proposal = proposed_path(self.context.document.path, test_pane.moment, ".txt")
        await ToolController(self.context).save("the dialogue", proposal, text, KEEP_TITLE)

    def _copy(self, entries: Sequence[Entry]) -> None:

        text = plain_text(entries)
        size = clipboard_size(text)
        if not text:
            self._say(NOTHING_HERE)
        elif size > MOST_COPIED:
            self._say(too_long_words(size))
        else:
            app = self.context.form.app
            app.copy_to_clipboard(text.encode("utf-8", "backslashreplace").decode("utf-8"))
            self._say(sent_words(len(entries), os.environ))

    def _say(self, text: str) -> None:
        """Say something in the log, which moves nothing about; where that is hidden, elsewhere."""
        log = self.context.test_pane.log_view
        if log.size:
            log.tell(text)
        else:
            self.context.sidebar.show_message(text)
