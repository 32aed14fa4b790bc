"""From a host to its addresses: these answers of the resolver, this order, this fault."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from smtp_tui.settings.fields import Settings
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.addresses import MOST_ADDRESSES
from smtp_tui.smtp.events import Cause
from smtp_tui.smtp.happy_eyeballs import AddressLookupError, resolve

V4, V6 = socket.AF_INET, socket.AF_INET6


def settings(host: str = "mail.example.test", **values: Any) -> Settings:
    """Settings for a host."""
    found = parse_settings({"host": host, "port": 25, **values}).settings
    assert found
    return found


def answer(*addresses: str) -> list[tuple[Any, ...]]:
    """What getaddrinfo returns for these addresses."""
    kind = socket.SOCK_STREAM
    return [
        (V6, kind, 6, "", (address, 25, 0, 0))
        if ":" in address
        else (V4, kind, 6, "", (address, 25))
        for address in addresses
    ]


class Resolver:
    """Answers as told, and remembers what it was asked."""

    def __init__(self, outcome: list[tuple[Any, ...]] | Exception) -> None:
        self.outcome = outcome
        self.asked: list[tuple[Any, Any, Any]] = []
        self.threads: list[threading.Thread] = []

    def __call__(
        self, host: Any, port: Any, family: Any = 0, type: Any = 0
    ) -> list[tuple[Any, ...]]:
        self.asked.append((host, port, family))
        self.threads.append(threading.current_thread())
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


async def resolved(
    monkeypatch: pytest.MonkeyPatch, outcome: list[tuple[Any, ...]] | Exception, asked: Settings
) -> tuple[list[str], Resolver]:
    """The addresses of a host whose lookup ends so."""
    resolver = Resolver(outcome)
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    return [target.address for target in await resolve(asked)], resolver


@pytest.mark.parametrize(
    ("found", "order"),
    [
        (["192.0.2.1"], ["192.0.2.1"]),
        (["::1", "::2", "192.0.2.1", "192.0.2.2"], ["::1", "192.0.2.1", "::2", "192.0.2.2"]),
        (["192.0.2.1", "::1", "::2", "::3"], ["192.0.2.1", "::1", "::2", "::3"]),
        (["::1", "::2", "::3", "192.0.2.1"], ["::1", "192.0.2.1", "::2", "::3"]),
        (["::1", "::1", "192.0.2.1"], ["::1", "192.0.2.1"]),
    ],
)
async def test_the_families_alternate(
    monkeypatch: pytest.MonkeyPatch, found: list[str], order: list[str]
) -> None:
    assert (await resolved(monkeypatch, answer(*found), settings()))[0] == order


async def test_of_thousands_of_addresses_some_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [f"2001:db8::{number:x}" for number in range(1, 4000)]
    found, _ = await resolved(monkeypatch, answer(*many, "192.0.2.1"), settings())
    assert len(found) == MOST_ADDRESSES
    assert found[:2] == ["2001:db8::1", "192.0.2.1"]


@pytest.mark.parametrize(
    ("values", "family"),
    [
        ({}, socket.AF_UNSPEC),
        ({"address_family": "ipv4"}, V4),
        ({"address_family": "ipv6"}, V6),
        ({"source_address": "192.0.2.9"}, V4),
        ({"source_address": "2001:db8::9"}, V6),
    ],
)
async def test_the_family_asked_for(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], family: int
) -> None:
    _, resolver = await resolved(monkeypatch, answer("192.0.2.1"), settings(**values))
    assert resolver.asked == [(b"mail.example.test", 25, family)]


async def test_an_international_name_is_asked_for_as_a_label(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, resolver = await resolved(monkeypatch, answer("192.0.2.1"), settings("börse.example"))
    assert resolver.asked[0][0] == b"xn--brse-5qa.example"


async def test_only_a_name_needs_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    _, resolver = await resolved(monkeypatch, answer("192.0.2.1"), settings("192.0.2.1"))
    assert resolver.threads == [threading.current_thread()]
    _, resolver = await resolved(monkeypatch, answer("192.0.2.1"), settings())
    assert resolver.threads[0].daemon


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_address_is_its_own(host: str) -> None:
    assert [target.address for target in await resolve(settings(host))] == [host]


@pytest.mark.parametrize(
    ("error", "fault", "detail"),
    [
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            Cause.HOST_NOT_FOUND,
            "mail.example.test has no address",
        ),
        (
            socket.gaierror(socket.EAI_NODATA, "No address associated with hostname"),
            Cause.HOST_NOT_FOUND,
            "mail.example.test has no address",
        ),
        (
            socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
            Cause.RESOLVER_FAILED,
            "looking up mail.example.test: Temporary failure in name resolution",
        ),
        (
            socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure in name resolution"),
            Cause.RESOLVER_FAILED,
            "looking up mail.example.test: Non-recoverable failure in name resolution",
        ),
        (
            OSError(24, "Too many open files"),
            Cause.RESOLVER_FAILED,
            "looking up mail.example.test: Too many open files",
        ),
        (
            UnicodeError("label too long"),
            Cause.RESOLVER_FAILED,
            "looking up mail.example.test: label too long",
        ),
    ],
)
async def test_resolver_errors(
    monkeypatch: pytest.MonkeyPatch, error: Exception, fault: Cause, detail: str
) -> None:
    with pytest.raises(AddressLookupError) as caught:
        await resolved(monkeypatch, error, settings())
    assert (caught.value.fault, caught.value.detail) == (fault, detail)


async def test_a_host_without_addresses_of_the_family(monkeypatch: pytest.MonkeyPatch) -> None:
    error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    with pytest.raises(AddressLookupError, match=r"has no IPv6 address$"):
        await resolved(monkeypatch, error, settings(address_family="ipv6"))


async def test_an_answer_without_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AddressLookupError) as caught:
        await resolved(monkeypatch, [], settings())
    assert caught.value.fault is Cause.HOST_NOT_FOUND


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A resolver that never answers, until the test is over."""
    over = threading.Event()

    def hang(*_: object, **__: object) -> list[tuple[Any, ...]]:
        over.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield
    over.set()


@pytest.mark.usefixtures("hanging")
async def test_a_hanging_lookup_can_be_left() -> None:
    task = asyncio.create_task(resolve(settings()))
    await asyncio.wait({task}, timeout=0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


PROGRAM = """
import asyncio, socket, threading
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.session import check

socket.getaddrinfo = lambda *_, **__: threading.Event().wait()
values = {"host": "mail.example.test", "domain": "me.example.test", "timeout": 1}
settings = parse_settings(values).settings

async def main():
    return [event async for event in check(settings)][-1]

print(asyncio.run(main()).fault)
"""


def test_a_hanging_lookup_does_not_hold_up_the_exit() -> None:
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "resolver-failed\n"
