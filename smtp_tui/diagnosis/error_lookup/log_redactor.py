"""Hide a text's secrets in what is quoted from it.

People paste whole commands and settings: secrets in one of the usual forms are collected from the
whole text, then hidden wherever the quoted words contain them, in any form that `Redactor` knows.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Iterator
from urllib.parse import unquote

from smtp_tui.smtp.redaction import SHORTEST_TO_CUT, Redactor

_MOST = 256
_HIDDEN = "[hidden]"

_QUOTED = r"\"([^\"\n]{1,4096})\"|'([^'\n]{1,4096})'"
_NAMES = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key)[\"']?"
_OPTIONS = r"--?(?:auth-password|password|pass|ap|passwd|oauth2-bearer)"
_MECHANISMS = "plain|login|xoauth2|oauthbearer|cram-md5"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE | re.MULTILINE)
    for form in (
        # To the last @: in a malformed URL the secret may contain one.
        r"://[^\s/:@]{0,255}:(\S{1,256})@",
        rf"{_NAMES}[ \t]{{0,8}}(?:=>|[=:])[ \t]{{0,8}}(?:{_QUOTED}|([^\s\"',;]{{1,4096}}))",
        rf"{_OPTIONS}[ =](?:{_QUOTED}|([^\s\"']{{1,4096}}))",
        r"(?:--user|-u) [\"']?[^\s:\"']{1,255}:([^\n\"' ]{1,4096})",
        rf"\bauth[ :=]{{1,3}}(?:{_MECHANISMS}) ([a-z0-9+/=]{{4,4096}})",
        r"\bbearer[ =]([a-z0-9._~+/=-]{4,4096})",
        # The response to a challenge, as session logs show it.
        r"\b334[^\n]{0,400}\n[^\na-z0-9+/]{0,40}(?:c: )?([a-z0-9+/=]{4,400})\s{0,4}$",
    )
)
# A reply code is no secret: `invalid user or password: 535 …`
_CODE = re.compile("[2-5][0-9][0-9]")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,4096}={0,2}")


class LogRedactor:
    """Hides the secrets that a text reveals."""

    def __init__(self, text: str) -> None:
        secrets = _secrets(text)
        long = [secret for secret in secrets if len(secret) >= SHORTEST_TO_CUT]
        self._redactors = [(secret, Redactor(secret=secret)) for secret in long]
        # Within other words a short one reveals nothing; alone it would.
        short = [re.escape(word) for word in secrets if 0 < len(word) < SHORTEST_TO_CUT]
        self._short = re.compile(rf"(?<!\w)(?:{'|'.join(short)})(?!\w)") if short else None

    def masked(self, excerpt: str) -> str:
        """Return words of the text with its secrets hidden."""
        for secret, redactor in self._redactors:
            excerpt = _without_tail(redactor.cut(excerpt), secret)
        if self._short is not None:
            excerpt = self._short.sub(_HIDDEN, excerpt)
        return _BASE64.sub(_without_login, excerpt)


def _secrets(text: str) -> list[str]:
    found: dict[str, None] = {}
    for secret in _in_forms(text):
        found.setdefault(secret)
        if len(found) == _MOST:
            break
    return [secret for secret in found if not _CODE.fullmatch(secret)]


def _in_forms(text: str) -> Iterator[str]:
    for form in _FORMS:
        for match in form.finditer(text):
            value = next((group for group in match.groups() if group), "")
            yield from (value, unquote(value), value.partition("@")[0])
            yield from _decoded(value)


def _decoded(text: str) -> Iterator[str]:
    """Yield decoded base64, split at NUL as in a PLAIN response."""
    try:
        plain = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (BadBase64, ValueError):
        return
    for part in plain.split(b"\0"):
        yield part.decode("utf-8", "surrogateescape")


def _without_tail(excerpt: str, secret: str) -> str:
    """Hide the beginning of a secret that the end of the words cuts off."""
    for length in range(min(len(secret), len(excerpt)) - 1, SHORTEST_TO_CUT - 1, -1):
        if excerpt.endswith(secret[:length]):
            return excerpt[:-length] + _HIDDEN
    return excerpt


def _without_login(match: re.Match[str]) -> str:
    """Hide base64 of a response to PLAIN, or of the end of one."""
    parts = list(_decoded(match[0]))
    # Words like EHOSTUNREACH also decode as base64, by chance even with a NUL.
    is_end = len(parts) == 2 and any(parts) and all(part.isprintable() for part in parts)
    return _HIDDEN if len(parts) > 2 or is_end else match[0]
