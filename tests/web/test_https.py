"""One HTTPS request: what is sent, and every bound."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from smtp_tui.web.https import LARGEST, WebError, request
from tests.web.serving import WebAuthority, serving

SECRET = "refresh-token-wonderland"
REPLY = b'HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\n\r\n{"error":"invalid_grant"}'


@pytest.fixture
def web(tmp_path: Path) -> WebAuthority:
    return WebAuthority(tmp_path)


async def test_a_form_is_posted_and_an_error_is_a_reply(web: WebAuthority) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": f"{SECRET}&="}
    async with serving(web.context, REPLY) as (url, seen):
        reply = await request(
            f"{url}/token?a=b", form=form, authorization="Basic x", ca_file=str(web.file)
        )
    assert (reply.status, reply.body) == (400, b'{"error":"invalid_grant"}')
    assert reply.headers["content-type"] == "application/json"
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /token?a=b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: Basic x" in head
    assert body == f"grant_type=refresh_token&refresh_token={SECRET}%26%3D".encode()
    assert "invalid_grant" not in repr(reply)


async def test_a_post_follows_no_redirect(web: WebAuthority) -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /other\r\n\r\n"
    async with serving(web.context, moved, REPLY) as (url, seen):
        reply = await request(url, form={"token": SECRET}, ca_file=str(web.file))
    assert (reply.status, len(seen)) == (307, 1)


async def test_credentials_do_not_follow_a_redirect(web: WebAuthority) -> None:
    moved = b"HTTP/1.1 302 Moved\r\nLocation: /other\r\n\r\n"
    async with serving(web.context, moved, REPLY) as (url, seen):
        reply = await request(url, authorization="Basic x", ca_file=str(web.file))
    assert reply.status == 400
    assert [b"Authorization" in head for head in seen] == [True, False]


async def test_a_redirect_is_returned_where_none_is_allowed(web: WebAuthority) -> None:
    moved = b"HTTP/1.1 302 Moved\r\nLocation: /other\r\n\r\n"
    async with serving(web.context, moved, REPLY) as (url, seen):
        reply = await request(url, redirects=0, ca_file=str(web.file))
    assert (reply.status, reply.headers["location"], len(seen)) == (302, "/other", 1)


async def test_an_endless_body_ends(web: WebAuthority) -> None:
    async with serving(web.context, b"HTTP/1.1 200 OK\r\n\r\n", endless=True) as (url, _):
        with pytest.raises(WebError, match=f"larger than {LARGEST // 1024} KiB"):
            await request(url, ca_file=str(web.file))


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
