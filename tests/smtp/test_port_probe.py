"""Which ports of an address answer, on the loopback interface; `checks/test_egress.py` has more."""

from __future__ import annotations

import errno
import os
import socket
import time

import pytest

from smtp_tui.smtp.addresses import THIS_MACHINE, Endpoint, Network
from smtp_tui.smtp.port_probe import PORTS, SHORTEST, PortOutcome, ProbedAddress, probe_ports
from tests.servers.ports import reserved_ports

LOCALHOST = "127.0.0.1"


async def probe(
    port: int, network: Network = THIS_MACHINE, seconds: float = SHORTEST
) -> ProbedAddress:
    """Probe the ports of localhost."""
    return await probe_ports(Endpoint(socket.AF_INET, (LOCALHOST, port)), None, network, seconds)


async def test_a_port_that_is_open_and_nothing_is_sent() -> None:
    with socket.create_server((LOCALHOST, 0)) as server:
        port = server.getsockname()[1]
        probed = await probe(port)
        server.settimeout(5)
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1) == b""
    assert (probed.address, probed.port) == (LOCALHOST, port)
    assert probed.own.outcome is PortOutcome.OPEN
    assert [reply.port for reply in probed.replies] == sorted({*PORTS, port})
    assert probed.stopped_at is None


async def test_a_port_that_is_closed() -> None:
    with reserved_ports((LOCALHOST,), 1) as (port,):
        probed = await probe(port)
    assert probed.own.outcome is PortOutcome.REFUSED
    assert probed.own.sender is None


async def test_a_port_that_is_silent_ends_in_time() -> None:
    with socket.create_server((LOCALHOST, 0), backlog=1) as server:
        port = server.getsockname()[1]
        # A full queue makes Linux drop further connections.
        filling = [socket.socket() for _ in range(4)]
        for each in filling:
            each.setblocking(False)
            each.connect_ex((LOCALHOST, port))
        started = time.monotonic()
        probed = await probe(port)
        seconds = time.monotonic() - started
        for each in filling:
            each.close()
    assert probed.own.outcome is PortOutcome.SILENT
    assert seconds < SHORTEST


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (errno.EACCES, PortOutcome.DENIED),
        (errno.EPERM, PortOutcome.DENIED),
        (errno.EMFILE, PortOutcome.DENIED),
        (errno.ENETUNREACH, PortOutcome.UNREACHABLE),
        (errno.EADDRNOTAVAIL, PortOutcome.UNREACHABLE),
        (errno.EAFNOSUPPORT, PortOutcome.UNREACHABLE),
        (errno.ESRCH, PortOutcome.UNREACHABLE),
    ],
)
async def test_no_socket(code: int, outcome: PortOutcome) -> None:
    class NoNetwork(Network):
        def new_socket(self, family: socket.AddressFamily) -> socket.socket:
            raise OSError(code, os.strerror(code))

    probed = await probe(2500, NoNetwork())
    assert {reply.outcome for reply in probed.replies} == {outcome}


async def test_every_socket_is_made_in_the_place_and_closed() -> None:
    made: list[socket.socket] = []

    class Counted(Network):
        def new_socket(self, family: socket.AddressFamily) -> socket.socket:
            made.append(super().new_socket(family))
            return made[-1]

    await probe(25, Counted())
    assert len(made) == len(PORTS)
    assert all(each.fileno() == -1 for each in made)
