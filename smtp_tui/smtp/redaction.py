"""Take a secret out of what a server says, in whatever form it says it.

A hostile or merely chatty server may echo what it was sent: as it stands, in base64 (alone, in
PLAIN's form, as `user:secret`), in hexadecimal or URL-quoted, and broken over reply lines.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import quote_from_bytes

from smtp_tui.smtp.flattening import Flat, flattened
from smtp_tui.smtp.replies import Reply

HIDDEN = b"[hidden]"
# Shorter secrets occur in any text by chance; taking them out would show where they stood.
SHORTEST_TO_CUT = 4

Span = tuple[int, int]

_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


class Redactor:
    """Knows a secret's forms and takes them out of bytes."""

    def __init__(self, username: str | None = None, secret: str | None = None) -> None:
        self._exact: set[bytes] = set()
        self._folded: set[bytes] = set()
        self._encoded: set[bytes] = set()
        self._hides_whole = bool(secret) and len(secret or "") < SHORTEST_TO_CUT
        for raw in _spellings(secret) if secret else ():
            self._learn_secret(as_bytes(username or ""), raw)

    def learn(self, payload: bytes) -> None:
        """Treat what AUTH carried as a secret too: digests and proofs can be tried offline."""
        if len(payload) >= SHORTEST_TO_CUT:
            self._exact.add(payload)
            self._encoded.add(b64encode(payload).rstrip(b"="))

    def reply(self, reply: Reply) -> Reply:
        """Return the reply without any form of the secret, across its line ends too."""
        whole = b"\n".join(reply.lines)
        cleaned = self.data(whole)
        return reply if cleaned == whole else replace(reply, lines=tuple(cleaned.split(b"\n")))

    def data(self, data: bytes) -> bytes:
        """Return any bytes of the server's without any form of the secret."""
        spans = [span for flat in flattened(data) for span in self._spans(flat, data)]
        if not spans:
            return data
        return HIDDEN if self._hides_whole else _cut(data, spans)

    def text(self, text: str) -> str:
        """Return a text that repeats what the server said without any form of the secret."""
        return self.data(as_bytes(text)).decode("utf-8", "backslashreplace")

    def excerpt(self, data: bytes, limit: int) -> str:
        """Return the beginning of bytes that may break off anywhere, at most `limit` characters.

        It ends at the first secret: where the bytes break off, a part of one may stand.
        """
        before, found, _ = self.data(data).partition(HIDDEN)
        return (before + found).decode("utf-8", "backslashreplace")[:limit]

    def _learn_secret(self, user: bytes, raw: bytes) -> None:
        self._exact.add(raw)
        # Texts spell out bytes that are not UTF-8.
        self._exact.add(raw.decode("utf-8", "backslashreplace").encode("utf-8", "surrogatepass"))
        quoted = quote_from_bytes(raw), quote_from_bytes(raw, safe=""), _quoted_as_form(raw)
        self._folded |= {form.encode().lower() for form in (raw.hex(), *quoted)}
        wholes = raw, b"\0" + user + b"\0" + raw, user + b"\0" + user + b"\0" + raw
        encoded = {b64encode(form).rstrip(b"=") for form in (*wholes, user + b":" + raw)}
        encoded |= {_inner_base64(raw, offset) for offset in range(3)}
        self._encoded |= {form for form in encoded if len(form) > 1}

    def _spans(self, flat: Flat, data: bytes) -> Iterator[Span]:
        yield from flat.spans(_found(flat.data, self._exact))
        yield from flat.spans(_found(flat.data.lower(), self._folded))
        for form in self._encoded:
            yield from _whole_runs(data, flat.spans(_found(flat.data, [form])))


def as_bytes(text: str) -> bytes:
    """The bytes of a text, those that the system could not decode as they were."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _spellings(secret: str) -> set[bytes]:
    found = {as_bytes(secret)}
    if all(ord(letter) < 0x100 for letter in secret):
        found.add(secret.encode("latin-1"))
    return found


def _quoted_as_form(raw: bytes) -> str:
    return quote_from_bytes(raw, safe=" ").replace(" ", "+")


def _inner_base64(raw: bytes, offset: int) -> bytes:
    """The base64 characters that depend on nothing but `raw`, standing `offset` bytes in."""
    encoded = b64encode(b"\0" * offset + raw + b"\0" * 2)
    first = -(-offset * 8 // 6)
    last = (offset + len(raw)) * 8 // 6
    return encoded[first:last]


def _found(data: bytes, forms: Iterable[bytes]) -> Iterator[Span]:
    for form in forms:
        start = data.find(form)
        while start >= 0:
            yield start, start + len(form)
            start = data.find(form, start + len(form))


def _whole_runs(data: bytes, spans: Iterable[Span]) -> Iterator[Span]:
    """Stretch spans over all of the base64 around them, whose edges hold bits of the secret.

    They come in order, and no byte is looked at twice.
    """
    done = 0
    for first, last in spans:
        if last <= done:
            continue
        start, end = first, last
        while start > done and data[start - 1] in _BASE64:
            start -= 1
        while end < len(data) and data[end] in _BASE64:
            end += 1
        done = end
        yield start, end


def _cut(data: bytes, spans: list[Span]) -> bytes:
    pieces = []
    at = 0
    for start, end in sorted(spans):
        if start >= at:
            pieces += [data[at:start], HIDDEN]
        at = max(at, end)
    return b"".join([*pieces, data[at:]])
