"""Read Authentication-Results (RFC 8601), and believe only the receiving server's own.

A sender can write such a field too, and servers leave forged ones in place. The place of a field
and its id show who wrote it: servers add their fields at the top.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from smtp_tui.arrival.headers import HeaderField, Trace, trace_of, without_comments
from smtp_tui.diagnosis.delivery import AuthenticationResult
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, shortened

NAME = "authentication-results"
_MOST_RESULTS = 40
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s;="]+|[;=]')


@record(kw_only=True)
class Receiver:
    """Which ids are the receiving server's.

    `ids` are given by the admin. `hosts` are known to be the receiver's: the IMAP server and the
    MX hosts. `domains` are the organisations that those hosts belong to.
    """

    ids: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()

    def has(self, name: str, border: Trace | None) -> bool:
        """Whether an id or hostname is the receiver's; its own Received field names it too."""
        name = _folded(name)
        if not name:
            return False
        if self.ids:
            return name in map(_folded, self.ids)
        known = [*map(_folded, self.hosts), *([_folded(border.by)] if border else [])]
        return name in known or any(
            name == domain or name.endswith(f".{domain}") for domain in map(_folded, self.domains)
        )


@record(kw_only=True)
class Believed:
    """The believed results, and why each of the other fields is not believed."""

    results: tuple[AuthenticationResult, ...] = ()
    refusals: tuple[str, ...] = ()


def believed_results(
    fields: Sequence[HeaderField], receiver: Receiver, *, own: str | None = None
) -> Believed:
    """Return what the receiving server states.

    A field above the Received field of the receiving server is the server's. One below that field
    could be the sender's, unless smtp-tui composed the message: then everything above the first
    field `own` of the message, and above every other server's Received field, is the receiver's.
    """
    border = _border(fields)
    trace = trace_of(fields[border].value) if border is not None else None
    end = border if border is not None else 0
    if own is not None:
        end = max(end, _end_of_receiver(fields, receiver, trace, own))
    results: list[AuthenticationResult] = []
    refusals: list[str] = []
    for position, field in enumerate(fields):
        if field.name != NAME:
            continue
        name, found = parse(field.value)
        if not name:
            refusals.append("it names no server")
        elif not receiver.has(name, trace):
            refusals.append(f"{name} is not known to be the receiving server")
        elif position > end:
            refusals.append(f"it names {name}, but stands where a sender can write")
        else:
            results += found
    return Believed(results=tuple(results[:_MOST_RESULTS]), refusals=tuple(refusals))


def _border(fields: Sequence[HeaderField]) -> int | None:
    """Return the position of the Received field with which the message came from outside."""
    for position, field in enumerate(fields):
        if field.name == "received" and not trace_of(field.value).is_within:
            return position
    return None


def _end_of_receiver(
    fields: Sequence[HeaderField], receiver: Receiver, border: Trace | None, own: str
) -> int:
    for position, field in enumerate(fields):
        if field.name == own:
            return position
        if field.name == "received":
            trace = trace_of(field.value)
            if not trace.is_within and not receiver.has(trace.by, border):
                return position
    return 0


def parse(value: str) -> tuple[str, tuple[AuthenticationResult, ...]]:
    """Return the id of the server that wrote a field, empty without one, and its results."""
    parts = _split(_WORD.findall(without_comments(value)))
    # Exchange Online writes none, which RFC 8601 does not allow.
    has_id = bool(parts) and "=" not in parts[0]
    name = _clean(parts[0][0]) if has_id and parts[0] else ""
    results = []
    for part in parts[1:] if has_id else parts:
        pairs = _pairs(part)
        if pairs:
            (method, result), *properties = pairs
            results.append(
                AuthenticationResult(
                    by=name,
                    method=method.partition("/")[0].casefold(),
                    result=result.casefold(),
                    properties=tuple(properties),
                )
            )
    return name, tuple(results[:_MOST_RESULTS])


def property_of(result: AuthenticationResult, name: str) -> str:
    """Return the value of a property such as `smtp.mailfrom`; empty without it."""
    return next((value for key, value in result.properties if key.casefold() == name), "")


def _split(words: Iterable[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word == ";":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    """Return the `name=value` pairs among the words."""
    found: list[tuple[str, str]] = []
    for position, word in enumerate(words):
        if word == "=" and 0 < position < len(words) - 1:
            found.append((_clean(words[position - 1]), _clean(words[position + 1])))
    return found[:_MOST_RESULTS]


def _clean(word: str) -> str:
    return shortened(escape_controls(word.strip('"')))


def _folded(name: str) -> str:
    return name.casefold().rstrip(".")
