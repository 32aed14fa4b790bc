"""What DNS and the providers say about a name: findings, and the places that they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from smtp_tui.discovery.places import MOST_SERVICES, Place, preset_places
from smtp_tui.discovery.resolver import Answer, Resolver, Service, State
from smtp_tui.discovery.steps import Source
from smtp_tui.discovery.subject import Subject
from smtp_tui.discovery.together import together
from smtp_tui.providers.provider import Provider
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import Encryption

# RFC 8314, section 5.1, and RFC 6186, section 3.1; with the port that the service usually has.
SERVICES = (
    ("_submissions._tcp", Encryption.SSL, 465),
    ("_submission._tcp", Encryption.TLS, 587),
)
MOST_EXCHANGES = 3


class Tell(Protocol):
    """Makes a finding of a text's id and the names to fill in."""

    def __call__(self, identity: str, place: Place | None = None, /, **names: object) -> None:
        """Tell it."""


class Asked:
    """What was heard so far: places, ports that are not in use, and whether DNS answered at all."""

    def __init__(
        self,
        subject: Subject,
        resolver: Resolver,
        providers: Sequence[Provider],
        tell: Tell,
    ) -> None:
        self._subject = subject
        self._resolver = resolver
        self._providers = providers
        self._tell = tell
        self.places: list[Place] = []
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
        await together(self._ask_exchanges(), *services)

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


def _place(service: Service, way: Encryption, order: int) -> Place | None:
    if not _is_host(service.host) or not 0 < service.port < 65536:
        return None
    return Place(
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
