"""What speaks on a port, guessed from the first bytes it sends."""

from __future__ import annotations

import re

_PROTOCOLS = (
    (re.compile(rb"HTTP/|<!DOCTYPE|<html", re.IGNORECASE), "HTTP"),
    (re.compile(rb"SSH-"), "SSH"),
    (re.compile(rb"\* (OK|BYE|PREAUTH)\b"), "IMAP"),
    (re.compile(rb"\+OK\b|-ERR\b"), "POP3"),
    (re.compile(rb"[\x14-\x17]\x03[\x00-\x04]"), "TLS"),
)


def protocol_of(seen: bytes) -> str | None:
    """Name the protocol that begins so, or None."""
    for pattern, name in _PROTOCOLS:
        if pattern.match(seen):
            return name
    return None


def begins_with_code(seen: bytes) -> bool:
    """Tell whether the bytes begin as a reply does, as far as they go."""
    start = seen.lstrip()[:3]
    return start.isdigit()


def is_tls_record(seen: bytes) -> bool:
    """Tell whether the bytes begin as a TLS record: a content type (RFC 8446, section 5.1)."""
    return b"\x14" <= seen[:1] <= b"\x17"


def is_lmtp(greeting: str) -> bool:
    """Tell whether a greeting names LMTP (RFC 2033) and not SMTP."""
    return bool(re.search(r"\bLMTP\b", greeting) and not re.search(r"\bE?SMTP\b", greeting))
