"""What a format's own reader finds: names, with values that are known or that are not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from smtp_tui.records import record
from smtp_tui.settings.parsers import Mailbox

LONGEST = 64 * 1024
"""Letters; more is no setting, but a value that variables have blown up."""


@record
class EnvRef:
    """A value that the program takes from its environment, `default` where it is not set there."""

    name: str
    default: Any = field(default=None, repr=False)


@record
class FileRef:
    """A value that the program takes from a file."""

    path: str


@record
class Unresolved:
    """A value that cannot be known; `why` is the id of a text, `names` what it speaks of."""

    why: str
    names: dict[str, str] = field(default_factory=dict)


@record
class Entry:
    """A name and its value, with the line it stands on.

    `borrowed` names the variables of the same file that the value was put together from.
    """

    name: str
    value: Any = field(repr=False)
    line: int | None = None
    borrowed: tuple[str, ...] = ()


_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SPECIALS = re.compile(r'[][\\()<>@,:;".]')


def host_and_port(value: str) -> tuple[str, str | None]:
    """Split `host:port`, `[host]:port` or a host alone; an IPv6 address needs its brackets."""
    value = value.strip()
    if value.startswith("["):
        host, _, rest = value[1:].partition("]")
        return host, rest.removeprefix(":") or None
    host, sign, port = value.rpartition(":")
    return (host, port or None) if sign and ":" not in host else (value, None)


def with_plain_name(mailbox: Mailbox) -> Mailbox:
    """Take the quotes of a header off a display name, for programs that have a key for it."""
    quoted = _QUOTED.fullmatch(mailbox.name)
    name = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else mailbox.name
    return Mailbox(name, mailbox.address)


def in_header(mailbox: Mailbox) -> str:
    """Return a mailbox as a header needs it: a comma, say, only between quotes (RFC 5322)."""
    plain = with_plain_name(mailbox)
    if not _SPECIALS.search(plain.name):
        return str(plain)
    escaped = re.sub(r'(["\\])', r"\\\1", plain.name)
    return f'"{escaped}" <{plain.address}>'


@record
class Use:
    """A variable that is used in a value, and what stands for it where it is not set."""

    name: str
    default: str | None = None


Pieces = list[str | Use]
"""A value that is put together from text and variables."""


def resolve_pieces(name: str, line: int, pieces: Pieces, known: Mapping[str, str]) -> Entry:
    """Put a value together from what stands further up in the same file, as far as it does."""
    pieces = [piece for piece in pieces if piece != ""]
    uses = [piece for piece in pieces if isinstance(piece, Use)]
    unknown = [use for use in uses if use.name not in known]
    if not unknown:
        parts = [known[piece.name] if isinstance(piece, Use) else piece for piece in pieces]
        if sum(map(len, parts)) > LONGEST:
            return Entry(name, Unresolved("computed"), line)
        return Entry(name, "".join(parts), line, tuple(use.name for use in uses))
    if len(pieces) == 1:
        # An empty default is none: the program would go without.
        return Entry(name, EnvRef(unknown[0].name, unknown[0].default or None), line)
    names = ", ".join(dict.fromkeys(use.name for use in unknown))
    return Entry(name, Unresolved("from-variables", {"names": names}), line)
