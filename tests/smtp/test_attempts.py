"""Connecting to several addresses: the first that answers, and what is told where none does."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from smtp_tui.smtp import attempts
from smtp_tui.smtp.addresses import AddressError, Target
from smtp_tui.smtp.attempts import Attempts
from smtp_tui.smtp.events import Fault


def target_of(listener: socket.socket) -> Target:
    return Target(socket.AF_INET, listener.getsockname())


def scripted(port: int) -> Target:
    return Target(socket.AF_INET, ("127.0.0.1", port))


@dataclass
class Network:
    """The loop's connect: some ports fail as told, or wait to be let go; every socket is kept."""

    errors: dict[int, int] = field(default_factory=dict)
    waiting: dict[int, asyncio.Event] = field(default_factory=dict)
    sockets: list[socket.socket] = field(default_factory=list)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        connect = loop.sock_connect

        async def sock_connect(attempt: socket.socket, address: tuple[str, int]) -> None:
            self.sockets.append(attempt)
            port = address[1]
            if port in self.errors:
                raise OSError(self.errors[port], "scripted")
            if port in self.waiting:
                await self.waiting[port].wait()
                return
            await connect(attempt, address)

        monkeypatch.setattr(loop, "sock_connect", sock_connect)

    @property
    def open_sockets(self) -> list[socket.socket]:
        return [one for one in self.sockets if one.fileno() >= 0]


@pytest.fixture
async def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """A network to script, with little time between attempts."""
    monkeypatch.setattr(attempts, "ATTEMPT_DELAY", 0.01)
    made = Network()
    made.install(monkeypatch)
    return made


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port that answers."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def deaf() -> Iterator[socket.socket]:
    """A port that is taken, and refuses."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        yield made


async def failure(*targets: Target, source: str | None = None) -> AddressError:
    with pytest.raises(AddressError) as caught:
        await Attempts(source).connect(list(targets))
    return caught.value


async def test_the_first_that_answers(network: Network, listener: socket.socket) -> None:
    tried: list[Target] = []
    targets = [target_of(listener), scripted(2)]
    connected, target = await Attempts(None, tried.append).connect(targets)
    with connected:
        assert connected.getpeername() == listener.getsockname()
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert tried == [target] == targets[:1]
    assert len(targets) == 2


async def test_after_a_refusal_the_next(
    network: Network, listener: socket.socket, deaf: socket.socket
) -> None:
    failed: list[tuple[Target, Fault]] = []
    race = Attempts(None, failed=lambda target, error: failed.append((target, error.fault)))
    connected, target = await race.connect([target_of(deaf), target_of(listener)])
    with connected:
        assert target == target_of(listener)
        assert failed == [(target_of(deaf), Fault.CONNECTION_REFUSED)]
        assert network.open_sockets == [connected]


async def test_a_silent_address_holds_nothing_up(network: Network, listener: socket.socket) -> None:
    network.waiting[1] = asyncio.Event()
    async with asyncio.timeout(2):
        connected, target = await Attempts(None).connect([scripted(1), target_of(listener)])
    with connected:
        assert target == target_of(listener)
        assert network.open_sockets == [connected]


async def test_of_two_that_answer_at_once_one_is_closed(network: Network) -> None:
    answered = asyncio.Event()
    network.waiting = {1: answered, 2: answered}
    tried: list[Target] = []

    def let_go(target: Target) -> None:
        tried.append(target)
        if len(tried) == 2:
            asyncio.get_running_loop().call_soon(answered.set)

    connected, _ = await Attempts(None, let_go).connect([scripted(1), scripted(2)])
    with connected:
        assert len(network.sockets) == 2
        assert network.open_sockets == [connected]


async def test_leaving_closes_everything(network: Network) -> None:
    network.waiting = {1: asyncio.Event(), 2: asyncio.Event()}
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await Attempts(None).connect([scripted(1), scripted(2)])
    assert len(network.sockets) == 2
    assert not network.open_sockets


async def test_all_refuse(network: Network, deaf: socket.socket) -> None:
    error = await failure(target_of(deaf), target_of(deaf))
    assert (error.fault, error.detail) == (Fault.CONNECTION_REFUSED, "Connection refused")
    assert len(network.sockets) == 2
    assert not network.open_sockets


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (errno.ECONNREFUSED, Fault.CONNECTION_REFUSED),
        (errno.ETIMEDOUT, Fault.CONNECT_TIMEOUT),
        (errno.EPERM, Fault.CONNECT_DENIED_LOCALLY),
        (errno.EACCES, Fault.CONNECT_DENIED_LOCALLY),
        (errno.EADDRINUSE, Fault.CONNECT_DENIED_LOCALLY),
        (errno.ENETUNREACH, Fault.NETWORK_UNREACHABLE),
        (errno.EHOSTUNREACH, Fault.NETWORK_UNREACHABLE),
    ],
)
async def test_what_an_error_means(network: Network, number: int, fault: Fault) -> None:
    network.errors = {1: number}
    assert (await failure(scripted(1))).fault is fault
    assert not network.open_sockets


@pytest.mark.parametrize(
    ("numbers", "fault"),
    [
        ((errno.ENETUNREACH, errno.ECONNREFUSED), Fault.CONNECTION_REFUSED),
        ((errno.ECONNREFUSED, errno.ENETUNREACH), Fault.CONNECTION_REFUSED),
        ((errno.ETIMEDOUT, errno.EACCES), Fault.CONNECT_DENIED_LOCALLY),
        ((errno.ENETUNREACH, errno.ETIMEDOUT), Fault.CONNECT_TIMEOUT),
    ],
)
async def test_the_most_telling_error_is_told(
    network: Network, numbers: tuple[int, int], fault: Fault
) -> None:
    network.errors = dict(enumerate(numbers, start=1))
    assert (await failure(scripted(1), scripted(2))).fault is fault


async def test_what_is_late_counts_among_the_rest(network: Network) -> None:
    network.errors = {1: errno.ENETUNREACH}
    race = Attempts(None)
    with pytest.raises(AddressError):
        await race.connect([scripted(1)])
    late = AddressError(Fault.CONNECT_TIMEOUT, "no answer")
    assert race.most_telling(late) is late


async def test_a_source_address(network: Network, listener: socket.socket) -> None:
    connected, _ = await Attempts("127.0.0.1").connect([target_of(listener)])
    with connected:
        assert connected.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("192.0.2.1", "192.0.2.1 is no address of this machine"),
        ("::1", "::1 is no address of the host's kind"),
    ],
)
async def test_a_source_address_that_cannot_be(
    listener: socket.socket, source: str, words: str
) -> None:
    error = await failure(target_of(listener), source=source)
    assert error.fault is Fault.NETWORK_UNREACHABLE
    assert error.detail.endswith(words)
