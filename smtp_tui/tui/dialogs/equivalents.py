"""Show a test as other programs' commands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType

from smtp_tui.checks.equivalents import EquivalentCommand
from smtp_tui.tui.commands import hints_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import EQUIVALENT_COMMANDS
from smtp_tui.tui.dialogs.program_text import ProgramTextScreen
from smtp_tui.tui.style import DIM, GOOD, PLAIN, STRONG, Span
from smtp_tui.tui.widgets.text_page import TextBlock, as_title, item, plain, verbatim

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
        """Return the command in one line, as a shell takes it."""
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
