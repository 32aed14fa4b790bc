"""Import what few calls or sessions need, at its first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def load(target: str) -> Any:
    """Import and return the object that "module:name" names below `smtp_tui`.

    With the modules of all commands, a check would take 355 ms of CPU instead of 215, most of it
    imports (`python -X importtime -m smtp_tui check`). The form's dialogs take 0.2 s, longer than
    its first screen. So a command loads its handler only, and the form what a key asks for.
    """
    module, _, name = target.partition(":")
    return getattr(import_module(f"smtp_tui.{module}"), name)
