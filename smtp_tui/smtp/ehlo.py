"""EHLO (RFC 5321, section 4.1.1.1): the name we give, and what the server says it can do."""

from __future__ import annotations

import asyncio
import socket

from smtp_tui.settings.parsers import address_literal, ascii_name, domain
from smtp_tui.smtp.client import SMTPClient
from smtp_tui.smtp.escaping import abridged
from smtp_tui.smtp.events import Capabilities, Stage, WarningId, refused
from smtp_tui.smtp.replies import EhloKeywords, parse_ehlo
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


class EhloName:
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


# What ought to be another inside TLS: RFC 3207, section 4.2; RFC 4954; RFC 8689, section 2.
_CHANGES_WITH_TLS = frozenset({"STARTTLS", "AUTH", "REQUIRETLS"})
# Keywords that a remark names.
KEYWORDS_NAMED = 8


async def ehlo(client: SMTPClient, name: str) -> EhloKeywords:
    """Say EHLO, or HELO to a server that does not know it; CheckAborted if refused."""
    client.enter_stage(Stage.EHLO)
    reply = await client.send_and_read(f"EHLO {name}")
    if reply.code in (500, 502):
        client.note(
            "the server does not know EHLO; smtp-tui uses HELO, without extensions",
            WarningId.HELO_FALLBACK,
        )
        reply = await client.send_and_read(f"HELO {name}")
    if reply.code != 250:
        raise refused(reply)
    if client.command == "HELO":
        _report_keywords(client, EhloKeywords())
        return EhloKeywords()
    offer = parse_ehlo(reply, client.shown_reply)
    _report_keywords(client, offer)
    return offer


def note_changes(client: SMTPClient, before: EhloKeywords, after: EhloKeywords) -> None:
    """Point out what changed inside TLS beside what ought to."""
    gone = [f"no longer {one}" for one in before.apart_from(after, ignoring=_CHANGES_WITH_TLS)]
    new = [f"now {one}" for one in after.apart_from(before, ignoring=_CHANGES_WITH_TLS)]
    if shown := abridged(gone + new, KEYWORDS_NAMED):
        text = f"inside TLS the server's offer changed: {shown}"
        client.note(text, WarningId.CAPABILITIES_CHANGED)


def _report_keywords(client: SMTPClient, offer: EhloKeywords) -> None:
    client.emit(
        Capabilities(
            seconds=client.now(),
            encrypted=client.connection.is_encrypted,
            keywords=offer.shown,
            mechanisms=offer.shown_mechanisms,
        )
    )
