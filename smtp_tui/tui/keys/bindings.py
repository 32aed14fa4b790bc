"""Commands as Textual binds them, and capitals that stand for their letter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Key

from smtp_tui.tui.keys.commands import Command


def bindings(commands: Iterable[Command]) -> list[BindingType]:
    """Bind commands; where their keys may be chosen, Textual's keymap finds them by action."""
    return [
        Binding(
            ",".join(command.default_keys),
            f"screen.run_command('{command.action}')" if command.handler else command.action,
            show=False,
            id=command.action if command.is_configurable else None,
        )
        for command in commands
    ]


async def handle_shifted_letter(app: App[Any], event: Key) -> None:
    """Do what the letter does where nothing takes its capital, nor types it."""
    # Hints write keys as engraved, so `C` may be typed with Shift; and Caps Lock is a key too.
    letter, active = event.key.lower(), app.screen.active_bindings
    if len(letter) != 1 or letter == event.key or event.key in active or letter not in active:
        return
    event.stop()
    bound = active[letter]
    await app.run_action(bound.binding.action, bound.node)
