"""A page with a text for one of several programs, to copy or to save."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from smtp_tui.config.atomic_write import WriteOptions, write
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.file_reader import read_document
from smtp_tui.config.paths import absolute
from smtp_tui.safe_text import escape_controls
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.messages import MOST_COPIED, as_sentence, clipboard_size, text
from smtp_tui.tui.widgets.dialog import ask_and_save
from smtp_tui.tui.widgets.pager import PagerScreen


def copy_to_terminal(app: App[int], content: str, count: int, save_key: str) -> str:
    """Send `count` lines to the terminal's clipboard; return the message to show."""
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
    return text("copy", where, lines=lines, them=pronoun, key=save_key)


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
            self.show_message(copy_to_terminal(self.app, content, count, "F2"))

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
