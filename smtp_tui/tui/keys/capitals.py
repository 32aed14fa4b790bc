"""A capital for its letter: hints write keys as they are engraved, and Caps Lock is a key too."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.events import Key


async def take_for_small(app: App[Any], event: Key) -> None:
    """Do what the letter does where nothing takes its capital, nor types it."""
    letter, active = event.key.lower(), app.screen.active_bindings
    if len(letter) != 1 or letter == event.key or event.key in active or letter not in active:
        return
    event.stop()
    bound = active[letter]
    await app.run_action(bound.binding.action, bound.node)
