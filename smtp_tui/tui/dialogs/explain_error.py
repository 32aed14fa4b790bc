"""The screen that explains a pasted error of any program, a bounce or a received message."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType

from smtp_tui.diagnosis.error_lookup.log_redactor import LogRedactor
from smtp_tui.diagnosis.error_lookup.lookup import LONGEST_TEXT, ErrorExplanation, explain_error
from smtp_tui.lazy import load
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.commands import hints_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import ERROR_COMMANDS
from smtp_tui.tui.messages import text
from smtp_tui.tui.style import DIM, PLAIN, STRONG
from smtp_tui.tui.widgets.pager import PasteArea, PasteScreen
from smtp_tui.tui.widgets.text_page import TextBlock, labelled, plain

_CUT = "\n…\n"
# A field that only the header of a message or a delivery report has.
_OF_MESSAGE = re.compile(
    r"^[ \t]*(?:received|return-path|reporting-mta|final-recipient):", re.IGNORECASE | re.MULTILINE
)


def explanation_blocks(found: ErrorExplanation) -> list[TextBlock]:
    """Return an explanation: summary, reason, cure, and where to apply it."""
    blocks = [plain(found.summary, STRONG), plain(found.why), plain(found.cure)]
    if found.program:
        there = f"In {found.program}" if found.spelling else "Reported by"
        blocks.append(labelled(there, found.spelling or found.program))
    if found.field:
        value = "" if found.value is None else f": {found.value}"
        blocks.append(labelled("In the form", f"{BY_KEY[found.field].label}{value}"))
    return [replace(block, gap=number < 4) for number, block in enumerate(blocks)]


def message_blocks(pasted: str) -> list[TextBlock]:
    """Return what a bounce or the header of a received message shows; empty for other texts."""
    if not _OF_MESSAGE.search(pasted):
        return []
    # Few sessions explain a message.
    lines: list[str] = load("arrival.report_lines:message_lines")(pasted.encode())
    return [
        plain(line.strip(), PLAIN if number else STRONG, gap=not number)
        for number, line in enumerate(lines)
    ]


class ErrorPasteArea(PasteArea):
    """Keeps the beginning and the end of a long text, and masks passwords."""

    hint = text("explain", "hint")

    def limit_text(self, text: str) -> str:
        """Return the text, without its middle if it is too long."""
        if len(text) <= LONGEST_TEXT:
            return text
        half = (LONGEST_TEXT - len(_CUT)) // 2
        return f"{text[:half]}{_CUT}{text[-half:]}"

    def visible_lines(self, text: str, height: int) -> list[str]:
        """Return the last lines with passwords masked."""
        return LogRedactor(text).masked(text).split("\n")[-height:]


class ExplainErrorScreen(PasteScreen[str | None]):
    """Explains an error as it is typed; returns the key of a field to go to, or None."""

    place = "error"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(ERROR_COMMANDS)]

    def __init__(self) -> None:
        super().__init__(text("explain", "title"), ErrorPasteArea())
        self._field: str | None = None

    def read(self) -> None:
        """Explain the text."""
        pasted = self._pasted.text
        blocks = message_blocks(pasted)
        found = explain_error(pasted) if pasted.strip() and not blocks else None
        self._field = found.field if found else None
        without = text("explain", "unknown" if pasted.strip() else "nothing")
        self.page.show(blocks or (explanation_blocks(found) if found else [plain(without, DIM)]))
        self.hints.show(hints_of(ERROR_COMMANDS, () if self._field else {"visit"}))

    def action_visit(self) -> None:
        """Go to the field that the explanation names."""
        # Text typed just now has not been explained yet.
        self.show()
        if self._field:
            self.dismiss(self._field)
