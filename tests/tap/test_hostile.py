"""Clients and servers that mean harm: neither the tap nor the other side suffers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import DialogueNote, Received, Sent, TlsEstablished
from smtp_tui.tap import session
from smtp_tui.tap.certificates import make_certificate
from smtp_tui.tap.credentials import SecretRegistry
from smtp_tui.tap.dialogue import OUTSTANDING_LIMIT
from smtp_tui.tap.differences import OwnCheck
from smtp_tui.tap.events import ClientEnded, TapEvent
from smtp_tui.tap.relay import MOST_CLIENTS, ListenAddress, Tap
from smtp_tui.tap.session import TapPlan

GREETING = b"220 mail.example ESMTP\r\n"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


@dataclass
class Box:
    """A tap with its server, in this process."""

    tap: Tap
    port: int
    authority: bytes
    events: list[TapEvent] = field(default_factory=list)
    has_news: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0

    def report(self, event: TapEvent) -> None:
        """Keep an event, and wake who waits for one."""
        self.events.append(event)
        self.has_news.set()

    async def client(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ended(self, count: int = 1) -> list[ClientEnded]:
        """Wait until so many clients have ended."""
        async with asyncio.timeout(20):
            while self.tap.finished < count:
                self.has_news.clear()
                await self.has_news.wait()
        return [one.event for one in self.events if isinstance(one.event, ClientEnded)]

    async def still_works(self) -> None:
        """Assert that the next client gets a greeting and a reply."""
        reader, writer = await self.client()
        assert await reader.readline() == GREETING
        writer.write(b"QUIT\r\n")
        assert (await reader.readline()).startswith(b"221")
        writer.close()


async def polite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that accepts everything."""
    writer.write(GREETING)
    while line := await reader.readline():
        verb = line[:4].upper()
        writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
        if verb == b"QUIT":
            break
    writer.close()


@contextlib.asynccontextmanager
async def running(talk: Talk = polite, **more: Any) -> AsyncIterator[Box]:
    box: Box | None = None

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert box
        box.connections += 1
        with contextlib.suppress(ConnectionError):
            await talk(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    values = {"host": "127.0.0.1", "port": port, "encryption": "none", "domain": "a.example"}
    settings = parse_settings({**values, **more}).settings
    assert settings
    certificate = make_certificate("localhost", "127.0.0.1")
    plan = TapPlan(
        own=OwnCheck(settings=settings, ehlo_name="a.example"),
        secrets=SecretRegistry("127.0.0.1"),
        certificate=certificate,
    )
    tap = Tap(plan, lambda event: box.report(event) if box else None)
    place = await tap.listen(ListenAddress("127.0.0.1", 0))
    box = Box(tap, place.port, certificate.authority)
    serving = asyncio.create_task(tap.serve())
    try:
        yield box
        assert not serving.done()
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await tap.close()
        server.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST."""
    opened = writer.get_extra_info("socket")
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def test_junk_passes_and_is_hidden() -> None:
    async with running() as box:
        reader, writer = await box.client()
        writer.write(bytes(range(256)) * 20 + b"\r\nQUIT\r\n")
        await reader.read()
        writer.close()
        (ended,) = await box.ended()
        assert ended.from_application == ended.to_server
        await box.still_works()
        shown = [one.event.text for one in box.events if isinstance(one.event, Sent)]
        assert "[not a known command, hidden]" in shown


async def test_a_gigabyte_without_a_line_end_is_cut_off() -> None:
    async with running() as box:
        _, writer = await box.client()
        sent = 0
        with contextlib.suppress(ConnectionError):
            for _ in range(1024):
                writer.write(b"x" * 1024 * 1024)
                sent += 1
                await writer.drain()
        (ended,) = await box.ended()
        assert sent < 100
        assert ended.from_application.size < 1024 * 1024
        assert "line of more than 64 KiB" in ended.detail
        await box.still_works()


async def test_an_endless_message_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MOST_BYTES", 1024 * 1024)

    async def accepting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        while await reader.readline() not in (b"DATA\r\n", b""):
            writer.write(b"250 ok\r\n")
        writer.write(b"354 go\r\n")
        while await reader.read(65536):
            pass
        writer.close()

    async with running(accepting) as box:
        _, writer = await box.client()
        writer.write(b"DATA\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                writer.write(b"x" * 1024 * 1023 + b"\r\n")
                await writer.drain()
        (ended,) = await box.ended()
        assert ended.detail == "the application sent more than 1 MiB"


async def test_a_client_that_never_reads_or_waits_holds_little() -> None:
    """DATA and content before any reply: the tap stops reading at a bound."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        await reader.read()
        writer.close()

    async with running(silent) as box:
        _, writer = await box.client()
        writer.write(b"DATA\r\n" + b"y" * 50 * 1024 * 1024)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await writer.drain()
        # What the kernel's own buffers take is not the tap's.
        assert writer.transport.get_write_buffer_size() > 30 * 1024 * 1024
        reset(writer)


async def test_half_open_clients_are_bounded() -> None:
    async with running() as box:
        clients = [await box.client() for _ in range(200)]
        async with asyncio.timeout(20):
            replies = await asyncio.gather(*(reader.readline() for reader, _ in clients))
        assert sum(reply == GREETING for reply in replies) == MOST_CLIENTS
        assert sum(reply.startswith(b"421 4.3.2") for reply in replies) == 200 - MOST_CLIENTS
        assert box.connections == MOST_CLIENTS
        for _, writer in clients:
            reset(writer)
        await box.ended(MOST_CLIENTS)
        await box.still_works()


async def test_silence_ends_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "QUIET", 0.2)
    async with running() as box:
        reader, writer = await box.client()
        assert await reader.readline() == GREETING
        assert await reader.read() == b""
        (ended,) = await box.ended()
        assert ended.detail == "nothing was sent for 0.2 s"
        writer.close()


async def test_a_client_hello_and_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "QUIET", 0.2)
    async with running() as box:
        reader, writer = await box.client()
        context = ssl.create_default_context(cadata=box.authority.decode())
        outgoing = ssl.MemoryBIO()
        tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        writer.write(outgoing.read())
        assert await reader.read(1) == b"\x16"
        (ended,) = await box.ended()
        assert ended.from_application.size == 0
        writer.close()
        await box.still_works()


async def test_a_record_that_is_no_tls() -> None:
    async with running() as box:
        reader, writer = await box.client()
        writer.write(b"\x16\x03\x01\xff\xff" + b"z" * 70_000)
        with contextlib.suppress(ConnectionError):
            await reader.read()
        (ended,) = await box.ended()
        assert ended.detail.startswith("the TLS handshake with the application failed")
        writer.close()
        await box.still_works()


async def test_an_application_that_does_not_trust_the_ca() -> None:
    async with running() as box:
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(
                "127.0.0.1",
                box.port,
                ssl=ssl.create_default_context(),
                server_hostname="localhost",
            )
        (ended,) = await box.ended()
        assert "must trust the CA that --ca-out writes" in ended.detail
        assert ended.stage is None


async def test_a_tls_client_and_its_close() -> None:
    async with running() as box:
        context = ssl.create_default_context(cadata=box.authority.decode())
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", box.port, ssl=context, server_hostname="localhost"
        )
        assert await reader.readline() == GREETING
        writer.write(b"NOOP\r\nQUIT\r\n")
        assert await reader.read() == b"250 ok\r\n221 bye\r\n"
        writer.close()
        (ended,) = await box.ended()
        assert ended.from_application == ended.to_server
        assert ended.from_server == ended.to_application
        assert any(
            isinstance(one.event, DialogueNote) and "TLS with the application" in one.event.text
            for one in box.events
        )


async def test_resets_from_both_sides() -> None:
    async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        await reader.readline()
        reset(writer)

    async with running(resetting) as box:
        reader, writer = await box.client()
        await reader.readline()
        writer.write(b"NOOP\r\n")
        assert await reader.read() == b""
        writer.close()
        _, writer = await box.client()
        reset(writer)
        first, _ = await box.ended(2)
        assert "the server reset the connection" in first.detail


async def test_a_server_that_is_gone() -> None:
    async with running(port=1) as box:
        reader, writer = await box.client()
        assert (await reader.read()).startswith(b"421 4.3.0 smtp-tui tap")
        (ended,) = await box.ended()
        assert ended.stage == "connect"
        assert ended.detail == "no connection to 127.0.0.1: Connection refused"
        writer.close()


async def test_a_server_that_speaks_something_else() -> None:
    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n\x1b[2Jno")
        writer.close()

    async with running(web) as box:
        reader, writer = await box.client()
        assert await reader.read() == b"HTTP/1.1 400 Bad Request\r\n\r\n\x1b[2Jno"
        await box.ended()
        notes = [one.event.text for one in box.events if isinstance(one.event, DialogueNote)]
        assert any("no reply: HTTP/1.1 400" in text for text in notes)
        writer.close()


async def test_a_server_that_floods() -> None:
    async def flooding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"220-" + b"x" * 1000 + b"\r\n")
            await writer.drain()

    async with running(flooding) as box:
        reader, writer = await box.client()
        assert len(await reader.read()) < 1024 * 1024
        (ended,) = await box.ended()
        assert "reply of more than 64 KiB" in ended.detail
        writer.close()


async def test_plain_text_where_tls_is_expected() -> None:
    async with running(encryption="ssl", openssl_verify_mode="none") as box:
        reader, writer = await box.client()
        assert (await reader.read()).startswith(b"421 4.3.0")
        (ended,) = await box.ended()
        assert ended.stage == "tls"
        assert "wrong version number" in ended.detail
        assert not any(isinstance(one.event, TlsEstablished | Received) for one in box.events[:1])
        writer.close()


async def test_a_flood_of_commands_waits_for_its_replies() -> None:
    """A thousand commands are on their way, and 64 KiB wait; nothing more is read."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        await reader.read(-1)
        writer.close()

    async with running(silent) as box:
        _, writer = await box.client()
        writer.write(b"\r\n" * 10_000_000)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await writer.drain()
        sent = [one for one in box.events if isinstance(one.event, Sent)]
        assert len(sent) == OUTSTANDING_LIMIT
        reset(writer)


async def test_replies_that_nobody_asked_for_end_the_session() -> None:
    async def chatty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        while True:
            writer.write(b"250 and another\r\n" * 10)
            await writer.drain()

    async with running(chatty) as box:
        reader, writer = await box.client()
        await reader.read()
        (ended,) = await box.ended()
        assert ended.detail == "the server sends replies without a command"
        writer.close()


async def test_no_write_to_a_connection_that_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    gone = asyncio.Event()

    async def goes_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        await reader.readline()
        await gone.wait()
        for number in range(40):
            writer.write(b"250-line %d\r\n" % number)
            await writer.drain()
        writer.close()

    async with running(goes_on) as box:
        reader, writer = await box.client()
        await reader.readline()
        writer.write(b"NOOP\r\n")
        reset(writer)
        gone.set()
        await box.ended()
    assert not caplog.records


async def test_tls_after_the_greeting() -> None:
    async with running() as box:
        reader, writer = await box.client()
        assert await reader.readline() == GREETING
        writer.write(b"\x16\x03\x01\x00\x05hello")
        assert await reader.read() == b""
        (ended,) = await box.ended()
        assert "began TLS when the greeting was already on its way" in ended.detail
        assert ended.to_server.size == 0
        writer.close()


async def test_a_long_reply_inside_tls_arrives_whole() -> None:
    """It takes several records of TLS."""
    long = b"".join(b"250-KEYWORD%d %s\r\n" % (number, b"x" * 400) for number in range(90))

    async def long_winded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        while line := await reader.readline():
            writer.write(long + b"250 HELP\r\n" if line[:4] == b"EHLO" else b"221 bye\r\n")
            if line[:4] == b"QUIT":
                break
        writer.close()

    async with running(long_winded) as box:
        context = ssl.create_default_context(cadata=box.authority.decode())
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", box.port, ssl=context, server_hostname="localhost"
        )
        writer.write(b"EHLO a.example\r\nQUIT\r\n")
        assert await reader.read() == GREETING + long + b"250 HELP\r\n221 bye\r\n"
        writer.close()


async def test_an_application_is_not_encrypted_on_one_side_only() -> None:
    """With starttls_auto, an attacker who takes STARTTLS out must not get the password."""
    commands = []

    async def stripped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        while line := await reader.readline():
            commands.append(line)
            writer.write(b"250 AUTH PLAIN\r\n")
        writer.close()

    async with running(stripped, starttls_auto=True) as box:
        reader, writer = await box.client()
        await reader.readline()
        writer.write(b"EHLO a.example\r\n")
        assert await reader.readline() == b"250 AUTH PLAIN\r\n"
        writer.write(b"STARTTLS\r\n")
        assert (await reader.readline()).startswith(b"454 ")
        writer.close()
        context = ssl.create_default_context(cadata=box.authority.decode())
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", box.port, ssl=context, server_hostname="localhost"
        )
        writer.write(b"EHLO a.example\r\nAUTH PLAIN AGEAYg==\r\n")
        assert b"421 4.3.0 smtp-tui tap" in await reader.read()
        writer.close()
        *_, last = await box.ended(2)
        assert last.stage == "tls"
        assert "the tap does not send its password unencrypted" in last.detail
    assert not any(line.startswith(b"AUTH") for line in commands)


async def test_a_server_without_the_pinned_certificate_gets_nothing() -> None:
    """Even of an application that logs in before the greeting."""
    got = bytearray()
    certificate = make_certificate("localhost")

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            got.extend(await reader.read())
        writer.close()

    server = await asyncio.start_server(other, "127.0.0.1", 0, ssl=certificate.context)
    port = server.sockets[0].getsockname()[1]
    settings = {"port": port, "encryption": "ssl", "tls_fingerprint": "AB:" * 31 + "AB"}
    async with running(**settings) as box:
        _, writer = await box.client()
        writer.write(b"EHLO a.example\r\nAUTH PLAIN AGEAaHVudGVyMg==\r\n")
        (ended,) = await box.ended()
        assert "not the one in tls_fingerprint" in ended.detail
        writer.close()
    server.close()
    await server.wait_closed()
    assert not got
