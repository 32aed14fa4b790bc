"""The round trips of a check against the least that the protocol allows."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.calls import environment, ours, seconds_of, swaks
from tests.benchmarks.delay import delayed
from tests.benchmarks.results import Result
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers

ROUND_TRIP = 0.05

# EHLO, STARTTLS, ClientHello (TLS 1.3, RFC 8446 section 2), Finished with EHLO, AUTH with its
# initial response, QUIT: nothing may be sent before the reply to what came before (RFC 3207 and
# RFC 4954 forbid to pipeline STARTTLS and AUTH).
LEAST = 6


def results(servers: MailServers) -> Iterator[Result]:
    """Count how often a client speaks after it has heard something."""
    env = environment(servers)
    port = servers.ports[Listener.STARTTLS_OFFERED]
    with delayed(servers.addresses[0], port, ROUND_TRIP) as proxy:
        for name, call in (("smtp-tui", ours), ("swaks", swaks)):
            seconds_of(call(servers, proxy.ports[0]), env)
            (turns,) = proxy.turns()
            bound = 1.0 if name == "smtp-tui" else None
            figures = f"{turns} after the greeting where {LEAST} are needed"
            yield Result(f"round trips of {name}", figures, turns / LEAST, at_most=bound)
