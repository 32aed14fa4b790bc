"""Asking a domain's web servers for its autoconfig file, when that is wanted.

What DNS and the providers say about a name: findings, and the places that they make.

The search for settings, as a stream of steps: ask, knock, choose.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from smtp_tui.discovery.autoconfig import AutoconfigError, NotFetched, fetch, places_in, urls
from smtp_tui.discovery.candidates import (
    MOST_SERVICES,
    Candidate,
    default_candidates,
    distinct,
    preset_places,
)
from smtp_tui.discovery.dns import Answer, Resolver, Service, State, gather_all
from smtp_tui.discovery.prober import Budget, PortProber, ProbeOptions, ProbeTarget, probe_targets
from smtp_tui.discovery.ranking import RankedChoice, notes_of, reason_of, result_of, values_of
from smtp_tui.discovery.steps import (
    Finding,
    ProbeResult,
    ProbeStarted,
    SearchQuery,
    SearchResult,
    Source,
    Step,
)
from smtp_tui.discovery.texts import text
from smtp_tui.providers.provider import Provider
from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import Encryption
from smtp_tui.smtp.ehlo import own_name


async def web_places(
    subject: SearchQuery, resolver: Resolver, ca_file: str | None, seconds: float, tell: OnFinding
) -> tuple[Candidate, ...]:
    """Return the places of the first file that names any, all asked at once for `seconds`."""

    async def ask(url: str) -> tuple[Candidate, ...] | str:
        try:
            async with asyncio.timeout(seconds):
                return places_in(await fetch(url, resolver, ca_file), subject)
        except (NotFetched, AutoconfigError) as error:
            return str(error)
        except TimeoutError:
            return "no answer in time"

    asked = urls(subject.name)
    for url, found in zip(asked, await gather_all(*map(ask, asked)), strict=True):
        if found and not isinstance(found, str):
            for place in found:
                tell("autoconfig", place, url=url, host=place.host, port=place.port)
            return found
        tell("autoconfig-none", url=url, trouble=found or "it names no server for outgoing mail")
    return ()


# RFC 8314, section 5.1, and RFC 6186, section 3.1; with the port that the service usually has.
SERVICES = (
    ("_submissions._tcp", Encryption.SSL, 465),
    ("_submission._tcp", Encryption.TLS, 587),
)
MOST_EXCHANGES = 3


class OnFinding(Protocol):
    """Makes a finding of a text's id and the names to fill in."""

    def __call__(self, identity: str, place: Candidate | None = None, /, **names: object) -> None:
        """Report it."""


class DnsAnswers:
    """What was heard so far: places, ports that are not in use, and whether DNS answered at all."""

    def __init__(
        self,
        subject: SearchQuery,
        resolver: Resolver,
        providers: Sequence[Provider],
        tell: OnFinding,
    ) -> None:
        self._subject = subject
        self._resolver = resolver
        self._providers = providers
        self._tell = tell
        self.places: list[Candidate] = []
        self.closed: set[int] = set()
        self.exchange: str | None = None
        self.is_domain = False
        self.states: set[State] = set()

    async def ask(self) -> None:
        """Ask for services and exchanges at once; what the providers say comes from these."""
        name = self._subject.name
        self._know(lambda one: one.matches(name), "preset-host")
        if self._subject.is_address:
            return
        self._know(lambda one: name in one.domains, "preset-domain")
        services = [self._ask_service(order, *one) for order, one in enumerate(SERVICES)]
        await gather_all(self._ask_exchanges(), *services)

    async def _ask_service(self, order: int, label: str, way: Encryption, usual: int) -> None:
        name = f"{label}.{self._subject.name}"
        answer, services = await self._resolver.services(name)
        self.states.add(answer.state)
        if not services:
            self._tell("srv-failed" if answer.state is State.FAILED else "srv-none", name=name)
        for rank, service in enumerate(services[:MOST_SERVICES]):
            self.is_domain = True
            if not service.host:
                self.closed.add(usual)
                self._tell("srv-not-offered", name=name)
                continue
            place = _place(service, way, order + rank * len(SERVICES))
            more = {"host": service.host, "port": service.port}
            if place is None:
                self._tell("srv-no-host", name=name, **more)
                continue
            self.places.append(place)
            weight = {"priority": service.priority, "weight": service.weight}
            self._tell("srv", place, name=name, **more, **weight)

    async def _ask_exchanges(self) -> None:
        name = self._subject.name
        answer, hosts = await self._resolver.exchanges(name)
        self.states.add(answer.state)
        if hosts:
            self.is_domain = True
        if not hosts:
            self._tell(_absence(answer), name=name)
        elif hosts == ("",):
            self._tell("mx-null", name=name)
        else:
            shown = ", ".join(hosts[:MOST_EXCHANGES])
            self._tell("mx", name=name, hosts=shown)
            self.exchange = next(filter(_is_host, hosts), None)
            self._know(lambda one: any(map(one.takes_mail_at, hosts)), "preset-mx", mx=hosts[0])

    def _know(self, fits: Callable[[Provider], bool], identity: str, **names: str) -> None:
        provider = next(filter(fits, self._providers), None)
        if provider is None:
            return
        known = {"provider": provider.name, "name": self._subject.name, **names}
        name = self._subject.name
        places = list(preset_places(provider, name if provider.matches(name) else None))
        self._tell(identity, places[0] if places else None, **known)
        if not places:
            self._tell("preset-choose", provider=provider.name, hosts=", ".join(provider.hosts))
        self.places += places


def _place(service: Service, way: Encryption, order: int) -> Candidate | None:
    if not _is_host(service.host) or not 0 < service.port < 65536:
        return None
    return Candidate(
        host=service.host,
        port=service.port,
        encryption=way,
        source=Source.SRV,
        order=order,
        secure=service.secure,
    )


def _absence(answer: Answer) -> str:
    match answer.state:
        case State.FAILED:
            return "mx-failed"
        case State.NO_NAME:
            return "no-name"
        case _:
            return "mx-none"


def _is_host(name: str) -> bool:
    try:
        parsers.host(name)
    except ValueError:
        return False
    return True


# rf
# rf

TIMEOUT = 10.0
CONNECTIONS = 24
# Connections that are kept for a second look, and seconds for the last QUIT.
_SPARE, _FAREWELL = 4, 0.5
# The share of the time that asking may take, and the seconds; the web's share of these; the same
# for the addresses of a host; the seconds for this machine's own name.
_ASKING_SHARE, _ASKING, _WEB_SHARE = 0.5, 5.0, 0.9
_RESOLVING_SHARE, _RESOLVING = 0.3, 3.0
_NAMING = 1.0


@record(kw_only=True)
class SearchOptions:
    """How to search: whom to ask, what to know and trust, and the limits.

    `providers` are looked through in their order; `with_autoconfig` asks the domain's web servers;
    `domain` is the name to give in EHLO.
    """

    resolver: Resolver
    providers: Sequence[Provider] = ()
    timeout: float = TIMEOUT
    connections: int = CONNECTIONS
    with_autoconfig: bool = False
    ca_file: str | None = None
    domain: str | None = None


async def discover(subject: SearchQuery, wish: SearchOptions) -> AsyncGenerator[Step, None]:
    """Yield what is found, the Result last, within `wish.timeout` seconds.

    No credential is asked for or sent. Wrap it in `contextlib.aclosing`: leaving early closes all
    connections at once.
    """
    steps: asyncio.Queue[Step | None] = asyncio.Queue()
    search = _Search(subject, wish, steps)
    task = asyncio.create_task(search.run())
    task.add_done_callback(lambda _: steps.put_nowait(None))
    try:
        while (step := await steps.get()) is not None:
            yield step
        task.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class _Search:
    """One search, step by step."""

    def __init__(
        self, subject: SearchQuery, wish: SearchOptions, steps: asyncio.Queue[Step | None]
    ) -> None:
        self._subject = subject
        self._wish = wish
        self._steps = steps
        self._started = time.monotonic()
        self._budget = Budget(wish.connections)
        self._asked = DnsAnswers(subject, wish.resolver, wish.providers, self._tell)
        self._domain = wish.domain
        self._knocks: list[ProbeResult] = []
        self._left_out = 0

    async def run(self) -> None:
        """Ask, knock at what came of it, and choose."""
        asking = min(_ASKING, _ASKING_SHARE * self._wish.timeout)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(asking):
                await gather_all(
                    self._asked.ask(), self._autoconfig(_WEB_SHARE * asking), self._name()
                )
        places = self._places()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._left()):
                await self._knock(await self._doors(places))
        self._steps.put_nowait(self._result(places))

    def _now(self) -> float:
        return time.monotonic() - self._started

    def _left(self) -> float:
        return max(self._wish.timeout - self._now(), 0)

    def _tell(self, identity: str, place: Candidate | None = None, /, **names: object) -> None:
        self._steps.put_nowait(
            Finding(
                seconds=self._now(),
                id=identity,
                text=text("findings", identity, **names),
                source=place.source if place else None,
                host=place.host if place else None,
                port=place.port if place else None,
                encryption=place.encryption if place else None,
            )
        )

    async def _name(self) -> None:
        """Find the name to give in EHLO once for all."""
        if self._domain is None:
            self._domain = await own_name(_NAMING)

    async def _autoconfig(self, seconds: float) -> None:
        if self._wish.with_autoconfig and not self._subject.is_address:
            wish = self._wish
            self._asked.places += await web_places(
                self._subject, wish.resolver, wish.ca_file, seconds, self._tell
            )

    def _places(self) -> list[Candidate]:
        asked = self._asked
        exchange = None if any(one.provider for one in asked.places) else asked.exchange
        is_domain = asked.is_domain and not self._subject.is_address
        closed = frozenset(asked.closed)
        usual = default_candidates(self._subject.name, exchange, is_domain=is_domain, closed=closed)
        return distinct([*asked.places, *usual])

    async def _doors(self, places: list[Candidate]) -> list[ProbeTarget]:
        hosts = list(dict.fromkeys(place.host for place in places))
        known = await gather_all(*(self._addresses(host, places) for host in hosts))
        addresses = dict(zip(hosts, known, strict=True))
        return probe_targets([(place, addresses[place.host]) for place in places])

    async def _addresses(self, host: str, places: list[Candidate]) -> tuple[str, ...]:
        answer = Answer(state=State.FAILED)
        with contextlib.suppress(TimeoutError):
            # One name that nobody answers for must not keep all the others waiting.
            async with asyncio.timeout(min(_RESOLVING, _RESOLVING_SHARE * self._wish.timeout)):
                answer = await self._wish.resolver.addresses(host)
        named = host == self._subject.name
        if not answer.records and (named or any(p.host == host and p.encryption for p in places)):
            failed = answer.state is State.FAILED
            self._tell("host-failed" if failed else "no-host", host=host)
        if named:
            self._asked.states.add(answer.state)
        return answer.records

    async def _knock(self, found: list[ProbeTarget]) -> None:
        if not found:
            return
        most = max(self._wish.connections - _SPARE, 1)
        self._left_out = max(len(found) - most, 0)
        ports = len(found) - self._left_out
        self._steps.put_nowait(
            ProbeStarted(seconds=self._now(), ports=ports, left_out=self._left_out)
        )
        deadline = time.monotonic() + max(self._left() - _FAREWELL, 0)
        manner = ProbeOptions(deadline=deadline, ca_file=self._wish.ca_file, domain=self._domain)
        await gather_all(*(self._knock_at(door, manner) for door in found[:most]))

    async def _knock_at(self, door: ProbeTarget, manner: ProbeOptions) -> None:
        knock = await PortProber(door, manner, self._budget).knock()
        if knock is not None:
            told = replace(knock, seconds=self._now())
            if told.is_reached:
                told = self._judged(told, door)
            self._knocks.append(told)
            self._steps.put_nowait(told)

    def _judged(self, knock: ProbeResult, door: ProbeTarget) -> ProbeResult:
        place = next(one for one in door.places if one.host == knock.host)
        choice = RankedChoice(knock=knock, place=place)
        return replace(
            knock,
            values=values_of(choice, self._subject),
            reason=reason_of(choice, self._subject),
            notes=tuple(notes_of(choice, [knock], self._subject)),
            worth=choice.worth,
        )

    def _result(self, places: list[Candidate]) -> SearchResult:
        found = result_of(self._subject, places, self._knocks, self._asked.states)
        notes = found.notes
        if self._left_out:
            names = {"count": self._left_out, "limit": self._wish.connections}
            notes = (*notes, text("notes", "left-out", **names))
        return replace(found, seconds=self._now(), notes=notes, connections=self._budget.used)
