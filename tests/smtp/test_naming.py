"""The EHLO argument: what is set, else this machine's name, else its address."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from smtp_tui.settings.parsers import address_literal
from smtp_tui.smtp.ehlo import EhloName, own_name


async def named(domain: str | None, address: str = "192.0.2.9") -> str:
    """The EHLO argument."""
    naming = EhloName(domain, 5)
    try:
        return await naming.name(address)
    finally:
        await naming.close()


@pytest.mark.parametrize(
    ("domain", "argument"),
    [
        ("client.example.test", "client.example.test"),
        ("börse.example", "xn--brse-5qa.example"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
    ],
)
async def test_what_is_set_is_said(domain: str, argument: str) -> None:
    assert await named(domain) == argument


@pytest.mark.parametrize(
    ("fqdn", "argument"),
    [
        ("box.example.test", "box.example.test"),
        ("box.example.test.", "box.example.test"),
        ("box", "[192.0.2.9]"),
        ("localhost", "[192.0.2.9]"),
        ("localhost.localdomain", "[192.0.2.9]"),
        ("192.0.2.1", "[192.0.2.9]"),
        ("[192.0.2.1]", "[192.0.2.9]"),
        ("1.0.0.127.in-addr.arpa\nMAIL", "[192.0.2.9]"),
        ("börse.example", "[192.0.2.9]"),
        ("", "[192.0.2.9]"),
    ],
)
async def test_only_a_whole_name_is_said(
    monkeypatch: pytest.MonkeyPatch, fqdn: str, argument: str
) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: fqdn)
    assert await named(None) == argument


async def test_a_lookup_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise UnicodeError("label too long")

    monkeypatch.setattr(socket, "getfqdn", fail)
    assert await named(None) == "[192.0.2.9]"


@pytest.mark.parametrize(
    ("address", "literal"),
    [
        ("192.0.2.1", "[192.0.2.1]"),
        ("2001:db8::1", "[IPv6:2001:db8::1]"),
        ("fe80::1%eth0", "[IPv6:fe80::1]"),
    ],
)
def test_address_literals(address: str, literal: str) -> None:
    assert address_literal(address) == literal


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A resolver that does not answer before it is told to."""
    over = threading.Event()

    def hang() -> str:
        over.wait()
        return "late.example.test"

    monkeypatch.setattr(socket, "getfqdn", hang)
    yield over.set
    over.set()


@pytest.mark.usefixtures("hanging")
async def test_a_slow_resolver_is_not_waited_for_long() -> None:
    assert await own_name(0.01) is None
    naming = EhloName(None, timeout=0.04)
    assert await naming.name("::1") == "[IPv6:::1]"
    await naming.close()


@pytest.mark.usefixtures("hanging")
async def test_looking_can_be_left() -> None:
    before = asyncio.all_tasks()
    naming = EhloName(None, 5)
    await naming.close()
    assert asyncio.all_tasks() == before
