"""Search for settings in a stream of steps: query DNS and the domain, probe, choose."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from smtp_tui.diagnosis.causes import label
from smtp_tui.discovery.candidates import DnsAnswers, default_candidates, distinct
from smtp_tui.discovery.dns import DnsAnswer, DnsAnswerState, Resolver, gather_all
from smtp_tui.discovery.prober import Prober, Target, probe_targets
from smtp_tui.discovery.steps import (
    MOST_NAMES,
    Candidate,
    CandidateSource,
    DiscoveryFinding,
    DiscoveryQuery,
    DiscoveryResult,
    ProbeResult,
    ProbeStarted,
    Step,
    text,
)
from smtp_tui.providers import Provider, UsernameKind
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.smtp.ehlo import own_name
from smtp_tui.smtp.events import Cause

TIMEOUT = 10.0
CONNECTIONS = 24
# Connections reserved for second probes of a port, and seconds for the last QUIT.
_SPARE, _QUIT = 4, 0.5
# Limits for queries: the share of the timeout, seconds, and the share of these for the web. Limits
# for a host's addresses: share and seconds. Seconds for this machine's own name.
_ASKING_SHARE, _ASKING, _WEB_SHARE = 0.5, 5.0, 0.9
_RESOLVING_SHARE, _RESOLVING = 0.3, 3.0
_OWN_NAME = 1.0


def values_of(probe: ProbeResult, query: DiscoveryQuery) -> dict[str, object]:
    """Return values for our fields; those that only the admin knows are left out."""
    values: dict[str, object] = {
        "host": probe.host,
        "port": probe.port,
        "encryption": (probe.encryption or Encryption.NONE).value,
    }
    username = probe.candidate.username
    if provider := probe.candidate.provider:
        username = query.address if provider.user is UsernameKind.ADDRESS else provider.username
        if provider.authentication[0] is not Authentication.AUTO:
            values["authentication"] = provider.authentication[0].value
    if username:
        values["username"] = username
    return values


def reason_of(probe: ProbeResult, query: DiscoveryQuery) -> str:
    """Return one sentence: how a server is known, its encryption and its logins."""
    candidate = probe.candidate
    origin = "given" if candidate.is_given else candidate.source.value
    provider = candidate.provider.name if candidate.provider else ""
    parts = [text("reasons", origin, name=query.name, provider=provider)]
    parts.append(text("reasons", (probe.encryption or Encryption.NONE).value))
    if probe.cause is None and probe.is_encrypted:
        parts[-1] += f" ({probe.version}) with {text('reasons', 'trusted')}"
    if probe.mechanisms:
        parts.append(text("reasons", "logins", mechanisms=" ".join(probe.mechanisms)))
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def notes_of(
    probe: ProbeResult, probes: Sequence[ProbeResult], query: DiscoveryQuery
) -> Iterator[str]:
    """Yield what else an admin must know before using a server; `probes` are the whole search's."""
    candidate = probe.candidate
    if probe.cause:
        yield text("notes", "near", cause=label(probe.cause))
        if probe.certificate and "certificate-name-mismatch" in (probe.cause, *probe.also):
            names = ", ".join(probe.certificate.names[:MOST_NAMES]) or "no name"
            yield text("notes", "certificate-names", names=names)
    if probe.encryption is Encryption.NONE:
        yield text("notes", "plain")
    if not probe.mechanisms and probe.cause is None:
        yield text("notes", "no-login")
    # An attacker on the network path can forge a foreign name in DNS (RFC 6186, section 6).
    is_inside = candidate.host == query.name or candidate.host.endswith(f".{query.name}")
    if candidate.source is CandidateSource.SRV and not is_inside and not candidate.secure:
        yield text("notes", "outside", host=candidate.host, name=query.name)
    for other in probes:
        is_same_port = (other.host, other.port) == (probe.host, probe.port) and other is not probe
        if is_same_port and other.cause and other.cause != probe.cause:
            family = "IPv6" if other.family == "v6" else "IPv4"
            yield text("notes", "one-family", family=family, cause=label(other.cause))
    if provider := candidate.provider:
        yield text("notes", "user", text=provider.username_is)
        yield text("notes", "password", text=provider.password_is)
        if provider.page:
            yield text("notes", "page", text=provider.page)
        yield from provider.notes


def result_of(
    query: DiscoveryQuery, probes: Sequence[ProbeResult], states: set[DnsAnswerState]
) -> DiscoveryResult:
    """Choose the best of the probes; `states` are the outcomes of the name's DNS queries."""
    reached = [probe for probe in probes if probe.is_reached]
    if reached:
        best = min(reached, key=lambda probe: probe.worth)
        provider = best.candidate.provider
        return DiscoveryResult(
            ok=best.cause is None,
            values=best.values,
            cause=best.cause,
            source=best.source,
            provider=provider.id if provider else None,
            reason=best.reason,
            notes=tuple(notes_of(best, probes, query)),
            probes=len(probes),
        )
    if probes:
        # A server from DNS says more than a guess that failed sooner.
        known_best = min(probes, key=lambda probe: probe.candidate.rank)
        cause = known_best.cause or Cause.NOT_SMTP.value
        reason = text("nothing", "unreachable", count=len(probes))
    elif states <= {DnsAnswerState.FAILED}:
        cause, reason = Cause.RESOLVER_FAILED.value, text("nothing", "failed", name=query.name)
    else:
        absent = states.isdisjoint({DnsAnswerState.FOUND, DnsAnswerState.EMPTY})
        cause = Cause.HOST_NOT_FOUND.value
        reason = text("nothing", "no-name" if absent else "no-host", name=query.name)
    return DiscoveryResult(ok=False, cause=cause, reason=reason, probes=len(probes))


@record(kw_only=True)
class DiscoveryOptions:
    """How to search: the resolver, provider data, the CA file, and the limits.

    `providers` are searched in order; `with_autoconfig` queries the domain's web servers;
    `domain` is the EHLO name.
    """

    resolver: Resolver
    providers: Sequence[Provider] = ()
    timeout: float = TIMEOUT
    connections: int = CONNECTIONS
    with_autoconfig: bool = False
    ca_file: str | None = None
    domain: str | None = None


async def discover(query: DiscoveryQuery, options: DiscoveryOptions) -> AsyncGenerator[Step, None]:
    """Yield the steps, the DiscoveryResult last, within `options.timeout` seconds.

    No credential is requested or sent. Wrap it in `contextlib.aclosing`: leaving early closes all
    connections at once.
    """
    search = _Search(query, options)
    task = asyncio.create_task(search.run())
    task.add_done_callback(lambda _: search.steps.put_nowait(None))
    try:
        while (step := await search.steps.get()) is not None:
            yield step
        task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class _Search:
    """One search; it puts its steps into the queue `steps`, then None."""

    def __init__(self, query: DiscoveryQuery, options: DiscoveryOptions) -> None:
        self.steps: asyncio.Queue[Step | None] = asyncio.Queue()
        self._query = query
        self._options = options
        self._started = time.monotonic()
        self._answers = DnsAnswers(query, options.resolver, options.providers, self._report)
        self._domain = options.domain
        self._probes: list[ProbeResult] = []
        self._left_out = 0
        self._prober: Prober | None = None

    async def run(self) -> None:
        """Query, probe the candidates, and choose."""
        options, answers = self._options, self._answers
        asking = min(_ASKING, _ASKING_SHARE * options.timeout)
        questions = [answers.ask(), self._find_own_name()]
        if options.with_autoconfig and not self._query.is_address:
            questions.append(answers.ask_web(options.ca_file, _WEB_SHARE * asking))
        with suppress(TimeoutError):
            async with asyncio.timeout(asking):
                await gather_all(*questions)
        # If a provider hosts the domain, its MX is not for the domain's own users.
        is_hosted = any(candidate.provider for candidate in answers.candidates)
        usual = default_candidates(
            self._query.name,
            None if is_hosted else answers.exchange,
            is_domain=answers.is_domain and not self._query.is_address,
            closed=frozenset(answers.closed),
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(self._left()):
                await self._probe(distinct([*answers.candidates, *usual]))
        result = result_of(self._query, self._probes, answers.states)
        notes = result.notes
        if self._left_out:
            names = {"count": self._left_out, "limit": options.connections}
            notes = (*notes, text("notes", "left-out", **names))
        used = self._prober.used if self._prober else 0
        self.steps.put_nowait(replace(result, seconds=self._now(), notes=notes, connections=used))

    def _now(self) -> float:
        return time.monotonic() - self._started

    def _left(self) -> float:
        return max(self._options.timeout - self._now(), 0)

    def _report(self, id_: str, candidate: Candidate | None = None, /, **names: object) -> None:
        found = text("findings", id_, **names)
        finding = DiscoveryFinding(seconds=self._now(), id=id_, text=found, candidate=candidate)
        self.steps.put_nowait(finding)

    async def _find_own_name(self) -> None:
        """Look up the EHLO name once for all probes."""
        if self._domain is None:
            self._domain = await own_name(_OWN_NAME)

    async def _addresses(self, host: str, candidates: list[Candidate]) -> tuple[str, ...]:
        answer = DnsAnswer(state=DnsAnswerState.FAILED)
        with suppress(TimeoutError):
            # One unanswered name must not delay all the others.
            async with asyncio.timeout(min(_RESOLVING, _RESOLVING_SHARE * self._options.timeout)):
                answer = await self._options.resolver.addresses(host)
        is_query = host == self._query.name
        # A guessed name that does not exist is not worth reporting.
        is_named = is_query or any(
            candidate.host == host and candidate.encryption for candidate in candidates
        )
        if not answer.records and is_named:
            failed = answer.state is DnsAnswerState.FAILED
            self._report("host-failed" if failed else "no-host", host=host)
        if is_query:
            self._answers.states.add(answer.state)
        return answer.records

    async def _probe(self, candidates: list[Candidate]) -> None:
        """Resolve all candidates, and probe their ports concurrently within the limit."""
        hosts = list(dict.fromkeys(candidate.host for candidate in candidates))
        found = await gather_all(*(self._addresses(host, candidates) for host in hosts))
        addresses = dict(zip(hosts, found, strict=True))
        targets = probe_targets(
            [(candidate, addresses[candidate.host]) for candidate in candidates]
        )
        if not targets:
            return
        limit = max(self._options.connections - _SPARE, 1)
        self._left_out = max(len(targets) - limit, 0)
        ports = len(targets) - self._left_out
        self.steps.put_nowait(
            ProbeStarted(seconds=self._now(), ports=ports, left_out=self._left_out)
        )
        options, deadline = self._options, time.monotonic() + max(self._left() - _QUIT, 0)
        self._prober = Prober(options.connections, deadline, options.ca_file, self._domain)
        await gather_all(*(self._probe_target(target, self._prober) for target in targets[:limit]))

    async def _probe_target(self, target: Target, prober: Prober) -> None:
        probe = await prober.probe(*target)
        if probe is None:
            return
        probe = replace(probe, seconds=self._now())
        if probe.is_reached:
            probe = replace(
                probe,
                values=values_of(probe, self._query),
                reason=reason_of(probe, self._query),
                notes=tuple(notes_of(probe, [probe], self._query)),
            )
        self._probes.append(probe)
        self.steps.put_nowait(probe)
