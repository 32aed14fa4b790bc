"""A connection: bytes in both directions, TLS by hand, and how it closes."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from smtp_tui.smtp.connection import CHUNK, ClosedByServer, Connection, HandshakeFailed
from smtp_tui.smtp.tls import TlsContextError
from tests.smtp import pki
from tests.smtp.scripted import Peer, ScriptedServer

Pair = tuple[Connection, Peer]


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[Pair]:
    """A connection and its peer."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    with socket.socket() as unused:
        connection = Connection(ours)
        peer = Peer(theirs, ScriptedServer(unused, (), may_leave=True))
        yield connection, peer
        connection.close()
        peer.close()


@pytest.fixture
def client(authority: pki.Issued) -> ssl.SSLContext:
    """A client's context that trusts the CA."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(cadata=authority.pem.decode())
    return made


async def secured(pair: Pair, client: ssl.SSLContext, server: ssl.SSLContext) -> None:
    """Begin TLS on both ends."""
    connection, peer = pair
    agreed, _ = await asyncio.gather(
        connection.start_tls(client, "localhost"), peer.start_tls(server)
    )
    assert agreed.version == "TLSv1.3"
    assert connection.is_encrypted


async def test_bytes_in_the_clear(pair: Pair) -> None:
    connection, peer = pair
    await connection.send(b"EHLO me\r\n")
    assert await peer.line() == "EHLO me"
    await peer.send(b"250 ok\r\n")
    assert await connection.receive() == b"250 ok\r\n"
    assert connection.waiting_bytes() == b""
    await peer.send(b"250 more\r\n")
    assert connection.waiting_bytes() == b"250 more\r\n"
    peer.close()
    assert await connection.receive() == b""


async def test_bytes_that_are_there_already_let_others_run(pair: Pair) -> None:
    connection, peer = pair
    await peer.send(b"220 x\r\n")
    other = asyncio.Event()
    asyncio.get_running_loop().call_soon(other.set)
    await connection.receive()
    assert other.is_set()


async def test_bytes_inside_tls(
    pair: Pair, client: ssl.SSLContext, context: ssl.SSLContext
) -> None:
    connection, peer = pair
    await secured(pair, client, context)
    await connection.send(b"EHLO me\r\n")
    assert await peer.line() == "EHLO me"
    assert connection.waiting_bytes() == b""
    await peer.send(b"250 ok\r\n")
    assert await connection.receive() == b"250 ok\r\n"
    await peer.send(b"250 more\r\n")
    assert connection.waiting_bytes() == b"250 more\r\n"


async def test_more_than_is_read_at_once(
    pair: Pair, client: ssl.SSLContext, context: ssl.SSLContext
) -> None:
    connection, peer = pair
    await secured(pair, client, context)
    await peer.send(b"x" * 40_000)
    received = b""
    while len(received) < 40_000:
        received += await connection.receive()
        assert len(received) <= 40_000
    assert CHUNK < 40_000


@pytest.mark.parametrize("in_good_order", [True, False])
async def test_the_end_inside_tls(
    pair: Pair, client: ssl.SSLContext, context: ssl.SSLContext, in_good_order: bool
) -> None:
    connection, peer = pair
    await secured(pair, client, context)
    if in_good_order:
        await peer.end_tls()
    peer.finish()
    assert connection.waiting_bytes() == b""
    assert await connection.receive() == b""
    assert await connection.receive() == b""


async def test_closing_says_so_inside_tls(
    pair: Pair, client: ssl.SSLContext, context: ssl.SSLContext
) -> None:
    connection, peer = pair
    await secured(pair, client, context)
    await connection.send(b"QUIT\r\n")
    connection.close()
    assert await peer.line() == "QUIT"
    assert await peer.is_told_the_end()


async def test_closing_twice_does_no_harm(pair: Pair) -> None:
    connection, peer = pair
    connection.close()
    connection.close()
    await peer.be_left()
    assert peer.ended == "eof"


async def test_a_name_to_check_is_needed(pair: Pair) -> None:
    # A UNIX socket has no name of its own; without a check of names, TLS needs none.
    connection, _ = pair
    with pytest.raises(TlsContextError) as caught:
        await connection.start_tls(ssl.create_default_context(), "")
    assert caught.value.key == "server_name"


@pytest.mark.parametrize("name", [".example.test", "a" * 64 + ".test"])
async def test_names_that_tls_cannot_carry(pair: Pair, client: ssl.SSLContext, name: str) -> None:
    connection, _ = pair
    with pytest.raises(TlsContextError) as caught:
        await connection.start_tls(client, name)
    assert caught.value.key == "server_name"


async def test_a_failed_handshake_sends_its_alert(pair: Pair, context: ssl.SSLContext) -> None:
    connection, peer = pair
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    shaking = asyncio.create_task(peer.start_tls(context))
    with pytest.raises(HandshakeFailed) as caught:
        await connection.start_tls(stranger, "localhost")
    await asyncio.gather(shaking, return_exceptions=True)
    assert caught.value.failure.fault == "certificate-unknown-issuer"
    assert peer.handshake_error
    assert peer.handshake_error.reason == "TLSV1_ALERT_UNKNOWN_CA"


async def test_plain_text_in_a_handshakes_place(pair: Pair, client: ssl.SSLContext) -> None:
    connection, peer = pair
    await peer.send(b"220 mail ESMTP\r\n")
    with pytest.raises(HandshakeFailed) as caught:
        await connection.start_tls(client, "localhost")
    assert caught.value.first_bytes == b"220 mail ESMTP\r\n"
    assert not connection.is_encrypted


async def test_an_end_in_a_handshakes_place(pair: Pair, client: ssl.SSLContext) -> None:
    connection, peer = pair
    peer.finish()
    with pytest.raises(ClosedByServer):
        await connection.start_tls(client, "localhost")
