"""Make text safe and short enough to show: escape control characters, mask passwords.

Server data must not move the cursor or colour a line, and may be of any length. A text that the
admin enters may hold a password: in a URL, in `user:password@host`, after `password=`. It is quoted
in errors, labels and reports. A password in a URL may contain unencoded characters such as `@` and
`/`, so everything up to the last @ is masked. If in doubt, too much is masked.
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


MASK = "********"

# Compiled on demand: few checks quote anything, and compiling would slow down each start.
_URL = r"(?<![\w+.-])[A-Za-z][\w+.-]*://[^\s:/@]*:"
# Matches each word only once, so that the time is linear in the text's length.
_PAIR = r"((?:^|(?<=\s))[\"'(]?(?:\S*?/)??(?://)?[^\s:/@\"']+:(?!//))\S+(?=@)"
_PARAMETER = r"(?i)([?&;](?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key)=)[^\s&;#\"']+"
_NAMED = (
    r"(?is)((?:pass(?:word|wd|phrase|wort)?|pwd|secret|token|credential|bearer|authorization"
    r"|(?:api|private|access|account|signing|auth)[ _-]?key)[\w.-]{0,32}[\"']?\s*[=:]\s*)\S.*"
)


def mask_credentials(text: str) -> str:
    """Mask the passwords of URLs, of `user:password@host` and of URL parameters."""
    head, sign, tail = text.rpartition("@")
    if sign:
        url = re.search(_URL, head)
        text = f"{head[: url.end()]}{MASK}@{tail}" if url else text
        text = re.sub(_PAIR, rf"\1{MASK}", text)
    return re.sub(_PARAMETER, rf"\1{MASK}", text) if "=" in text else text


def mask_secrets(text: str) -> str:
    """Mask the passwords that `mask_credentials` does, and anything after `password=`."""
    return re.sub(_NAMED, rf"\1{MASK}", mask_credentials(text))


def holds_url_password(text: str) -> bool:
    """Return whether a text is a URL with a password."""
    return "://" in text and mask_credentials(text) != text
