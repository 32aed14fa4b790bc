"""Steps of a script beside what is said line by line."""

from __future__ import annotations

import asyncio
import ssl

from tests.smtp.scripted import Peer, Step


def send(data: bytes) -> Step:
    """Send bytes as they are, in one piece."""

    async def step(peer: Peer) -> None:
        await peer.send(data)

    return step


def trickle(data: bytes) -> Step:
    """Send bytes one at a time, each for itself."""

    async def step(peer: Peer) -> None:
        for number in range(len(data)):
            await peer.send(data[number : number + 1])
            for _ in range(4):  # so that the client gets it before the next
                await asyncio.sleep(0)

    return step


def drip(data: bytes, pause: float) -> Step:
    """Send bytes one at a time, for ever, `pause` seconds between them."""

    async def step(peer: Peer) -> None:
        leaving = asyncio.create_task(peer.be_left())
        position = 0
        while not leaving.done():
            await peer.send(data[position : position + 1])
            position = min(position + 1, len(data) - 1)
            await asyncio.wait({leaving}, timeout=pause)

    return step


def flood(piece: bytes, count: int) -> Step:
    """Send a piece again and again, as long as the client takes it."""

    async def step(peer: Peer) -> None:
        for _ in range(count):
            await peer.send(piece)

    return step


def tls(context: ssl.SSLContext) -> Step:
    """Begin TLS."""

    async def step(peer: Peer) -> None:
        await peer.start_tls(context)

    return step


async def finish(peer: Peer) -> None:
    """Close this end of the connection, and see what the client does."""
    peer.finish()
    await peer.be_left()


async def close(peer: Peer) -> None:
    """Close the connection as a process does that ends: what comes after it is answered by RST."""
    peer.close()


async def reset(peer: Peer) -> None:
    """Break the connection off with a RST."""
    peer.reset()


async def silence(peer: Peer) -> None:
    """Say nothing more."""
    await peer.be_left()


async def half_a_hello(peer: Peer) -> None:
    """Answer the ClientHello with the beginning of a TLS record."""
    await peer.take_bytes()
    await peer.send(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03")


def after_hello(data: bytes) -> Step:
    """Wait for the ClientHello, and answer it by these bytes."""

    async def step(peer: Peer) -> None:
        await peer.take_bytes()
        await peer.send(data)

    return step


async def close_notify(peer: Peer) -> None:
    """End TLS in good order, and close."""
    await peer.end_tls()
    peer.finish()
    await peer.be_left()


def raw(data: bytes) -> Step:
    """Send bytes past TLS."""

    async def step(peer: Peer) -> None:
        await peer.send_raw(data)

    return step
