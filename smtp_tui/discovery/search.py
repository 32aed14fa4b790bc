"""Which of the ports that answered is the best choice and why, or why there is none.

The search for settings, as a stream of steps: ask DNS and the domain, probe, choose.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import replace

from smtp_tui.diagnosis.causes import label
from smtp_tui.discovery.candidates import USUAL, DnsAnswers, default_candidates, distinct
from smtp_tui.discovery.dns import Answer, AnswerState, Resolver, gather_all
from smtp_tui.discovery.prober import Budget, PortProber, ProbeOptions, ProbeTarget, probe_targets
from smtp_tui.discovery.steps import (
    Candidate,
    CandidateSource,
    Finding,
    ProbeResult,
    ProbeStarted,
    SearchQuery,
    SearchResult,
    Step,
    text,
)
from smtp_tui.providers.provider import Provider, User
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.smtp.ehlo import own_name
from smtp_tui.smtp.events import Cause

_MOST_NAMES = 4


@record(kw_only=True)
class RankedChoice:
    """A probe of a candidate, worth choosing more than those after it."""

    probe: ProbeResult
    candidate: Candidate

    @property
    def worth(self) -> tuple[int, bool, tuple[int, int], int, int, int]:
        """What counts first sorts first."""
        # A certificate that does not hold is worth more than none: it can be fixed, while an
        # unencrypted connection gives everything away.
        probe = self.probe
        if probe.cause is None:
            grade = 0 if probe.is_encrypted else 2
        else:
            grade = 1 if probe.trusted else 3
        return (
            grade,
            not probe.mechanisms,
            self.candidate.rank,
            probe.encryption is not Encryption.SSL,
            USUAL.index(probe.port) if probe.port in USUAL else 0,
            ":" in probe.address,
        )


def ranked(
    probes: Sequence[ProbeResult], candidates: Mapping[tuple[str, int], Candidate]
) -> list[RankedChoice]:
    """Return the probes that reached a mail server, the best choice first."""
    choices = [
        RankedChoice(probe=probe, candidate=candidates[probe.host, probe.port])
        for probe in probes
        if probe.is_reached
    ]
    return sorted(choices, key=lambda choice: choice.worth)


def values_of(choice: RankedChoice, query: SearchQuery) -> dict[str, object]:
    """The values for our fields; what only the admin knows is left out."""
    probe, candidate = choice.probe, choice.candidate
    values: dict[str, object] = {
        "host": probe.host,
        "port": probe.port,
        "encryption": (probe.encryption or Encryption.NONE).value,
    }
    username = candidate.username
    if provider := candidate.provider:
        username = query.address if provider.user is User.ADDRESS else provider.username
        if provider.authentication[0] is not Authentication.AUTO:
            values["authentication"] = provider.authentication[0].value
    if username:
        values["username"] = username
    return values


def reason_of(choice: RankedChoice, query: SearchQuery) -> str:
    """Say in one sentence how it is known and what speaks for it."""
    probe, candidate = choice.probe, choice.candidate
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
    choice: RankedChoice, probes: Sequence[ProbeResult], query: SearchQuery
) -> Iterator[str]:
    """Say what else an admin must know before taking it."""
    probe, candidate = choice.probe, choice.candidate
    if probe.cause:
        yield text("notes", "near", cause=label(probe.cause))
        if probe.certificate and "certificate-name-mismatch" in (probe.cause, *probe.also):
            names = ", ".join(probe.certificate.names[:_MOST_NAMES]) or "no name"
            yield text("notes", "certificate-names", names=names)
    if probe.encryption is Encryption.NONE:
        yield text("notes", "plain")
    if not probe.mechanisms and probe.cause is None:
        yield text("notes", "no-login")
    # Anybody on the way could have put a name of elsewhere into DNS (RFC 6186, section 6).
    inside = candidate.host == query.name or candidate.host.endswith(f".{query.name}")
    if candidate.source is CandidateSource.SRV and not inside and not candidate.secure:
        yield text("notes", "outside", host=candidate.host, name=query.name)
    for other in probes:
        same = (other.host, other.port) == (probe.host, probe.port) and other is not probe
        if same and other.cause and other.cause != probe.cause:
            family = "IPv6" if ":" in other.address else "IPv4"
            yield text("notes", "one-family", family=family, cause=label(other.cause))
    if candidate.provider:
        yield text("notes", "user", text=candidate.provider.username_is)
        yield text("notes", "password", text=candidate.provider.password_is)
        if candidate.provider.page:
            yield text("notes", "page", text=candidate.provider.page)
        yield from candidate.provider.notes


def result_of(
    query: SearchQuery,
    candidates: Sequence[Candidate],
    probes: Sequence[ProbeResult],
    states: set[AnswerState],
) -> SearchResult:
    """Judge a search by its probes; `states` are what became of the questions about the name."""
    by_port = {(candidate.host, candidate.port): candidate for candidate in candidates}
    choices = ranked(probes, by_port)
    if choices:
        best = choices[0]
        provider = best.candidate.provider
        return SearchResult(
            seconds=0,
            ok=best.probe.cause is None,
            values=values_of(best, query),
            cause=best.probe.cause,
            source=best.candidate.source,
            provider=provider.id if provider else None,
            reason=reason_of(best, query),
            notes=tuple(notes_of(best, probes, query)),
            knocks=len(probes),
        )
    if probes:
        telling = min(probes, key=lambda probe: by_port[probe.host, probe.port].rank)
        cause = telling.cause or Cause.NOT_SMTP.value
        reason = text("nothing", "unreachable", count=len(probes))
    elif states <= {AnswerState.FAILED}:
        cause, reason = Cause.RESOLVER_FAILED.value, text("nothing", "failed", name=query.name)
    else:
        absent = AnswerState.NO_NAME in states and states <= {
            AnswerState.NO_NAME,
            AnswerState.FAILED,
        }
        cause = Cause.HOST_NOT_FOUND.value
        reason = text("nothing", "no-name" if absent else "no-host", name=query.name)
    return SearchResult(seconds=0, ok=False, cause=cause, reason=reason, knocks=len(probes))


# rf


TIMEOUT = 10.0
CONNECTIONS = 24
# Connections that are kept for a second look, and seconds for the last QUIT.
_SPARE, _QUIT = 4, 0.5
# The share of the time that asking may take, and the seconds; the web's share of these; the same
# for the addresses of a host; the seconds for this machine's own name.
_ASKING_SHARE, _ASKING, _WEB_SHARE = 0.5, 5.0, 0.9
_RESOLVING_SHARE, _RESOLVING = 0.3, 3.0
_OWN_NAME = 1.0


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
