"""Hide the password that a text holds: in a URL, in `user:password@host`, behind `password=`.

Such a text stands where a hostname or another value should be, and is quoted in errors, labels and
reports. Whoever wrote the password into a URL may have left its signs as they are, `@` and `/` too,
so everything up to the last @ is hidden. In doubt too much is hidden.
"""

from __future__ import annotations

import re

MASK = "********"

# Compiled when they are used: few checks quote anything, and each start would pay for it.
_URL = r"(?<![\w+.-])[A-Za-z][\w+.-]*://[^\s:/@]*:"
# Each word is looked at once, so that a long text takes no longer than it is long.
_PAIR = r"((?:^|(?<=\s))[\"'(]?(?:\S*?/)??(?://)?[^\s:/@\"']+:(?!//))\S+(?=@)"
_PARAMETER = r"(?i)([?&;](?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key)=)[^\s&;#\"']+"
_NAMED = (
    r"(?is)((?:pass(?:word|wd|phrase|wort)?|pwd|secret|token|credential|bearer|authorization"
    r"|(?:api|private|access|account|signing|auth)[ _-]?key)[\w.-]{0,32}[\"']?\s*[=:]\s*)\S.*"
)


def mask_credentials(text: str) -> str:
    """Return a text without the passwords of URLs and of `user:password@host`."""
    head, sign, tail = text.rpartition("@")
    if sign:
        url = re.search(_URL, head)
        text = f"{head[: url.end()]}{MASK}@{tail}" if url else text
        text = re.sub(_PAIR, rf"\1{MASK}", text)
    return re.sub(_PARAMETER, rf"\1{MASK}", text) if "=" in text else text


def mask_secrets(text: str) -> str:
    """Return a text without those passwords, and without what stands behind `password=`."""
    return re.sub(_NAMED, rf"\1{MASK}", mask_credentials(text))


def holds_url_password(text: str) -> bool:
    """Tell whether a text is a URL with a password in it."""
    return "://" in text and mask_credentials(text) != text
