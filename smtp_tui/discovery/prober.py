"""Probe one port at one address with dialogues up to EHLO, without credentials."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import replace

from smtp_tui.diagnosis.verdict import CheckSummary
from smtp_tui.discovery.steps import OK, Candidate, ProbeResult
from smtp_tui.settings.choices import Encryption, VerifyMode
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import Cause, Stage
from smtp_tui.smtp.session import CheckLimits, check

# Seconds to connect: a port that drops packets gets no longer.
CONNECT_LIMIT = 3.0
# Seconds per connection, without QUIT; minimum seconds to begin another; and the share of the time
# that the first may take.
PROBE_LIMIT, LEAST, SHARE = 6.0, 0.3, 0.6
# Causes of a rejection by stage; the server's reply is not interpreted.
_REFUSALS = {
    Stage.GREETING: "greeting-refused",
    Stage.EHLO: "ehlo-refused",
    Stage.TLS: "starttls-refused",
}
_CLOSING = 421
# Causes on an implicit TLS port (TLS from the first byte) when the client awaits a greeting.
_SILENT = {Cause.GREETING_TIMEOUT, Cause.IMPLICIT_TLS_EXPECTED, Cause.SERVER_CLOSED}


def _cause_of(seen: CheckSummary) -> str | None:
    """Return why a connection ended early; None if it got through EHLO."""
    end = seen.finished
    if end is None:
        return Cause.CONNECT_TIMEOUT
    if end.fault is Cause.REFUSED:
        closing = end.reply and end.reply.code == _CLOSING
        return "server-busy" if closing else _REFUSALS.get(end.stage, Cause.REFUSED)
    return end.fault and end.fault.value


def _fails_certificate(seen: CheckSummary) -> bool:
    return (_cause_of(seen) or "").startswith("certificate-")


def _offered(seen: CheckSummary, *, encrypted: bool) -> tuple[str, ...] | None:
    """Return the mechanisms offered before or inside TLS; None if EHLO got no reply."""
    offers = [offer.mechanisms for offer in seen.offers if offer.encrypted is encrypted]
    return offers[-1] if offers else None


# An address, and the candidates of one port whose hosts resolve to it, the best first.
Target = tuple[str, list[Candidate]]


def probe_targets(found: Sequence[tuple[Candidate, tuple[str, ...]]]) -> list[Target]:
    """Group candidates by address and port, in their order.

    Only a host's first IPv4 and first IPv6 address are used.
    """
    candidates: dict[tuple[str, int], list[Candidate]] = {}
    for candidate, addresses in found:
        four = [address for address in addresses if ":" not in address]
        six = [address for address in addresses if ":" in address]
        for address in four[:1] + six[:1]:
            candidates.setdefault((address, candidate.port), []).append(candidate)
    return [(address, candidates[address, port]) for address, port in candidates]


class Prober:
    """Opens the connections of a search, `limit` at most and until `deadline` (monotonic).

    `domain` is the EHLO name.
    """

    def __init__(
        self, limit: int, deadline: float, ca_file: str | None = None, domain: str | None = None
    ) -> None:
        self.used = 0
        self._limit = limit
        self._deadline = deadline
        self._ca_file = ca_file
        self._domain = domain

    async def probe(self, address: str, candidates: Sequence[Candidate]) -> ProbeResult | None:
        """Return the result of a probe; None if no connection was left."""
        connections = 0

        async def connect(
            candidate: Candidate, encryption: Encryption, verify: VerifyMode = VerifyMode.PEER
        ) -> CheckSummary | None:
            nonlocal connections
            left = self._deadline - time.monotonic()
            # The first connection leaves time for another.
            seconds = min(PROBE_LIMIT, left if connections else SHARE * left)
            if (connections and seconds < LEAST) or self.used >= self._limit:
                return None
            connections += 1
            self.used += 1
            return await self._connect(address, candidate, encryption, verify, seconds)

        began = time.monotonic()
        candidate = candidates[0]
        encryption = candidate.expected
        seen = await connect(candidate, encryption)
        if seen is None:
            return None
        # The port's encryption may not be the one that its number implies.
        other, cause = None, _cause_of(seen)
        if encryption is Encryption.SSL and cause == Cause.PLAIN_TEXT_EXPECTED:
            other = Encryption.TLS
        elif encryption is not Encryption.SSL and cause in _SILENT and seen.greeting is None:
            other = Encryption.SSL
        if other:
            found = await connect(candidate, other)
            if found and (found.greeting or found.chain):
                encryption, seen = other, found
        # The certificate may be for the host of another candidate.
        if _cause_of(seen) == Cause.CERTIFICATE_NAME_MISMATCH and seen.chain:
            leaf = seen.chain[0]
            named = (other for other in candidates[1:] if leaf.is_for(other.host))
            if fitting := next(named, None):
                found = await connect(fitting, encryption)
                if found and _cause_of(found) != Cause.CERTIFICATE_NAME_MISMATCH:
                    candidate, seen = fitting, found
        # Connecting without verification shows the server behind an invalid certificate.
        inside = None
        if _fails_certificate(seen):
            inside = await connect(candidate, encryption, VerifyMode.NONE)
        result = _result(address, candidate, encryption, seen, inside)
        return replace(result, took=time.monotonic() - began, connections=connections)

    async def _connect(
        self,
        address: str,
        candidate: Candidate,
        encryption: Encryption,
        verify: VerifyMode,
        seconds: float,
    ) -> CheckSummary:
        settings = parse_settings(
            {
                "host": address,
                "port": candidate.port,
                "server_name": candidate.host,
                "encryption": encryption.value,
                "authentication": "none",
                "openssl_verify_mode": verify.value,
                "timeout": max(seconds, 0.1),
                "ca_file": self._ca_file,
                "domain": self._domain,
            }
        ).settings
        if settings is None:
            raise AssertionError("a candidate holds what settings can")
        seen = CheckSummary()
        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_LIMIT) as patience:
                # No extra TLS probe of a silent port: the next connection does that.
                async with aclosing(check(settings, limits=CheckLimits(extra=0))) as events:
                    async for event in events:
                        seen.add(event)
                        if seen.connected:
                            patience.reschedule(None)
        return seen


def _result(
    address: str,
    candidate: Candidate,
    encryption: Encryption,
    seen: CheckSummary,
    inside: CheckSummary | None,
) -> ProbeResult:
    """Combine the summaries of `seen` and of `inside`, which accepted any certificate."""
    cause, fails = _cause_of(seen), _fails_certificate(seen)
    greeting = seen.greeting or (inside.greeting if inside else None)
    established = (inside and inside.established) or seen.established
    before, after = (_offered(seen, encrypted=encrypted) for encrypted in (False, True))
    if after is None and inside:
        after = _offered(inside, encrypted=True)
    begins_unencrypted = encryption is not Encryption.SSL
    without_tls = cause == Cause.STARTTLS_NOT_OFFERED
    # The encryption that reached a mail server, or failed only at the certificate.
    reached: Encryption | None = encryption
    if without_tls:
        reached = Encryption.NONE
    elif not greeting and not (fails and inside is None):
        reached = None
    starttls = None
    if begins_unencrypted and (without_tls or before is not None):
        starttls = not without_tls and bool(seen.chain)
    return ProbeResult(
        candidate=candidate,
        address=address,
        cause=None if without_tls else cause,
        encryption=reached,
        plain=before is not None if begins_unencrypted and seen.connected else None,
        starttls=starttls,
        tls=bool(seen.chain) if not begins_unencrypted and seen.connected else None,
        greeting=greeting,
        version=established.version if established else None,
        certificate=seen.chain[0] if seen.chain else None,
        trusted=cause if fails else (OK if seen.established else None),
        also=tuple(fault.value for fault in seen.finished.also) if seen.finished else (),
        before=before,
        after=after,
    )
