"""What saving would change in the file, before it does, at the bottom of the screen."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from smtp_tui.config.diffing import DiffLine
from smtp_tui.config.writing import Manner
from smtp_tui.records import record
from smtp_tui.tui.appearing import Appearing
from smtp_tui.tui.bars import HintBar
from smtp_tui.tui.box import Box
from smtp_tui.tui.ink import DIM, STRONG, WARNING
from smtp_tui.tui.keys.dialog_commands import DIFF_COMMANDS
from smtp_tui.tui.keys.hints import Hints
from smtp_tui.tui.saving.diff_view import DiffView
from smtp_tui.tui.sidebar.page import Page
from smtp_tui.tui.sidebar.prose import Block, plain

AROUND = 4  # the line above, title and keys, and a line of the form
NO_BACKUP = "No backup: it would keep the password that you remove from the file."
SAME = "Saving changes nothing in the file."


@record
class Preview:
    """What saving would do: to which file, and what there is to say beside it.

    `table` is a table that the file lacks, and that saving makes.
    """

    file: str
    lines: tuple[DiffLine, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    takes_secret_out: bool = False
    is_new: bool = False
    table: str = ""

    @property
    def blocks(self) -> list[Block]:
        """What stands over the diff."""
        title = f"What saving changes in {self.file}" if self.lines else SAME
        made = (f"The file has no SMTP table yet: saving adds [{self.table}].",)
        notes = [plain(one, DIM, gap=False) for one in ((made if self.table else ()) + self.notes)]
        return [
            plain(title, STRONG),
            *notes,
            *(plain(warning, WARNING, gap=False) for warning in self.warnings),
        ]


class DiffDialog(Appearing, ModalScreen[Manner | None], inherit_bindings=False):
    """Shows a diff; the result is how to save, None to save nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in DIFF_COMMANDS]

    def __init__(self, preview: Preview) -> None:
        super().__init__(classes="dialog")
        self._preview = preview
        self._head = Page(preview.blocks)
        self._view = DiffView(preview.lines)
        self._says = Page()
        self._keys = HintBar(self._hints(), indent=0)
        self._manner = Manner()

    def compose(self) -> ComposeResult:
        """Show the diff over the keys."""
        with Box(classes="box"):
            yield self._head
            yield self._view
            yield self._says
            yield self._keys

    def on_mount(self) -> None:
        """The keys scroll the diff."""
        self.set_focus(self._view)

    def on_resize(self) -> None:
        """Leave room for what stands around it."""
        head = self._head.line_count(self.size.width - 2)
        self._view.limit(self.size.height - AROUND - head)

    def action_save(self) -> None:
        """Save."""
        self.dismiss(self._manner)

    def action_backup(self) -> None:
        """Keep the old file beside the new one, or do not."""
        if self._preview.takes_secret_out:
            self._says.show([plain(NO_BACKUP, WARNING)])
            return
        manner = self._manner
        self._take(Manner(backup=not manner.backup, private=manner.private))

    def action_private(self) -> None:
        """Leave the file to its owner alone, or do not."""
        manner = self._manner
        self._take(Manner(backup=manner.backup, private=not manner.private))

    def action_leave(self) -> None:
        """Save nothing."""
        self.dismiss(None)

    def _take(self, manner: Manner) -> None:
        self._manner = manner
        self._keys.show(self._hints(manner))

    def _hints(self, manner: Manner | None = None) -> Hints:
        """Return the keys; those that choose tell what is chosen."""
        manner = manner or Manner()
        chosen = {"backup": manner.backup, "private": manner.private}
        hints = []
        for command in DIFF_COMMANDS:
            if command.action in chosen and self._preview.is_new:
                continue
            word = command.word
            if command.action in chosen:
                word += ": yes" if chosen[command.action] else ": no"
            hints.append((command.keys, word))
        return tuple(hints)
