"""Query DNS; the only module that imports dnspython."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import Cause
from smtp_tui.smtp.happy_eyeballs import AddressLookupError, resolve

if TYPE_CHECKING:
    import dns.asyncbackend
    import dns.asyncresolver
    import dns.exception
    import dns.flags
    import dns.name
    import dns.resolver

T = TypeVar("T")

# Timeouts in seconds: per nameserver, and per query.
TRY, LIFETIME = 1.5, 4.0
# Bytes that pass any network unfragmented (RFC 9715, section 3.2).
PAYLOAD = 1232


async def gather_all(*coroutines: Coroutine[Any, Any, T]) -> list[T]:
    """Return the results in order; if one fails or the call is cancelled, cancel the rest."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine) for coroutine in coroutines]
    return [task.result() for task in tasks]


class DnsAnswerState(Enum):
    """The outcome of a query."""

    FOUND = "found"
    EMPTY = "empty"  # the name exists, without such a record
    NO_NAME = "no-name"
    FAILED = "failed"  # no nameserver gave a usable answer


@record(kw_only=True)
class DnsAnswer:
    """A DNS answer; `records` in its order, `secure` if the resolver validated them.

    `secure` is the AD bit of RFC 4035, as trustworthy as the route to the resolver.
    """

    state: DnsAnswerState
    records: tuple[str, ...] = ()
    secure: bool = False


@record(kw_only=True)
class SrvRecord:
    """One SRV record (RFC 2782); an empty `host` means that the service is not offered."""

    host: str
    port: int
    priority: int
    weight: int
    secure: bool


def prepare() -> None:
    """Import dnspython ahead of use: it takes 100 ms, too long for a screen."""
    import_module("dns.asyncresolver")


class Resolver:
    """Queries the system's nameservers, or the given one, as (address, port).

    Without a given one, the system resolves host addresses, including its hosts file.
    """

    def __init__(self, server: tuple[str, int] | None = None) -> None:
        self.server = server
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def addresses(self, host: str) -> DnsAnswer:
        """Return a host's IPv4 and IPv6 addresses."""
        if parsers.is_address(host):
            return DnsAnswer(state=DnsAnswerState.FOUND, records=(host,))
        if self.server:
            four, six = await gather_all(self.ask(host, "A"), self.ask(host, "AAAA"))
            if found := four.records + six.records:
                secure = four.secure and six.secure
                return DnsAnswer(state=DnsAnswerState.FOUND, records=found, secure=secure)
            return six if four.state is DnsAnswerState.EMPTY else four
        settings = parse_settings({"host": host}).settings
        if settings is None:  # a name in DNS need not be a hostname
            return DnsAnswer(state=DnsAnswerState.NO_NAME)
        try:
            endpoints = await resolve(settings)
        except AddressLookupError as error:
            absent = error.fault is Cause.HOST_NOT_FOUND
            return DnsAnswer(state=DnsAnswerState.NO_NAME if absent else DnsAnswerState.FAILED)
        found = tuple(dict.fromkeys(endpoint.address for endpoint in endpoints))
        return DnsAnswer(state=DnsAnswerState.FOUND, records=found)

    async def services(self, name: str) -> tuple[DnsAnswer, tuple[SrvRecord, ...]]:
        """Return a name's SRV records, sorted by priority, then by descending weight."""
        answer = await self.ask(name, "SRV")
        found = []
        for text in answer.records:
            priority, weight, port, host = text.split()
            found.append(
                SrvRecord(
                    host=host.removesuffix(".").lower(),
                    port=int(port),
                    priority=int(priority),
                    weight=int(weight),
                    secure=answer.secure,
                )
            )
        # dnspython would choose randomly by weight (RFC 2782): two searches must find the same.
        return answer, tuple(sorted(found, key=lambda srv: (srv.priority, -srv.weight, srv.host)))

    async def exchanges(self, name: str) -> tuple[DnsAnswer, tuple[str, ...]]:
        """Return a domain's MX hosts, the preferred first; a null MX (RFC 7505) is empty."""
        answer = await self.ask(name, "MX")
        pairs = [text.split() for text in answer.records]
        hosts = sorted((int(rank), host.removesuffix(".").lower()) for rank, host in pairs)
        return answer, tuple(host for _, host in hosts)

    async def nameservers(self) -> tuple[str, ...]:
        """Return the addresses of the nameservers that it asks."""
        if self.server:
            return (self.server[0],)
        await self.ask(".", "NS")  # reads resolv.conf
        return tuple(map(str, self._resolver.nameservers)) if self._resolver else ()

    async def ask(self, name: str, kind: str) -> DnsAnswer:
        """Return the records of a type in zone file format, TXT as bare text."""
        # Takes 100 ms, which only a DNS query should spend.
        import dns.asyncresolver

        try:
            if self._resolver is None:
                resolver = dns.asyncresolver.Resolver(configure=self.server is None)
                if self.server:
                    resolver.nameservers, resolver.port = [self.server[0]], self.server[1]
                resolver.timeout = TRY
                resolver.use_edns(0, 0, PAYLOAD)
                # AD in a query requests AD in the answer (RFC 6840, section 5.7).
                resolver.set_flags(dns.flags.RD | dns.flags.AD)
                # SPF evaluation and its report query the same names.
                resolver.cache = dns.resolver.LRUCache()
                self._resolver = resolver
            answer = await self._resolver.resolve(
                # Absolute, so that no search domain of resolv.conf is tried.
                dns.name.from_text(f"{name.removesuffix('.')}."),
                kind,
                raise_on_no_answer=False,
                lifetime=LIFETIME,
                backend=dns.asyncbackend.get_backend("asyncio"),
            )
        except dns.resolver.NXDOMAIN:
            return DnsAnswer(state=DnsAnswerState.NO_NAME)
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            return DnsAnswer(state=DnsAnswerState.NO_NAME)
        except (dns.exception.DNSException, OSError, UnicodeError):
            return DnsAnswer(state=DnsAnswerState.FAILED)
        if kind == "TXT":  # the strings of a record are joined (RFC 7208, section 3.3)
            found = [b"".join(data.strings) for data in answer.rrset or ()]
            records = tuple(text.decode("utf-8", "backslashreplace") for text in found)
        else:
            records = tuple(data.to_text() for data in answer.rrset or ())
        secure = bool(answer.response.flags & dns.flags.AD)
        state = DnsAnswerState.FOUND if records else DnsAnswerState.EMPTY
        return DnsAnswer(state=state, records=records, secure=secure)
