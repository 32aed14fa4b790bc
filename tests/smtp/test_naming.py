"""The name in EHLO: what is set, else this machine's own, else its address."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

from smtp_tui.smtp.naming import Naming, address_literal, own_name

ADDRESS = "192.0.2.7"


async def named(domain: str | None, address: str = ADDRESS, seconds: float = 30) -> str:
    naming = Naming(domain, seconds)
    try:
        return await naming.name(address)
    finally:
        await naming.close()


@pytest.mark.parametrize(
    ("known", "name"),
    [
        ("client.example.test", "client.example.test"),
        ("client.example.test.", "client.example.test"),
        ("localhost", None),
        ("localhost.localdomain", None),
        ("client", None),
        ("client 1.example.test", None),
        ("bücher.example", None),
        ("192.0.2.7", None),
        ("::1", None),
        ("", None),
    ],
)
async def test_own_name(monkeypatch: pytest.MonkeyPatch, known: str, name: str | None) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: known)
    assert await own_name() == name
    assert await named(None) == (name or f"[{ADDRESS}]")


async def test_a_lookup_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise OSError("no resolver")

    monkeypatch.setattr(socket, "getfqdn", fail)
    assert await named(None) == f"[{ADDRESS}]"


@pytest.mark.parametrize(
    ("address", "literal"),
    [
        ("192.0.2.7", "[192.0.2.7]"),
        ("2001:db8::1", "[IPv6:2001:db8::1]"),
        ("fe80::1%eth0", "[IPv6:fe80::1]"),
    ],
)
async def test_address_literals(
    monkeypatch: pytest.MonkeyPatch, address: str, literal: str
) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: "localhost")
    assert address_literal(address) == literal
    assert await named(None, address) == literal


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("client.example.test", "client.example.test"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
    ],
)
async def test_what_is_set_is_not_looked_up(
    monkeypatch: pytest.MonkeyPatch, domain: str, name: str
) -> None:
    monkeypatch.setattr(socket, "getfqdn", None)
    assert await named(domain) == name


async def test_a_lookup_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang() -> str:
        released.wait()
        return "late.example.test"

    monkeypatch.setattr(socket, "getfqdn", hang)
    began = time.monotonic()
    assert await named(None, seconds=0.2) == f"[{ADDRESS}]"
    naming = Naming(None, 30)
    await asyncio.sleep(0)  # so that the lookup begins
    await naming.close()
    assert time.monotonic() - began < 1
    released.set()
