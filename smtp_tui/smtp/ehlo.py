"""EHLO (RFC 5321, section 4.1.1.1): the name we give, and what the server says it can do."""

from __future__ import annotations

import asyncio
import socket

from smtp_tui.records import record
from smtp_tui.settings.parsers import ascii_name, domain
from smtp_tui.smtp.client import SMTPClient
from smtp_tui.smtp.escaping import abridged
from smtp_tui.smtp.events import Capabilities, Stage, WarningId, refused
from smtp_tui.smtp.replies import Reply
from smtp_tui.threads import in_daemon_thread


@record
class EhloKeywords:
    """The EHLO keywords in upper case with their parameters, in the server's order.

    `redacted` are those that may be shown, where they are others: to hide a secret may join lines.
    """

    keywords: tuple[tuple[str, str], ...] = ()
    redacted: tuple[tuple[str, str], ...] | None = None

    def __contains__(self, keyword: str) -> bool:
        return any(name == keyword for name, _ in self.keywords)

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """The keywords as they may be shown."""
        return self.keywords if self.redacted is None else self.redacted

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The SASL mechanisms offered (RFC 4954, section 3), once each."""
        return _mechanisms(self.keywords)

    @property
    def shown_mechanisms(self) -> tuple[str, ...]:
        """The mechanisms as they may be shown."""
        return _mechanisms(self.shown)

    @property
    def size_limit(self) -> int:
        """The largest message in bytes (RFC 1870, section 3); nought where none is told."""
        told = next((rest for name, rest in self.keywords if name == "SIZE"), "")
        return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else 0

    def apart_from(
        self, other: EhloKeywords, *, ignoring: frozenset[str] = frozenset()
    ) -> tuple[str, ...]:
        """The keywords of this offer that the other has not, as they may be shown."""
        return tuple(
            f"{name} {parameters}".rstrip()
            for name, parameters in self.shown
            if (name, parameters) not in other.shown and name not in ignoring
        )


def parse_ehlo(reply: Reply, redacted: Reply | None = None) -> EhloKeywords:
    """Read the keywords of an EHLO reply; its first line is the server's name and greeting."""
    return EhloKeywords(_keywords(reply), _keywords(redacted) if redacted else None)


def _keywords(reply: Reply) -> tuple[tuple[str, str], ...]:
    return tuple(_keyword(line) for line in reply.text.split("\n")[1:] if line.strip())


def _mechanisms(keywords: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    named = [
        mechanism.upper()
        for name, parameters in keywords
        if name == "AUTH"
        for mechanism in parameters.split()
    ]
    return tuple(dict.fromkeys(named))


def _keyword(line: str) -> tuple[str, str]:
    # Servers older than RFC 2554 write `AUTH=LOGIN PLAIN`; clients of their time asked for it.
    if line[:5].upper() == "AUTH=":
        line = f"AUTH {line[5:]}"
    name, *parameters = line.split(maxsplit=1)
    return name.upper(), parameters[0].strip() if parameters else ""


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


async def ehlo(dialogue: SMTPClient, name: str) -> EhloKeywords:
    """Say EHLO, or HELO to a server that does not know it; Stop when the name is refused."""
    dialogue.enter(Stage.EHLO)
    reply = await dialogue.say(f"EHLO {name}")
    if reply.code in (500, 502):
        dialogue.note(
            "the server does not know EHLO; smtp-tui uses HELO, without extensions",
            WarningId.HELO_FALLBACK,
        )
        reply = await dialogue.say(f"HELO {name}")
    if reply.code != 250:
        raise refused(reply)
    if dialogue.command == "HELO":
        _tell(dialogue, EhloKeywords())
        return EhloKeywords()
    offer = parse_ehlo(reply, dialogue.shown_reply)
    _tell(dialogue, offer)
    return offer


def compare(dialogue: SMTPClient, before: EhloKeywords, after: EhloKeywords) -> None:
    """Point out what changed inside TLS beside what ought to."""
    gone = [f"no longer {one}" for one in before.apart_from(after, ignoring=_CHANGES_WITH_TLS)]
    new = [f"now {one}" for one in after.apart_from(before, ignoring=_CHANGES_WITH_TLS)]
    if told := abridged(gone + new, KEYWORDS_NAMED):
        text = f"inside TLS the server's offer changed: {told}"
        dialogue.note(text, WarningId.CAPABILITIES_CHANGED)


def _tell(dialogue: SMTPClient, offer: EhloKeywords) -> None:
    dialogue.emit(
        Capabilities(
            seconds=dialogue.now(),
            encrypted=dialogue.connection.is_encrypted,
            keywords=offer.shown,
            mechanisms=offer.shown_mechanisms,
        )
    )
