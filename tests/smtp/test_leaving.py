"""Leaving a check early closes its sockets at once, wherever it stands."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.checks.request import CheckRequest
from smtp_tui.checks.run import run
from smtp_tui.smtp import happy_eyeballs, session
from smtp_tui.smtp.events import Stage, StageEntered
from tests.smtp.playing import EHLO, GREETING, OPEN, SECRET, USER
from tests.smtp.scram_server import scram
from tests.smtp.scripted import Peer, Script, ScriptedServer, serving
from tests.smtp.steps import half_a_hello, silence, tls

# Seconds within which "at once" must be.
AT_ONCE = 0.5


def request(port: int, **values: Any) -> CheckRequest:
    """A check of a port on loopback, with a login."""
    extra = values.pop("extra", 0)
    usual = {"host": "127.0.0.1", "domain": "client.example.test", "encryption": "none"}
    whole = {**usual, "port": port, "username": USER, "authentication": "plain", **values}
    return CheckRequest(values=whole, base=Path.cwd(), secret=SECRET, extra=extra)


@asynccontextmanager
async def clean() -> AsyncIterator[None]:
    """Fail when a task is left over, or leaving took long."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() == before


def whole_dialogue(context: ssl.SSLContext) -> Script:
    """STARTTLS, SCRAM and QUIT: all that a check does."""
    begun = f"{OPEN}S: 250 STARTTLS\nC: STARTTLS\nS: 220 go"
    offered = f"{EHLO}\nS: 250-mail\nS: 250 AUTH SCRAM-SHA-256"
    return begun, tls(context), offered, scram("SCRAM-SHA-256", USER, SECRET)


async def leave_after(count: int, script: Script, values: dict[str, Any]) -> bool:
    """Leave after so many events; whether there were that many."""
    async with clean(), serving(script, may_leave=True) as server:
        began = asyncio.get_running_loop().time()
        async with aclosing(run(request(server.port, **values))) as stream:
            async for _ in stream:
                count -= 1
                if not count:
                    break
        await server.all_left()
        assert asyncio.get_running_loop().time() - began < 5
    return not count


async def test_after_each_event(context: ssl.SSLContext, ca_file: str) -> None:
    values = {"encryption": "tls", "ca_file": ca_file, "authentication": "auto"}
    count = 1
    while await leave_after(count, whole_dialogue(context), values):
        count += 1
    assert count > 25


LOGIN_ASKED = f"{OPEN}S: 250 AUTH LOGIN\nC: AUTH LOGIN"
BEGUN = f"{OPEN}S: 250 STARTTLS\nC: STARTTLS"

SILENCES: dict[str, tuple[Script, dict[str, Any]]] = {
    "greeting": ((silence,), {}),
    "EHLO": ((GREETING, EHLO, silence), {}),
    "STARTTLS": ((BEGUN, silence), {"encryption": "tls"}),
    "handshake": ((BEGUN, "S: 220 go", silence), {"encryption": "tls"}),
    "in the handshake": ((BEGUN, "S: 220 go", half_a_hello, silence), {"encryption": "tls"}),
    "implicit TLS": ((silence,), {"encryption": "ssl"}),
    "AUTH": ((f"{OPEN}S: 250 AUTH PLAIN", "C: AUTH PLAIN …", silence), {}),
    "challenge": ((LOGIN_ASKED, "S: 334 \nC: …", silence), {"authentication": "login"}),
    "cancelled AUTH": (
        (LOGIN_ASKED, "S: 334 !!!\nC: *", silence),
        {"authentication": "login"},
    ),
    "QUIT": ((f"{OPEN}S: 250 x\nC: QUIT", silence), {"authentication": "none"}),
}


@pytest.mark.parametrize("name", SILENCES)
async def test_while_waiting(name: str) -> None:
    script, values = SILENCES[name]
    silent = asyncio.Event()

    async def wait(peer: Peer) -> None:
        silent.set()
        await peer.be_left()

    waiting = tuple(wait if part is silence else part for part in script)
    async with clean(), serving(waiting) as server:
        await leave_when(silent, request(server.port, **values), server)


async def leave_when(moment: asyncio.Event, asked: CheckRequest, server: ScriptedServer) -> None:
    """Follow a check until a moment has come, and leave."""

    async def follow() -> None:
        async with aclosing(run(asked)) as stream:
            async for _ in stream:
                pass

    following = asyncio.create_task(follow())
    await asyncio.wait_for(moment.wait(), 5)
    await asyncio.sleep(0)
    following.cancel()
    began = asyncio.get_running_loop().time()
    await asyncio.gather(following, return_exceptions=True)
    await server.all_left()
    assert asyncio.get_running_loop().time() - began < AT_ONCE


@pytest.fixture
def hanging_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A resolver that never answers; the event tells that it was asked."""
    over, asked = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        asked.set()
        over.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield asked
    over.set()


@pytest.mark.usefixtures("hanging_resolver")
async def test_while_looking_up() -> None:
    async with clean():
        await until(Stage.RESOLVE, request(25, host="mail.example.test"))


async def test_while_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_: object) -> socket.socket:
        never: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()
        return await never

    monkeypatch.setattr(happy_eyeballs.HappyEyeballs, "_attempt", hang)
    async with clean():
        await until(Stage.CONNECT, request(25))


async def until(stage: Stage, asked: CheckRequest) -> None:
    """Follow a check until it enters a stage, let it wait there for a moment, and leave."""
    async with aclosing(run(asked)) as stream:
        async for event in stream:
            if isinstance(event, StageEntered) and event.stage is stage:
                await asyncio.sleep(0.01)
                break


async def test_while_hashing(
    monkeypatch: pytest.MonkeyPatch, context: ssl.SSLContext, ca_file: str
) -> None:
    hashing, over = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hash_for_ever(*_: object) -> bytes:
        loop.call_soon_threadsafe(hashing.set)
        over.wait()
        return b""

    values = {"encryption": "tls", "ca_file": ca_file, "authentication": "scram-sha-256"}
    real = hashlib.pbkdf2_hmac
    main = threading.current_thread()
    monkeypatch.setattr(
        hashlib,
        "pbkdf2_hmac",
        lambda *args: (real if threading.current_thread() is main else hash_for_ever)(*args),
    )
    try:
        async with clean(), serving(whole_dialogue(context), may_leave=True) as server:
            await leave_when(hashing, request(server.port, **values), server)
    finally:
        over.set()


async def test_while_asking_beside_the_wait(
    monkeypatch: pytest.MonkeyPatch, context: ssl.SSLContext
) -> None:
    monkeypatch.setattr(session, "PROBE_AFTER", 0.01)
    asked = asyncio.Event()

    async def wait(peer: Peer) -> None:
        asked.set()
        await peer.be_left()

    async with clean(), serving((silence,), (wait,)) as server:
        await leave_when(asked, request(server.port, extra=3), server)
        assert len(server.peers) == 2


async def test_while_looking_a_second_time(context: ssl.SSLContext) -> None:
    asked = asyncio.Event()

    async def wait(peer: Peer) -> None:
        asked.set()
        await peer.be_left()

    values = {"encryption": "ssl", "openssl_verify_mode": "none", "authentication": "none"}
    first = (tls(context), f"{GREETING}\n{EHLO}\nS: 250 mail")
    async with clean(), serving(first, (wait,)) as server:
        await leave_when(asked, request(server.port, extra=3, **values), server)
        assert len(server.peers) == 2
