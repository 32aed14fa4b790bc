"""Make untrusted text safe and short enough to show.

Server data must not move the cursor or colour a line, and may be of any length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Unicode's categories Cc, Cf, Cs, Zl and Zp: controls, marks that reorder or hide text, separators,
# and lone surrogates, which no terminal's encoding can carry; also characters that draw nothing.
# Not compiled at import: that takes 0.4 ms, and most checks need no escapes.
_UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def escape_controls(text: str) -> str:
    r"""Escape each control, reordering or invisible character (`\x1b`, `\u202e`)."""
    if text.isascii() and text.isprintable():  # nearly all texts, and faster
        return text
    return re.sub(_UNSAFE, _escape, text)


def _escape(match: re.Match[str]) -> str:
    number = ord(match.group())
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


LONGEST = 300
"""Maximum characters of one text; the longest hostname has 253."""


def shortened(text: str, most: int = LONGEST) -> str:
    """Truncate a text to `most` characters, with an ellipsis at the end if it was longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def abridged(texts: Sequence[str], most: int, separator: str = ", ") -> str:
    """Join the first `most` texts, each shortened, and count the rest."""
    shown = separator.join(map(shortened, texts[:most]))
    rest = len(texts) - most
    return f"{shown} and {rest} more" if rest > 0 else shown
