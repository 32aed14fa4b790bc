"""Resolving, with a resolver that answers as it is told."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from smtp_tui.settings.fields import Settings
from smtp_tui.settings.reading import read
from smtp_tui.smtp import addresses
from smtp_tui.smtp.addresses import AddressError, Target, resolve
from smtp_tui.smtp.events import Fault

Asked = list[tuple[object, ...]]
V4, V6, ANY = socket.AF_INET, socket.AF_INET6, socket.AF_UNSPEC


def settings_of(**values: Any) -> Settings:
    settings = read({"host": "mail.example.test", "port": 25, **values}).settings
    assert settings
    return settings


def answer(address: str) -> tuple[Any, ...]:
    """A row as `socket.getaddrinfo` gives it."""
    if ":" in address:
        return V6, socket.SOCK_STREAM, 6, "", (address, 25, 0, 0)
    return V4, socket.SOCK_STREAM, 6, "", (address, 25)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Asked]:
    """Have the resolver give addresses, or fail; return what it is asked."""

    def answering(*found: str, error: Exception | None = None) -> Asked:
        asked: Asked = []

        def getaddrinfo(host: bytes, port: int, family: int, type: int) -> list[tuple[Any, ...]]:
            asked.append((host, port, family, type))
            if error:
                raise error
            return [answer(address) for address in found]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return answering


async def found(**values: Any) -> list[str]:
    return [target.address for target in await resolve(settings_of(**values))]


async def error_of(**values: Any) -> AddressError:
    with pytest.raises(AddressError) as caught:
        await resolve(settings_of(**values))
    return caught.value


@pytest.mark.parametrize(
    ("given", "order"),
    [
        ("::1 ::2 ::3 127.0.0.1 127.0.0.2", "::1 127.0.0.1 ::2 127.0.0.2 ::3"),
        ("127.0.0.1 127.0.0.2 ::1", "127.0.0.1 ::1 127.0.0.2"),
        ("::1 127.0.0.1 127.0.0.2 127.0.0.3", "::1 127.0.0.1 127.0.0.2 127.0.0.3"),
        ("127.0.0.2 127.0.0.1", "127.0.0.2 127.0.0.1"),
        ("127.0.0.1 ::1 127.0.0.1 ::1", "127.0.0.1 ::1"),
    ],
)
async def test_families_alternate_and_nothing_is_tried_twice(
    resolver: Callable[..., Asked], given: str, order: str
) -> None:
    resolver(*given.split())
    assert await found() == order.split()


async def test_targets_keep_what_the_socket_needs(resolver: Callable[..., Asked]) -> None:
    resolver("fe80::1%lo", "127.0.0.1")
    assert await resolve(settings_of()) == [
        Target(V6, ("fe80::1%lo", 25, 0, 0)),
        Target(V4, ("127.0.0.1", 25)),
    ]


@pytest.mark.parametrize(
    ("values", "family"),
    [
        ({}, ANY),
        ({"address_family": "ipv4"}, V4),
        ({"address_family": "ipv6"}, V6),
        ({"source_address": "127.0.0.1"}, V4),
        ({"source_address": "::1"}, V6),
    ],
)
async def test_the_family_that_is_asked_for(
    resolver: Callable[..., Asked], values: dict[str, Any], family: socket.AddressFamily
) -> None:
    asked = resolver("127.0.0.1")
    await found(**values)
    assert asked == [(b"mail.example.test", 25, family, socket.SOCK_STREAM)]


async def test_an_international_name_is_asked_for_as_a_label(
    resolver: Callable[..., Asked],
) -> None:
    asked = resolver("127.0.0.1")
    await found(host="bücher.example")
    assert asked[0][0] == b"xn--bcher-kva.example"


@pytest.mark.parametrize("name", ["EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY"])
@pytest.mark.parametrize(("family", "words"), [("any", ""), ("ipv4", " by IPv4")])
async def test_no_such_host(
    resolver: Callable[..., Asked], name: str, family: str, words: str
) -> None:
    if (number := getattr(socket, name, None)) is None:
        pytest.skip(f"this system has no {name}")
    resolver(error=socket.gaierror(number, "nothing"))
    error = await error_of(address_family=family)
    assert error.fault is Fault.HOST_NOT_FOUND
    assert error.detail == f"mail.example.test has no address{words}"


async def test_an_empty_answer_is_no_such_host(resolver: Callable[..., Asked]) -> None:
    resolver()
    assert (await error_of()).fault is Fault.HOST_NOT_FOUND


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_AGAIN, "try again"), "try again"),
        (socket.gaierror(socket.EAI_FAIL, "failed"), "failed"),
        (OSError(24, "too many open files"), "too many open files"),
        (ValueError("label too long"), "label too long"),
    ],
)
async def test_the_resolver_fails(
    resolver: Callable[..., Asked], error: Exception, words: str
) -> None:
    resolver(error=error)
    told = await error_of()
    assert told.fault is Fault.RESOLVER_FAILED
    assert told.detail == f"looking up mail.example.test: {words}"


async def test_an_address_of_no_known_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(V4, socket.SOCK_STREAM, 6, "", (10, b"raw"))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: rows)
    assert (await error_of()).fault is Fault.RESOLVER_FAILED


async def test_a_resolver_that_hangs_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(*_args: object, **_more: object) -> list[Any]:
        released.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await resolve(settings_of())
    assert time.monotonic() - began < 1
    released.set()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_address_needs_no_thread(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr(addresses, "in_daemon_thread", None)
    assert await found(host=host) == [host]


async def test_an_address_of_the_other_family() -> None:
    error = await error_of(host="127.0.0.1", address_family="ipv6")
    assert error.fault is Fault.HOST_NOT_FOUND
    assert error.detail == "127.0.0.1 has no address by IPv6"
