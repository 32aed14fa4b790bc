"""Mask passwords in texts: in a URL, in `user:password@host`, after `password=`.

Such a text may be entered for a hostname or another value, and is quoted in errors, labels and
reports. A password in a URL may contain unencoded characters such as `@` and `/`, so everything up
to the last @ is masked. If in doubt, too much is masked.
"""

from __future__ import annotations

import re

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
