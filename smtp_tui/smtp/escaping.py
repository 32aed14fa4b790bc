"""Make any text safe to show: what a server sends must not move a cursor or colour a line."""

from __future__ import annotations

import re

# C0 but for nothing, DEL, C1, line and paragraph separators, marks that reorder text, and lone
# surrogates, which no terminal's encoding can carry.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def visible(text: str) -> str:
    r"""Replace each control or reordering character by its escape (`\x1b`, `\u202e`)."""
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    number = ord(match.group())
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
