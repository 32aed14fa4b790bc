"""Keep what a server or DNS may make as long as it likes within what a person reads."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST = 300
"""Characters of one text; the longest hostname has 253."""


def shortened(text: str, most: int = LONGEST) -> str:
    """Return a text of `most` characters, which ends in an ellipsis where it was longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def abridged(texts: Sequence[str], most: int, separator: str = ", ") -> str:
    """Join the first texts, each shortened, and count the rest."""
    shown = separator.join(map(shortened, texts[:most]))
    rest = len(texts) - most
    return f"{shown} and {rest} more" if rest > 0 else shown
