"""Parse SMTP replies (RFC 5321, section 4.2), without I/O and with hard limits.

A server may send anything. The parser keeps every byte until it is part of a reply or an error,
accepts any readable reply, and never holds more than its limits allow.
"""

from __future__ import annotations

import re
from itertools import chain

from smtp_tui.records import record

# RFC 5321 allows 512 octets a line (4.5.3.1.5), RFC 4954 challenges of 12288 (section 4). Real
# servers send long EHLO lines and whole policies, but never this much.
LINE_LIMIT = 16 * 1024
LINES_LIMIT = 1000
REPLY_LIMIT = 64 * 1024
TOTAL_LIMIT = 1024 * 1024

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?=[ \n]|$)")


class ReplyStreamError(Exception):
    """The bytes are not an SMTP reply; `seen` are those that could not be parsed.

    `begins` is whether they are at the start of a reply.
    """

    def __init__(self, reason: str, seen: bytes, *, begins: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seen = seen
        self.begins = begins


class MalformedReply(ReplyStreamError):
    """A line that is not a reply line, or does not belong to the reply that contains it."""


class ReplyTooLong(ReplyStreamError):
    """A line, a reply or a whole dialogue exceeds its limit."""


@record
class Reply:
    """A complete reply: its code, and the text of each line without code and line end."""

    code: int
    lines: tuple[bytes, ...]
    bare_lf: bool = False

    @property
    def text(self) -> str:
        r"""The lines, joined by newlines; bytes that are not UTF-8 appear as `\xNN`."""
        return "\n".join(line.decode("utf-8", "backslashreplace") for line in self.lines)

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 3463) that begins the first line, if its class matches."""
        match = _ENHANCED.match(self.text)
        found = match.group(1) if match else None
        return found if found and found[0] == str(self.code)[0] else None

    @property
    def category(self) -> int:
        """The first digit: 2 success, 3 continue, 4 temporary and 5 permanent failure."""
        return self.code // 100


class ReplyParser:
    """Collects bytes and returns complete replies.

    After an error, the reply it occurred in is dropped and the bytes after it are kept.
    """

    def __init__(self, *, total_limit: int = TOTAL_LIMIT) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._code = 0
        self._lines: list[bytes] = []
        self._bare_lf = False
        self._size = 0
        self._total = 0
        self._total_limit = total_limit

    @property
    def pending(self) -> bytes:
        """The received bytes of an incomplete reply, unchanged except for line ends."""
        begun = b"".join(b"%03d-%s\n" % (self._code, line) for line in self._lines)
        return begun + bytes(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add received bytes; ReplyTooLong if the dialogue as a whole exceeds its limit."""
        self._total += len(data)
        if self._total > self._total_limit:
            raise self._too_long(f"more than {self._total_limit} bytes in one dialogue", data)
        self._buffer += data

    def next_reply(self) -> Reply | None:
        """Return the next complete reply, or None if it needs more bytes.

        Raises MalformedReply and ReplyTooLong.
        """
        try:
            while (line := self._next_line()) is not None:
                text, is_last = self._parse(line)
                self._lines.append(text)
                if is_last:
                    reply = Reply(self._code, tuple(self._lines), self._bare_lf)
                    self._reset()
                    return reply
        except ReplyStreamError:
            self._reset()
            raise
        return None

    def _reset(self) -> None:
        self._lines, self._size, self._bare_lf = [], 0, False

    def _next_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._scanned)
        if (end if end >= 0 else len(self._buffer)) > LINE_LIMIT:
            raise self._too_long(f"a line of more than {LINE_LIMIT} bytes", bytes(self._buffer))
        if end < 0:
            self._scanned = len(self._buffer)
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._scanned = 0
        self._size += len(line) + 1
        if self._size > REPLY_LIMIT:
            raise self._too_long(f"a reply of more than {REPLY_LIMIT} bytes", line)
        if len(self._lines) >= LINES_LIMIT:
            raise self._too_long(f"a reply of more than {LINES_LIMIT} lines", line)
        if not line.endswith(b"\r"):
            self._bare_lf = True
        return line.removesuffix(b"\r")

    def _too_long(self, reason: str, seen: bytes) -> ReplyTooLong:
        return ReplyTooLong(reason, seen, begins=not self._lines)

    def _parse(self, line: bytes) -> tuple[bytes, bool]:
        begins = not self._lines
        match = _LINE.fullmatch(line)
        if match is None:
            raise MalformedReply("a line without a reply code", line, begins=begins)
        code = int(match.group(1))
        if not begins and code != self._code:
            reason = f"{code} inside a reply that began with {self._code}"
            raise MalformedReply(reason, line, begins=begins)
        self._code = code
        return match.group(3) or b"", match.group(2) != b"-"


_PROTOCOLS = (
    (rb"(?i)HTTP/|<!DOCTYPE|<html", "HTTP"),
    (rb"SSH-", "SSH"),
    (rb"\* (OK|BYE|PREAUTH)\b", "IMAP"),
    (rb"\+OK\b|-ERR\b", "POP3"),
    (rb"[\x14-\x17]\x03[\x00-\x04]", "TLS"),
)


def protocol_of(seen: bytes) -> str | None:
    """Return the protocol that begins with these bytes, or None."""
    return next((name for pattern, name in _PROTOCOLS if re.match(pattern, seen)), None)


def begins_with_code(seen: bytes) -> bool:
    """Whether the bytes begin like a reply, as far as they go."""
    return seen.lstrip()[:3].isdigit()


def is_tls_record(seen: bytes) -> bool:
    """Whether the bytes begin like a TLS record: a content type (RFC 8446, section 5.1)."""
    return b"\x14" <= seen[:1] <= b"\x17"


def greets_as_lmtp(greeting: str) -> bool:
    """Whether a greeting names LMTP (RFC 2033) and not SMTP."""
    return bool(re.search(r"\bLMTP\b", greeting) and not re.search(r"\bE?SMTP\b", greeting))


@record
class EhloKeywords:
    """The EHLO keywords in upper case with their parameters, in the server's order.

    `redacted` are the keywords to show, if different: hiding a secret may join lines.
    """

    keywords: tuple[tuple[str, str], ...] = ()
    redacted: tuple[tuple[str, str], ...] | None = None

    def __contains__(self, keyword: str) -> bool:
        return any(name == keyword for name, _ in self.keywords)

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """The keywords to show."""
        return self.keywords if self.redacted is None else self.redacted

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The SASL mechanisms offered (RFC 4954, section 3), without duplicates."""
        return _mechanisms(self.keywords)

    @property
    def shown_mechanisms(self) -> tuple[str, ...]:
        """The mechanisms to show."""
        return _mechanisms(self.shown)

    @property
    def size_limit(self) -> int:
        """The largest message in bytes (RFC 1870, section 3); 0 if the server gives no limit."""
        value = next((rest for name, rest in self.keywords if name == "SIZE"), "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0

    def apart_from(
        self, other: EhloKeywords, *, ignoring: frozenset[str] = frozenset()
    ) -> tuple[str, ...]:
        """Return the keywords to show that `other` lacks, with their parameters."""
        return tuple(
            f"{name} {parameters}".rstrip()
            for name, parameters in self.shown
            if (name, parameters) not in other.shown and name not in ignoring
        )


def parse_ehlo(reply: Reply, redacted: Reply | None = None) -> EhloKeywords:
    """Parse the keywords of an EHLO reply; its first line is the server's name and greeting."""
    return EhloKeywords(_keywords(reply), _keywords(redacted) if redacted else None)


def _keywords(reply: Reply) -> tuple[tuple[str, str], ...]:
    # Servers older than RFC 2554 send `AUTH=LOGIN PLAIN`, which clients of their time needed.
    lines = (re.sub("^AUTH=", "AUTH ", line, flags=re.I) for line in reply.text.split("\n")[1:])
    parts = (line.split(maxsplit=1) for line in lines if line.strip())
    return tuple((name.upper(), rest[0].strip() if rest else "") for name, *rest in parts)


def _mechanisms(keywords: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    offers = (parameters.upper().split() for name, parameters in keywords if name == "AUTH")
    return tuple(dict.fromkeys(chain.from_iterable(offers)))
