"""How a defect of the program itself is reported: where it is, never what was being handled."""

from __future__ import annotations

from pathlib import Path


def defect_text(error: BaseException) -> str:
    """Name an unexpected error and the line that raised it.

    The error's own text is left out: it may repeat a password.
    """
    from traceback import extract_tb  # a program without a defect needs none of it

    frames = extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
