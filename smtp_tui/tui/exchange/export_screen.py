"""The settings as other programs keep them: to look at, to copy, to save."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from smtp_tui.config.paths import absolute
from smtp_tui.interchange.exporting import export_text
from smtp_tui.interchange.known import format_named, formats
from smtp_tui.interchange.results import Exported, InterchangeError
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.escaping import visible
from smtp_tui.tui.bars import HintBar
from smtp_tui.tui.exchange.choosing import chosen_quoting, of_quotings, of_targets
from smtp_tui.tui.exchange.saving import ask_and_save
from smtp_tui.tui.exchange.words import in_the_form, lines, text
from smtp_tui.tui.ink import ACCENT, BAD, DIM, GOOD, PLAIN, STRONG, WARNING
from smtp_tui.tui.keys.dialog_commands import EXPORT_COMMANDS
from smtp_tui.tui.keys.hints import hints_of
from smtp_tui.tui.log.text import MOST_COPIED, clipboard_size
from smtp_tui.tui.saving.wording import sentence
from smtp_tui.tui.sheet import Sheet
from smtp_tui.tui.sidebar.prose import Block, plain

NAMES = [*formats()]
_INDENT = "  "


class ExportScreen(Sheet, inherit_bindings=True):
    """One program's text at a time; Left and Right go through the programs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(command.binding for command in EXPORT_COMMANDS),
        Binding("left,shift+tab", "turn(-1)", show=False),
        Binding("alt+x", "leave", show=False),
    ]

    def __init__(self, values: Mapping[str, object], settings: Path) -> None:
        super().__init__()
        self._values = values
        self._settings = settings
        self.name_shown = NAMES[0]
        self._quoting: str | None = None
        self._said = ""
        self._hints = HintBar(())

    def foot(self) -> Widget:
        """Return the keys."""
        return self._hints

    def blocks(self, width: int) -> Sequence[Block]:
        """Return the text, and what is to be said of it."""
        return [*self._blocks(width)]

    def tell(self) -> None:
        """Show it, and which keys there are."""
        super().tell()
        self._hints.show(hints_of(one for one in EXPORT_COMMANDS if self._can(one.action)))

    def action_turn(self, by: int) -> None:
        """Go on to another program."""
        self._go_to(NAMES[(NAMES.index(self.name_shown) + by) % len(NAMES)])

    def action_list(self) -> None:
        """Choose the program from a list."""
        self.app.push_screen(of_targets(self.name_shown), self._take)

    def action_quoting(self) -> None:
        """Ask how the file is to be quoted."""
        form = format_named(self.name_shown)
        if form.takes_quoting:
            self.app.push_screen(of_quotings(form, self._quoting), self._take_quoting)

    def action_copy(self) -> None:
        """Copy the text by the terminal, which answers nothing."""
        exported = self._exported()
        if isinstance(exported, str):
            return
        size = clipboard_size(exported.text)
        if size > MOST_COPIED:
            self._say(text("export", "long", size=size // 1000))
            return
        self.app.copy_to_clipboard(exported.text)
        count = lines(exported.text.count("\n"))
        self._say(text("export", "sent", lines=count))

    def action_save(self) -> None:
        """Ask for a file, and save the text."""
        if not isinstance(self._exported(), str):
            self.run_worker(self._save(), group="save", exclusive=True)

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss()

    async def _save(self) -> None:
        exported = self._exported()
        if isinstance(exported, str):
            return
        folder = self._settings.parent
        if not os.access(folder, os.W_OK | os.X_OK):
            folder = absolute(Path())
        names = {"name": self._settings.stem, "format": self.name_shown}
        path = await ask_and_save(
            self.app, exported.text, folder / text("export", "names", **names)
        )
        if path is not None:
            self._say(text("export", "saved", path=visible(str(path))))

    def _take(self, index: int | None) -> None:
        if index is not None:
            self._go_to(NAMES[index])

    def _take_quoting(self, index: int | None) -> None:
        if index is not None:
            self._quoting = chosen_quoting(index)
            self._say("")

    def _go_to(self, name: str) -> None:
        if name != self.name_shown:
            self._quoting = None
        self.name_shown = name
        self._say("")
        self.action_go(-len(self.page.blocks) - 10_000)

    def _say(self, said: str) -> None:
        self._said = said
        self.tell()

    def _exported(self) -> Exported | str:
        """Return the text, or why there is none."""
        try:
            return export_text(self.name_shown, self._values, quoting=self._quoting)
        except InterchangeError as error:
            return in_the_form(error)

    def _blocks(self, _width: int) -> Iterator[Block]:
        form = format_named(self.name_shown)
        number = text("export", "count", number=NAMES.index(form.name) + 1, count=len(NAMES))
        quoting = text("import", "quoted", quoting=self._quoting) if self._quoting else ""
        title = text("export", "title", format=form.title)
        yield Block(((f"{title}{quoting}", STRONG), (number, DIM)))
        if self._said:
            yield plain(self._said, GOOD, gap=False)
        exported = self._exported()
        if isinstance(exported, str):
            yield plain(text("export", "cannot", problem=exported.rstrip(".")), BAD)
            return
        for number_of, line in enumerate(exported.text.removesuffix("\n").split("\n")):
            yield Block(((visible(line), ACCENT),), is_preformatted=True, gap=number_of == 0)
        if exported.notes:
            yield plain(text("export", "notes", format=form.title), STRONG)
        for note in exported.notes:
            label = BY_KEY[note.key].label if note.key in BY_KEY else note.key
            said = f"{label}: {note.text}" if label else note.text
            ink = WARNING if note.weakens else PLAIN
            sign = "! " if note.weakens else "- "
            yield Block(((sentence(in_the_form(said)), ink),), sign, _INDENT, gap=False)
        yield plain(text("export", "secret", format=form.title), DIM)

    def _can(self, action: str) -> bool:
        return action != "quoting" or format_named(self.name_shown).takes_quoting
