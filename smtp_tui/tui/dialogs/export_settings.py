"""The screen that shows, copies and saves the settings in other programs' formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType

from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.spec import Exported, InterchangeError, format_named, formats
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.commands import hints_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import EXPORT_COMMANDS
from smtp_tui.tui.dialogs.import_settings import ask_quoting, reword_for_form
from smtp_tui.tui.dialogs.program_text import ProgramTextScreen
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.draft import PASSWORD
from smtp_tui.tui.style import BAD, CAUTION, DIM, FOCUS, GOOD, STRONG
from smtp_tui.tui.widgets.dialog import select
from smtp_tui.tui.widgets.text_page import TextBlock, item, plain, verbatim


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
        lines, names = [spec.title for spec in formats().values()], self.names
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
