"""The help, and the palette that finds a command or field by a few letters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType

from smtp_tui.records import record
from smtp_tui.settings.fields import FIELDS
from smtp_tui.tui import commands
from smtp_tui.tui.commands import FormCommand, configurable, key_of
from smtp_tui.tui.form.form import letters
from smtp_tui.tui.form.rows import TextRow
from smtp_tui.tui.messages import texts_of
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.style import DIM, FOCUS, PLAIN, STRONG, Span, truncate
from smtp_tui.tui.widgets.dialog import Dialog
from smtp_tui.tui.widgets.list import ListView, filter_rows
from smtp_tui.tui.widgets.pager import PagerScreen
from smtp_tui.tui.widgets.text_page import TextBlock, plain

COLUMN = 22


class HelpScreen(PagerScreen):
    """The help: the file's format, and the keys of all commands."""

    BINDINGS: ClassVar[list[BindingType]] = [("f1,ctrl+g,?", "leave")]

    def __init__(self, about_file: Sequence[TextBlock]) -> None:
        super().__init__()
        self._about_file = tuple(about_file)

    def blocks(self, _width: int) -> Iterator[TextBlock]:
        """Yield the whole help."""
        yield plain("smtp-tui: edit, explain and test the SMTP settings of a TOML file", STRONG)
        yield from self._about_file
        file_changed = (*commands.CHANGED_COMMANDS, commands.CONFLICT_COMMANDS[0])
        sections: tuple[tuple[str, Iterable[FormCommand | tuple[str, str]]], ...] = (
            ("Everywhere", [command for command in commands.COMMANDS if command.help]),
            ("In the form", texts_of("help-form").items()),
            ("In the log", commands.log_keys()),
            ("In the list of fixes", commands.FIX_COMMANDS),
            ("In the explanation of an error", commands.ERROR_COMMANDS),
            ("In the search for settings", commands.DISCOVER_COMMANDS),
            ("In the list of providers", commands.PRESET_COMMANDS),
            ("In the import", commands.IMPORT_COMMANDS),
            ("In the export", commands.EXPORT_COMMANDS),
            ("In the DNS report", commands.DOMAIN_COMMANDS),
            ("In a test message", commands.MAIL_COMMANDS),
            ("In the diff", commands.DIFF_COMMANDS),
            ("When another program has changed the file", file_changed),
            ("In the list of tables", commands.TABLE_COMMANDS),
            ("Signs", texts_of("help-signs").items()),
        )
        for title, lines in sections:
            yield plain(title, STRONG)
            for line in lines:
                keys, help_text = (line.keys, line.help) if isinstance(line, FormCommand) else line
                head = f"  {keys}".ljust(COLUMN)
                yield TextBlock(((help_text, PLAIN),), head, " " * COLUMN, gap=False)


@record
class PaletteEntry:
    """A command to run or a field to go to, with its title, help and keys."""

    what: FormCommand | str
    title: str
    help: str
    keys: str

    @property
    def words(self) -> str:
        """The text that a search matches."""
        key = self.what if isinstance(self.what, str) else self.what.action
        return f"{self.title} {key} {self.help} {self.keys}".casefold()


def palette_entries() -> tuple[PaletteEntry, ...]:
    """Return the entries of all commands and fields."""
    entries = [
        PaletteEntry(command, command.label, command.help, command.keys)
        for command in configurable()
        if command.help and command.action != "commands"
    ]
    for field in FIELDS:
        keys = f"{key_of('jump')} {letters()[field.key].upper()}"
        entries.append(PaletteEntry(field.key, f"Go to {field.label}", field.summary, keys))
    return tuple(entries)


def matching_entries(text: str, entries: Iterable[PaletteEntry]) -> tuple[PaletteEntry, ...]:
    """Return the entries that contain every typed word, best match first."""
    return filter_rows(text.casefold().split(), entries, lambda entry: entry.words, _distance)


def _distance(entry: PaletteEntry, words: Sequence[str]) -> int:
    """Return the distance of the words from an entry; 0 if all begin words of its name."""
    title = entry.title.casefold()
    names = [*title.split(), *(entry.what.split("_") if isinstance(entry.what, str) else ())]
    if all(any(name.startswith(word) for name in names) for word in words):
        return 0
    return 1 if all(word in title for word in words) else 2


MENU = "Menu"
PLACEHOLDER = "a few letters of a command, a key or a field"
_TITLE, _GAP = 26, 2


class PaletteList(ListView[PaletteEntry], can_focus=False):
    """The list of commands and fields; the cursor wraps around."""

    none_found = "No command or field matches."
    is_steady = True
    highest = 12

    def action_go(self, by: int) -> None:
        """Move the cursor by rows."""
        # Only a single step wraps around: PgDn at the end must not jump to the beginning.
        if abs(by) == 1 and self.rows and not 0 <= self.index + by < len(self.rows):
            by = -self.index if by > 0 else len(self.rows)
        super().action_go(by)

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield title, as much of the help as fits, and the keys flush right."""
        for entry in self.rows:
            keys = cell_len(entry.keys)
            title = truncate(entry.title, width - _GAP - keys)
            room = width - max(_TITLE, cell_len(title) + _GAP) - _GAP - keys
            help_text = truncate(entry.help, room) if room > 8 else ""
            after = " " * max(_TITLE - cell_len(title), _GAP) if help_text else ""
            gap = " " * max(width - cell_len(title + after + help_text) - keys, 0)
            rest: Span = (f"{after}{help_text}{gap}", DIM)
            yield ([(title, PLAIN), rest, (entry.keys, STRONG)],)

    def mark(self, lead: str, spans: list[Span], width: int) -> list[Span]:
        """Return the chosen line with its title marked."""
        del width
        (title, _), *rest = spans
        return [(lead[0], STRONG), (lead[1:], PLAIN), (title, FOCUS), *rest]


class CommandPalette(Dialog[FormCommand | str | None]):
    """Asks for a command or a field; returns it, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("enter", "take"),
        ("escape,ctrl+p,f12", "leave"),
        ("up,shift+tab", "go(-1)"),
        ("down,tab", "go(1)"),
        ("pageup", "go(-10)"),
        ("pagedown", "go(10)"),
    ]

    def __init__(self) -> None:
        self._all = palette_entries()
        self._row = TextRow("find", MENU, label_width=len(MENU))
        self._row.show(RowState(placeholder=PLACEHOLDER))
        self._list = PaletteList(self._all)
        hints = ("Enter", "Run"), ("Up Down", "Choose"), ("Esc", "Back")
        super().__init__(self._row, self._list, hints=hints, flexible=self._list)

    def on_text_row_edited(self, event: TextRow.Edited) -> None:
        """List the matching entries."""
        self._list.show(matching_entries(event.row.text, self._all))

    def action_take(self) -> None:
        """Return the chosen command or field."""
        if self._list.chosen is not None:
            self.dismiss(self._list.chosen.what)

    def action_go(self, by: int) -> None:
        """Move the cursor by rows."""
        self._list.action_go(by)
