"""The texts of import and export in the form."""

from __future__ import annotations

from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.keys.commands import IMPORT_COMMANDS
from smtp_tui.tui.messages import MessageCatalog

text = MessageCatalog(__file__)

_KEYS = {one.action: one.first_key for one in IMPORT_COMMANDS}


def key_here(action: str) -> str:
    """Return the key of a command where something is imported."""
    return _KEYS[action]


def in_the_form(said: object) -> str:
    """Return what is said for the command line with the form's own ways, safe to show."""
    names = {"format": key_here("format"), "quoting": key_here("quoting")}
    return escape_controls(text.instead(str(said), **names))


def lines(count: int) -> str:
    """Count lines."""
    return "1 line" if count == 1 else f"{count} lines"
