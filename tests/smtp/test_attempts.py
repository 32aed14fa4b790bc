"""Connecting to several addresses: who is tried when, who wins, and what is said of the rest."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Iterator

import pytest

from smtp_tui.settings.fields import Settings
from smtp_tui.smtp import happy_eyeballs, streams
from smtp_tui.smtp.addresses import Endpoint
from smtp_tui.smtp.events import Cause
from smtp_tui.smtp.happy_eyeballs import AddressLookupError, HappyEyeballs
from tests.smtp.playing import OPEN, play

Act = Callable[[], Awaitable[socket.socket]]


def target(address: str, port: int = 25) -> Endpoint:
    """An address to try."""
    if ":" in address:
        return Endpoint(socket.AF_INET6, (address, port, 0, 0))
    return Endpoint(socket.AF_INET, (address, port))


class Network:
    """Attempts whose connections go as told, and what became of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **acts: Act) -> None:
        self.tried: list[str] = []
        self.failed: list[str] = []
        self.cancelled: list[str] = []
        self.sockets: list[socket.socket] = []
        self._acts = acts
        monkeypatch.setattr(HappyEyeballs, "_attempt", lambda _, target: self._attempt(target))
        self.attempts = HappyEyeballs(
            None,
            lambda target, _: self.tried.append(target.address),
            lambda target, error: self.failed.append(f"{target.address}: {error.detail}"),
        )

    @property
    def unanswered(self) -> list[str]:
        """Those that the winner had been waited beside."""
        return [target.address for target in self.attempts.unanswered]

    async def connect(self) -> str:
        """Connect to all of them, in order; the address that won."""
        won, where = await self.attempts.connect([target(address) for address in self._acts])
        won.close()
        return where.address

    async def _attempt(self, target: Endpoint) -> socket.socket:
        try:
            connected = await self._acts[target.address]()
        except asyncio.CancelledError:
            self.cancelled.append(target.address)
            raise
        self.sockets.append(connected)
        return connected


def failing(number: int) -> Act:
    """An attempt that fails."""

    async def act() -> socket.socket:
        raise OSError(number, "no")

    return act


async def hang() -> socket.socket:
    """An attempt that never ends."""
    never: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()
    return await never


async def succeed() -> socket.socket:
    """An attempt that succeeds."""
    return socket.socket()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next attempt begin without a delay."""
    monkeypatch.setattr(happy_eyeballs, "ATTEMPT_DELAY", 0.001)


async def test_the_first_that_connects_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(monkeypatch, a=succeed, b=hang)
    assert await network.connect() == "a"
    assert network.tried == ["a"]


async def test_after_a_failure_the_next_begins_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(happy_eyeballs, "ATTEMPT_DELAY", 60)
    network = Network(monkeypatch, a=failing(errno.ECONNREFUSED), b=succeed)
    assert await asyncio.wait_for(network.connect(), 1) == "b"
    assert network.failed == ["a: Connection refused"]


@pytest.mark.usefixtures("at_once")
async def test_while_one_hangs_the_next_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(monkeypatch, a=hang, b=hang, c=succeed)
    assert await network.connect() == "c"
    assert network.tried == ["a", "b", "c"]
    assert network.cancelled == ["a", "b"]
    assert network.unanswered == ["a", "b"]


@pytest.mark.usefixtures("at_once")
async def test_an_earlier_attempt_may_still_win(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asyncio.Event()

    async def late() -> socket.socket:
        await begun.wait()
        return socket.socket()

    async def begin() -> socket.socket:
        begun.set()
        return await hang()

    network = Network(monkeypatch, a=late, b=begin)
    assert await network.connect() == "a"
    assert network.cancelled == ["b"]
    assert network.unanswered == []


@pytest.mark.usefixtures("at_once")
async def test_of_two_at_once_one_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    both = asyncio.Barrier(2)

    async def together() -> socket.socket:
        await both.wait()
        return socket.socket()

    network = Network(monkeypatch, a=together, b=together)
    await network.connect()
    await asyncio.sleep(0)
    assert [one.fileno() for one in network.sockets] == [-1, -1]


@pytest.mark.parametrize(
    ("numbers", "fault"),
    [
        ([errno.ECONNREFUSED], Cause.CONNECTION_REFUSED),
        ([errno.ETIMEDOUT], Cause.CONNECT_TIMEOUT),
        ([errno.EHOSTUNREACH], Cause.NETWORK_UNREACHABLE),
        ([errno.ENETUNREACH], Cause.NETWORK_UNREACHABLE),
        ([errno.EACCES], Cause.CONNECT_DENIED_LOCALLY),
        ([errno.EPERM], Cause.CONNECT_DENIED_LOCALLY),
        ([errno.EAFNOSUPPORT], Cause.NETWORK_UNREACHABLE),
        ([errno.ENETUNREACH, errno.ECONNREFUSED], Cause.CONNECTION_REFUSED),
        ([errno.ECONNREFUSED, errno.ENETUNREACH], Cause.CONNECTION_REFUSED),
        ([errno.ENETUNREACH, errno.ETIMEDOUT], Cause.CONNECT_TIMEOUT),
        ([errno.ETIMEDOUT, errno.EPERM], Cause.CONNECT_DENIED_LOCALLY),
    ],
)
async def test_what_is_said_when_none_connects(
    monkeypatch: pytest.MonkeyPatch, numbers: list[int], fault: Cause
) -> None:
    acts = {f"a{number}": failing(number) for number in numbers}
    network = Network(monkeypatch, **acts)
    with pytest.raises(AddressLookupError) as caught:
        await network.connect()
    assert caught.value.fault is fault
    assert len(network.failed) == len(numbers)


@pytest.mark.usefixtures("at_once")
async def test_leaving_while_all_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(monkeypatch, a=failing(errno.ENETUNREACH), b=hang, c=hang)
    before = asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await network.connect()
    assert asyncio.all_tasks() == before
    assert network.cancelled == ["b", "c"]
    late = AddressLookupError(Cause.CONNECT_TIMEOUT, "no answer within 1 s")
    assert network.attempts.most_telling(late) is late


async def test_a_refusal_tells_more_than_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(monkeypatch, a=failing(errno.ECONNREFUSED), b=hang)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await network.connect()
    late = AddressLookupError(Cause.CONNECT_TIMEOUT, "no answer within 1 s")
    assert network.attempts.most_telling(late).fault is Cause.CONNECTION_REFUSED


async def test_a_winner_is_closed_when_nobody_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def stubborn() -> socket.socket:
        try:
            return await hang()
        except asyncio.CancelledError:
            stopping.set()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            raise

    stopping = asyncio.Event()
    monkeypatch.setattr(happy_eyeballs, "ATTEMPT_DELAY", 0.001)
    network = Network(monkeypatch, a=stubborn, b=succeed)
    task = asyncio.create_task(network.connect())
    await stopping.wait()  # the winner is known, and the other is being stopped
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [one.fileno() for one in network.sockets] == [-1]


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket that takes connections on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


async def test_leaving_from_an_address(listening: socket.socket) -> None:
    connected, _ = await HappyEyeballs("127.0.0.1").connect(
        [target("127.0.0.1", listening.getsockname()[1])]
    )
    with connected:
        assert connected.getsockname()[0] == "127.0.0.1"
        assert not connected.getblocking()
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        (
            "192.0.2.1",
            "Cannot assign requested address: 192.0.2.1 is not an address of this machine",
        ),
        ("::1", "::1 and the host belong to different address families"),
    ],
)
async def test_leaving_from_an_address_that_cannot_be(
    listening: socket.socket, source: str, detail: str
) -> None:
    with pytest.raises(AddressLookupError) as caught:
        await HappyEyeballs(source).connect([target("127.0.0.1", listening.getsockname()[1])])
    assert caught.value.detail == detail


@pytest.mark.usefixtures("at_once")
async def test_an_address_that_hangs_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = HappyEyeballs._attempt

    async def attempt(self: HappyEyeballs, to: Endpoint) -> socket.socket:
        return await (hang() if to.address == "192.0.2.1" else connect(self, to))

    async def two(settings: Settings, *_others: object) -> list[Endpoint]:
        return [target("192.0.2.1", settings.port), target("127.0.0.1", settings.port)]

    monkeypatch.setattr(HappyEyeballs, "_attempt", attempt)
    monkeypatch.setattr(streams, "resolve", two)
    played = await play((f"{OPEN}S: 250 HELP",))
    assert played.verdict.ok
    assert played.verdict.warnings == ("address-unanswered",)
    assert "no answer from 192.0.2.1" in played.notes
    assert "Only 127.0.0.1 answered" in played.verdict.warning_texts[0]


async def test_a_closed_port_refuses(listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    listening.close()
    with pytest.raises(AddressLookupError) as caught:
        await HappyEyeballs(None).connect([target("127.0.0.1", port)])
    assert caught.value.fault is Cause.CONNECTION_REFUSED
