"""The name this machine gives in EHLO."""

from __future__ import annotations

import asyncio
import socket

from smtp_tui.settings.parsers import ascii_name, domain
from smtp_tui.threads import in_daemon_thread

# Seconds that the lookup may take, and the share of a check's time that it may have of it.
NAME_LIMIT = 2.0
NAME_SHARE = 0.25


async def own_name(limit: float = NAME_LIMIT) -> str | None:
    """Return this machine's FQDN as the resolver knows it within `limit` seconds, else None."""
    try:
        found = await asyncio.wait_for(in_daemon_thread(socket.getfqdn), limit)
        name = domain(found.removesuffix("."))
    except (TimeoutError, OSError, ValueError):
        return None
    whole = "." in name and not name.startswith(("localhost", "["))
    return name if whole and name.isascii() else None


def address_literal(address: str) -> str:
    """The EHLO argument of a machine without a name (RFC 5321, section 4.1.3)."""
    bare = address.partition("%")[0]
    return f"[IPv6:{bare}]" if ":" in bare else f"[{bare}]"


class Naming:
    """The EHLO argument, looked up while the network is waited for, of `timeout` seconds in all."""

    def __init__(self, domain: str | None, timeout: float) -> None:
        self._domain = domain
        limit = min(NAME_LIMIT, NAME_SHARE * timeout)
        self._looking = None if domain else asyncio.create_task(own_name(limit))

    async def name(self, local_address: str) -> str:
        """Return the domain that is set, else this machine's name, else its address literal."""
        if self._domain:
            return self._domain if self._domain.startswith("[") else ascii_name(self._domain)
        found = await self._looking if self._looking else None
        return found or address_literal(local_address)

    async def close(self) -> None:
        """Stop looking."""
        if self._looking:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
