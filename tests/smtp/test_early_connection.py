"""A connection that is begun before the check: the same events, one connection, none too many."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.checks.request import CheckRequest, settings_sure_to_connect
from smtp_tui.checks.run import run
from smtp_tui.cli import check
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.lazy import load
from smtp_tui.program import main
from smtp_tui.smtp import addresses
from smtp_tui.smtp.addresses import EarlyConnection
from smtp_tui.smtp.events import Event
from tests.smtp.scripted import serving
from tests.table import table

OPEN = "S: 220 mail.example.test ESMTP\nC: EHLO client.example.test\nS: 250 HELP"
PLAIN = {"domain": "client.example.test", "encryption": "none", "timeout": 10}


def request_for(port: int, **values: Any) -> CheckRequest:
    """Ask for a check of a port on loopback."""
    return CheckRequest(
        values={"host": "127.0.0.1", "port": port, **PLAIN, **values}, base=Path.cwd(), extra=0
    )


async def events_of(request: CheckRequest, *, early: bool) -> list[Event]:
    """The events of a check, whose connection is begun before it if it is to be early."""
    settings = settings_sure_to_connect(request)
    assert settings
    began = EarlyConnection(settings) if early else None
    try:
        async with aclosing(run(replace(request, early=began))) as events:
            return [event async for event in events if not isinstance(event, Verdict)]
    finally:
        if began:
            began.close()


def timeless(events: list[Event]) -> list[Event]:
    """Events without their times, which must not go back."""
    moments = [event.seconds for event in events]
    assert moments == sorted(moments)
    assert moments[0] >= 0
    return [replace(event, seconds=0.0) for event in events]


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A port where nobody accepts what comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        yield listener


def is_left(connection: socket.socket) -> bool:
    """Whether the client closes a connection."""
    connection.settimeout(5)
    with connection:
        return connection.recv(1) == b""


def has_no_connection(listener: socket.socket) -> bool:
    """Whether nobody has connected."""
    listener.settimeout(0.05)
    try:
        listener.accept()
    except TimeoutError:
        return True
    return False


async def test_it_is_taken_and_tells_the_same() -> None:
    async with serving((OPEN,)) as server:
        early = await events_of(request_for(server.port), early=True)
        assert len(server.peers) == 1
        assert timeless(early) == timeless(await events_of(request_for(server.port), early=False))


async def test_a_port_that_refuses(listening: socket.socket) -> None:
    request = request_for(listening.getsockname()[1])
    listening.close()
    early = await events_of(request, early=True)
    assert timeless(early) == timeless(await events_of(request, early=False))


def test_the_lookup_has_a_moment_before_the_thread_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that reads none would take a later one, after what the thread notes meanwhile."""
    monkeypatch.setattr(threading.Thread, "start", lambda _thread: None)
    settings = settings_sure_to_connect(request_for(1))
    assert settings
    early = EarlyConnection(settings)
    assert early.asked_at == early.started


def resolve_to(monkeypatch: pytest.MonkeyPatch, *found: tuple[str, int]) -> None:
    """Have every host resolve to these addresses and ports."""
    families = {True: socket.AF_INET6, False: socket.AF_INET}
    answers = [
        (families[":" in at], 1, 6, "", (at, port, 0, 0) if ":" in at else (at, port))
        for at, port in found
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)


async def test_ipv6_refuses_and_ipv4_answers(
    monkeypatch: pytest.MonkeyPatch, listening: socket.socket
) -> None:
    closed = listening.getsockname()[1]
    listening.close()
    async with serving((OPEN,)) as server:
        resolve_to(monkeypatch, ("::1", closed), ("127.0.0.1", server.port))
        early = await events_of(request_for(server.port), early=True)
        assert timeless(early) == timeless(await events_of(request_for(server.port), early=False))
        assert len(server.peers) == 2


async def test_the_first_address_stays_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    # A full queue answers no SYN, as a filter does.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        silent = full.getsockname()
        with socket.create_connection(silent):
            async with serving((OPEN,)) as server:
                resolve_to(monkeypatch, silent, ("127.0.0.1", server.port))
                early = await events_of(request_for(server.port), early=True)
                later = await events_of(request_for(server.port), early=False)
    assert timeless(early) == timeless(later)
    tried = [event.seconds for event in early if type(event).__name__ == "Connecting"]
    assert tried[1] - tried[0] > 0.2


async def test_a_lookup_that_fails_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def fail(*_: object, **__: object) -> None:
        calls.append("looked up")
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    request = request_for(25, host="mail.example.test")
    early = await events_of(request, early=True)
    assert calls == ["looked up"]
    assert timeless(early) == timeless(await events_of(request, early=False))


@table(
    "values",
    [
        {"host": "a b"},
        {"timeout": 1},
        {"username": "alice"},
        {"username": "alice", "password": {"file": "secret"}},
        {"username": "alice", "password": {"command": ["pass"]}},
        {"username": "alice", "password": {"keyring": "mail"}},
        {"username": "alice", "password": {"env": "NOT_SET_ANYWHERE"}},
        {"username": "alice", "password": "ask"} | {"password": {"ask": True}},
        {"username": "alice", "password": "geheim\0"},
        {"username": "alice", "password": "wonderland", "authentication": "scram-sha-256"},
        {"host": "bücher.example"},
        {"server_name": "bücher.example"},
        {"client_certificate": "client.pem"},
    ],
)
def test_what_may_end_before_it_connects_begins_nothing(values: dict[str, object]) -> None:
    assert settings_sure_to_connect(request_for(25, **values)) is None


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_ca_file_that_cannot_be_used(
    listening: socket.socket, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    request = request_for(listening.getsockname()[1], ca_file=str(tmp_path / "ca.pem"))
    early = await events_of(request, early=True)
    assert has_no_connection(listening)
    assert timeless(early) == timeless(await events_of(request, early=False))


def test_what_nobody_takes_is_closed(listening: socket.socket) -> None:
    settings = settings_sure_to_connect(request_for(listening.getsockname()[1]))
    assert settings
    early = EarlyConnection(settings)
    connection, _ = listening.accept()
    early.close()
    assert is_left(connection)
    assert early.take() is None


def test_closed_before_the_lookup_ends_it_connects_to_nothing(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_sure_to_connect(request_for(listening.getsockname()[1]))
    assert settings
    look_up = addresses.look_up
    closing: list[EarlyConnection] = []

    def late(*words: Any) -> Any:
        closing[0].close()
        return look_up(*words)

    monkeypatch.setattr(EarlyConnection, "__init__", lambda self, settings: None)
    early = EarlyConnection(settings)
    monkeypatch.undo()
    monkeypatch.setattr(addresses, "look_up", late)
    closing.append(early)
    EarlyConnection.__init__(early, settings)
    early.wait()
    assert has_no_connection(listening)


WORDS = ["--set", "host=127.0.0.1", "--set", "encryption=none", "--no-experiments"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ImportError])
def test_an_end_while_the_rest_loads_closes_it(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    accepted: list[socket.socket] = []

    def interrupted(target: str) -> Any:
        if target == "cli.reporters:run_checks":
            accepted.append(listening.accept()[0])
            raise error
        return load(target)

    monkeypatch.setattr(check, "load", interrupted)
    main(["check", *WORDS, "--set", f"port={listening.getsockname()[1]}"])
    assert is_left(accepted[0])


@table(
    "words",
    [
        ["--dkim", "x"],
        ["--format", "nagios", "--warning", "x"],
        ["--table", "smtp"],
        ["--set", "username=alice"],
        ["--set", "ca_file=missing.pem"],
    ],
)
def test_a_call_that_cannot_be_carried_out_connects_to_nothing(
    listening: socket.socket, words: list[str]
) -> None:
    assert main(["check", *WORDS, "--set", f"port={listening.getsockname()[1]}", *words])
    assert has_no_connection(listening)


async def test_a_check_that_is_cancelled_leaves_nothing_open(listening: socket.socket) -> None:
    request = request_for(listening.getsockname()[1])
    task = asyncio.create_task(events_of(request, early=True))
    loop = asyncio.get_running_loop()
    connection, _ = await loop.run_in_executor(None, listening.accept)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_left(connection)
