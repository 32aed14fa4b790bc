"""What a search begins with, and its steps: frozen facts in one union, the result last."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import Encryption
from smtp_tui.settings.mailbox import parse_mailbox

if TYPE_CHECKING:
    from smtp_tui.smtp.certificates import Certificate

_WITH_PORT = re.compile(r"([^:@\s]+|\[.*\]):[0-9]+")


@record
class SearchQuery:
    """The name to search under, in ASCII, and the mail address where one was given."""

    name: str
    address: str | None = None

    @property
    def is_address(self) -> bool:
        """Whether the name is an IP address, under which DNS knows no mail service."""
        return parsers.is_address(self.name)


def parse_query(text: str) -> SearchQuery:
    """Read what to search for; ValueError says in a sentence of its own what would be allowed."""
    if _WITH_PORT.fullmatch(text.strip()):
        raise ValueError(
            f"{parsers.shown(text)} contains a port; write only the host, smtp-tui tries all ports"
        )
    try:
        mailbox = parse_mailbox(text) if "@" in text else None
        host = "" if mailbox else parsers.ascii_name(parsers.host(text))
    except ValueError as error:
        # The parsers of fields speak of the value without repeating it.
        why = str(error)
        raise ValueError(f"it {why}" if why.startswith(("is ", "holds ")) else why) from None
    domain = mailbox.envelope.rpartition("@")[2] if mailbox else host
    if mailbox and domain.startswith("["):
        raise ValueError(f"{parsers.shown(domain)} is not a domain; write only the address")
    return SearchQuery(domain.removesuffix(".").lower(), mailbox.address if mailbox else None)


OK = "ok"
"""The verdict on a certificate that holds."""


class CandidateSource(StrEnum):
    """How a server is known, what counts most first."""

    SRV = "srv"
    AUTOCONFIG = "autoconfig"
    PRESET = "preset"
    GUESS = "guess"


@record(kw_only=True)
class Finding:
    """Something that was found out without a probe; `id` names its text.

    `host`, `port` and `encryption` are where mail would be handed over, as far as it says so.
    """

    seconds: float
    id: str
    text: str
    source: CandidateSource | None = None
    host: str | None = None
    port: int | None = None
    encryption: Encryption | None = None


@record(kw_only=True)
class ProbeStarted:
    """So many ports are about to be probed; `left_out` are those beyond the limit."""

    seconds: float
    ports: int
    left_out: int


@record(kw_only=True)
class ProbeResult:
    """What one port at one address showed, without a credential.

    `cause` is why a check with these settings would fail; None where it would get to the login.
    `encryption` is the way that got furthest, None where nothing was reached. `plain`, `starttls`
    and `tls` tell what is there; None is what nobody asked. `trusted` is `ok` or a certificate's
    first fault, `also` the further ones; `before` and `after` are the mechanisms offered in the
    clear and inside TLS. `values` are those of our fields, ready to be set, `reason` says how it is
    known, `notes` what else matters, and what has the lesser `worth` is the better choice; none of
    these where no mail server was there.
    """

    seconds: float
    took: float
    host: str
    port: int
    address: str
    source: CandidateSource
    cause: str | None
    encryption: Encryption | None = None
    plain: bool | None = None
    starttls: bool | None = None
    tls: bool | None = None
    greeting: str | None = None
    version: str | None = None
    certificate: Certificate | None = None
    trusted: str | None = None
    also: tuple[str, ...] = ()
    before: tuple[str, ...] | None = None
    after: tuple[str, ...] | None = None
    connections: int = 1
    values: Mapping[str, object] = field(default_factory=dict)
    reason: str = ""
    notes: tuple[str, ...] = ()
    worth: tuple[Any, ...] = ()

    @property
    def is_encrypted(self) -> bool:
        """Whether its way is one inside TLS."""
        return self.encryption in (Encryption.TLS, Encryption.SSL)

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The mechanisms that its way offers in the end."""
        return (self.after if self.is_encrypted else self.before) or ()

    @property
    def is_reached(self) -> bool:
        """Whether a mail server was there."""
        return self.encryption is not None


@record(kw_only=True)
class SearchResult:
    """What a search came to: the best choice, or the nearest where none would pass.

    `values` are those of our fields, ready to be set; `cause` tells what is wrong with it, or why
    there is none. `reason` says how it is known, `notes` what else matters.
    """

    seconds: float
    ok: bool
    values: Mapping[str, object] = field(default_factory=dict)
    cause: str | None = None
    source: CandidateSource | None = None
    provider: str | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()
    knocks: int = 0
    connections: int = 0


Step = Finding | ProbeStarted | ProbeResult | SearchResult
