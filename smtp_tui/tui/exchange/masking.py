"""A pasted text as it may be shown: whatever could be a password is hidden, typed in part or whole.

It hides too much rather than too little: from the name of a secret to the end of the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from smtp_tui.tui.form.password import BULLETS

_NAMES = r"pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # A setting or an option by its name: `SMTP_PASSWORD=…`, `"pass": …`, `password …`.
        rf"(?:{_NAMES})[\w\]]*[\"']?\s*(?:=>|[:=]|\s)\s*(?P<hidden>\S.*)",
        r"(?<!\S)(?:-ap|--?auth-password|--?au-password)[ =](?P<hidden>.+)",
        # The user's part of a URL, to the last @; while it is typed there is none yet.
        r"://[^\s/:@]*:(?P<hidden>.*(?=@)|\S+)",
        # Postfix' table of logins: `[host]:port user:password`.
        r"^\s*\[?[\w.:-]+\]?(?::\d+)?\s+[^\s:=]+:(?P<hidden>\S.*)",
    )
)


def masked_line(line: str, secrets: Iterable[str] = ()) -> str:
    """Return a line without the secrets in it; `secrets` are those known from elsewhere."""
    for secret in secrets:
        line = line.replace(secret, BULLETS)
    for form in _FORMS:
        line = form.sub(_hidden, line)
    return line


def _hidden(match: re.Match[str]) -> str:
    start, end = (at - match.start() for at in match.span("hidden"))
    return f"{match[0][:start]}{BULLETS}{match[0][end:]}"
