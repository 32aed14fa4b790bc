"""What a search begins with: a domain, an address, or a host."""

from __future__ import annotations

import re

from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.mailbox import parse_mailbox

_WITH_PORT = re.compile(r"([^:@\s]+|\[.*\]):[0-9]+")
# How the reasons begin that speak of a field's value without repeating it.
_ABOUT_IT = ("is ", "holds ")


@record
class Subject:
    """The name to search under, in ASCII, and the mail address where one was given."""

    name: str
    address: str | None = None

    @property
    def is_address(self) -> bool:
        """Whether the name is an IP address, under which DNS knows no mail service."""
        return parsers.is_address(self.name)


def parse_subject(text: str) -> Subject:
    """Read what to search for; ValueError says in a sentence of its own what would be allowed."""
    try:
        return _subject(text)
    except ValueError as error:
        said = str(error)
        raise ValueError(f"it {said}" if said.startswith(_ABOUT_IT) else said) from None


def _subject(text: str) -> Subject:
    if _WITH_PORT.fullmatch(text.strip()):
        raise ValueError(
            f"{parsers.shown(text)} contains a port; write only the host, smtp-tui tries all ports"
        )
    if "@" in text:
        mailbox = parse_mailbox(text)
        domain = mailbox.envelope.rpartition("@")[2]
        if domain.startswith("["):
            raise ValueError(f"{parsers.shown(domain)} is not a domain; write only the address")
        return Subject(_plain(domain), mailbox.address)
    return Subject(_plain(parsers.ascii_name(parsers.host(text))))


def _plain(name: str) -> str:
    return name.removesuffix(".").lower()
