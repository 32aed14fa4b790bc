"""Look at all mail servers of a domain, at all addresses, as a server that sends to it does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from smtp_tui.checks.port_experiments import port_experiments
from smtp_tui.checks.run import probe
from smtp_tui.checks.senders import OK, MtaSummary, MxSide
from smtp_tui.diagnosis.causes import label
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.discovery import dane
from smtp_tui.discovery.dane import DANE_TA, TlsaResult, TlsaState
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.exchanges import PORT, ExchangesAnswer, MailExchange, exchanges_of
from smtp_tui.discovery.mta_sts import StsPolicy, fetch_policy
from smtp_tui.settings.choices import VerifyMode
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.addresses import THIS_MACHINE, Network
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Cause, Stage
from smtp_tui.smtp.redaction import Redactor
from smtp_tui.smtp.session import CheckLimits
from smtp_tui.smtp.tls import AnchorPem, TlsContextError, client_context
from smtp_tui.threads import in_daemon_thread

SECONDS = 30.0
AT_ONCE = 16
# Of the seconds that are left, what one connection may take: servers delay their greeting.
_SHARE = 0.7
# Seconds for the ports of an address, if no server can be reached.
_TRACE = 5.0


async def run_as_mta(
    domain: str,
    resolver: Resolver,
    *,
    seconds: float = SECONDS,
    network: Network = THIS_MACHINE,
    on_side: Callable[[MxSide], None] = lambda _: None,
) -> MtaSummary:
    """Return what senders find at a domain's mail servers within `seconds`.

    `on_side` gets each address when it is done, in no order.
    No login, no envelope, no message: each dialogue ends after the EHLO inside TLS.
    """
    look = _Look(domain, resolver, seconds, network)
    look.on_side = on_side
    return await look.run()


class _Look:
    """One look at a domain."""

    def __init__(self, domain: str, resolver: Resolver, seconds: float, network: Network) -> None:
        self._domain = domain
        self._resolver = resolver
        self._network = network
        self._started = time.monotonic()
        self._ends_at = self._started + seconds
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._authorities: tuple[bytes, ...] | None = None
        self._is_dnssec = False
        self.on_side: Callable[[MxSide], None] = lambda _: None

    def _left(self) -> float:
        return max(0.1, self._ends_at - time.monotonic())

    async def run(self) -> MtaSummary:
        """Ask DNS, then all servers at once."""
        fetching = asyncio.create_task(
            fetch_policy(self._domain, self._resolver, limit=self._left(), network=self._network)
        )
        try:
            answer = await exchanges_of(self._domain, self._resolver)
            policy = await fetching
        finally:
            fetching.cancel()
        self._is_dnssec = answer.is_secure
        usable = policy if isinstance(policy, StsPolicy) and policy.mode != "none" else None
        sides, late = await self._sides(answer, usable)
        summary = MtaSummary(
            domain=self._domain, answer=answer, sides=_within_reach(sides), policy=policy, late=late
        )
        trace = None if summary.is_reached else await self._trace(sides)
        return replace(summary, trace=trace, seconds=time.monotonic() - self._started)

    async def _sides(
        self, answer: ExchangesAnswer, policy: StsPolicy | None
    ) -> tuple[list[MxSide], bool]:
        """Return all sides in the order of their servers, and whether the time was up before."""
        empty = [
            MxSide(exchange=exchange, address=address, policy=policy)
            for exchange in answer.hosts
            for address in exchange.addresses or (None,)
        ]
        tasks = {
            number: asyncio.create_task(self._look_at(side))
            for number, side in enumerate(empty)
            if side.address
        }
        try:
            if tasks:
                await asyncio.wait(tasks.values(), timeout=self._left())
            done = {number: task.result() for number, task in tasks.items() if task.done()}
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
        sides = [done.get(number, side) for number, side in enumerate(empty)]
        return sides, len(done) < len(tasks)

    async def _look_at(self, side: MxSide) -> MxSide:
        async with self._slots:
            began = time.monotonic()
            settings = _settings(side.exchange, side.address or "")
            verified = await self._probe(settings, Stage.EHLO)
            verdict, certificate = verified, None
            if verified.cause and verified.cause.startswith("certificate-"):
                # A plain sender goes on with any certificate.
                certificate = verified.cause
                unverified = replace(settings, openssl_verify_mode=VerifyMode.NONE)
                verdict = await self._probe(unverified, Stage.EHLO)
            elif verified.ok and verified.tls:
                certificate = OK
            chain = verdict.facts.chain if verdict.facts else ()
            done = replace(
                side,
                verdict=verdict,
                certificate=certificate,
                tlsa=await self._tlsa(side.exchange, chain, settings),
                right_record=dane.right_record(chain, PORT, side.exchange.host),
                seconds=time.monotonic() - began,
            )
            self.on_side(done)
            return done

    async def _probe(
        self, settings: Settings, until: Stage, trust: AnchorPem | None = None
    ) -> Verdict:
        limits = CheckLimits(network=self._network, trust=trust)
        seconds, redactor = round(_SHARE * self._left(), 1), Redactor(None, None)
        _, verdict = await probe(settings, until, limits=limits, seconds=seconds, redactor=redactor)
        return verdict

    async def _tlsa(
        self, exchange: MailExchange, chain: Sequence[Certificate], settings: Settings
    ) -> tuple[TlsaResult, ...]:
        if not chain:
            return ()
        results = []
        for tlsa in exchange.tlsa:
            known = await self._known_authorities() if tlsa.usage == DANE_TA else ()
            result = dane.match(tlsa, chain, known)
            if result.state is TlsaState.MATCH and tlsa.usage == DANE_TA:
                result = dane.with_proof(result, await self._trouble(result, chain, settings))
            results.append(result)
        return tuple(results)

    async def _trouble(
        self, result: TlsaResult, chain: Sequence[Certificate], settings: Settings
    ) -> str:
        """Return why the chain does not lead to the authority of a record; empty if it does."""
        anchor = AnchorPem(chain[result.matches or 0].pem)
        verdict = await self._probe(settings, Stage.TLS, anchor)
        if verdict.ok:
            return ""
        # A sender also accepts the name of the domain itself (RFC 7672, section 3.2.2).
        is_for_domain = self._is_dnssec and chain[0].is_for(self._domain) and not verdict.also
        if verdict.cause == Cause.CERTIFICATE_NAME_MISMATCH and is_for_domain:
            return ""
        return label(verdict.cause or "")

    async def _known_authorities(self) -> tuple[bytes, ...]:
        """Return this machine's CA certificates in DER."""
        if self._authorities is None:
            self._authorities = ()
            settings = _settings(MailExchange(host="localhost", preference=0), "127.0.0.1")
            with suppress(TlsContextError, TimeoutError, OSError):
                context = await in_daemon_thread(lambda: client_context(settings), self._left())
                self._authorities = tuple(context.get_ca_certs(binary_form=True))
        return self._authorities

    async def _trace(self, sides: Sequence[MxSide]) -> Verdict | None:
        """Return the first verdict again, with what the other ports of its address show."""
        first = next((side for side in sides if side.verdict), None)
        if first is None or first.verdict is None or first.verdict.facts is None:
            return None
        settings, facts = _settings(first.exchange, first.address or ""), first.verdict.facts
        tasks = port_experiments(settings, facts, first.verdict.cause, _TRACE, self._network)
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=_TRACE)
            for task in tasks:
                if task.done() and (experiment := task.result()):
                    facts.add(experiment)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return diagnose(settings, facts, 0)


def _settings(exchange: MailExchange, address: str) -> Settings:
    values = {
        "host": address,
        "port": PORT,
        "encryption": "none",
        "starttls_auto": True,
        "server_name": exchange.host,
        "openssl_verify_mode": "peer",
    }
    settings = parse_settings(values).settings
    if settings is None:
        raise AssertionError("exchanges_of passes only names and addresses that can be used")
    return settings


def _within_reach(sides: Sequence[MxSide]) -> tuple[MxSide, ...]:
    """Mark the addresses of a family that this machine has no route to, if another one works."""
    routes = {
        ":" in (side.address or "")
        for side in sides
        if side.verdict and side.verdict.cause != Cause.NETWORK_UNREACHABLE
    }
    if len(routes) != 1:
        return tuple(sides)
    return tuple(
        replace(
            side, is_out_of_reach=side.address is not None and (":" in side.address) not in routes
        )
        for side in sides
    )
