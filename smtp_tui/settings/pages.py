"""The explanations, one Markdown page a field, as they ship with the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def explanation(key: str) -> str:
    """Return the Markdown page of the field `key`; FileNotFoundError if there is none."""
    page = Path(__file__).with_name("explanations") / f"{key}.md"
    return page.read_text(encoding="utf-8")
