"""Search in the zone of a name server on loopback, and hold it to what every search must keep."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.search import DiscoveryOptions, discover
from smtp_tui.discovery.steps import (
    DiscoveryFinding,
    DiscoveryResult,
    ProbeResult,
    ProbeStarted,
    Step,
    parse_query,
)
from tests.dns.server import NameServer, Zone, name_server

DOMAIN = "example.test"
# Seconds beyond its time-out that a search may take.
GRACE = 1.5


@dataclass(frozen=True)
class Searched:
    """What a search told, and what DNS was asked."""

    steps: tuple[Step, ...]
    server: NameServer
    seconds: float

    @property
    def result(self) -> DiscoveryResult:
        """How it ended."""
        assert isinstance(self.steps[-1], DiscoveryResult)
        return self.steps[-1]

    @property
    def findings(self) -> list[DiscoveryFinding]:
        """What was found without knocking."""
        return [step for step in self.steps if isinstance(step, DiscoveryFinding)]

    @property
    def knocks(self) -> list[ProbeResult]:
        """What was knocked at."""
        return [step for step in self.steps if isinstance(step, ProbeResult)]

    @property
    def left_out(self) -> int:
        """Ports that were not tried."""
        return sum(step.left_out for step in self.steps if isinstance(step, ProbeStarted))

    def ids(self) -> list[str]:
        """The findings by their ids."""
        return [one.id for one in self.findings]

    def knock(self, host: str, port: int, address: str = "127.0.0.1") -> ProbeResult:
        """The one at this port of a host."""
        (found,) = (
            one for one in self.knocks if (one.host, one.port, one.address) == (host, port, address)
        )
        return found


async def search(zone: Zone, text: str = DOMAIN, *, vouches: bool = False, **wish: Any) -> Searched:
    """Search for a name in a zone to the end."""
    before = asyncio.all_tasks()
    with name_server(zone, vouches=vouches) as server:
        wanted = DiscoveryOptions(**{"resolver": Resolver(("127.0.0.1", server.port)), **wish})
        began = time.monotonic()
        async with aclosing(discover(parse_query(text), wanted)) as steps:
            told = tuple([step async for step in steps])
        seconds = time.monotonic() - began
    assert asyncio.all_tasks() == before
    assert [step.seconds for step in told] == sorted(step.seconds for step in told)
    assert isinstance(told[-1], DiscoveryResult)
    assert seconds < wanted.timeout + GRACE
    assert told[-1].connections <= wanted.connections
    return Searched(told, server, seconds)
