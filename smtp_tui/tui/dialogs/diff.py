"""A diff to read: signs and colours, one line a line, scrolled in both directions.

What saving would change in the file, before it does, at the bottom of the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.scroll_view import ScrollView
from textual.strip import Strip

from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.diff import DiffLine, DiffMark
from smtp_tui.records import record
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.keys.bindings import bindings
from smtp_tui.tui.keys.commands import DIFF_COMMANDS, Hints
from smtp_tui.tui.style import ACCENT, DIM, PLAIN, STRONG, WARNING, make_strip
from smtp_tui.tui.textual_compat import NoRepaintOnResize, PaintOnceScreen
from smtp_tui.tui.widgets.dialog import DialogBody
from smtp_tui.tui.widgets.line import KeyHints
from smtp_tui.tui.widgets.text_page import Block, TextPage, plain

GONE, ADDED = Style(color="red"), Style(color="green")
STYLES = {DiffMark.GONE: GONE, DiffMark.ADDED: ADDED, DiffMark.PLACE: ACCENT, DiffMark.SAME: PLAIN}
_ASIDE = 16  # columns a step
_MORE = "…"


class DiffView(NoRepaintOnResize, ScrollView, can_focus=True):
    """The lines of a diff."""

    DEFAULT_CSS = "DiffView { height: auto; scrollbar-size: 0 0; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go(-1)", show=False),
        Binding("down,j", "go(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home", "go(-1000000)", show=False),
        Binding("end", "go(1000000)", show=False),
        Binding("left", "aside(-1)", show=False),
        Binding("right", "aside(1)", show=False),
    ]

    def __init__(self, lines: Sequence[DiffLine]) -> None:
        super().__init__()
        self._lines = [
            (escape_controls(str(line).expandtabs()), STYLES.get(line.mark, DIM)) for line in lines
        ]
        self._widest = max((cell_len(text) for text, _ in self._lines), default=0)
        self._most = 1
        self._left = 0

    def limit(self, most: int) -> None:
        """Take at most so many lines."""
        self._most = max(most, 1)
        self.refresh(layout=True)

    def get_content_height(self, _container: Size, _viewport: Size, _width: int) -> int:
        """Return the lines that all take, as far as there is room."""
        return min(len(self._lines), self._most)

    def on_resize(self) -> None:
        """Know how far there is to scroll."""
        self.virtual_size = Size(self.size.width, len(self._lines))

    def render_line(self, y: int) -> Strip:
        """Return what is in sight of a line; the last one tells that there is more."""
        width, number = self.size.width, y + self.scroll_offset.y
        if number >= len(self._lines):
            return Strip.blank(width, PLAIN)
        text, style = self._lines[number]
        whole = make_strip([(text, style)], max(self._widest, width))
        shown = whole.crop(self._left, self._left + width).adjust_cell_length(width, PLAIN)
        is_cut = y == self.size.height - 1 and number < len(self._lines) - 1
        if is_cut or cell_len(text) > self._left + width:
            return Strip([*shown.crop(0, width - 1), *make_strip([(_MORE, DIM)], 1)])
        return shown

    def action_go(self, by: int) -> None:
        """Read on by lines."""
        self.scroll_to(y=self.scroll_offset.y + by, animate=False)

    def action_page(self, by: int) -> None:
        """Read on by what is in sight."""
        self.action_go(by * max(self.size.height - 1, 1))

    def action_aside(self, by: int) -> None:
        """Read on in long lines."""
        most = max(self._widest - self.size.width, 0)
        left = min(max(self._left + by * _ASIDE, 0), most)
        if left != self._left:
            self._left = left
            self.refresh()


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


class DiffDialog(PaintOnceScreen, ModalScreen[WriteOptions | None], inherit_bindings=False):
    """Shows a diff; the result is how to save, None to save nothing."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(DIFF_COMMANDS)

    def __init__(self, preview: Preview) -> None:
        super().__init__(classes="dialog")
        self._preview = preview
        self._head = TextPage(preview.blocks)
        self._view = DiffView(preview.lines)
        self._says = TextPage()
        self._keys = KeyHints(self._hints(), indent=0)
        self._manner = WriteOptions()

    def compose(self) -> ComposeResult:
        """Show the diff over the keys."""
        with DialogBody(classes="box"):
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
        self._take(WriteOptions(backup=not manner.backup, private=manner.private))

    def action_private(self) -> None:
        """Leave the file to its owner alone, or do not."""
        manner = self._manner
        self._take(WriteOptions(backup=manner.backup, private=not manner.private))

    def action_leave(self) -> None:
        """Save nothing."""
        self.dismiss(None)

    def _take(self, manner: WriteOptions) -> None:
        self._manner = manner
        self._keys.show(self._hints(manner))

    def _hints(self, manner: WriteOptions | None = None) -> Hints:
        """Return the keys; those that choose tell what is chosen."""
        manner = manner or WriteOptions()
        chosen = {"backup": manner.backup, "private": manner.private}
        hints = []
        for command in DIFF_COMMANDS:
            if command.action in chosen and self._preview.is_new:
                continue
            word = command.label
            if command.action in chosen:
                word += ": yes" if chosen[command.action] else ": no"
            hints.append((command.keys, word))
        return tuple(hints)
