"""Make a text safe and short enough to show, whoever wrote it.

What a server sends must not move a cursor or colour a line, and may be as long as it likes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Unicode's categories Cc, Cf, Cs, Zl and Zp: controls, marks that reorder or hide text, separators,
# and lone surrogates, which no terminal's encoding can carry. Beside them what draws as nothing.
# Not compiled here: it takes 0.4 ms, and most checks meet none of them.
_UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def escape_controls(text: str) -> str:
    r"""Replace each control or reordering character by its escape (`\x1b`, `\u202e`)."""
    if text.isascii() and text.isprintable():  # nearly all, and quicker
        return text
    return re.sub(_UNSAFE, _escape, text)


def _escape(match: re.Match[str]) -> str:
    number = ord(match.group())
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


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
