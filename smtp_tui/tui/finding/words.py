"""The texts of the search for settings and of the list of providers."""

from __future__ import annotations

from smtp_tui.tui.keys.commands import key_of
from smtp_tui.tui.messages import MessageCatalog

text = MessageCatalog(__file__)


def remedy_for(cause: str | None) -> str:
    """Say what to do where nothing was found, or a port stays silent, for this cause."""
    known = text.part("cures")
    return known.get(cause or "", known["other"]).format(presets=key_of("presets"))
