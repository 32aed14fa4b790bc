"""Waiting for several at once, so that none is left behind when one fails or all are stopped.

Asking DNS: the only importer of dnspython.

An answer tells absent records apart from a name server that said nothing, and whether the resolver
vouches for it (the AD bit of RFC 4035, which is worth as much as the way to the resolver).
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Coroutine
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import Cause
from smtp_tui.smtp.happy_eyeballs import AddressError, resolve

if TYPE_CHECKING:
    import dns.asyncresolver
    import dns.rdata
    import dns.resolver


T = TypeVar("T")


async def gather_all(*waiting: Coroutine[Any, Any, T]) -> list[T]:
    """Return what each gives, in order."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in waiting]
    return [task.result() for task in tasks]


# Seconds that one name server has, and that a question has in all.
TRY, LIFETIME = 1.5, 4.0
# RFC 9715, section 3.2: what passes any network whole.
PAYLOAD = 1232


class State(Enum):
    """What became of a question."""

    FOUND = "found"
    EMPTY = "empty"  # the name is there, such a record is not
    NO_NAME = "no-name"
    FAILED = "failed"  # nobody answered, or nobody could


@record(kw_only=True)
class Answer:
    """What DNS said; `records` in its order, `secure` where the resolver vouches for them."""

    state: State
    records: tuple[str, ...] = ()
    secure: bool = False


@record(kw_only=True)
class Service:
    """One SRV record (RFC 2782); an empty `host` says that the service is not offered."""

    host: str
    port: int
    priority: int
    weight: int
    secure: bool


def prepare() -> None:
    """Load the library that asks: it takes a tenth of a second, which a screen cannot spare."""
    for library in ("dns.asyncbackend", "dns.asyncresolver"):
        import_module(library)


class Resolver:
    """Asks the system's name servers, or the one that is given as (address, port).

    A host's addresses come from the system itself where none is given: hosts files count there.
    """

    def __init__(self, server: tuple[str, int] | None = None) -> None:
        self.server = server
        self._asking: dns.asyncresolver.Resolver | None = None

    async def addresses(self, host: str) -> Answer:
        """A host's addresses, IPv4 and IPv6."""
        if parsers.is_address(host):
            return Answer(state=State.FOUND, records=(host,))
        return await (self._by_dns(host) if self.server else _by_system(host))

    async def services(self, name: str) -> tuple[Answer, tuple[Service, ...]]:
        """The SRV records of a name, those to try first at the head (by priority and weight)."""
        answer = await self.ask(name, "SRV")
        found = [_service(one, secure=answer.secure) for one in answer.records]
        return answer, tuple(sorted(found, key=lambda one: (one.priority, -one.weight, one.host)))

    async def exchanges(self, name: str) -> tuple[Answer, tuple[str, ...]]:
        """The hosts that take a domain's mail, the preferred first; one is empty for RFC 7505."""
        answer = await self.ask(name, "MX")
        pairs = [one.split() for one in answer.records]
        ordered = sorted((int(preference), _host(host)) for preference, host in pairs)
        return answer, tuple(host for _, host in ordered)

    async def texts(self, name: str) -> Answer:
        """The TXT records of a name, the strings of each put together (RFC 7208, section 3.3)."""
        return await self.ask(name, "TXT")

    async def names_of(self, address: str) -> Answer:
        """The names that an address is said to have."""
        pointer = ipaddress.ip_address(address.partition("%")[0]).reverse_pointer
        return await self.ask(pointer, "PTR")

    async def ask(self, name: str, kind: str) -> Answer:
        """The records of a kind, in the form of a zone file, TXT as bare text."""
        import dns.asyncbackend
        import dns.exception
        import dns.name
        import dns.resolver

        try:
            asked = dns.name.from_text(f"{name.removesuffix('.')}.")
            answer = await self._dns().resolve(
                asked,
                kind,
                raise_on_no_answer=False,
                lifetime=LIFETIME,
                backend=dns.asyncbackend.get_backend("asyncio"),
            )
        except dns.resolver.NXDOMAIN:
            return Answer(state=State.NO_NAME)
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            return Answer(state=State.NO_NAME)
        except (dns.exception.DNSException, OSError, UnicodeError):
            return Answer(state=State.FAILED)
        return _answer(answer)

    def _dns(self) -> dns.asyncresolver.Resolver:
        if self._asking is None:
            import dns.asyncresolver
            import dns.flags
            import dns.resolver

            made = dns.asyncresolver.Resolver(configure=self.server is None)
            if self.server:
                made.nameservers, made.port = [self.server[0]], self.server[1]
            made.timeout = TRY
            made.use_edns(0, 0, PAYLOAD)
            made.set_flags(dns.flags.RD | dns.flags.AD)  # RFC 6840, section 5.7: AD asks for AD
            made.cache = dns.resolver.LRUCache()
            self._asking = made
        return self._asking

    async def _by_dns(self, host: str) -> Answer:
        four, six = await gather_all(self.ask(host, "A"), self.ask(host, "AAAA"))
        if found := four.records + six.records:
            return Answer(state=State.FOUND, records=found, secure=four.secure and six.secure)
        return six if four.state is State.EMPTY else four


async def _by_system(host: str) -> Answer:
    settings = parse_settings({"host": host}).settings
    if settings is None:  # what DNS holds need be no host name
        return Answer(state=State.NO_NAME)
    try:
        targets = await resolve(settings)
    except AddressError as error:
        absent = error.fault is Cause.HOST_NOT_FOUND
        return Answer(state=State.NO_NAME if absent else State.FAILED)
    found = tuple(dict.fromkeys(target.address for target in targets))
    return Answer(state=State.FOUND, records=found)


def _answer(answer: dns.resolver.Answer) -> Answer:
    import dns.flags

    records = tuple(_text(one) for one in answer.rrset or ())
    state = State.FOUND if records else State.EMPTY
    return Answer(state=state, records=records, secure=bool(answer.response.flags & dns.flags.AD))


def _text(data: dns.rdata.Rdata) -> str:
    import dns.rdtypes.ANY.TXT

    if isinstance(data, dns.rdtypes.ANY.TXT.TXT):
        return b"".join(data.strings).decode("utf-8", "backslashreplace")
    return data.to_text()


def _service(text: str, *, secure: bool) -> Service:
    priority, weight, port, host = text.split()
    return Service(
        host=_host(host),
        port=int(port),
        priority=int(priority),
        weight=int(weight),
        secure=secure,
    )


def _host(name: str) -> str:
    """A name as a host's: without the dot at its end, so that the root is empty."""
    return name.removesuffix(".").lower()
