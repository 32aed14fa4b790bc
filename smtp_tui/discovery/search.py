"""The search for settings, as a stream of steps: ask, knock, choose."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from smtp_tui.discovery.asking import Asked
from smtp_tui.discovery.asking_web import web_places
from smtp_tui.discovery.choosing import Choice, notes_of, reason_of, values_of
from smtp_tui.discovery.knocking import Budget, Door, Knocker, Manner, doors
from smtp_tui.discovery.outcome import result_of
from smtp_tui.discovery.places import Place, distinct, guesses
from smtp_tui.discovery.resolver import Answer, Resolver, State
from smtp_tui.discovery.steps import Finding, Knock, Knocking, Result, Step
from smtp_tui.discovery.subject import Subject
from smtp_tui.discovery.texts import text
from smtp_tui.discovery.together import together
from smtp_tui.providers.provider import Provider
from smtp_tui.records import record
from smtp_tui.smtp.naming import own_name

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
class Wish:
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


async def discover(subject: Subject, wish: Wish) -> AsyncGenerator[Step, None]:
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

    def __init__(self, subject: Subject, wish: Wish, steps: asyncio.Queue[Step | None]) -> None:
        self._subject = subject
        self._wish = wish
        self._steps = steps
        self._started = time.monotonic()
        self._budget = Budget(wish.connections)
        self._asked = Asked(subject, wish.resolver, wish.providers, self._tell)
        self._domain = wish.domain
        self._knocks: list[Knock] = []
        self._left_out = 0

    async def run(self) -> None:
        """Ask, knock at what came of it, and choose."""
        asking = min(_ASKING, _ASKING_SHARE * self._wish.timeout)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(asking):
                await together(
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

    def _tell(self, identity: str, place: Place | None = None, /, **names: object) -> None:
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

    def _places(self) -> list[Place]:
        asked = self._asked
        exchange = None if any(one.provider for one in asked.places) else asked.exchange
        is_domain = asked.is_domain and not self._subject.is_address
        closed = frozenset(asked.closed)
        usual = guesses(self._subject.name, exchange, is_domain=is_domain, closed=closed)
        return distinct([*asked.places, *usual])

    async def _doors(self, places: list[Place]) -> list[Door]:
        hosts = list(dict.fromkeys(place.host for place in places))
        known = await together(*(self._addresses(host, places) for host in hosts))
        addresses = dict(zip(hosts, known, strict=True))
        return doors([(place, addresses[place.host]) for place in places])

    async def _addresses(self, host: str, places: list[Place]) -> tuple[str, ...]:
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

    async def _knock(self, found: list[Door]) -> None:
        if not found:
            return
        most = max(self._wish.connections - _SPARE, 1)
        self._left_out = max(len(found) - most, 0)
        ports = len(found) - self._left_out
        self._steps.put_nowait(Knocking(seconds=self._now(), ports=ports, left_out=self._left_out))
        deadline = time.monotonic() + max(self._left() - _FAREWELL, 0)
        manner = Manner(deadline=deadline, ca_file=self._wish.ca_file, domain=self._domain)
        await together(*(self._knock_at(door, manner) for door in found[:most]))

    async def _knock_at(self, door: Door, manner: Manner) -> None:
        knock = await Knocker(door, manner, self._budget).knock()
        if knock is not None:
            told = replace(knock, seconds=self._now())
            if told.is_reached:
                told = self._judged(told, door)
            self._knocks.append(told)
            self._steps.put_nowait(told)

    def _judged(self, knock: Knock, door: Door) -> Knock:
        place = next(one for one in door.places if one.host == knock.host)
        choice = Choice(knock=knock, place=place)
        return replace(
            knock,
            values=values_of(choice, self._subject),
            reason=reason_of(choice, self._subject),
            notes=tuple(notes_of(choice, [knock], self._subject)),
            worth=choice.worth,
        )

    def _result(self, places: list[Place]) -> Result:
        found = result_of(self._subject, places, self._knocks, self._asked.states)
        notes = found.notes
        if self._left_out:
            names = {"count": self._left_out, "limit": self._wish.connections}
            notes = (*notes, text("notes", "left-out", **names))
        return replace(found, seconds=self._now(), notes=notes, connections=self._budget.used)
