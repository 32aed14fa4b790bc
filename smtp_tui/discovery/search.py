"""The search for settings, as a stream of steps: ask DNS and the domain, probe, choose."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from smtp_tui.discovery.autoconfig import AutoconfigError, candidates_in, fetch, urls
from smtp_tui.discovery.candidates import (
    MOST_SERVICES,
    Candidate,
    default_candidates,
    distinct,
    preset_candidates,
)
from smtp_tui.discovery.dns import Answer, AnswerState, Resolver, gather_all
from smtp_tui.discovery.prober import Budget, PortProber, ProbeOptions, ProbeTarget, probe_targets
from smtp_tui.discovery.ranking import RankedChoice, notes_of, reason_of, result_of, values_of
from smtp_tui.discovery.steps import (
    CandidateSource,
    Finding,
    ProbeResult,
    ProbeStarted,
    SearchQuery,
    SearchResult,
    Step,
)
from smtp_tui.discovery.texts import text
from smtp_tui.providers.provider import Provider
from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import Encryption
from smtp_tui.smtp.ehlo import own_name

TIMEOUT = 10.0
CONNECTIONS = 24
# Connections that are kept for a second look, and seconds for the last QUIT.
_SPARE, _QUIT = 4, 0.5
# The share of the time that asking may take, and the seconds; the web's share of these; the same
# for the addresses of a host; the seconds for this machine's own name.
_ASKING_SHARE, _ASKING, _WEB_SHARE = 0.5, 5.0, 0.9
_RESOLVING_SHARE, _RESOLVING = 0.3, 3.0
_OWN_NAME = 1.0
# RFC 8314, section 5.1, and RFC 6186, section 3.1; with the port that the service usually has.
SERVICES = (("_submissions._tcp", Encryption.SSL, 465), ("_submission._tcp", Encryption.TLS, 587))
MOST_EXCHANGES = 3


class OnFinding(Protocol):
    """Makes a finding of a text's id and the names to fill in."""

    def __call__(self, id_: str, candidate: Candidate | None = None, /, **names: object) -> None:
        """Report it."""


class DnsAnswers:
    """What was found so far: candidates, ports that are not in use, whether DNS answered at all."""

    def __init__(
        self,
        query: SearchQuery,
        resolver: Resolver,
        providers: Sequence[Provider],
        on_finding: OnFinding,
    ) -> None:
        self._query = query
        self._resolver = resolver
        self._providers = providers
        self._report = on_finding
        self.candidates: list[Candidate] = []
        self.closed: set[int] = set()
        self.exchange: str | None = None
        self.is_domain = False
        self.states: set[AnswerState] = set()

    async def ask(self) -> None:
        """Ask for services and exchanges at once; what the providers say comes from these."""
        name = self._query.name
        self._add_provider(lambda provider: provider.matches(name), "preset-host")
        if self._query.is_address:
            return
        self._add_provider(lambda provider: name in provider.domains, "preset-domain")
        services = [self._ask_service(order, *service) for order, service in enumerate(SERVICES)]
        await gather_all(self._ask_exchanges(), *services)

    async def ask_web(self, ca_file: str | None, seconds: float) -> None:
        """Add the servers of the first autoconfig file that names any, all asked at once."""

        async def ask(url: str) -> tuple[Candidate, ...] | str:
            try:
                async with asyncio.timeout(seconds):
                    data = await fetch(url, self._resolver, ca_file)
                return candidates_in(data, self._query)
            except AutoconfigError as error:
                return str(error)
            except TimeoutError:
                return "no answer in time"

        asked = urls(self._query.name)
        for url, found in zip(asked, await gather_all(*map(ask, asked)), strict=True):
            if found and not isinstance(found, str):
                for candidate in found:
                    names = {"host": candidate.host, "port": candidate.port}
                    self._report("autoconfig", candidate, url=url, **names)
                self.candidates += found
                return
            trouble = found or "it names no server for outgoing mail"
            self._report("autoconfig-none", url=url, trouble=trouble)

    async def _ask_service(
        self, order: int, label: str, encryption: Encryption, usual_port: int
    ) -> None:
        name = f"{label}.{self._query.name}"
        answer, services = await self._resolver.services(name)
        self.states.add(answer.state)
        if not services:
            self._report(
                "srv-failed" if answer.state is AnswerState.FAILED else "srv-none", name=name
            )
        for rank, service in enumerate(services[:MOST_SERVICES]):
            self.is_domain = True
            where = {"host": service.host, "port": service.port}
            if not service.host:
                self.closed.add(usual_port)
                self._report("srv-not-offered", name=name)
            elif not _is_host(service.host) or not 0 < service.port < 65536:
                self._report("srv-no-host", name=name, **where)
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
                self._report("srv", candidate, name=name, **where, **weight)

    async def _ask_exchanges(self) -> None:
        name = self._query.name
        answer, hosts = await self._resolver.exchanges(name)
        self.states.add(answer.state)
        self.is_domain = self.is_domain or bool(hosts)
        if not hosts:
            absence = {AnswerState.FAILED: "mx-failed", AnswerState.NO_NAME: "no-name"}
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
        first = found[0] if found else None
        self._report(finding, first, **{"provider": provider.name, "name": name, **names})
        if not found:
            self._report("preset-choose", provider=provider.name, hosts=", ".join(provider.hosts))
        self.candidates += found


def _is_host(name: str) -> bool:
    try:
        parsers.host(name)
    except ValueError:
        return False
    return True


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


async def discover(query: SearchQuery, options: SearchOptions) -> AsyncGenerator[Step, None]:
    """Yield what is found, the Result last, within `options.timeout` seconds.

    No credential is asked for or sent. Wrap it in `contextlib.aclosing`: leaving early closes all
    connections at once.
    """
    steps: asyncio.Queue[Step | None] = asyncio.Queue()
    search = _Search(query, options, steps)
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
        self, query: SearchQuery, options: SearchOptions, steps: asyncio.Queue[Step | None]
    ) -> None:
        self._query = query
        self._options = options
        self._steps = steps
        self._started = time.monotonic()
        self._budget = Budget(options.connections)
        self._answers = DnsAnswers(query, options.resolver, options.providers, self._report)
        self._domain = options.domain
        self._probes: list[ProbeResult] = []
        self._left_out = 0

    async def run(self) -> None:
        """Ask, probe what came of it, and choose."""
        asking = min(_ASKING, _ASKING_SHARE * self._options.timeout)
        with_web = self._options.with_autoconfig and not self._query.is_address
        questions = [self._answers.ask(), self._find_own_name()]
        if with_web:
            questions.append(self._answers.ask_web(self._options.ca_file, _WEB_SHARE * asking))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(asking):
                await gather_all(*questions)
        candidates = self._candidates()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._left()):
                await self._probe(candidates)
        self._steps.put_nowait(self._result(candidates))

    def _now(self) -> float:
        return time.monotonic() - self._started

    def _left(self) -> float:
        return max(self._options.timeout - self._now(), 0)

    def _report(self, id_: str, candidate: Candidate | None = None, /, **names: object) -> None:
        self._steps.put_nowait(
            Finding(
                seconds=self._now(),
                id=id_,
                text=text("findings", id_, **names),
                source=candidate.source if candidate else None,
                host=candidate.host if candidate else None,
                port=candidate.port if candidate else None,
                encryption=candidate.encryption if candidate else None,
            )
        )

    async def _find_own_name(self) -> None:
        """Find the name to give in EHLO once for all."""
        if self._domain is None:
            self._domain = await own_name(_OWN_NAME)

    def _candidates(self) -> list[Candidate]:
        found = self._answers
        # Where a provider hosts the domain, its MX is no server for the domain's own users.
        is_hosted = any(candidate.provider for candidate in found.candidates)
        usual = default_candidates(
            self._query.name,
            None if is_hosted else found.exchange,
            is_domain=found.is_domain and not self._query.is_address,
            closed=frozenset(found.closed),
        )
        return distinct([*found.candidates, *usual])

    async def _addresses(self, host: str, candidates: list[Candidate]) -> tuple[str, ...]:
        answer = Answer(state=AnswerState.FAILED)
        with contextlib.suppress(TimeoutError):
            # One name that nobody answers for must not keep all the others waiting.
            async with asyncio.timeout(min(_RESOLVING, _RESOLVING_SHARE * self._options.timeout)):
                answer = await self._options.resolver.addresses(host)
        is_query = host == self._query.name
        # Of names that are only guessed it is no news that they are not there.
        is_named = is_query or any(one.host == host and one.encryption for one in candidates)
        if not answer.records and is_named:
            failed = answer.state is AnswerState.FAILED
            self._report("host-failed" if failed else "no-host", host=host)
        if is_query:
            self._answers.states.add(answer.state)
        return answer.records

    async def _probe(self, candidates: list[Candidate]) -> None:
        """Resolve all candidates, and probe their ports at once as far as the limit allows."""
        hosts = list(dict.fromkeys(candidate.host for candidate in candidates))
        found = await gather_all(*(self._addresses(host, candidates) for host in hosts))
        addresses = dict(zip(hosts, found, strict=True))
        targets = probe_targets([(one, addresses[one.host]) for one in candidates])
        if not targets:
            return
        most = max(self._options.connections - _SPARE, 1)
        self._left_out = max(len(targets) - most, 0)
        ports = len(targets) - self._left_out
        self._steps.put_nowait(
            ProbeStarted(seconds=self._now(), ports=ports, left_out=self._left_out)
        )
        options = ProbeOptions(
            deadline=time.monotonic() + max(self._left() - _QUIT, 0),
            ca_file=self._options.ca_file,
            domain=self._domain,
        )
        await gather_all(*(self._probe_target(target, options) for target in targets[:most]))

    async def _probe_target(self, target: ProbeTarget, options: ProbeOptions) -> None:
        probe = await PortProber(target, options, self._budget).probe()
        if probe is None:
            return
        probe = replace(probe, seconds=self._now())
        if probe.is_reached:
            candidate = next(one for one in target.candidates if one.host == probe.host)
            choice = RankedChoice(probe=probe, candidate=candidate)
            probe = replace(
                probe,
                values=values_of(choice, self._query),
                reason=reason_of(choice, self._query),
                notes=tuple(notes_of(choice, [probe], self._query)),
                worth=choice.worth,
            )
        self._probes.append(probe)
        self._steps.put_nowait(probe)

    def _result(self, candidates: list[Candidate]) -> SearchResult:
        found = result_of(self._query, candidates, self._probes, self._answers.states)
        notes = found.notes
        if self._left_out:
            names = {"count": self._left_out, "limit": self._options.connections}
            notes = (*notes, text("notes", "left-out", **names))
        used = self._budget.used
        return replace(found, seconds=self._now(), notes=notes, connections=used)
