"""Remove secrets from server data, in every form that a server may echo.

A hostile or merely chatty server may echo what it received: verbatim, in base64 (alone, in PLAIN's
form, as `user:secret`), in hexadecimal or URL-quoted, broken over reply lines, or cut off.
"""

from __future__ import annotations

import re
import sys
from array import array
from base64 import b64encode
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from types import MappingProxyType
from urllib.parse import quote_from_bytes

from smtp_tui.smtp.replies import Reply

_CODE = rb"(?:[2-5][0-9][0-9][ -])?"
_ENHANCED = rb"(?:[245]\.[0-9]{1,3}\.[0-9]{1,3} )?"
# What may separate two characters of a secret. The codes are optional, and what looks like a code
# may be part of the text, so every pattern is tried.
_BREAKS = tuple(
    re.compile(rb"\r?\n" + codes) for codes in (b"", _CODE, _ENHANCED, _CODE + _ENHANCED)
)


Span = tuple[int, int]


class _Flattened:
    """Bytes with their breaks removed by one pattern, and each byte's original position."""

    def __init__(self, data: bytes, breaks: re.Pattern[bytes] | None = None) -> None:
        found = [match.span() for match in breaks.finditer(data)] if breaks else []
        ends = [0, *(end for _, end in found)]
        pieces = zip(ends, [*(start for start, _ in found), len(data)], strict=True)
        self.data = breaks.sub(b"", data) if breaks else data
        self._positions = array("L", chain.from_iterable(range(*piece) for piece in pieces))

    def spans(self, found: Iterable[Span]) -> Iterator[Span]:
        """Yield spans of the joined bytes as spans of the original bytes."""
        return ((self._positions[start], self._positions[end - 1] + 1) for start, end in found)


def _flatten_all(data: bytes) -> list[_Flattened]:
    return [_Flattened(data), *(_Flattened(data, pattern) for pattern in _BREAKS if b"\n" in data)]


def _searchable(data: bytes) -> bytes:
    """Return the bytes joined by every pattern, unchanged and in lower case."""
    joined = {data, *(pattern.sub(b"", data) for pattern in _BREAKS)} if b"\n" in data else {data}
    text = b"\xff".join(joined)
    return text + b"\xff" + text.lower()


HIDDEN = b"[hidden]"
# A shorter part of what AUTH sent occurs in any text by chance.
SHORTEST_TO_CUT = 4
# Secrets like these may occur in a text by chance. Removed from `220 mail.example.org`, one could
# be guessed from the rest, so the whole line is hidden.
_BY_CHANCE = re.compile(r".{0,7}|[A-Za-z.-]{0,15}", re.DOTALL)
# A truncated echo shares at least this many bytes with the secret.
SHARED = 8
# Any seven bytes of a text contain an aligned word of this size.
_WORD = 4

# Maximum number of passwords kept for one host; searching for each takes time.
MOST_SECRETS = 64

_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
_ENHANCED_CODE = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3} ")


class _Forms:
    """The forms of a secret in one encoding, and the runs of `SHARED` bytes in some of them."""

    def __init__(self, same: _Forms | None = None) -> None:
        self.wholes: set[bytes] = set(same.wholes) if same else set()
        self._runs: set[bytes] = set(same._runs) if same else set()

    def add_parts(self, *forms: bytes) -> None:
        """Add every run of `SHARED` bytes in the forms."""
        for form in forms:
            self._runs |= {form[at : at + SHARED] for at in range(len(form) - SHARED + 1)}

    def runs_in(self, data: bytes) -> Iterator[Span]:
        """Yield the spans of the known runs, in order."""
        for start in range(len(data) - SHARED + 1 if self._runs else 0):
            if data[start : start + SHARED] in self._runs:
                yield start, start + SHARED


def _as_words(data: bytes) -> memoryview:
    """Return the bytes as numbers of `_WORD` bytes each; the remainder is dropped."""
    return memoryview(data)[: len(data) // _WORD * _WORD].cast("I")


class Redactor:
    """Removes every form of a secret from bytes."""

    def __init__(
        self,
        username: str | None = None,
        secret: str | None = None,
        others: Mapping[object, Redactor] = MappingProxyType({}),
    ) -> None:
        """`others` are redactors of further dialogues with the same host; more may be added."""
        self._others = others
        self._secrets: list[bytes] = []
        self._exact, self._folded, self._encoded = _Forms(), _Forms(), _Forms()
        self._suspect_words: set[int] = set()
        self._short_forms: set[bytes] = set()
        self._hides_lines = bool(secret) and _BY_CHANCE.fullmatch(secret or "") is not None
        if secret:
            raws = {as_bytes(secret)}
            with suppress(UnicodeEncodeError):
                raws.add(secret.encode("latin-1"))
            for raw in raws:
                self._learn_secret(as_bytes(username or ""), raw)

    def with_others(self, others: Mapping[object, Redactor]) -> Redactor:
        """Return a copy with these others, which learns independently from now on."""
        copy = Redactor(others=others)
        copy._secrets += self._secrets
        copy._exact, copy._folded = _Forms(self._exact), _Forms(self._folded)
        copy._encoded = _Forms(self._encoded)
        copy._suspect_words |= self._suspect_words
        copy._short_forms |= self._short_forms
        copy._hides_lines = self._hides_lines
        return copy

    def learn(self, payload: bytes, proof: bytes = b"") -> None:
        """Treat what AUTH sent as a secret too: passwords can be tried against it offline.

        `proof` is the part of it that they can be tried against.
        """
        wholes = [whole for whole in (payload, proof) if len(whole) >= SHORTEST_TO_CUT]
        encoded = [b64encode(whole).rstrip(b"=") for whole in wholes]
        around = [_encoded_around(payload, part) for part in (proof, *self._secrets) if part]
        self._exact.wholes.update(wholes)
        self._exact.add_parts(proof)
        self._encoded.wholes.update(encoded)
        self._encoded.add_parts(*around)
        self._suspect(*wholes, proof, *encoded, *around)

    def reply(self, reply: Reply) -> Reply:
        """Return the reply without any form of the secret, even across its line ends."""
        whole = b"\n".join(reply.lines)
        cleaned = self.data(whole)
        return reply if cleaned == whole else replace(reply, lines=tuple(cleaned.split(b"\n")))

    def data(self, data: bytes) -> bytes:
        """Return server data without any form of the secret, whole or cut off."""
        text = _searchable(data)
        # A secret that may occur by chance hides lines only in the dialogue it is sent in.
        others = [
            other for other in self._others.values() if other is not self and not other._hides_lines
        ]
        for redactor in (self, *others):
            if redactor._may_be_in(text):
                data = redactor._without_own(data)
                text = _searchable(data)
        return data

    def _suspect(self, *forms: bytes) -> None:
        self._short_forms.update(form for form in forms if 0 < len(form) < 2 * _WORD - 1)
        joined = (b"\xff" * _WORD).join(forms)
        for first in range(_WORD):
            self._suspect_words.update(_as_words(joined[first:]))

    def _may_be_in(self, text: bytes) -> bool:
        """Whether a text may contain a form, whole or cut off; false for nearly all texts."""
        # Server data hardly ever contains a secret. Searching for each form takes ten times as
        # long as this test, and was a third of the time of a thousand checks.
        if not self._suspect_words.isdisjoint(_as_words(text)):
            return True
        return any(form in text for form in self._short_forms)

    def _without_own(self, data: bytes) -> bytes:
        whole: list[Span] = []
        parts: list[Span] = []
        for flat in _flatten_all(data):
            whole += self._spans(flat, data)
            parts += flat.spans(self._exact.runs_in(flat.data))
            parts += flat.spans(self._folded.runs_in(flat.data.lower()))
        if self._hides_lines:
            return _cut(data, list(_lines_of(data, whole + parts)))
        # A part may be a word that occurs in the text by chance, so its whole line is hidden.
        return _cut(data, [*whole, *_lines_of(data, _outside(parts, whole))])

    def text(self, text: str) -> str:
        """Return a text from the server without any form of the secret."""
        return self.data(as_bytes(text)).decode("utf-8", "backslashreplace")

    def cut(self, text: str) -> str:
        """Return a text without any whole form of the secret; the rest of each line stays."""
        data = as_bytes(text)
        if not self._may_be_in(_searchable(data)):
            return text
        spans = [span for flat in _flatten_all(data) for span in self._spans(flat, data)]
        return _cut(data, spans).decode("utf-8", "backslashreplace") if spans else text

    def sentence(self, text: str) -> str:
        """Return a sentence of smtp-tui's own, in which server data is already redacted.

        A secret that may occur in it by chance stays: removing it would reveal it.
        """
        return text if self._hides_lines else self.cut(text)

    def excerpt(self, data: bytes, limit: int) -> str:
        """Return at most `limit` characters of bytes that may end in the middle of a secret.

        It ends at the first secret, or at the start of one at the end of the bytes.
        """
        before, found, _ = self.data(self._without_tail(data)).partition(HIDDEN)
        return (before + found).decode("utf-8", "backslashreplace")[:limit]

    def _without_tail(self, data: bytes) -> bytes:
        # The start of a secret at the end may be too short for `data` to find.
        starts = [
            form[:size] for form in self._exact.wholes for size in range(SHORTEST_TO_CUT, SHARED)
        ]
        tail = max(filter(data.endswith, starts), key=len, default=b"")
        if not tail:
            return data
        start = data.rfind(b"\n") + 1 if self._hides_lines else len(data) - len(tail)
        return data[:start] + HIDDEN

    def _learn_secret(self, user: bytes, raw: bytes) -> None:
        self._secrets.append(raw)
        # Texts escape bytes that are not UTF-8.
        escaped = raw.decode("utf-8", "backslashreplace").encode("utf-8", "surrogatepass")
        form_quoted = quote_from_bytes(raw, safe=" ").replace(" ", "+")
        quoted = quote_from_bytes(raw), quote_from_bytes(raw, safe=""), form_quoted
        folded = {form.encode().lower() for form in (raw.hex(), *quoted)}
        wholes = raw, b"\0" + user + b"\0" + raw, user + b"\0" + user + b"\0" + raw
        inner = {_inner_base64(raw, offset) for offset in range(3)}
        encoded = inner.union(
            b64encode(whole).rstrip(b"=") for whole in (*wholes, user + b":" + raw)
        )
        around = [_encoded_around(whole, raw) for whole in wholes]
        self._exact.wholes.update((raw, escaped))
        self._exact.add_parts(raw, escaped)
        self._folded.wholes |= folded
        self._folded.add_parts(*folded)
        self._encoded.wholes.update(form for form in encoded if len(form) > 1)
        self._encoded.add_parts(*inner, *around)
        self._suspect(raw, escaped, *folded, *encoded, *around)

    def _spans(self, flat: _Flattened, data: bytes) -> Iterator[Span]:
        """Yield the spans of whole forms of the secret, and of base64 that has a part of it."""
        yield from flat.spans(_found(flat.data, self._exact.wholes))
        yield from flat.spans(_found(flat.data.lower(), self._folded.wholes))
        for form in self._encoded.wholes:
            yield from _whole_runs(data, flat.spans(_found(flat.data, [form])))
        yield from _whole_runs(data, flat.spans(self._encoded.runs_in(flat.data)))


class RedactorGroup:
    """The redactors of related checks, by host.

    A server that received one password may repeat it in another check: of another table, in a later
    round of a watch, or after the password was changed in the form.
    """

    def __init__(self) -> None:
        self._by_host: dict[str, dict[object, Redactor]] = {}
        # Learning a secret takes 0.3 ms, and many tables have the same login as the previous one.
        self._last: tuple[tuple[str | None, str | None], Redactor] | None = None

    def redactor(self, host: str, username: str | None, secret: str | None) -> Redactor:
        """Return a redactor for another check of a host."""
        known = self._by_host.setdefault(host.casefold(), {})
        login = username, secret
        if self._last is None or self._last[0] != login:
            self._last = login, Redactor(username, secret)
        redactor = self._last[1].with_others(known)
        if secret:
            known.pop(login, None)
            known[login] = redactor
            if len(known) > MOST_SECRETS:
                del known[next(iter(known))]
        return redactor


def as_bytes(text: str) -> bytes:
    """Encode a text as UTF-8; bytes that the system could not decode are restored."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _inner_base64(raw: bytes, offset: int) -> bytes:
    """Return the base64 characters that depend only on `raw` at offset `offset`."""
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
    """Extend spans to all the base64 around them, whose edges contain bits of the secret.

    Spans must be in order; no byte is scanned twice.
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


def _encoded_around(payload: bytes, part: bytes) -> bytes:
    """Return a payload's base64 characters that hold `part`, and `SHARED` - 1 before them."""
    at = payload.rfind(part)
    if at < 0:
        return b""
    first, last = at * 8 // 6, -(-(at + len(part)) * 8 // 6)
    return b64encode(payload)[max(0, first - SHARED + 1) : last]


def _outside(spans: list[Span], others: list[Span]) -> Iterator[Span]:
    """Yield the spans that are not within one of the others."""
    reached: list[Span] = []  # each start, and the furthest end of the others up to it
    for start, end in sorted(others):
        reached.append((start, max(end, reached[-1][1] if reached else 0)))
    for start, end in spans:
        before = bisect_right(reached, (start, sys.maxsize)) - 1
        if before < 0 or reached[before][1] < end:
            yield start, end


def _lines_of(data: bytes, spans: Iterable[Span]) -> Iterator[Span]:
    """Yield the lines that spans touch, but not an enhanced code before the first span."""
    done = 0
    for start, end in sorted(set(spans)):
        if end <= done:
            continue
        first = data.rfind(b"\n", 0, start) + 1
        last = data.find(b"\n", end - 1)
        done = last if last >= 0 else len(data)
        code = _ENHANCED_CODE.match(data, first)
        yield code.end() if code and code.end() <= start else first, done


def _cut(data: bytes, spans: list[Span]) -> bytes:
    pieces = []
    at = 0
    for start, end in sorted(spans):
        if start >= at:
            pieces += [data[at:start], HIDDEN]
        at = max(at, end)
    return b"".join([*pieces, data[at:]])
