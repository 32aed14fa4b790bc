"""The dialogs for unsaved changes, changes by another program, and conflicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.binding import BindingType
from textual.events import DescendantFocus
from textual.geometry import Offset
from textual.strip import Strip

from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.diff import DiffLine, DiffMark, MergeConflict
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.commands import hints_of, with_help
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import CHANGED_COMMANDS, CONFLICT_COMMANDS, DIFF_COMMANDS
from smtp_tui.tui.form.choice_row import ChoiceRow
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.model.save_transaction import SavePreview
from smtp_tui.tui.style import BAD, CAUTION, DIM, PLAIN, STRONG, Span, make_strip, truncate
from smtp_tui.tui.widgets.dialog import Dialog
from smtp_tui.tui.widgets.text_page import READING_KEYS, TextBlock, TextPage, as_title, plain

GONE, ADDED = Style(color="red"), Style(color="green")
STYLES = {DiffMark.GONE: GONE, DiffMark.ADDED: ADDED, DiffMark.PLACE: DIM, DiffMark.SAME: PLAIN}
# Columns per sideways step.
_COLUMNS = 16
FILE_VALUE, FORM_VALUE = "file", "form"


# Lines are not wrapped: a wrapped line would look like two lines of the file.
class DiffView(TextPage, can_focus=True):
    """The lines of a diff, with signs and colours, scrollable in both directions."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *READING_KEYS,
        ("left", "sideways(-1)"),
        ("right", "sideways(1)"),
    ]

    def __init__(self, lines: Sequence[DiffLine]) -> None:
        # A terminal skips cells at a tab and leaves their old content.
        # The title has the file's name.
        shown = [
            (str(line).expandtabs(), STYLES.get(line.mark, DIM))
            for line in lines
            if line.mark not in (DiffMark.OLD_FILE, DiffMark.NEW_FILE)
        ]
        super().__init__([plain(*span, gap=False) for span in shown], most=1)
        self._widest = max((cell_len(block.spans[0][0]) for block in self.blocks), default=0)
        self._left = 0

    def lines(self, width: int) -> list[list[Span]]:
        """Return the lines unwrapped."""
        del width
        return [list(block.spans) for block in self.blocks]

    def draw_line(self, number: int, width: int, *, is_cut: bool) -> Strip:
        """Draw the visible part of a line; "…" marks more text beside or below it."""
        spans = self.blocks[number].spans
        whole = make_strip(spans, max(self._widest, width))
        shown = whole.crop(self._left, self._left + width).adjust_cell_length(width, PLAIN)
        if is_cut or cell_len(spans[0][0]) > self._left + width:
            return Strip([*shown.crop(0, width - 1), *make_strip([("…", DIM)], 1)])
        return shown

    def action_sideways(self, by: int) -> None:
        """Scroll sideways."""
        most = max(self._widest - self.size.width, 0)
        self._left = min(max(self._left + by * _COLUMNS, 0), most)
        self.repaint()


class DiffDialog(Dialog[WriteOptions | None]):
    """Shows what saving would change; returns the write options, or None not to save."""

    place = "diff"
    BINDINGS: ClassVar[list[BindingType]] = bindings(DIFF_COMMANDS)

    def __init__(self, preview: SavePreview, *, backup: bool = False) -> None:
        self._preview = preview
        title = text("diff", "title" if preview.lines else "same", file=preview.file)
        made = text("diff", "new-table", table=preview.table)
        notes = (made, *preview.notes) if preview.table else preview.notes
        head = [
            as_title(plain(title)),
            *(plain(note, DIM, gap=False) for note in notes),
            *(plain(warning, CAUTION, gap=False) for warning in preview.warnings),
        ]
        view, self._note = DiffView(preview.lines), TextPage()
        super().__init__(TextPage(head), view, self._note, hints=(), flexible=view)
        self._set_options(WriteOptions())
        if backup and not preview.is_new:
            self.action_backup()

    def action_save(self) -> None:
        """Return the options, to save with them."""
        self.dismiss(self._options)

    def action_backup(self) -> None:
        """Toggle whether to back up the old file."""
        # A backup would keep the password that saving removes from the file.
        if self._preview.takes_secret_out:
            self._note.show([plain(text("diff", "no-backup"), CAUTION)])
        else:
            self._set_options(replace(self._options, backup=not self._options.backup))

    def action_private(self) -> None:
        """Toggle whether only the owner can read the file."""
        self._set_options(replace(self._options, private=not self._options.private))

    def _set_options(self, options: WriteOptions) -> None:
        """Set the options, and show them in the key hints."""
        self._options = options
        chosen = {"backup": options.backup, "private": options.private}
        hints = []
        for command in DIFF_COMMANDS:
            if command.action not in chosen:
                hints.append((command.hint_keys, command.label))
            elif not self._preview.is_new:
                state = "yes" if chosen[command.action] else "no"
                hints.append((command.hint_keys, f"{command.label}: {state}"))
        self.hints.show(with_help(tuple(hints)))


class FileChangedDialog(Dialog[str | None]):
    """Shows what another program changed; returns `merge`, `reload`, or None to go back."""

    place = "changed"
    BINDINGS: ClassVar[list[BindingType]] = bindings(CHANGED_COMMANDS)

    def __init__(
        self, file: str, lines: Sequence[DiffLine], ours: Sequence[str], *, can_merge: bool
    ) -> None:
        self._can_merge = can_merge
        title = text("diff", "changed", file=file)
        state = text(
            "diff",
            "unsaved" if ours else "saved",
            labels=", ".join(ours),
        )
        head = [as_title(plain(title)), plain(state, DIM, gap=False)]
        hints = hints_of(CHANGED_COMMANDS, () if can_merge else {"merge"})
        view = DiffView(lines)
        super().__init__(TextPage(head), view, hints=hints, flexible=view)

    def action_merge(self) -> None:
        """Merge the form's changes into the changed file."""
        if self._can_merge:
            self.dismiss("merge")

    def action_reload(self) -> None:
        """Reload the changed file."""
        self.dismiss("reload")


class ConflictRow(ChoiceRow):
    """A key and its two values, in columns; Left takes the file's, Right the form's."""

    def __init__(self, conflict: MergeConflict, column: int) -> None:
        super().__init__(conflict.key, BY_KEY[conflict.key].label, (FILE_VALUE, FORM_VALUE))
        self._values = values_of(conflict)[1:]
        self._column = column
        self.show(RowState(note=text("diff", "open")))

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return both values, the chosen one marked."""
        column = column_width(self._column, width)
        shown = [truncate(value, column - 3) for value in self._values]
        spans: list[Span] = [(f" {value} ", DIM) for value in shown]
        if self.current >= 0:
            spans[self.current] = (f"‹{shown[self.current]}›", STRONG)
        cells = [(text + " " * (column - cell_len(text)), style) for text, style in spans]
        return cells, 2 * column

    def cursor_at(self) -> Offset:
        """Return the place of the chosen value, or of the file's."""
        column = column_width(self._column, self.size.width - self.value_at)
        return Offset(self.value_at + 1 + max(self.current, 0) * column, 0)

    def action_step(self, by: int) -> None:
        """Choose the value on the left or on the right."""
        self.choose(self.words[by > 0])


def values_of(conflict: MergeConflict) -> list[str]:
    """Return the values when the file was read, in the file and in the form, formatted."""
    return [value.strip('"') for value in conflict.shown]


def column_width(wanted: int, room: int) -> int:
    """Return the width of each of two columns, with a gap; `room` is for both and a note."""
    return max(min(wanted, (room - len(text("diff", "open")) - 2) // 2), 8)


class ConflictDialog(Dialog[frozenset[str] | None]):
    """Asks whose value to keep for each key changed both in the form and in the file.

    Returns the keys that keep the form's value, or None to go back.
    """

    place = "conflict"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(CONFLICT_COMMANDS),
        ("up,shift+tab", "app.focus_previous"),
        ("down,tab,enter", "app.focus_next"),
    ]

    def __init__(self, conflicts: Sequence[MergeConflict], file: str) -> None:
        self._conflicts = {conflict.key: conflict for conflict in conflicts}
        self._heads = text("diff", "in-file"), text("diff", "in-form")
        longest = max(cell_len(value) for found in conflicts for value in values_of(found)[1:])
        # The marks of the chosen value, and a gap.
        self._column = max(longest + 2, *map(len, self._heads)) + 2
        # No default: Enter alone must not overwrite what another program wrote.
        self._rows = [ConflictRow(conflict, self._column) for conflict in conflicts]
        self._head, self._note = TextPage(), TextPage(most=4)
        self._file = file
        hints = hints_of(CONFLICT_COMMANDS)
        super().__init__(self._head, *self._rows, self._note, hints=hints)

    def on_resize(self) -> None:
        """Lay out the heading of the columns."""
        at = self._rows[0].value_at
        column = column_width(self._column, self.size.width - 2 - at)
        heads = " " * at + "".join(f" {head}".ljust(column) for head in self._heads)
        title = plain(text("diff", "conflicts", file=self._file), STRONG)
        which = plain(text("diff", "which"), gap=False)
        self._head.show([title, which, TextBlock(((heads, DIM),), is_preformatted=True)])

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Describe the focused key's conflict."""
        if isinstance(event.widget, ConflictRow):
            base, theirs, ours = values_of(self._conflicts[event.widget.key])
            names = {"label": event.widget.label, "base": base, "theirs": theirs, "ours": ours}
            self._show_note(text("diff", "both" if theirs == ours else "conflict", **names), DIM)

    def on_choice_row_chosen(self, event: ChoiceRow.Chosen) -> None:
        """Show the choice."""
        event.row.show(RowState(chosen=event.word))

    def _show_note(self, note: str, style: Style) -> None:
        # The rows above have no gap of their own.
        self._note.show([plain("", gap=False), plain(note, style, gap=False)])

    def action_choose(self, by: int) -> None:
        """Choose the value on the left or on the right for the focused key."""
        if isinstance(self.focused, ConflictRow):
            self.focused.action_step(by)

    def action_take(self) -> None:
        """Return the choices, if every conflict has one."""
        for row in self._rows:
            if row.state.chosen is None:
                self._show_note(text("diff", "undecided"), BAD)
                self.set_focus(row)
                return
        self.dismiss(frozenset(row.key for row in self._rows if row.state.chosen == FORM_VALUE))
