"""One HTTPS request: what is sent, and every bound."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from smtp_tui.web.https import LARGEST, WebError, request
from tests.servers.proxies import running_microsocks, running_tinyproxy
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


@pytest.mark.parametrize("kind", ["socks5", "http"])
async def test_a_proxy_connects(
    web: WebAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    async with serving(web.context, REPLY) as (url, seen):
        port = int(url.rpartition(":")[2])
        running = running_microsocks() if kind == "socks5" else running_tinyproxy(tmp_path, port)
        with running as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"{kind}://127.0.0.1:{proxy}")
            assert (await request(url, ca_file=str(web.file))).status == 400
        assert len(seen) == 1
        # The proxy has gone, and without it there is an answer.
        with pytest.raises(WebError, match="of HTTPS_PROXY: "):
            await request(url, ca_file=str(web.file))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert (await request(url, ca_file=str(web.file))).status == 400


@pytest.mark.parametrize("named", [f"http://me:{SECRET}@proxy.test:3128", "https://proxy.test"])
async def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", named)
    with pytest.raises(WebError, match="HTTPS_PROXY cannot be used") as caught:
        await request("https://127.0.0.1:1/")
    assert SECRET not in str(caught.value)


async def test_a_proxy_that_allows_no_such_port(
    web: WebAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(web.context, REPLY) as (url, seen):
        with running_tinyproxy(tmp_path, 1) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
            with pytest.raises(WebError, match="of HTTPS_PROXY: 403"):
                await request(url, ca_file=str(web.file))
        assert not seen
