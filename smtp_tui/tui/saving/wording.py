"""How saving tells what went wrong."""

from __future__ import annotations

from smtp_tui.smtp.escaping import visible


def sentence(error: object) -> str:
    """Make a sentence of an error's text."""
    text = visible(str(error))
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."
