"""The help and the palette: one list of all keys, commands and fields, found by a few letters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType

from smtp_tui.records import record
from smtp_tui.settings.fields import FIELDS
from smtp_tui.tui import commands
from smtp_tui.tui.commands import FormCommand, configurable, key_of, with_help
from smtp_tui.tui.dialog_commands import DIALOG_COMMANDS
from smtp_tui.tui.form.form import letters
from smtp_tui.tui.messages import texts_of
from smtp_tui.tui.model.draft import PASSWORD
from smtp_tui.tui.model.row_state import KEPT, KEPT_LABEL, KEPT_SUMMARY
from smtp_tui.tui.style import DIM, PLAIN, STRONG, Span, truncate
from smtp_tui.tui.widgets.dialog import TAKE, Dialog
from smtp_tui.tui.widgets.filtered_list import FilteredList
from smtp_tui.tui.widgets.list import ListView
from smtp_tui.tui.widgets.pager import SectionedScreen
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, flow, plain

FORM, LOG = "form", "log"
_RUNS_IN_FORM = ("everywhere", FORM, LOG)
_EVERY_DIALOG = "dialog"


@record
class HelpEntry:
    """A command, a field, or other keys; Enter runs the command or goes to the field `what`."""

    place: str
    title: str
    help: str
    keys: str
    what: FormCommand | str | None = None
    synonyms: str = ""

    @property
    def first_key(self) -> str:
        """The key to show where only one fits."""
        if isinstance(self.what, FormCommand) and self.what.default_keys:
            return self.what.first_key
        return self.keys

    @property
    def words(self) -> str:
        """The text that a search matches."""
        key = self.what if isinstance(self.what, str) else self.what.action if self.what else ""
        return f"{self.title} {key} {self.help} {self.keys} {self.synonyms}".casefold()

    def matched_synonyms(self, words: Sequence[str]) -> str:
        """Return the synonyms that the words begin and that the entry itself does not show."""
        shown = f"{self.title} {self.help} {self.keys}".casefold()
        hidden = [word for word in words if word not in shown]
        return " ".join(
            synonym
            for synonym in self.synonyms.split()
            if any(synonym.startswith(word) for word in hidden)
        )


def _section(place: str, lines: Iterable[FormCommand | tuple[str, str]]) -> Iterator[HelpEntry]:
    for line in lines:
        if not isinstance(line, FormCommand):
            yield HelpEntry(place, "", line[1], line[0])
        elif line.help:
            # A command without a key has one in another command's dialog, or its name in the menu.
            menu = f"{key_of('commands')} {line.label.lower()}"
            other = f"{key_of(line.within)} {line.label[0]}" if line.within else menu
            keys = line.keys or other
            yield HelpEntry(place, line.label, line.help, keys, line, line.synonyms)


def help_entries(place: str = FORM) -> tuple[HelpEntry, ...]:
    """Return the lines of the help, those of a place first."""
    sections: dict[str, Iterable[FormCommand | tuple[str, str]]] = {
        FORM: texts_of("help-form").items(),
        LOG: (*commands.LOG_COMMANDS, *commands.LOG_KEYS),
        "everywhere": (*commands.COMMANDS, *commands.MENU_COMMANDS),
        _EVERY_DIALOG: texts_of("help-dialog").items(),
        **DIALOG_COMMANDS,
        "signs": texts_of("help-signs").items(),
    }
    here = (place, "everywhere" if place in _RUNS_IN_FORM else _EVERY_DIALOG)
    order = dict.fromkeys((*here, *sections))
    return tuple(entry for name in order for entry in _section(name, sections.get(name, ())))


def palette_entries() -> tuple[HelpEntry, ...]:
    """Return the entries of the commands that run in the form, and of its fields."""
    entries = [
        entry
        for entry in _section(FORM, (*configurable(), *commands.MENU_COMMANDS))
        if isinstance(entry.what, FormCommand) and entry.what.action != "commands"
    ]
    synonyms = texts_of("field-synonyms")
    fields = [(field.key, field.label, field.summary) for field in FIELDS]
    after_password = [key for key, _, _ in fields].index(PASSWORD) + 1
    fields.insert(after_password, (KEPT, KEPT_LABEL, KEPT_SUMMARY))
    for key, label, summary in fields:
        keys, other = f"{key_of('jump')} {letters()[key].upper()}", synonyms.get(key, "")
        entries.append(HelpEntry(FORM, f"Go to {label}", summary, keys, key, other))
    return tuple(entries)


def _distance(entry: HelpEntry, words: Sequence[str]) -> int:
    """Return the distance of the words from an entry; 0 if all begin words of its name."""
    title = entry.title.casefold()
    names = [*title.split(), *(entry.what.split("_") if isinstance(entry.what, str) else ())]
    if all(any(name.startswith(word) for name in names) for word in words):
        return 0
    # One or two letters rarely stand for a synonym.
    synonyms = entry.synonyms.split() if max(map(len, words), default=0) > 2 else []
    if all(any(name.startswith(word) for name in (*names, *synonyms)) for word in words):
        return 1
    return 2 if all(word in title for word in words) else 3


_KEYS = 20
_NARROW = 56


class HelpList(ListView[HelpEntry]):
    """The keys and what they do, by place; those that cannot run here are dim."""

    none_found = "No key or command matches."

    def __init__(self, rows: Iterable[HelpEntry], runnable: Collection[str]) -> None:
        super().__init__(rows)
        self._runnable = runnable
        self._titles = texts_of("help-places")

    def can_run(self, entry: HelpEntry) -> bool:
        """Whether Enter runs the entry here."""
        return entry.what is not None and entry.place in self._runnable

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield a heading above the first entry of each place, then keys and help."""
        column = _KEYS if width >= _NARROW else _KEYS // 2
        for at, entry in enumerate(self.rows):
            is_here = entry.what is None or self.can_run(entry)
            keys = entry.keys.ljust(column)
            gap = " " if cell_len(entry.keys) >= column else ""
            text = TextBlock(((entry.help, PLAIN if is_here else DIM),))
            lines = flow([text], width - column)
            head: Span = (f"{keys}{gap}", STRONG if is_here else DIM)
            yield (
                *self._heading(at),
                [head, *lines[0]],
                *([(" " * column, PLAIN), *line] for line in lines[1:]),
            )

    def marked_line(self) -> int:
        """Return the line below the heading."""
        return len(self._heading(self.index))

    def _heading(self, at: int) -> list[list[Span]]:
        place = self.rows[at].place
        if at and self.rows[at - 1].place == place:
            return []
        # A heading begins where the marks of the rows stand.
        return [*([[]] if at else []), [(self._titles[place], STRONG)]]


class HelpScreen(SectionedScreen[FormCommand | None]):
    """All keys, those of the current place first; returns the command to run, or None.

    `about_file` describes the file's format.
    """

    DEFAULT_CSS = """
    HelpScreen FilteredList { height: 1fr; margin-top: 1; }
    HelpScreen HelpList { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("enter", "take"),
        ("escape", "leave"),
        Binding("f1,ctrl+g", "leave", show=False, id="help"),
        ("shift+tab", "go(-1)"),
        ("tab", "go(1)"),
    ]

    def __init__(self, place: str, about_file: Sequence[TextBlock] = ()) -> None:
        runnable = _RUNS_IN_FORM if place in _RUNS_IN_FORM else (place,)
        self._rows = HelpList(help_entries(place), runnable)
        self._list = FilteredList(
            self._rows,
            lambda entry: entry.words,
            distance=_distance,
            placeholder="a few letters of a key or of what it does",
            keeps_order=True,
        )
        title = plain("smtp-tui: edit, explain and test SMTP settings in TOML", STRONG)
        head = TextPage([title, *about_file])
        super().__init__(head, self._list, hints=(), classes="finding")

    def on_mount(self) -> None:
        """Show the hints."""
        self.on_filtered_list_moved()

    def on_filtered_list_moved(self) -> None:
        """Show whether Enter runs the chosen line."""
        chosen = self._list.chosen
        runs = chosen is not None and self._rows.can_run(chosen)
        hints = ("Up Down PgUp PgDn", "Move"), ("Esc", "Back")
        self.hints.show((("Enter", "Run"), *hints) if runs else hints)

    def action_take(self) -> None:
        """Return the chosen command, if it runs here."""
        chosen = self._list.chosen
        if chosen is not None and self._rows.can_run(chosen):
            self.dismiss(chosen.what if isinstance(chosen.what, FormCommand) else None)

    def action_go(self, by: int) -> None:
        """Move by lines."""
        self._list.action_go(by)


MENU = "Menu"
PLACEHOLDER = "a few letters of a command or a field"
# Widths of the titles of commands and of fields.
_COMMAND, _FIELD, _GAP = 14, 26, 2


class PaletteList(ListView[HelpEntry]):
    """The list of commands and fields, with one key each; the cursor wraps around."""

    none_found = "No command or field matches."
    highest = 12

    def action_go(self, by: int) -> None:
        """Move the cursor by rows."""
        # Only a single step wraps around: PgDn at the end must not jump to the beginning.
        if abs(by) == 1 and self.rows and not 0 <= self.index + by < len(self.rows):
            by = -self.index if by > 0 else len(self.rows)
        super().action_go(by)

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield title, as much of the help as fits, the synonym that matched, and the keys."""
        for entry in self.rows:
            synonym, keys = entry.matched_synonyms(self.words), entry.first_key
            right = cell_len(keys) + (cell_len(synonym) + _GAP if synonym else 0)
            title = truncate(entry.title, width - _GAP - right)
            column = _FIELD if isinstance(entry.what, str) else _COMMAND
            room = width - max(column, cell_len(title) + _GAP) - _GAP - right
            help_text = truncate(entry.help, room) if room > 8 else ""
            after = " " * max(column - cell_len(title), _GAP) if help_text else ""
            gap = " " * max(width - cell_len(title + after + help_text) - right, 0)
            rest: Span = (f"{after}{help_text}{gap}", DIM)
            found: Span = (f"{synonym}{' ' * _GAP}" if synonym else "", PLAIN)
            yield ([(title, STRONG), rest, found, (keys, STRONG)],)


def palette_list() -> FilteredList[HelpEntry]:
    """Return the list of commands and fields, with a line to filter them."""
    rows = PaletteList(palette_entries())
    return FilteredList(
        rows,
        lambda entry: entry.words,
        distance=_distance,
        label=MENU,
        placeholder=PLACEHOLDER,
    )


class CommandPalette(Dialog[FormCommand | str | None]):
    """Asks for a command or a field; returns it, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        (TAKE, "take"),
        ("escape", "leave"),
        Binding("ctrl+p,f12", "leave", id="commands"),
        ("shift+tab", "go(-1)"),
        ("tab", "go(1)"),
    ]

    def __init__(self) -> None:
        self._list = palette_list()
        hints = with_help((("Enter", "Run"), ("Up Down", "Choose"), ("Esc", "Back")))
        super().__init__(self._list, hints=hints, flexible=self._list)

    def action_take(self) -> None:
        """Return the chosen command or field."""
        if self._list.chosen is not None:
            self.dismiss(self._list.chosen.what)

    def action_go(self, by: int) -> None:
        """Move the cursor by rows."""
        self._list.action_go(by)
