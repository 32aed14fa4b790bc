"""A mailbox as mail programs write it: `Name <local@domain>` (RFC 5322, section 3.4)."""

from __future__ import annotations

import re

from smtp_tui.records import record
from smtp_tui.settings import parsers

_NAMED = re.compile(r"(?P<name>[^<>]*?)\s*<(?P<address>[^<>]*)>")
# RFC 5321, section 4.1.2, with the letters beyond ASCII of RFC 6531. An atom is told by what it
# does not hold: named by its letters, the pattern takes ten times as long to compile.
_ATOM = r'[^\x00-\x20"(),.:;<>@\[\\\]\x7f]+'
# A display name holds no control, line or paragraph separator, and no byte that is not UTF-8.
# Compiled when there is one: this takes longer than the rest of the module.
_NAME = "[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*"
_LOCAL = re.compile(rf'{_ATOM}(\.{_ATOM})*|"([^"\\\x00-\x1f\x7f]|\\[ -~])*"')


@record
class Mailbox:
    """A display name, empty where there is none, and an address."""

    name: str
    address: str

    @property
    def envelope(self) -> str:
        """The address as it stands in an envelope: the domain in its A-label form."""
        local, _, domain = self.address.rpartition("@")
        return f"{local}@{domain if domain.startswith('[') else parsers.ascii_name(domain)}"

    @property
    def is_ascii(self) -> bool:
        """Whether the envelope can carry it without SMTPUTF8 (RFC 6531)."""
        return self.envelope.isascii()

    def __str__(self) -> str:
        """The mailbox as it was written, but for white space."""
        return f"{self.name} <{self.address}>" if self.name else self.address


def parse_mailbox(value: object) -> Mailbox:
    """Read `local@domain` or `Name <local@domain>`; ValueError says what would be allowed."""
    written = parsers.text(value).strip()
    named = _NAMED.fullmatch(written)
    name, address = (named["name"], named["address"]) if named else ("", written)
    if name and not re.fullmatch(_NAME, name):
        raise ValueError(f"{parsers.shown(written)} contains a control character; remove it")
    local, sign, domain = address.rpartition("@")
    is_address = sign and address.isprintable() and _LOCAL.fullmatch(local)
    if not is_address or len(local.encode()) > 64:
        raise ValueError(f"{parsers.shown(written)} is not an address like name@example.org")
    try:
        if parsers.domain(domain) != domain:
            raise ValueError(f"{parsers.shown(domain)} contains a space; a domain has none")
    except ValueError as error:
        raise ValueError(f"the domain of the address: {error}") from None
    return Mailbox(name, address)


def mailbox_text(value: object) -> str:
    """Check a mailbox and return it as it was written."""
    parse_mailbox(value)
    return parsers.text(value).strip()
