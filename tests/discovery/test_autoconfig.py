"""Autoconfig: fetched with its certificate verified and its size bounded, and read with care."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.discovery.autoconfig import AutoconfigError, candidates_in, fetch, urls
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.steps import CandidateSource, DiscoveryQuery
from smtp_tui.settings.choices import Encryption
from smtp_tui.web import https
from tests.discovery.searching import search
from tests.dns.server import name_server
from tests.smtp import pki
from tests.table import table

DOMAIN = "example.test"
NAME = f"autoconfig.{DOMAIN}"
SUBJECT = DiscoveryQuery(DOMAIN, f"me@{DOMAIN}")


def file_of(*servers: str) -> bytes:
    """An autoconfig file with these outgoing servers."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1"><emailProvider id="{DOMAIN}"><domain>{DOMAIN}</domain>
<incomingServer type="imap"><hostname>imap.{DOMAIN}</hostname><port>993</port></incomingServer>
{"".join(servers)}</emailProvider></clientConfig>""".encode()


def outgoing(
    host: str = f"mail.{DOMAIN}",
    port: int | str = 465,
    socket: str = "SSL",
    user: str = "%EMAILADDRESS%",
    kind: str = "smtp",
) -> str:
    """One outgoing server."""
    return (
        f'<outgoingServer type="{kind}"><hostname>{host}</hostname><port>{port}</port>'
        f"<socketType>{socket}</socketType><username>{user}</username>"
        "<authentication>password-cleartext</authentication></outgoingServer>"
    )


def test_places() -> None:
    data = file_of(
        outgoing(),
        outgoing(port=587, socket="STARTTLS", user="%EMAILLOCALPART%"),
        outgoing(port=25),
    )
    made = candidates_in(data, SUBJECT)
    assert [(one.host, one.port, one.encryption, one.username) for one in made] == [
        (f"mail.{DOMAIN}", 465, Encryption.SSL, f"me@{DOMAIN}"),
        (f"mail.{DOMAIN}", 587, Encryption.TLS, "me"),
        (f"mail.{DOMAIN}", 25, Encryption.SSL, f"me@{DOMAIN}"),
    ]
    assert {one.source for one in made} == {CandidateSource.AUTOCONFIG}


@table(
    "server",
    [
        outgoing(host=""),
        outgoing(host="a b"),
        outgoing(host="%EMAILADDRESS%"),
        outgoing(port=0),
        outgoing(port="x"),
        outgoing(kind="exchange"),
    ],
)
def test_a_server_that_is_none(server: str) -> None:
    assert [one.port for one in candidates_in(file_of(server, outgoing()), SUBJECT)] == [465]


def test_what_is_not_known_is_left_open() -> None:
    (found,) = candidates_in(file_of(outgoing(socket="maybe")), DiscoveryQuery(DOMAIN))
    assert (found.encryption, found.username) == (None, None)
    (named,) = candidates_in(file_of(outgoing(host="smtp.%EMAILDOMAIN%")), DiscoveryQuery(DOMAIN))
    assert named.host == f"smtp.{DOMAIN}"


@table(
    "data",
    [
        b"",
        b"<html></html>",
        b"<clientConfig>",
        b"\xff\xfe\x00",
        b'<!DOCTYPE x [<!ENTITY a "b">]><clientConfig>&a;</clientConfig>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><clientConfig/>',
        b'<?xml version="1.0" encoding="no-such"?><clientConfig/>',
    ],
)
def test_no_autoconfig_file(data: bytes) -> None:
    with pytest.raises(AutoconfigError):
        candidates_in(data, SUBJECT)


@given(st.binary() | st.text().map(str.encode) | st.text().map(lambda text: file_of(text)))
def test_any_file(data: bytes) -> None:
    try:
        made = candidates_in(data, SUBJECT)
    except AutoconfigError:
        return
    assert all(0 < one.port < 65536 for one in made)


@pytest.fixture(scope="module")
def authority() -> pki.Issued:
    """The CA that web servers are checked against."""
    return pki.issue("Web CA", is_authority=True)


@pytest.fixture
def ca_file(authority: pki.Issued, tmp_path: Path) -> str:
    """The file that names it."""
    file = tmp_path / "web.pem"
    file.write_bytes(authority.pem)
    return str(file)


@pytest.fixture
def context(authority: pki.Issued, tmp_path: Path) -> ssl.SSLContext:
    """The context of the domain's web server."""
    return pki.server_context(tmp_path, pki.issue(NAME, NAME, DOMAIN, issuer=authority))


Answers = Callable[[str], bytes]


@asynccontextmanager
async def web_server(
    context: ssl.SSLContext, answer: Answers, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[str]]:
    """A web server, on a port that counts as HTTPS for this test; the requests it has had."""
    asked: list[str] = []
    ended: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(asyncio.current_task())
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            asked.append(head)
            writer.write(answer(head.split()[1]))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    monkeypatch.setattr(https, "PORT", server.sockets[0].getsockname()[1])
    try:
        yield asked
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.gather(*(task for task in ended if task), return_exceptions=True)


def ok(body: bytes, head: bytes = b"") -> bytes:
    """An answer that holds a file."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n%s\r\n%s" % (head, body)


def redirect(to: str) -> bytes:
    """An answer that leads elsewhere."""
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


ZONE = {name: {"A": ["127.0.0.1"]} for name in (DOMAIN, NAME, f"mail.{DOMAIN}")}


async def fetched(url: str, ca_file: str | None) -> bytes:
    """Fetch by way of a name server on loopback."""
    with name_server(ZONE) as names:
        return await fetch(url, Resolver(("127.0.0.1", names.port)), ca_file)


async def test_fetched(
    context: ssl.SSLContext, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with web_server(context, lambda _: ok(b"file"), monkeypatch) as asked:
        assert await fetched(urls(DOMAIN)[0], ca_file) == b"file"
    assert asked[0].startswith(
        "GET /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.example.test"
    )
    assert "me@" not in asked[0]


async def test_redirects_within_https(
    context: ssl.SSLContext, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(path: str) -> bytes:
        where = f"https://{DOMAIN}:{https.PORT}/moved?a=b"
        return (
            ok(b"2\r\nhi\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n")
            if (path == "/moved?a=b")
            else redirect(where)
        )

    async with web_server(context, answer, monkeypatch):
        assert await fetched(f"https://{NAME}/x", ca_file) == b"hi"


CHUNKED = b"Transfer-Encoding: chunked\r\n"
SIZES = (b"ffffffffffffffff", b"f" * 5000, b"7fffffffffffffff", b"-5", b"x")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "the server replies 404"),
        (b"SSH-2.0-x\r\n\r\n", "the reply is not HTTP"),
        (b"", "the reply is not HTTP"),
        (ok(b"x" * https.LARGEST), "it is larger than 64 KiB"),
        (ok(b"x", b"Content-Length: 9\r\n"), "the reply is incomplete"),
        *(
            (ok(size + b"\r\nhi\r\n0\r\n\r\n", CHUNKED), "the reply is incomplete")
            for size in SIZES
        ),
        (
            f"HTTP/1.1 200 OK\r\nContent-Length: {'9' * 30}\r\n\r\nhi".encode(),
            "the reply is incomplete",
        ),
        (redirect("/again"), "too many redirects"),
        (redirect("http://autoconfig.example.test/"), "it redirects to a URL without HTTPS"),
        (redirect("https://a b/"), "the URL is not valid"),
        (redirect("https://[/"), "the URL is not valid"),
        (redirect("https://elsewhere.test/"), "elsewhere.test has no address"),
    ],
)
async def test_not_fetched(
    answer: bytes,
    words: str,
    context: ssl.SSLContext,
    ca_file: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with web_server(context, lambda _: answer, monkeypatch):
        with pytest.raises(AutoconfigError, match=words):
            await fetched(urls(DOMAIN)[0], ca_file)


async def test_the_certificate_is_verified(
    context: ssl.SSLContext, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with web_server(context, lambda _: ok(b"file"), monkeypatch) as asked:
        with pytest.raises(AutoconfigError, match="certificate is not valid: unable to get"):
            await fetched(urls(DOMAIN)[0], None)
        with pytest.raises(AutoconfigError, match="certificate is not valid: Hostname mismatch"):
            await fetched(f"https://mail.{DOMAIN}/", ca_file)
    assert asked == []


async def test_a_search_asks_the_web_only_when_it_is_wanted(
    context: ssl.SSLContext, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(path: str) -> bytes:
        known = path.startswith("/.well-known")
        return ok(file_of(outgoing(port=1))) if known else b"HTTP/1.1 404 No\r\n\r\n"

    async with web_server(context, answer, monkeypatch) as asked:
        without = await search(ZONE, ca_file=ca_file)
        assert asked == []
        searched = await search(ZONE, ca_file=ca_file, with_autoconfig=True)
    assert "autoconfig" not in without.ids()
    assert [one.id for one in searched.findings if "autoconfig" in one.id] == [
        "autoconfig-none",
        "autoconfig",
    ]
    assert searched.knock(f"mail.{DOMAIN}", 1).source is CandidateSource.AUTOCONFIG


async def test_a_silent_web_server_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        monkeypatch.setattr(https, "PORT", listening.getsockname()[1])
        searched = await search(ZONE, with_autoconfig=True, timeout=1)
    silent = [one.text for one in searched.findings if one.id == "autoconfig-none"]
    assert silent == [f"{url}: no answer in time." for url in urls(DOMAIN)]
