"""What a search begins with: a domain, an address, or a host."""

from __future__ import annotations

from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.mailbox import parse_mailbox


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
    """Read what to search for; ValueError says what would be allowed."""
    if "@" in text:
        mailbox = parse_mailbox(text)
        domain = mailbox.envelope.rpartition("@")[2]
        if domain.startswith("["):
            raise ValueError(f"{parsers.shown(domain)} is no domain; give its address alone")
        return Subject(_plain(domain), mailbox.address)
    return Subject(_plain(parsers.ascii_name(parsers.host(text))))


def _plain(name: str) -> str:
    return name.removesuffix(".").lower()
