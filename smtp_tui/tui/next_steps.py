"""Show the next steps, and remarks on the file, until the first test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from textual.events import Click
from textual.strip import Strip

from smtp_tui.tui.commands import FormCommand, command_named, with_keys
from smtp_tui.tui.style import CAUTION, PLAIN, STRONG
from smtp_tui.tui.widgets.line import press_key_at
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, flow, plain

TITLE = "Next"
# What each command does, in at most 12 characters for a narrow column.
STEPS = {
    "test": "run a test",
    "discover": "find servers",
    "presets": "providers",
    "import": "import",
    "error": "error help",
    "commands": "all commands",
}
# The same as clauses of a sentence, without the test: the key hints show its key.
IN_SHORT = {
    "discover": "finds servers",
    "presets": "lists providers",
    "import": "imports settings",
    "error": "explains an error",
    "commands": "lists all commands",
}
FIRST = ("test", "discover", "presets", "import", "error")
NARROW = 48  # columns up to which `STEPS` is shown


class NextSteps(TextPage):
    """The first commands to use, then remarks on the file and a notice.

    Each command has a line; without room for that, all are in one paragraph.
    """

    def __init__(self, remarks: Sequence[str], notice: str, *, has_host: bool, id: str) -> None:
        super().__init__(indent=1, id=id)
        # Without a host there is nothing to test yet.
        actions = FIRST if has_host else (*FIRST[1:4], FIRST[0], *FIRST[4:])
        commands = [command_named(action) for action in actions]
        # If this terminal may lack the keys of some commands, name the menu instead of them.
        sure = [command for command in commands if command.has_sure_key]
        self._commands = commands if sure == commands else [*sure, command_named("commands")]
        self._notes = [plain(remark, CAUTION, gap=False) for remark in remarks]
        self._notes += [plain(with_keys(notice), gap=False)] if notice else []

    def line_count(self, width: int) -> int:
        """Return the number of lines if each command has its own."""
        return self._count([*self._listed(width), *self._noted(gap=True)], width)

    def draw(self) -> list[Strip]:
        """Draw the list, or the paragraph if the list does not fit."""
        width, height = self.size
        for steps, gap in product((self._listed(width), self._in_short()), (True, False)):
            self.blocks, self._flowed = (*steps, *self._noted(gap=gap)), None
            if len(self.lines(width)) <= height:
                break
        return super().draw()

    def on_click(self, event: Click) -> None:
        """Press the key whose line is clicked."""
        lines = self.lines(self.size.width)
        if event.y < len(lines):
            press_key_at(self.app, lines[event.y], event.x - self._indent)

    def _count(self, blocks: Sequence[TextBlock], width: int) -> int:
        return len(flow(blocks, width - self._indent))

    def _noted(self, *, gap: bool) -> list[TextBlock]:
        return [replace(note, gap=gap and note is self._notes[0]) for note in self._notes]

    def _listed(self, width: int) -> list[TextBlock]:
        is_narrow = width <= NARROW
        keys = [self._keys_of(command, is_narrow=is_narrow) for command in self._commands]
        column = max(map(len, keys)) + (1 if is_narrow else 3)
        steps = [
            TextBlock(
                ((STEPS[command.action] if is_narrow else command.help, PLAIN),),
                shown.ljust(column),
                " " * column,
                gap=False,
                first_style=STRONG,
            )
            for command, shown in zip(self._commands, keys, strict=True)
        ]
        return [plain(TITLE, STRONG), *steps]

    def _keys_of(self, command: FormCommand, *, is_narrow: bool) -> str:
        # Not every terminal sends Alt, so show the other key too.
        is_clear = is_narrow and "Alt" not in command.first_key
        return command.first_key if is_clear else command.hint_keys

    def _in_short(self) -> list[TextBlock]:
        spans = []
        for command in self._commands:
            if command.action in IN_SHORT:
                spans += [
                    (f"{command.first_key} ", STRONG),
                    (f"{IN_SHORT[command.action]}, ", PLAIN),
                ]
        spans[-1] = (spans[-1][0].rstrip(", ") + ".", PLAIN)
        return [TextBlock(tuple(spans))]
