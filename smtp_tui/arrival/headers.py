"""Read the header of a received message: its fields, and the servers it passed (RFC 5321, 4.4).

Anyone can have written any of it, so that everything is bounded here and escaped where it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import parseaddr, parsedate_to_datetime
from itertools import pairwise

from smtp_tui.diagnosis.delivery import Hop
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, shortened

LARGEST_MESSAGE = 1024 * 1024
MOST_FIELDS = 2000
MOST_HOPS = 50
_LONGEST_VALUE = 16_384
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
_END = re.compile(rb"\r?\n\r?\n")
_NEXT_FIELD = re.compile(rb"\r?\n(?![ \t])")
# The clauses of a Received field, each with one word (RFC 5321, section 4.4).
_CLAUSE = re.compile(r"\b(from|by|with)\s+([^\s;]+)", re.IGNORECASE)
_FOLD = re.compile(r"\r?\n[ \t]")


@record
class HeaderField:
    """One field: its name in lower case and its unfolded value."""

    name: str
    value: str


def header_fields(message: bytes) -> tuple[HeaderField, ...]:
    """Return the fields of a message's header in order, the topmost (newest) first."""
    return tuple(_fields(message[:LARGEST_MESSAGE]))


def _fields(message: bytes) -> Iterator[HeaderField]:
    header = _END.split(message.lstrip(b"\r\n"), maxsplit=1)[0]
    for line in _NEXT_FIELD.split(header, maxsplit=MOST_FIELDS)[:MOST_FIELDS]:
        if match := _FIELD.fullmatch(line):
            value = match[2][:_LONGEST_VALUE].decode("utf-8", "backslashreplace")
            yield HeaderField(match[1].decode().casefold(), _FOLD.sub(" ", value).strip())


def values_of(fields: Sequence[HeaderField], name: str) -> list[str]:
    """Return the values of all fields of a name, in lower case, in order."""
    return [field.value for field in fields if field.name == name]


def first_of(fields: Sequence[HeaderField], name: str) -> str:
    """Return the value of the topmost field of a name; empty without one."""
    return next(iter(values_of(fields, name)), "")


def decoded_words(value: str) -> str:
    """Return a value with its encoded words decoded (RFC 2047); not escaped."""
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def author_domain(fields: Sequence[HeaderField]) -> str | None:
    """Return the domain of the From address; None unless there is exactly one field."""
    found = values_of(fields, "from")
    domain = parseaddr(found[0])[1].rpartition("@")[2] if len(found) == 1 else ""
    return domain.casefold().rstrip(".") or None


def without_comments(text: str) -> str:
    """Replace comments, which may be nested, by spaces; quoted strings stay."""
    kept: list[str] = []
    depth, is_quoted, is_escaped = 0, False, False
    for letter in text:
        if is_escaped:
            is_escaped = False
        elif letter == "\\":
            is_escaped = True
        elif letter == '"' and not depth:
            is_quoted = not is_quoted
        elif letter == "(" and not is_quoted:
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
            kept.append(" ")
            continue
        if not depth:
            kept.append(letter)
    return "".join(kept)


@record(kw_only=True)
class Trace:
    """What one Received field names; `at` is None without a usable date."""

    by: str
    from_: str
    protocol: str
    at: datetime | None

    @property
    def is_within(self) -> bool:
        """Whether the receiving side alone wrote it: by LMTP, or from no other host."""
        return not self.from_ or self.protocol.startswith("LMTP")


def trace_of(value: str) -> Trace:
    """Read a Received field."""
    clauses, _, date = without_comments(value).rpartition(";")
    words: dict[str, str] = {}
    for match in _CLAUSE.finditer(clauses):
        words.setdefault(match[1].casefold(), shortened(escape_controls(match[2])))
    return Trace(
        by=words.get("by", ""),
        from_=words.get("from", ""),
        protocol=words.get("with", "").upper(),
        at=date_of(date),
    )


def date_of(text: str) -> datetime | None:
    """Return the moment that a date names, in UTC; None if it names none."""
    try:
        moment = parsedate_to_datetime(text.strip()[:100])
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def hops_of(fields: Sequence[HeaderField]) -> tuple[Hop, ...]:
    """Return the servers that the message passed, the newest last.

    The times are in whole seconds, by the clocks of those servers.
    """
    hops: list[Hop] = []
    before: datetime | None = date_of(first_of(fields, "date"))
    for trace in reversed([trace_of(value) for value in values_of(fields, "received")][:MOST_HOPS]):
        passed = (trace.at - before).total_seconds() if trace.at and before else None
        hops.append(
            Hop(
                by=trace.by,
                from_=trace.from_,
                at=trace.at,
                seconds=passed if passed is not None and passed >= 0 else None,
                protocol=trace.protocol,
            )
        )
        before = trace.at or before
    return tuple(hops)


def clock_notes(hops: Sequence[Hop]) -> Iterator[str]:
    """Yield a sentence for each server whose clock is behind that of the server before."""
    for earlier, later in pairwise(hops):
        if earlier.at and later.at and later.at < earlier.at:
            behind = (earlier.at - later.at).total_seconds()
            yield (
                f"The clock of {later.by or 'a server'} is at least {behind:g} s behind that of "
                f"{earlier.by or 'the server before'}."
            )
