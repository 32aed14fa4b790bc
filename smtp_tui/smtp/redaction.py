"""Take a secret out of what a server says, in whatever form it says it.

A hostile or merely chatty server may echo what it was sent: as it stands, in base64 (alone, in
PLAIN's form, as `user:secret`), in hexadecimal or URL-quoted, and broken over reply lines.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from urllib.parse import quote, quote_from_bytes, quote_plus

from smtp_tui.smtp.replies import Reply

HIDDEN = b"[hidden]"
# Shorter secrets occur in any text by chance; taking them out would show where they stood.
SHORTEST_TO_CUT = 4

_BREAK = rb"(?:\r?\n(?:[2-5][0-9][0-9][ -])?)?"
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


class Redactor:
    """Knows a secret's forms and takes them out of bytes."""

    def __init__(self, username: str | None = None, secret: str | None = None) -> None:
        self._exact: list[re.Pattern[bytes]] = []
        self._encoded: list[re.Pattern[bytes]] = []
        self._hides_whole = secret is not None and len(secret) < SHORTEST_TO_CUT
        if secret:
            self._learn_secret(username or "", secret)

    def learn(self, payload: bytes) -> None:
        """Treat an AUTH payload that was sent as a secret too: digests can be tried offline."""
        if len(payload) >= SHORTEST_TO_CUT:
            self._exact.append(_pattern(payload))
            self._encoded.append(_pattern(b64encode(payload).rstrip(b"=")))

    def reply(self, reply: Reply) -> Reply:
        """Return the reply without any form of the secret, across its line ends too."""
        whole = b"\n".join(reply.lines)
        cleaned = self.data(whole)
        return reply if cleaned == whole else replace(reply, lines=tuple(cleaned.split(b"\n")))

    def data(self, data: bytes) -> bytes:
        """Return any bytes of the server's without any form of the secret."""
        spans = [match.span() for pattern in self._exact for match in pattern.finditer(data)]
        spans += [
            _whole_run(data, match.span())
            for pattern in self._encoded
            for match in pattern.finditer(data)
        ]
        if not spans:
            return data
        return HIDDEN if self._hides_whole else _cut(data, spans)

    def text(self, text: str) -> str:
        """Return a text that repeats what the server said without any form of the secret."""
        return self.data(text.encode("utf-8", "surrogateescape")).decode(
            "utf-8", "backslashreplace"
        )

    def _learn_secret(self, username: str, secret: str) -> None:
        raw = secret.encode()
        exact = {raw, secret.encode("latin-1", "replace") if b"?" not in raw else raw}
        self._exact = [_pattern(form) for form in sorted(exact)]
        quoted = {raw.hex(), quote(secret), quote_plus(secret), quote_from_bytes(raw, safe="")}
        self._exact += [_pattern(form.encode(), re.IGNORECASE) for form in sorted(quoted)]
        user = username.encode()
        wholes = [b"\0" + user + b"\0" + raw, user + b"\0" + user + b"\0" + raw, user + b":" + raw]
        encoded = {b64encode(form).rstrip(b"=") for form in (*wholes, raw)}
        encoded |= {_inner_base64(raw, offset) for offset in range(3)}
        self._encoded = [_pattern(form) for form in sorted(encoded) if len(form) > 1]


def _pattern(form: bytes, flags: int = 0) -> re.Pattern[bytes]:
    return re.compile(_BREAK.join(re.escape(form[i : i + 1]) for i in range(len(form))), flags)


def _inner_base64(raw: bytes, offset: int) -> bytes:
    """The base64 characters that depend on nothing but `raw`, standing `offset` bytes in."""
    encoded = b64encode(b"\0" * offset + raw + b"\0" * 2)
    first = -(-offset * 8 // 6)
    last = (offset + len(raw)) * 8 // 6
    return encoded[first:last]


def _whole_run(data: bytes, span: tuple[int, int]) -> tuple[int, int]:
    """Stretch a span over all of the base64 around it, whose edges hold bits of the secret."""
    start, end = span
    while start > 0 and data[start - 1] in _BASE64:
        start -= 1
    while end < len(data) and data[end] in _BASE64:
        end += 1
    return start, end


def _cut(data: bytes, spans: list[tuple[int, int]]) -> bytes:
    pieces = []
    at = 0
    for start, end in sorted(spans):
        if start >= at:
            pieces += [data[at:start], HIDDEN]
        at = max(at, end)
    return b"".join([*pieces, data[at:]])
