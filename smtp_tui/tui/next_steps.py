"""Show the next steps, and remarks on the file, until the first test."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from smtp_tui.tui.commands import command_named, with_keys
from smtp_tui.tui.style import CAUTION, PLAIN, STRONG
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, flow, plain

TITLE = "Next"
# Each command, with the few words that a narrow column has room for.
STEPS = {
    "test": "test these",
    "discover": "find servers",
    "presets": "providers",
    "import": "import",
    "error": "error help",
}
NARROW = 48  # columns up to which the few words are shown


class NextSteps(TextPage):
    """The commands to begin with, then remarks on the file and a notice.

    If the lines do not fit, the last commands are left out, but no remark.
    """

    def __init__(self, *, has_host: bool, remarks: Sequence[str], notice: str, id: str) -> None:
        super().__init__(indent=1, id=id)
        # Without a host there is nothing to test yet.
        self._actions = sorted(STEPS, key=lambda action: action == "test" and not has_host)
        if not has_host:
            self._actions.insert(3, self._actions.pop())
        notes = [plain(remark, CAUTION, gap=False) for remark in remarks]
        notes += [plain(with_keys(notice), gap=False)] if notice else []
        self._notes = [plain(""), *notes] if notes else []

    def line_count(self, width: int) -> int:
        """Return the number of lines if all fit."""
        return len(flow(self._blocks(width, len(STEPS)), width - self._indent))

    def draw(self) -> list[Strip]:
        """Draw the lines that fit."""
        width, height = self.size
        for count in range(len(STEPS), -1, -1):
            self.blocks, self._flowed = tuple(self._blocks(width, count)), None
            if len(self.lines(width)) <= height:
                break
        return super().draw()

    def _blocks(self, width: int, count: int) -> list[TextBlock]:
        commands = [command_named(action) for action in self._actions[:count]]
        is_narrow = width <= NARROW
        keys = [
            # Not every terminal sends Alt, so the other key is named, too.
            command.first_key if is_narrow and "Alt" not in command.first_key else command.hint_keys
            for command in commands
        ]
        column = max(map(len, keys), default=0) + (1 if is_narrow else 3)
        steps = [
            TextBlock(
                ((STEPS[command.action] if is_narrow else command.help, PLAIN),),
                shown.ljust(column),
                " " * column,
                gap=False,
            )
            for command, shown in zip(commands, keys, strict=True)
        ]
        return [plain(TITLE, STRONG), *steps, *self._notes]
