"""Knocking at one port of one address: in the likely way, and in another where that tells more."""

from __future__ import annotations

import time
from collections.abc import Sequence

from smtp_tui.discovery.looks import Seen, look
from smtp_tui.discovery.places import Place
from smtp_tui.discovery.steps import OK, Knock
from smtp_tui.records import record
from smtp_tui.settings.choices import Encryption, VerifyMode
from smtp_tui.smtp.events import Fault

# Seconds that one connection has, QUIT aside, the least that another is begun with, and the share
# of the time that the first may take.
LOOK_LIMIT, LEAST, SHARE = 6.0, 0.3, 0.6
# How a port that wants TLS from the first byte looks to who waits for a greeting.
_SILENT = {Fault.GREETING_TIMEOUT, Fault.IMPLICIT_TLS_EXPECTED, Fault.SERVER_CLOSED}


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
class Door:
    """A port at an address, and the places whose names lead there, the best known first."""

    address: str
    places: tuple[Place, ...]

    @property
    def place(self) -> Place:
        """What it is knocked at as."""
        return self.places[0]


@record(kw_only=True)
class Manner:
    """How to knock: what to trust, the name to give, and until when (monotonic)."""

    deadline: float
    ca_file: str | None = None
    domain: str | None = None


class Knocker:
    """Knocks at one door."""

    def __init__(self, door: Door, manner: Manner, budget: Budget) -> None:
        self._door = door
        self._manner = manner
        self._budget = budget
        self._looks = 0
        self._place = door.place

    async def knock(self) -> Knock | None:
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

    async def _look(self, way: Encryption, verify: VerifyMode = VerifyMode.PEER) -> Seen | None:
        left = self._manner.deadline - time.monotonic()
        # The first leaves time for another.
        seconds = min(LOOK_LIMIT, left if self._looks else SHARE * left)
        if (self._looks and seconds < LEAST) or not self._budget.take():
            return None
        self._looks += 1
        return await look(
            self._door.address,
            self._place.port,
            way,
            name=self._place.host,
            seconds=seconds,
            ca_file=self._manner.ca_file,
            domain=self._manner.domain,
            verify=verify,
        )

    async def _other_way(self, way: Encryption, seen: Seen) -> tuple[Encryption, Seen]:
        """Take a port for what it is where it is not what was expected."""
        if way is Encryption.SSL and seen.cause == Fault.PLAIN_TEXT_EXPECTED:
            other = Encryption.TLS
        elif way is not Encryption.SSL and seen.cause in _SILENT and seen.greeting is None:
            other = Encryption.SSL
        else:
            return way, seen
        found = await self._look(other)
        if found is None or not (found.greeting or found.chain):
            return way, seen
        return other, found

    async def _under_another_name(self, way: Encryption, seen: Seen) -> Seen:
        """Take the name that the certificate is for, where one of those known leads here too."""
        if seen.cause != Fault.CERTIFICATE_NAME_MISMATCH or not seen.chain:
            return seen
        fitting = (one for one in self._door.places[1:] if seen.chain[0].is_for(one.host))
        if (place := next(fitting, None)) is None:
            return seen
        before, self._place = self._place, place
        found = await self._look(way)
        if found is None or found.cause == Fault.CERTIFICATE_NAME_MISMATCH:
            self._place = before
            return seen
        return found

    def _told(self, way: Encryption, seen: Seen, inside: Seen, took: float) -> Knock:
        cause, place = seen.cause, self._place
        link = inside.established or seen.established
        open_only = cause == Fault.STARTTLS_NOT_OFFERED
        in_clear = way is not Encryption.SSL
        return Knock(
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


def _reached(way: Encryption, seen: Seen, inside: Seen) -> Encryption | None:
    """The way in which a mail server was met, or one that nobody has asked behind its TLS."""
    if seen.cause == Fault.STARTTLS_NOT_OFFERED:
        return Encryption.NONE
    unasked = inside is seen and seen.is_about_certificate
    return way if seen.greeting or inside.greeting or unasked else None


def _starttls(seen: Seen, *, open_only: bool) -> bool | None:
    if open_only:
        return False
    return bool(seen.chain) if seen.before is not None else None


def _trusted(seen: Seen) -> str | None:
    if seen.is_about_certificate:
        return seen.cause
    return OK if seen.established else None


def doors(places: Sequence[tuple[Place, tuple[str, ...]]]) -> list[Door]:
    """Put together what leads to the same port of the same address; the order stays.

    Of a host's addresses the first of each family counts.
    """
    leading: dict[tuple[str, int], list[Place]] = {}
    for place, addresses in places:
        for address in _one_each(addresses):
            leading.setdefault((address, place.port), []).append(place)
    return [Door(address=address, places=tuple(known)) for (address, _), known in leading.items()]


def _one_each(addresses: tuple[str, ...]) -> list[str]:
    four = [one for one in addresses if ":" not in one]
    six = [one for one in addresses if ":" in one]
    return four[:1] + six[:1]
