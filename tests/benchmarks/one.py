"""One check, the whole process, against swaks doing the same on the same server."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.calls import Pair, compare, environment, ours, swaks
from tests.benchmarks.delay import delayed
from tests.benchmarks.results import Result
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers

ROUND_TRIP = 0.05


def results(servers: MailServers) -> Iterator[Result]:
    """Where start-up is all there is, and where the network is."""
    env = environment(servers)
    port = servers.ports[Listener.STARTTLS_OFFERED]
    near = compare(ours(servers, port), swaks(servers, port), env, times=25)
    yield _result("one check on loopback", near, at_most=1.6)
    with delayed(servers.addresses[0], port, ROUND_TRIP) as proxy:
        (far_port,) = proxy.ports
        far = compare(ours(servers, far_port), swaks(servers, far_port), env, times=7)
    yield _result("one check behind 50 ms", far, at_most=1.1)


def _result(what: str, pair: Pair, at_most: float) -> Result:
    first, second = pair.medians
    figures = f"smtp-tui {first * 1000:.0f} ms, swaks {second * 1000:.0f} ms"
    return Result(what, figures, pair.ratio, at_most=at_most)
