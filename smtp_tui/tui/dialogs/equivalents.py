"""The same test with other programs: command lines to look at and to copy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType

from smtp_tui.checks.equivalents import EquivalentCommand
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.style import ACCENT, DIM, STRONG
from smtp_tui.tui.widgets.pager import PagerScreen
from smtp_tui.tui.widgets.text_page import Block, plain

# A word of a POSIX shell: quoted, escaped and bare pieces with nothing between them.
_WORD = re.compile(r"""(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])+""", re.DOTALL)
_MORE = " \\"
_INDENT = "  "


def broken(line: str, width: int) -> list[str]:
    """Break a command line between words, each line but the last with the shell's own sign."""
    lines, current = [], ""
    for word in _WORD.findall(line):
        longer = f"{current} {word}" if current.strip() else f"{current}{word}"
        if current.strip() and cell_len(longer) + len(_MORE) > width:
            lines.append(current + _MORE)
            longer = f"{_INDENT}{word}"
        current = longer
    return [*lines, current]


class EquivalentsScreen(PagerScreen):
    """Command lines from edge to edge, so that a terminal's own copying gets them as they are."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("s", "close", show=False)]

    def __init__(self, title: str, commands: Sequence[EquivalentCommand]) -> None:
        super().__init__()
        self._title = title
        self._commands = commands

    def blocks(self, width: int) -> Iterator[Block]:
        """Yield each program's command line, and where it will behave otherwise."""
        yield plain(f"The same test with other programs: {self._title}", STRONG)
        yield plain("None of these commands contains the password.", DIM, gap=False)
        for command in self._commands:
            yield plain(command.program, STRONG)
            for line in broken(command.line, width) if command.line else ():
                yield Block(((escape_controls(line), ACCENT),), is_preformatted=True, gap=False)
            for note in command.notes:
                yield Block(((escape_controls(note), DIM),), "- ", "  ", gap=False)
