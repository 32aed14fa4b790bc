"""The help: what the keys do, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from smtp_tui.tui.ink import DIM, PLAIN, STRONG
from smtp_tui.tui.keys.commands import COMMANDS
from smtp_tui.tui.keys.dialog_commands import (
    CHANGED_COMMANDS,
    CONFLICT_COMMANDS,
    DIFF_COMMANDS,
    ERROR_COMMANDS,
    FIX_COMMANDS,
    MAIL_COMMANDS,
    TABLE_COMMANDS,
)
from smtp_tui.tui.keys.hints import FORM_KEYS, SIGNS, log_keys
from smtp_tui.tui.sidebar.page import Page
from smtp_tui.tui.sidebar.prose import Block, plain

COLUMN = 22


def help_blocks() -> Iterator[Block]:
    """Yield the whole help."""
    yield plain("smtp-tui: edit, explain and test the SMTP settings of a TOML file", STRONG)
    yield from _section("Everywhere", [(c.keys, c.help) for c in COMMANDS if c.help])
    yield from _section("In the form", FORM_KEYS)
    yield from _section("In the log", log_keys())
    for title, commands in (
        ("In the list of fixes", FIX_COMMANDS),
        ("Where an error is explained", ERROR_COMMANDS),
        ("In a test message", MAIL_COMMANDS),
        ("Where it is shown what saving changes", DIFF_COMMANDS),
        ("Where another program changed the file", (*CHANGED_COMMANDS, CONFLICT_COMMANDS[0])),
        ("In the list of tables", TABLE_COMMANDS),
    ):
        yield from _section(title, [(c.keys, c.help) for c in commands])
    yield from _section("Signs", SIGNS)


def _section(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[Block]:
    yield plain(title, STRONG)
    for keys, what in rows:
        head = f"  {keys}".ljust(COLUMN)
        yield Block(((what, PLAIN),), head, " " * COLUMN, gap=False)


class HelpScreen(Screen[None], inherit_bindings=False):
    """One page, the whole screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,ctrl+g,q,?,enter,f10,ctrl+x", "close", show=False),
        Binding("up,k", "go(-1)", show=False),
        Binding("down,j", "go(1)", show=False),
        Binding("pageup", "go(-20)", show=False),
        Binding("pagedown,space", "go(20)", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Show the page."""
        yield Page(list(help_blocks()))
        yield Page([plain("Esc closes, Up Down PgUp PgDn read on", DIM)], classes="foot")

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()

    def action_go(self, lines: int) -> None:
        """Read on."""
        page = self.query(Page).first()
        page.scroll_to(y=page.scroll_offset.y + lines, animate=False)
