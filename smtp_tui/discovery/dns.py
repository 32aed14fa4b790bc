"""DNS answers: the only module that imports dnspython."""

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
from smtp_tui.smtp.happy_eyeballs import AddressError, resolve

if TYPE_CHECKING:
    import dns.asyncbackend
    import dns.asyncresolver
    import dns.exception
    import dns.flags
    import dns.name
    import dns.resolver

T = TypeVar("T")

# Seconds that one name server has, and that a question has in all.
TRY, LIFETIME = 1.5, 4.0
# RFC 9715, section 3.2: what passes any network whole.
PAYLOAD = 1232


async def gather_all(*waiting: Coroutine[Any, Any, T]) -> list[T]:
    """Return what each gives, in order; none is left behind when one fails or all are stopped."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine) for coroutine in waiting]
    return [task.result() for task in tasks]


class AnswerState(Enum):
    """What became of a question."""

    FOUND = "found"
    EMPTY = "empty"  # the name is there, such a record is not
    NO_NAME = "no-name"
    FAILED = "failed"  # nobody answered, or nobody could


@record(kw_only=True)
class Answer:
    """What DNS said; `records` in its order, `secure` where the resolver vouches for them.

    It vouches by the AD bit of RFC 4035, which is worth as much as the way to the resolver.
    """

    state: AnswerState
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
    """Load dnspython: it takes a tenth of a second, which a screen cannot spare."""
    import_module("dns.asyncresolver")


class Resolver:
    """Asks the system's name servers, or the one that is given as (address, port).

    A host's addresses come from the system itself where none is given: hosts files count there.
    """

    def __init__(self, server: tuple[str, int] | None = None) -> None:
        self.server = server
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def addresses(self, host: str) -> Answer:
        """A host's addresses, IPv4 and IPv6."""
        if parsers.is_address(host):
            return Answer(state=AnswerState.FOUND, records=(host,))
        if self.server:
            four, six = await gather_all(self.ask(host, "A"), self.ask(host, "AAAA"))
            if found := four.records + six.records:
                secure = four.secure and six.secure
                return Answer(state=AnswerState.FOUND, records=found, secure=secure)
            return six if four.state is AnswerState.EMPTY else four
        settings = parse_settings({"host": host}).settings
        if settings is None:  # what DNS holds need be no host name
            return Answer(state=AnswerState.NO_NAME)
        try:
            targets = await resolve(settings)
        except AddressError as error:
            absent = error.fault is Cause.HOST_NOT_FOUND
            return Answer(state=AnswerState.NO_NAME if absent else AnswerState.FAILED)
        found = tuple(dict.fromkeys(target.address for target in targets))
        return Answer(state=AnswerState.FOUND, records=found)

    async def services(self, name: str) -> tuple[Answer, tuple[Service, ...]]:
        """The SRV records of a name, those to try first at the head (by priority and weight)."""
        answer = await self.ask(name, "SRV")
        found = []
        for text in answer.records:
            priority, weight, port, host = text.split()
            found.append(
                Service(
                    host=host.removesuffix(".").lower(),
                    port=int(port),
                    priority=int(priority),
                    weight=int(weight),
                    secure=answer.secure,
                )
            )
        # dnspython would draw lots by weight (RFC 2782): here two searches must find the same.
        return answer, tuple(sorted(found, key=lambda srv: (srv.priority, -srv.weight, srv.host)))

    async def exchanges(self, name: str) -> tuple[Answer, tuple[str, ...]]:
        """The hosts that take a domain's mail, the preferred first; one is empty for RFC 7505."""
        answer = await self.ask(name, "MX")
        pairs = [text.split() for text in answer.records]
        hosts = sorted((int(rank), host.removesuffix(".").lower()) for rank, host in pairs)
        return answer, tuple(host for _, host in hosts)

    async def ask(self, name: str, kind: str) -> Answer:
        """The records of a kind, in the form of a zone file, TXT as bare text."""
        # 100 ms, which nobody who asks no DNS should wait for.
        import dns.asyncresolver

        try:
            if self._resolver is None:
                resolver = dns.asyncresolver.Resolver(configure=self.server is None)
                if self.server:
                    resolver.nameservers, resolver.port = [self.server[0]], self.server[1]
                resolver.timeout = TRY
                resolver.use_edns(0, 0, PAYLOAD)
                # RFC 6840, section 5.7: who sets AD asks for AD.
                resolver.set_flags(dns.flags.RD | dns.flags.AD)
                # SPF and its facts ask for the same names again.
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
            return Answer(state=AnswerState.NO_NAME)
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            return Answer(state=AnswerState.NO_NAME)
        except (dns.exception.DNSException, OSError, UnicodeError):
            return Answer(state=AnswerState.FAILED)
        if kind == "TXT":  # RFC 7208, section 3.3: the strings of each are put together
            found = [b"".join(data.strings) for data in answer.rrset or ()]
            records = tuple(text.decode("utf-8", "backslashreplace") for text in found)
        else:
            records = tuple(data.to_text() for data in answer.rrset or ())
        secure = bool(answer.response.flags & dns.flags.AD)
        state = AnswerState.FOUND if records else AnswerState.EMPTY
        return Answer(state=state, records=records, secure=secure)
