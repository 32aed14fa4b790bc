"""How a defect of the program itself is told: where, never what was being handled."""

from __future__ import annotations

import traceback
from pathlib import Path


def defect_words(error: BaseException) -> str:
    """Name an unexpected error and its place; its text may repeat a password, so it stays out."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"A defect of smtp-tui: {type(error).__name__}{place}. What you typed is still here."
