"""Pages with a text for one of several programs: exported settings, and commands like a test."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from rich.cells import cell_len
from textual.app import App
from textual.binding import BindingType

from smtp_tui.checks.equivalents import EquivalentCommand
from smtp_tui.config.atomic_write import WriteOptions, write
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.file_reader import read_document
from smtp_tui.config.paths import absolute
from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.spec import (
    Exported,
    InterchangeError,
    format_named,
    formats,
    labels,
)
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.commands import hints_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import EQUIVALENT_COMMANDS, EXPORT_COMMANDS, key_in
from smtp_tui.tui.dialogs.import_settings import ask_quoting, reword_for_form
from smtp_tui.tui.messages import MOST_COPIED, as_sentence, clipboard_size, text
from smtp_tui.tui.model.draft import PASSWORD
from smtp_tui.tui.style import BAD, CAUTION, DIM, FOCUS, GOOD, PLAIN, STRONG, Span
from smtp_tui.tui.widgets.dialog import ask_and_save, select
from smtp_tui.tui.widgets.pager import PagerScreen
from smtp_tui.tui.widgets.text_page import TextBlock, as_title, item, plain, verbatim


def copy_to_terminal(app: App[Any], content: str, count: int, save_key: str = "") -> str:
    """Send `count` lines to the terminal's clipboard; return the message to show.

    `save_key` is the key that saves them to a file, if there is one.
    """
    # OSC 52 has no reply, and a terminal silently drops a text that is too long.
    size = clipboard_size(content)
    if size > MOST_COPIED:
        return text("copy", "long", size=size // 1000, key=save_key)
    # A lone surrogate stands for a byte that is not UTF-8; it cannot be encoded.
    app.copy_to_clipboard(content.encode("utf-8", "backslashreplace").decode("utf-8"))
    return copied_message(count, os.environ, save_key)


def copied_message(count: int, environment: Mapping[str, str], save_key: str) -> str:
    """Return the message after a copy; a terminal does not report whether it accepted it."""
    lines, pronoun = ("the line", "it") if count == 1 else (f"{count} lines", "them")
    where = "tmux" if environment.get("TMUX") else "screen" if environment.get("STY") else "other"
    saves = text("copy", "saves", key=save_key) if save_key and where != "other" else ""
    return f"{text('copy', where, lines=lines, them=pronoun)} {saves}".rstrip()


def _write(path: Path, content: str) -> str:
    """Write a file that only its owner can read; return the problem, or ""."""
    try:
        replaces = os.path.lexists(path)
        old = read_document(path) if replaces else None
        options = WriteOptions(private=True, backup=replaces)
        write(path, content.encode("utf-8"), old=old, options=options)
    except DocumentError as error:
        return as_sentence(error)
    return ""


class ProgramTextScreen(PagerScreen):
    """A page with one program's text; Left and Right switch programs."""

    BINDINGS: ClassVar[list[BindingType]] = [("left,shift+tab", "turn(-1)")]

    def __init__(self, names: Sequence[str], settings: Path) -> None:
        super().__init__(hints=())
        self.names = tuple(names)
        self.name_shown = self.names[0]
        self.message = ""
        self._settings = settings

    def content(self) -> str:
        """Return the text to copy or save; "" if the program has none."""
        raise NotImplementedError

    def action_turn(self, by: int) -> None:
        """Switch to another program."""
        self.switch_to(self.names[(self.names.index(self.name_shown) + by) % len(self.names)])

    def switch_to(self, name: str) -> None:
        """Show a program's text from its beginning."""
        self.name_shown = name
        self.show_message("")
        self.action_go(-len(self.page.blocks) - 10_000)

    def action_copy(self) -> None:
        """Copy the text through the terminal."""
        if content := self.content():
            count = content.removesuffix("\n").count("\n") + 1
            self.show_message(
                copy_to_terminal(self.app, content, count, key_in(self.place, "save"))
            )

    def action_save(self) -> None:
        """Ask for a file, and save the text."""
        if content := self.content():
            self.run_worker(self._save(content), group="save", exclusive=True)

    def show_message(self, message: str) -> None:
        """Show a message on the page."""
        self.message = message
        self.update()

    async def _save(self, content: str) -> None:
        # Next to the settings, unless that folder is not writable, such as root's /etc.
        folder = self._settings.parent
        if not os.access(folder, os.W_OK | os.X_OK):
            folder = absolute(Path())
        name = text("export", "names", name=self._settings.stem, format=self.name_shown)
        content = f"{content.removesuffix(chr(10))}\n"
        path = await ask_and_save(
            self.app,
            text("export", "save"),
            folder / name,
            lambda path: text("export", "replace", path=path, backup=f"{path}~"),
            lambda path: in_daemon_thread(partial(_write, path, content)),
            makes_folder=True,
        )
        if path is not None:
            self.show_message(text("export", "saved", path=escape_controls(str(path))))


class ExportScreen(ProgramTextScreen):
    """A page with one program's text; Left and Right switch programs."""

    place = "export"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(EXPORT_COMMANDS),
        ("alt+x", "leave"),
    ]

    def __init__(self, values: Mapping[str, object], settings: Path, name: str) -> None:
        super().__init__([*formats()], settings)
        self.name_shown = name
        self._values = values
        self._quoting: str | None = None

    def blocks(self, _width: int) -> Iterator[TextBlock]:
        """Yield the exported text and its notes."""
        spec, names = format_named(self.name_shown), self.names
        count = text("export", "count", number=names.index(spec.name) + 1, count=len(names))
        quoting = text("import", "quoted", quoting=self._quoting) if self._quoting else ""
        title = text("export", "title", format=spec.title)
        yield TextBlock(((f"{title}{quoting}", FOCUS), (count, DIM)))
        if self.message:
            yield plain(self.message, GOOD, gap=False)
        exported = self._exported()
        if isinstance(exported, str):
            yield plain(text("export", "cannot", problem=exported.rstrip(".")), BAD)
            return
        for index, line in enumerate(exported.text.removesuffix("\n").split("\n")):
            yield verbatim(line, gap=index == 0)
        if exported.notes:
            yield plain(text("export", "notes", format=spec.title), STRONG)
        for note in exported.notes:
            label = BY_KEY[note.key].label if note.key in BY_KEY else note.key
            sentence = as_sentence(reword_for_form(f"{label}: {note.text}" if label else note.text))
            yield item(sentence, CAUTION, "! ") if note.weakens else item(sentence)
        if not any(note.key == PASSWORD for note in exported.notes):
            yield plain(text("export", "secret", format=spec.title), DIM)

    def update(self) -> None:
        """Show the page and the key hints."""
        super().update()
        can_quote = format_named(self.name_shown).takes_quoting
        self.hints.show(hints_of(EXPORT_COMMANDS, () if can_quote else {"quoting"}))

    def action_list(self) -> None:
        """Choose the program from a list."""
        lines, names = [*labels().values()], self.names
        index = names.index(self.name_shown)
        title = text("choose", "target")
        select(self.app, title, lines, index, lambda number: self.switch_to(names[number]))

    def action_quoting(self) -> None:
        """Ask how the file should be quoted."""

        def take(quoting: str | None) -> None:
            self._quoting = quoting
            self.show_message("")

        spec = format_named(self.name_shown)
        if spec.takes_quoting:
            ask_quoting(self.app, spec, self._quoting, take)

    def switch_to(self, name: str) -> None:
        """Show a program's text from its beginning, quoted as usual."""
        if name != self.name_shown:
            self._quoting = None
        super().switch_to(name)

    def content(self) -> str:
        """Return the exported text; "" if the settings cannot be exported."""
        exported = self._exported()
        return "" if isinstance(exported, str) else exported.text

    def _exported(self) -> Exported | str:
        """Return the exported text, or why there is none."""
        try:
            return export_text(self.name_shown, self._values, quoting=self._quoting)
        except InterchangeError as error:
            return reword_for_form(error)


_MORE, _INDENT = " \\", "  "  # of a wrapped command line
# A word of a POSIX shell: adjacent quoted, escaped and bare pieces.
_WORD = re.compile(r"""(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])+""", re.DOTALL)


def break_command(line: str, width: int) -> list[str]:
    """Wrap a command line between words; each line but the last ends in a backslash."""
    lines, current = [], ""
    for word in _WORD.findall(line):
        longer = f"{current} {word}" if current.strip() else f"{current}{word}"
        if current.strip() and cell_len(longer) + len(_MORE) > width:
            lines.append(current + _MORE)
            longer = f"{_INDENT}{word}"
        current = longer
    return [*lines, current]


# The lines have no borders or margins, so that the terminal's own copying gets them unchanged.
class EquivalentsScreen(ProgramTextScreen):
    """Command lines of other programs that run the same test; one program at a time."""

    place = "equivalents"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(EQUIVALENT_COMMANDS), ("s", "leave")]

    def __init__(self, title: str, commands: Sequence[EquivalentCommand], settings: Path) -> None:
        self._commands = {command.program: command for command in commands}
        super().__init__([*self._commands], settings)
        self._title = title

    def content(self) -> str:
        """Return the command in one line, for a shell."""
        return self._commands[self.name_shown].line

    def blocks(self, width: int) -> Iterator[TextBlock]:
        """Yield the command line, and how the program's behaviour differs."""
        command = self._commands[self.name_shown]
        yield as_title(plain(f"The same test with other programs: {self._title}"))
        names: list[Span] = []
        for name in self.names:
            shown = (f"‹{name}›", STRONG) if name == self.name_shown else (name, DIM)
            names += [shown, ("  ", PLAIN)]
        yield TextBlock(tuple(names), is_preformatted=True)
        for index, line in enumerate(break_command(command.line, width) if command.line else ()):
            yield verbatim(line, gap=index == 0)
        if self.message:
            yield plain(self.message, GOOD)
        yield plain("The command contains no password.", DIM)
        yield from (item(note) for note in command.notes)

    def update(self) -> None:
        """Show the page and the key hints."""
        super().update()
        hidden = () if self.content() else ("copy", "save")
        self.hints.show(hints_of(EQUIVALENT_COMMANDS, hidden))
