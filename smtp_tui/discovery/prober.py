"""One connection of a search: a dialogue up to EHLO, that has no credential to give away.

Knocking at one port of one address: in the likely way, and in another where that tells more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

from smtp_tui.discovery.candidates import Candidate
from smtp_tui.discovery.steps import OK, ProbeResult
from smtp_tui.records import record
from smtp_tui.settings.choices import Encryption, VerifyMode
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import (
    Capabilities,
    Cause,
    Connected,
    Event,
    Finished,
    Received,
    Stage,
    TlsEstablished,
    TlsFailed,
)
from smtp_tui.smtp.session import Limits, check

# Seconds: a port that drops packets is not waited for any longer.
CONNECT_LIMIT = 3.0
# What a refusal is called where nobody reads the server's words.
_REFUSALS = {
    Stage.GREETING: "greeting-refused",
    Stage.EHLO: "ehlo-refused",
    Stage.TLS: "starttls-refused",
}
_CLOSING = 421


@dataclass(slots=True)
class ConnectionReport:
    """What one connection showed."""

    connected: bool = False
    greeting: str | None = None
    before: tuple[str, ...] | None = None
    after: tuple[str, ...] | None = None
    established: TlsEstablished | None = None
    chain: tuple[Certificate, ...] = ()
    end: Finished | None = None

    @property
    def cause(self) -> str | None:
        """Why it ended before its time; None where it got through EHLO."""
        if self.end is None:
            return Cause.CONNECT_TIMEOUT
        if self.end.fault is Cause.REFUSED:
            closing = self.end.reply and self.end.reply.code == _CLOSING
            return "server-busy" if closing else _REFUSALS.get(self.end.stage, Cause.REFUSED)
        return self.end.fault and self.end.fault.value

    @property
    def is_about_certificate(self) -> bool:
        """Whether it ended because the server's certificate does not hold."""
        return (self.cause or "").startswith("certificate-")

    def add(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case Connected():
                self.connected = True
            case Received(reply=reply) if self.greeting is None:
                self.greeting = reply.text
            case Capabilities(encrypted=False, mechanisms=mechanisms):
                self.before = mechanisms
            case Capabilities(mechanisms=mechanisms):
                self.after = mechanisms
            case TlsEstablished(chain=chain):
                self.established, self.chain = event, chain
            case TlsFailed(chain=chain):
                self.chain = chain
            case Finished():
                self.end = event
            case _:
                pass


async def probe_connection(
    address: str,
    port: int,
    way: Encryption,
    *,
    name: str,
    seconds: float,
    ca_file: str | None = None,
    domain: str | None = None,
    verify: VerifyMode = VerifyMode.PEER,
) -> ConnectionReport:
    """Look at a port of an address in one way, as the host `name`, for `seconds` at most."""
    settings = parse_settings(
        {
            "host": address,
            "port": port,
            "server_name": name,
            "encryption": way.value,
            "authentication": "none",
            "openssl_verify_mode": verify.value,
            "timeout": max(seconds, 0.1),
            "ca_file": ca_file,
            "domain": domain,
        }
    ).settings
    if settings is None:
        raise AssertionError("a place holds what settings can")
    seen = ConnectionReport()
    with suppress(TimeoutError):
        async with asyncio.timeout(CONNECT_LIMIT) as patience:
            async with aclosing(check(settings, limits=Limits(extra=0))) as events:
                async for event in events:
                    seen.add(event)
                    if seen.connected:
                        patience.reschedule(None)
    return seen


# Seconds that one connection has, QUIT aside, the least that another is begun with, and the share
# of the time that the first may take.
LOOK_LIMIT, LEAST, SHARE = 6.0, 0.3, 0.6
# How a port that wants TLS from the first byte looks to who waits for a greeting.
_SILENT = {Cause.GREETING_TIMEOUT, Cause.IMPLICIT_TLS_EXPECTED, Cause.SERVER_CLOSED}


class Budget:
    """Connections that may still be opened."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self.used = 0

    def take(self) -> bool:
        """Whether one more may be opened; it counts from now on."""
        if self._left < 1:
            return False
        self._left -= 1
        self.used += 1
        return True


@record(kw_only=True)
class ProbeTarget:
    """A port at an address, and the places whose names lead there, the best known first."""

    address: str
    places: tuple[Candidate, ...]

    @property
    def place(self) -> Candidate:
        """What it is knocked at as."""
        return self.places[0]


@record(kw_only=True)
class ProbeOptions:
    """How to knock: what to trust, the name to give, and until when (monotonic)."""

    deadline: float
    ca_file: str | None = None
    domain: str | None = None


class PortProber:
    """Knocks at one door."""

    def __init__(self, door: ProbeTarget, manner: ProbeOptions, budget: Budget) -> None:
        self._door = door
        self._manner = manner
        self._budget = budget
        self._looks = 0
        self._place = door.place

    async def knock(self) -> ProbeResult | None:
        """Return what is there; None where no connection was left to ask."""
        began = time.monotonic()
        way = self._place.expected
        seen = await self._look(way)
        if seen is None:
            return None
        way, seen = await self._other_way(way, seen)
        seen = await self._under_another_name(way, seen)
        inside = seen
        if seen.is_about_certificate:
            inside = await self._look(way, verify=VerifyMode.NONE) or seen
        return self._told(way, seen, inside, time.monotonic() - began)

    async def _look(
        self, way: Encryption, verify: VerifyMode = VerifyMode.PEER
    ) -> ConnectionReport | None:
        left = self._manner.deadline - time.monotonic()
        # The first leaves time for another.
        seconds = min(LOOK_LIMIT, left if self._looks else SHARE * left)
        if (self._looks and seconds < LEAST) or not self._budget.take():
            return None
        self._looks += 1
        return await probe_connection(
            self._door.address,
            self._place.port,
            way,
            name=self._place.host,
            seconds=seconds,
            ca_file=self._manner.ca_file,
            domain=self._manner.domain,
            verify=verify,
        )

    async def _other_way(
        self, way: Encryption, seen: ConnectionReport
    ) -> tuple[Encryption, ConnectionReport]:
        """Take a port for what it is where it is not what was expected."""
        if way is Encryption.SSL and seen.cause == Cause.PLAIN_TEXT_EXPECTED:
            other = Encryption.TLS
        elif way is not Encryption.SSL and seen.cause in _SILENT and seen.greeting is None:
            other = Encryption.SSL
        else:
            return way, seen
        found = await self._look(other)
        if found is None or not (found.greeting or found.chain):
            return way, seen
        return other, found

    async def _under_another_name(
        self, way: Encryption, seen: ConnectionReport
    ) -> ConnectionReport:
        """Take the name that the certificate is for, where one of those known leads here too."""
        if seen.cause != Cause.CERTIFICATE_NAME_MISMATCH or not seen.chain:
            return seen
        fitting = (one for one in self._door.places[1:] if seen.chain[0].is_for(one.host))
        if (place := next(fitting, None)) is None:
            return seen
        before, self._place = self._place, place
        found = await self._look(way)
        if found is None or found.cause == Cause.CERTIFICATE_NAME_MISMATCH:
            self._place = before
            return seen
        return found

    def _told(
        self, way: Encryption, seen: ConnectionReport, inside: ConnectionReport, took: float
    ) -> ProbeResult:
        cause, place = seen.cause, self._place
        link = inside.established or seen.established
        open_only = cause == Cause.STARTTLS_NOT_OFFERED
        in_clear = way is not Encryption.SSL
        return ProbeResult(
            seconds=0,
            took=took,
            host=place.host,
            port=place.port,
            address=self._door.address,
            source=place.source,
            cause=None if open_only else cause,
            encryption=_reached(way, seen, inside),
            plain=seen.before is not None if in_clear and seen.connected else None,
            starttls=_starttls(seen, open_only=open_only) if in_clear else None,
            tls=bool(seen.chain) if not in_clear and seen.connected else None,
            greeting=seen.greeting or inside.greeting,
            version=link.version if link else None,
            certificate=seen.chain[0] if seen.chain else None,
            trusted=_trusted(seen),
            also=tuple(fault.value for fault in seen.end.also) if seen.end else (),
            before=seen.before,
            after=seen.after if seen.after is not None else inside.after,
            connections=self._looks,
        )


def _reached(
    way: Encryption, seen: ConnectionReport, inside: ConnectionReport
) -> Encryption | None:
    """The way in which a mail server was met, or one that nobody has asked behind its TLS."""
    if seen.cause == Cause.STARTTLS_NOT_OFFERED:
        return Encryption.NONE
    unasked = inside is seen and seen.is_about_certificate
    return way if seen.greeting or inside.greeting or unasked else None


def _starttls(seen: ConnectionReport, *, open_only: bool) -> bool | None:
    if open_only:
        return False
    return bool(seen.chain) if seen.before is not None else None


def _trusted(seen: ConnectionReport) -> str | None:
    if seen.is_about_certificate:
        return seen.cause
    return OK if seen.established else None


def probe_targets(places: Sequence[tuple[Candidate, tuple[str, ...]]]) -> list[ProbeTarget]:
    """Put together what leads to the same port of the same address; the order stays.

    Of a host's addresses the first of each family counts.
    """
    leading: dict[tuple[str, int], list[Candidate]] = {}
    for place, addresses in places:
        for address in _one_each(addresses):
            leading.setdefault((address, place.port), []).append(place)
    return [
        ProbeTarget(address=address, places=tuple(known)) for (address, _), known in leading.items()
    ]


def _one_each(addresses: tuple[str, ...]) -> list[str]:
    four = [one for one in addresses if ":" not in one]
    six = [one for one in addresses if ":" in one]
    return four[:1] + six[:1]
