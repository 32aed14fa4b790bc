"""`--resolver ADDR[:PORT]`: which name server to ask."""

from __future__ import annotations

import re
from contextlib import suppress

from smtp_tui.cli.calls import UsageError
from smtp_tui.discovery.resolver import Resolver
from smtp_tui.settings import parsers

_DNS = 53


def resolver_of(text: str | None) -> Resolver:
    """Return what asks the name server that a call names, or the system's."""
    if text is None:
        return Resolver()
    inside = re.fullmatch(r"\[(?P<address>[^\]]*)\](?::(?P<port>[0-9]+))?", text)
    plain = re.fullmatch(r"(?P<address>[^:]*)(?::(?P<port>[0-9]+))?", text)
    found = inside or plain
    # An IPv6 address may stand alone.
    address, port = (found["address"], found["port"]) if found else (text, None)
    with suppress(ValueError):
        if parsers.is_address(address):
            return Resolver((address, parsers.port(port or _DNS)))
    raise UsageError(
        "--resolver needs a name server's address, such as 192.0.2.1:53 or [2001:db8::1]:53"
    )
