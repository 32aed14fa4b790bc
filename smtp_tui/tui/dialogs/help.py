"""The help: what every key does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from smtp_tui.tui.keys.commands import (
    CHANGED_COMMANDS,
    COMMANDS,
    CONFLICT_COMMANDS,
    DIFF_COMMANDS,
    DISCOVER_COMMANDS,
    DOMAIN_COMMANDS,
    ERROR_COMMANDS,
    EXPORT_COMMANDS,
    FIX_COMMANDS,
    FORM_KEYS,
    IMPORT_COMMANDS,
    MAIL_COMMANDS,
    PRESET_COMMANDS,
    SIGNS,
    TABLE_COMMANDS,
    log_keys,
)
from smtp_tui.tui.style import PLAIN, STRONG
from smtp_tui.tui.widgets.pager import PagerScreen
from smtp_tui.tui.widgets.text_page import Block, plain

COLUMN = 22


class HelpScreen(PagerScreen):
    """What the keys do, made from the commands themselves, and what the file was read as."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f1,ctrl+g,?", "close", show=False)]

    def __init__(self, about_file: Sequence[Block]) -> None:
        super().__init__()
        self._about_file = tuple(about_file)

    def blocks(self, _width: int) -> Iterator[Block]:
        """Yield the whole help."""
        yield plain("smtp-tui: edit, explain and test the SMTP settings of a TOML file", STRONG)
        yield from self._about_file
        everywhere = [command for command in COMMANDS if command.help]
        for title, commands, more in (
            ("Everywhere", everywhere, ()),
            ("In the form", (), FORM_KEYS),
            ("In the log", (), log_keys()),
            ("In the list of fixes", FIX_COMMANDS, ()),
            ("In the explanation of an error", ERROR_COMMANDS, ()),
            ("In the search for settings", DISCOVER_COMMANDS, ()),
            ("In the list of providers", PRESET_COMMANDS, ()),
            ("In the import", IMPORT_COMMANDS, ()),
            ("In the export", EXPORT_COMMANDS, ()),
            ("In the DNS report", DOMAIN_COMMANDS, ()),
            ("In a test message", MAIL_COMMANDS, ()),
            ("In the diff", DIFF_COMMANDS, ()),
            (
                "When another program has changed the file",
                (*CHANGED_COMMANDS, CONFLICT_COMMANDS[0]),
                (),
            ),
            ("In the list of tables", TABLE_COMMANDS, ()),
            ("Signs", (), SIGNS),
        ):
            yield plain(title, STRONG)
            for keys, help_text in (*((one.keys, one.help) for one in commands), *more):
                head = f"  {keys}".ljust(COLUMN)
                yield Block(((help_text, PLAIN),), head, " " * COLUMN, gap=False)
