"""Collect servers that may accept mail, to be probed: from DNS, providers and usual names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from smtp_tui.discovery.autoconfig import AutoconfigError, candidates_in, fetch, urls
from smtp_tui.discovery.dns import DnsAnswerState, Resolver, gather_all
from smtp_tui.discovery.steps import USUAL, Candidate, CandidateSource, DiscoveryQuery
from smtp_tui.providers import Provider
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import Encryption

PREFIXES = ("smtp", "mail")
MOST_SERVICES = 6
"""Maximum SRV records followed; more are a mistake or malicious."""
MOST_EXCHANGES = 3
# RFC 8314, section 5.1, and RFC 6186, section 3.1; with the service's usual port.
SERVICES = (("_submissions._tcp", Encryption.SSL, 465), ("_submission._tcp", Encryption.TLS, 587))


def preset_candidates(provider: Provider, host: str | None = None) -> Iterator[Candidate]:
    """Yield a provider's ports, none if the admin must choose the host.

    `host`, if given, is a host known to be the provider's.
    """
    if host := host or provider.host:
        for order, way in enumerate(provider.ways):
            yield Candidate(
                host=host,
                port=way.port,
                encryption=way.encryption,
                source=CandidateSource.PRESET,
                order=order,
                provider=provider,
            )


def default_candidates(
    name: str, exchange: str | None, *, is_domain: bool, closed: frozenset[int]
) -> Iterator[Candidate]:
    """Yield the usual server names of a domain on the usual ports.

    A name that is not a domain is the first host itself. `exchange` is the domain's MX host: its
    port 25 is for other servers. `closed` are ports that DNS declares unused.
    """
    prefixed = [] if parsers.is_address(name) else [f"{prefix}.{name}" for prefix in PREFIXES]
    hosts = [*prefixed, name] if is_domain else [name, *prefixed]
    if exchange and exchange not in hosts:
        hosts.append(exchange)
    source = CandidateSource.GUESS
    for order, host in enumerate(hosts):
        for port in USUAL:
            if port not in closed and not (host == exchange and port == 25):
                is_given = host == name and not is_domain
                yield Candidate(host=host, port=port, source=source, order=order, is_given=is_given)


def distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return each port of a host once, from its best source, the best first."""

    def sort_key(candidate: Candidate) -> tuple[int, int, int]:
        port = candidate.port
        return (*candidate.rank, USUAL.index(port) if port in USUAL else -1)

    best: dict[tuple[str, int], Candidate] = {}
    for candidate in sorted(candidates, key=sort_key):
        best.setdefault((candidate.host, candidate.port), candidate)
    return list(best.values())


class DnsAnswers:
    """The results so far: candidates, unused ports, and the states of the DNS answers.

    `on_finding` receives the id of a text, the candidate if any, and the values to fill in.
    """

    def __init__(
        self,
        query: DiscoveryQuery,
        resolver: Resolver,
        providers: Sequence[Provider],
        on_finding: Callable[..., None],
    ) -> None:
        self._query = query
        self._resolver = resolver
        self._providers = providers
        self._report = on_finding
        self.candidates: list[Candidate] = []
        self.closed: set[int] = set()
        self.exchange: str | None = None
        self.is_domain = False
        self.states: set[DnsAnswerState] = set()

    async def ask(self) -> None:
        """Query SRV and MX records concurrently, and add the presets of matching providers."""
        name = self._query.name
        self._add_provider(lambda provider: provider.matches(name), "preset-host")
        if self._query.is_address:
            return
        self._add_provider(lambda provider: name in provider.domains, "preset-domain")
        services = [self._ask_service(order, *service) for order, service in enumerate(SERVICES)]
        await gather_all(self._ask_exchanges(), *services)

    async def ask_web(self, ca_file: str | None, seconds: float) -> None:
        """Fetch the autoconfig files concurrently; add the servers of the first with any."""

        async def ask(url: str) -> tuple[Candidate, ...] | str:
            try:
                data = await fetch(url, self._resolver, ca_file, seconds)
                return candidates_in(data, self._query) or "it names no server for outgoing mail"
            except AutoconfigError as error:
                return str(error)

        asked = urls(self._query.name)
        for url, found in zip(asked, await gather_all(*map(ask, asked)), strict=True):
            if isinstance(found, str):
                self._report("autoconfig-none", url=url, trouble=found)
                continue
            for candidate in found:
                place = {"host": candidate.host, "port": candidate.port}
                self._report("autoconfig", candidate, url=url, **place)
            self.candidates += found
            return

    async def _ask_service(
        self, order: int, label: str, encryption: Encryption, usual_port: int
    ) -> None:
        name = f"{label}.{self._query.name}"
        answer, services = await self._resolver.services(name)
        self.states.add(answer.state)
        if not services:
            is_failed = answer.state is DnsAnswerState.FAILED
            self._report("srv-failed" if is_failed else "srv-none", name=name)
        for rank, service in enumerate(services[:MOST_SERVICES]):
            self.is_domain = True
            place = {"host": service.host, "port": service.port}
            if not service.host:
                self.closed.add(usual_port)
                self._report("srv-not-offered", name=name)
            elif not _is_host(service.host) or not 0 < service.port < 65536:
                self._report("srv-no-host", name=name, **place)
            else:
                candidate = Candidate(
                    host=service.host,
                    port=service.port,
                    encryption=encryption,
                    source=CandidateSource.SRV,
                    order=order + rank * len(SERVICES),
                    secure=service.secure,
                )
                self.candidates.append(candidate)
                weight = {"priority": service.priority, "weight": service.weight}
                self._report("srv", candidate, name=name, **place, **weight)

    async def _ask_exchanges(self) -> None:
        name = self._query.name
        answer, hosts = await self._resolver.exchanges(name)
        self.states.add(answer.state)
        self.is_domain = self.is_domain or bool(hosts)
        if not hosts:
            absence = {DnsAnswerState.FAILED: "mx-failed", DnsAnswerState.NO_NAME: "no-name"}
            self._report(absence.get(answer.state, "mx-none"), name=name)
        elif hosts == ("",):
            self._report("mx-null", name=name)
        else:
            self._report("mx", name=name, hosts=", ".join(hosts[:MOST_EXCHANGES]))
            self.exchange = next(filter(_is_host, hosts), None)
            self._add_provider(
                lambda provider: any(map(provider.takes_mail_at, hosts)), "preset-mx", mx=hosts[0]
            )

    def _add_provider(self, fits: Callable[[Provider], bool], finding: str, **names: str) -> None:
        provider = next(filter(fits, self._providers), None)
        if provider is None:
            return
        name = self._query.name
        found = list(preset_candidates(provider, name if provider.matches(name) else None))
        names = {"provider": provider.name, "name": name, **names}
        self._report(finding, found[0] if found else None, **names)
        if not found:
            self._report("preset-choose", provider=provider.name, hosts=", ".join(provider.hosts))
        self.candidates += found


def _is_host(name: str) -> bool:
    try:
        parsers.host(name)
    except ValueError:
        return False
    return True
