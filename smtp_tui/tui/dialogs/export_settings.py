"""The screen that shows, copies and saves the settings in other programs' formats."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType

from smtp_tui.config.atomic_write import WriteOptions, write
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.file_reader import read_document
from smtp_tui.config.paths import absolute
from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.spec import Exported, InterchangeError, format_named, formats
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.commands import EXPORT_COMMANDS, hints_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialogs.import_settings import ask_quoting, count_lines, reword_for_form
from smtp_tui.tui.messages import MOST_COPIED, as_sentence, clipboard_size, text
from smtp_tui.tui.style import BAD, CAUTION, DIM, GOOD, STRONG
from smtp_tui.tui.widgets.dialog import ask_and_save, select
from smtp_tui.tui.widgets.pager import PagerScreen
from smtp_tui.tui.widgets.text_page import TextBlock, item, plain, verbatim


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


class ExportScreen(PagerScreen):
    """A page with one program's text; Left and Right switch programs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(EXPORT_COMMANDS),
        ("left,shift+tab", "turn(-1)"),
        ("alt+x", "leave"),
    ]

    def __init__(self, values: Mapping[str, object], settings: Path) -> None:
        super().__init__(hints=())
        self._values = values
        self._settings = settings
        self._names = [*formats()]
        self.name_shown = self._names[0]
        self._quoting: str | None = None
        self._message = ""

    def blocks(self, _width: int) -> Iterator[TextBlock]:
        """Yield the exported text and its notes."""
        spec, names = format_named(self.name_shown), self._names
        count = text("export", "count", number=names.index(spec.name) + 1, count=len(names))
        quoting = text("import", "quoted", quoting=self._quoting) if self._quoting else ""
        title = text("export", "title", format=spec.title)
        yield TextBlock(((f"{title}{quoting}", STRONG), (count, DIM)))
        if self._message:
            yield plain(self._message, GOOD, gap=False)
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
        yield plain(text("export", "secret", format=spec.title), DIM)

    def update(self) -> None:
        """Show the page and the key hints."""
        super().update()
        can_quote = format_named(self.name_shown).takes_quoting
        self.hints.show(hints_of(EXPORT_COMMANDS, () if can_quote else {"quoting"}))

    def action_turn(self, by: int) -> None:
        """Switch to another program."""
        self._go_to(self._names[(self._names.index(self.name_shown) + by) % len(self._names)])

    def action_list(self) -> None:
        """Choose the program from a list."""
        lines, names = [spec.title for spec in formats().values()], self._names
        index = names.index(self.name_shown)
        title = text("choose", "target")
        select(self.app, title, lines, index, lambda number: self._go_to(names[number]))

    def action_quoting(self) -> None:
        """Ask how the file should be quoted."""

        def take(quoting: str | None) -> None:
            self._quoting = quoting
            self._show_message("")

        spec = format_named(self.name_shown)
        if spec.takes_quoting:
            ask_quoting(self.app, spec, self._quoting, take)

    def action_copy(self) -> None:
        """Copy the text through the terminal."""
        # OSC 52 has no reply, and a terminal silently drops a text that is too long.
        exported = self._exported()
        if isinstance(exported, str):
            return
        size = clipboard_size(exported.text)
        if size > MOST_COPIED:
            self._show_message(text("export", "long", size=size // 1000))
            return
        self.app.copy_to_clipboard(exported.text)
        self._show_message(text("export", "sent", lines=count_lines(exported.text)))

    def action_save(self) -> None:
        """Ask for a file, and save the text."""
        exported = self._exported()
        if not isinstance(exported, str):
            self.run_worker(self._save(exported.text), group="save", exclusive=True)

    async def _save(self, content: str) -> None:
        # Next to the settings, unless that folder is not writable, such as root's /etc.
        folder = self._settings.parent
        if not os.access(folder, os.W_OK | os.X_OK):
            folder = absolute(Path())
        name = text("export", "names", name=self._settings.stem, format=self.name_shown)
        path = await ask_and_save(
            self.app,
            text("export", "save"),
            folder / name,
            lambda path: text("export", "replace", path=path, backup=f"{path}~"),
            lambda path: in_daemon_thread(partial(_write, path, content)),
            makes_folder=True,
        )
        if path is not None:
            self._show_message(text("export", "saved", path=escape_controls(str(path))))

    def _go_to(self, name: str) -> None:
        if name != self.name_shown:
            self._quoting = None
        self.name_shown = name
        self._show_message("")
        self.action_go(-len(self.page.blocks) - 10_000)

    def _show_message(self, message: str) -> None:
        self._message = message
        self.update()

    def _exported(self) -> Exported | str:
        """Return the exported text, or why there is none."""
        try:
            return export_text(self.name_shown, self._values, quoting=self._quoting)
        except InterchangeError as error:
            return reword_for_form(error)
