"""How a defect of the program itself is told: where, never what was being handled."""

from __future__ import annotations

from smtp_tui.defects import defect_text


def defect_words(error: BaseException) -> str:
    """Name an unexpected error and its place, in the form."""
    return f"A bug in smtp-tui: {defect_text(error)}. Your input is still here."
