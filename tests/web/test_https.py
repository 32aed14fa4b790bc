"""One HTTPS request: what is sent, and every bound."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from smtp_tui.web.https import LARGEST, WebError, request
from tests.smtp import pki

SECRET = "refresh-token-wonderland"
REPLY = b'HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\n\r\n{"error":"invalid_grant"}'


@pytest.fixture(scope="module")
def authority() -> pki.Issued:
    return pki.issue("Web CA", is_authority=True)


@pytest.fixture
def ca_file(authority: pki.Issued, tmp_path: Path) -> str:
    file = tmp_path / "web.pem"
    file.write_bytes(authority.pem)
    return str(file)


@pytest.fixture
def context(authority: pki.Issued, tmp_path: Path) -> ssl.SSLContext:
    return pki.server_context(tmp_path, pki.issue("127.0.0.1", "127.0.0.1", issuer=authority))


@asynccontextmanager
async def serving(
    context: ssl.SSLContext, *replies: bytes, endless: bool = False
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answer each request with the next reply; yield the server's URL, and what it was sent."""
    seen: list[bytes] = []
    waiting = list(replies)
    tasks: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            seen.append(head + await reader.readexactly(length))
            writer.write(waiting.pop(0) if waiting else b"")
            while endless:
                writer.write(b"x" * 16384)
                await writer.drain()
            await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort() if endless else writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"https://127.0.0.1:{port}", seen
    finally:
        server.close()
        await asyncio.gather(*(task for task in tasks if task), return_exceptions=True)


async def test_a_form_is_posted_and_an_error_is_a_reply(
    context: ssl.SSLContext, ca_file: str
) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": f"{SECRET}&="}
    async with serving(context, REPLY) as (url, seen):
        reply = await request(
            f"{url}/token?a=b", form=form, authorization="Basic x", ca_file=ca_file
        )
    assert (reply.status, reply.body) == (400, b'{"error":"invalid_grant"}')
    assert reply.headers["content-type"] == "application/json"
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /token?a=b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: Basic x" in head
    assert body == f"grant_type=refresh_token&refresh_token={SECRET}%26%3D".encode()
    assert "invalid_grant" not in repr(reply)


async def test_a_post_follows_no_redirect(context: ssl.SSLContext, ca_file: str) -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /other\r\n\r\n"
    async with serving(context, moved, REPLY) as (url, seen):
        reply = await request(url, form={"token": SECRET}, ca_file=ca_file)
    assert (reply.status, len(seen)) == (307, 1)


async def test_credentials_do_not_follow_a_redirect(context: ssl.SSLContext, ca_file: str) -> None:
    moved = b"HTTP/1.1 302 Moved\r\nLocation: /other\r\n\r\n"
    async with serving(context, moved, REPLY) as (url, seen):
        reply = await request(url, authorization="Basic x", ca_file=ca_file)
    assert reply.status == 400
    assert [b"Authorization" in head for head in seen] == [True, False]


async def test_a_redirect_is_returned_where_none_is_allowed(
    context: ssl.SSLContext, ca_file: str
) -> None:
    moved = b"HTTP/1.1 302 Moved\r\nLocation: /other\r\n\r\n"
    async with serving(context, moved, REPLY) as (url, seen):
        reply = await request(url, redirects=0, ca_file=ca_file)
    assert (reply.status, reply.headers["location"], len(seen)) == (302, "/other", 1)


async def test_an_endless_body_ends(context: ssl.SSLContext, ca_file: str) -> None:
    async with serving(context, b"HTTP/1.1 200 OK\r\n\r\n", endless=True) as (url, _):
        with pytest.raises(WebError, match=f"larger than {LARGEST // 1024} KiB"):
            await request(url, ca_file=ca_file)


async def test_silence_ends_in_time() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        with pytest.raises(WebError, match=r"^no answer in time$"):
            await request(f"https://127.0.0.1:{port}/", limit=0.2)


async def test_a_refused_connection_says_so(unused_tcp_port: int) -> None:
    with pytest.raises(WebError, match=r"^connection refused$"):
        await request(f"https://127.0.0.1:{unused_tcp_port}/")


async def test_http_is_never_used() -> None:
    with pytest.raises(WebError, match="without HTTPS"):
        await request("http://127.0.0.1:1/", form={"token": SECRET})


async def test_no_error_repeats_the_url_or_the_form() -> None:
    with pytest.raises(WebError) as caught:
        await request(f"https://127.0.0.1:1/{SECRET}?{SECRET}", form={"token": SECRET})
    assert SECRET not in str(caught.value)
