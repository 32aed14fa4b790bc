"""Send EHLO with this machine's name and report the keywords (RFC 5321, section 4.1.1.1)."""

from __future__ import annotations

import asyncio

from smtp_tui.safe_text import abridged
from smtp_tui.settings.parsers import address_literal, ascii_name, domain
from smtp_tui.smtp.addresses import THIS_MACHINE, Network
from smtp_tui.smtp.client import SMTPClient
from smtp_tui.smtp.events import (
    Cause,
    CheckAborted,
    ServerCapabilities,
    Stage,
    WarningId,
    refused,
)
from smtp_tui.smtp.replies import EhloKeywords, Reply, parse_ehlo
from smtp_tui.threads import in_daemon_thread

# Maximum seconds for the name lookup, and its maximum share of the check's timeout.
NAME_LIMIT = 2.0
NAME_SHARE = 0.25
# A UNIX socket has no address, and reaches only this machine.
LOOPBACK = "127.0.0.1"


async def own_name(limit: float = NAME_LIMIT, network: Network = THIS_MACHINE) -> str | None:
    """Return the machine's FQDN if the resolver finds it within `limit` seconds, else None."""
    try:
        found = await asyncio.wait_for(in_daemon_thread(network.own_name), limit)
        name = domain(found.removesuffix("."))
    except (TimeoutError, OSError, ValueError):
        return None
    is_qualified = "." in name and not name.startswith(("localhost", "["))
    return name if is_qualified and name.isascii() else None


class EhloName:
    """The EHLO argument, looked up during other waits; `timeout` is the check's, in seconds."""

    def __init__(self, domain: str | None, timeout: float, network: Network = THIS_MACHINE) -> None:
        self._domain = domain
        limit = min(NAME_LIMIT, NAME_SHARE * timeout)
        self._lookup = None if domain else asyncio.create_task(own_name(limit, network))

    async def name(self, local_address: str | None) -> str:
        """Return the configured domain, else this machine's name, else its address literal."""
        if self._domain:
            return self._domain if self._domain.startswith("[") else ascii_name(self._domain)
        found = await self._lookup if self._lookup else None
        return found or address_literal(local_address or LOOPBACK)

    async def close(self) -> None:
        """Cancel the lookup."""
        if self._lookup:
            self._lookup.cancel()
            await asyncio.gather(self._lookup, return_exceptions=True)


# Keywords expected to change inside TLS: RFC 3207, section 4.2; RFC 4954; RFC 8689, section 2.
_CHANGES_WITH_TLS = frozenset({"STARTTLS", "AUTH", "REQUIRETLS"})
# Codes of a command that a server does not know.
_UNKNOWN = (500, 502)
# Maximum number of keywords in a note.
KEYWORDS_NAMED = 8


async def ehlo(client: SMTPClient, name: str, *, is_lmtp: bool = False) -> EhloKeywords:
    """Send EHLO, or HELO if the server does not know EHLO; CheckAborted if rejected.

    With `is_lmtp` send LHLO. A server that knows only the other protocol's command is named.
    """
    client.enter_stage(Stage.EHLO)
    if is_lmtp:
        return await _lhlo(client, name)
    reply = await client.send_and_read(f"EHLO {name}")
    if reply.code in _UNKNOWN:
        reply = await client.send_and_read(f"HELO {name}")
        # An LMTP server must not know either of the two (RFC 2033, section 4.1).
        if reply.code in _UNKNOWN and (await client.send_and_read(f"LHLO {name}")).code == 250:
            text = "the server accepts LHLO, but neither EHLO nor HELO"
            raise CheckAborted(Cause.NOT_SMTP, text, protocol="LMTP")
        client.command = "HELO"
        text = "the server does not know EHLO; smtp-tui uses HELO, no extensions"
        client.note(text, WarningId.HELO_FALLBACK)
    if reply.code != 250:
        raise refused(reply)
    if client.command == "HELO":
        _report_keywords(client, EhloKeywords())
        return EhloKeywords()
    return _offer_in(client, reply)


async def _lhlo(client: SMTPClient, name: str) -> EhloKeywords:
    reply = await client.send_and_read(f"LHLO {name}")
    if reply.code in _UNKNOWN and (await client.send_and_read(f"EHLO {name}")).code == 250:
        raise CheckAborted(Cause.NOT_LMTP, "the server accepts EHLO, but not LHLO")
    if reply.code != 250:
        client.command = "LHLO"
        raise refused(reply)
    return _offer_in(client, reply)


def _offer_in(client: SMTPClient, reply: Reply) -> EhloKeywords:
    offer = parse_ehlo(reply, client.shown_reply)
    _report_keywords(client, offer)
    return offer


def note_changes(client: SMTPClient, before: EhloKeywords, after: EhloKeywords) -> None:
    """Note keywords that changed unexpectedly inside TLS."""
    removed = [
        f"no longer {keyword}" for keyword in before.apart_from(after, ignoring=_CHANGES_WITH_TLS)
    ]
    added = [f"now {keyword}" for keyword in after.apart_from(before, ignoring=_CHANGES_WITH_TLS)]
    if shown := abridged(removed + added, KEYWORDS_NAMED):
        text = f"inside TLS the server's offer changed: {shown}"
        client.note(text, WarningId.CAPABILITIES_CHANGED)


def _report_keywords(client: SMTPClient, offer: EhloKeywords) -> None:
    client.emit(
        ServerCapabilities(
            seconds=client.now(),
            encrypted=client.connection.is_encrypted,
            keywords=offer.shown,
            mechanisms=offer.shown_mechanisms,
        )
    )
