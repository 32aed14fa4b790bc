"""Through a proxy: SOCKS5 and CONNECT, pure, scripted, and with microsocks and tinyproxy."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.checks.jsonlines import json_line
from smtp_tui.diagnosis.verdict import CheckSummary
from smtp_tui.places.place import PlaceKind, open_place
from smtp_tui.settings.proxy_address import ProxyAddress, proxy
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp import proxies
from smtp_tui.smtp.events import Connected, Connecting, Resolved
from smtp_tui.smtp.proxies import Handshake, NotAProxy, ProxyRefused, http_connect, socks5
from smtp_tui.smtp.streams import StreamOpener
from tests.places.spaces import process_in_namespaces
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.servers.proxies import (
    proxy_obstacle,
    running_microsocks,
    running_tinyproxy,
)
from tests.servers.requirements import program, require
from tests.smtp import pki
from tests.smtp.playing import OPEN, play
from tests.smtp.scripted import serving
from tests.smtp.steps import send, silence, tls


def exchanged(handshake: Handshake, answer: bytes) -> tuple[bytes, bytes]:
    """Let a proxy answer; what was sent, and what of the answer was left."""
    sent = b""
    try:
        data, count = next(handshake)
        while True:
            sent += data
            if len(answer) < count:
                return sent, b"?" + answer
            read, answer = answer[:count], answer[count:]
            data, count = handshake.send(read)
    except StopIteration:
        return sent, answer


GRANTED = b"\5\0" + b"\5\0\0\1\x7f\0\0\1\x04\x38"


@pytest.mark.parametrize(
    ("host", "request_"),
    [
        ("mail.example", b"\5\1\0\3\x0cmail.example"),
        ("192.0.2.7", b"\5\1\0\1\xc0\0\2\7"),
        ("::1", b"\5\1\0\4" + bytes(15) + b"\1"),
        ("fe80::1%eth0", b"\5\1\0\4\xfe\x80" + bytes(13) + b"\1"),
    ],
)
def test_socks5_names_the_host(host: str, request_: bytes) -> None:
    sent, left = exchanged(socks5(host, 587), GRANTED + b"220 hi")
    assert sent == b"\5\1\0" + request_ + b"\x02\x4b"
    assert left == b"220 hi"


@pytest.mark.parametrize(
    "bound", [b"\1\x7f\0\0\1", b"\4" + bytes(16), b"\3\5proxy"], ids=["ipv4", "ipv6", "name"]
)
def test_socks5_reads_its_answer_and_no_more(bound: bytes) -> None:
    answer = b"\5\0\5\0\0" + bound + b"\x04\x38"
    assert exchanged(socks5("a.example", 25), answer + b"220")[1] == b"220"


@pytest.mark.parametrize(("code", "text"), [*proxies._REPLIES.items(), (9, "reply 9")])
def test_socks5_says_why_not(code: int, text: str) -> None:
    with pytest.raises(ProxyRefused, match=text.partition(",")[0]):
        exchanged(socks5("a.example", 25), b"\5\0\5" + bytes((code,)) + b"\0\1")


def test_socks5_wants_a_login() -> None:
    with pytest.raises(ProxyRefused, match="wants a login"):
        exchanged(socks5("a.example", 25), b"\5\xff")


@pytest.mark.parametrize("answer", [b"22", b"\4\0", b"\5\2", b"\5\0\4\0\0\1", b"\5\0\5\0\0\7"])
def test_what_is_not_socks5(answer: bytes) -> None:
    with pytest.raises(NotAProxy):
        exchanged(socks5("a.example", 25), answer)


@pytest.mark.parametrize(
    ("host", "target"), [("mail.example", "mail.example:25"), ("::1%lo", "[::1]:25")]
)
def test_connect_names_the_host(host: str, target: str) -> None:
    answer = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n220 hi"
    sent, left = exchanged(http_connect(host, 25), answer)
    assert sent == f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()
    assert left == b"220 hi"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.0 403 Access violation\r\n\r\n", "403 Access violation"),
        (b"HTTP/1.1 502\r\n\r\n", "502"),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407, it wants a login"),
    ],
)
def test_connect_says_why_not(answer: bytes, text: str) -> None:
    with pytest.raises(ProxyRefused, match=text):
        exchanged(http_connect("a.example", 25), answer)


@pytest.mark.parametrize(
    "answer",
    [b"220 mail.example ESMTP\r\n", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 " + b"x" * 9000],
    ids=["smtp", "version", "endless"],
)
def test_what_does_not_connect(answer: bytes) -> None:
    with pytest.raises(NotAProxy):
        exchanged(http_connect("a.example", 25), answer)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("socks5://127.0.0.1", ProxyAddress("socks5", "127.0.0.1", 1080)),
        ("SOCKS5h://proxy.example:99/", ProxyAddress("socks5", "proxy.example", 99)),
        ("http://[::1]", ProxyAddress("http", "::1", 3128)),
    ],
)
def test_its_address(written: str, found: ProxyAddress) -> None:
    assert proxy(written) == found
    assert proxy(str(found)) == found


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("socks5://me:s3cret@a.example", "contains a login"),
        ("socks4://a.example", "not a kind of proxy"),
        ("https://a.example", "not a kind of proxy"),
        ("a.example:1080", "is not a proxy"),
        ("socks5://a.example:70000", "the proxy's address"),
        ("socks5://a b", "the proxy's address"),
        ("http://a.example/path", "is not a proxy"),
    ],
)
def test_what_is_no_address_of_one(written: str, text: str) -> None:
    with pytest.raises(ValueError, match=text) as error:
        proxy(written)
    assert "s3cret" not in str(error.value)


def test_what_does_not_go_with_one() -> None:
    values = {"proxy": "socks5://proxy.example"}
    (problem,) = parse_settings({"host": "unix:/run/x", **values}).problems
    assert problem.key == "proxy"
    parsed = parse_settings({"host": "localhost", "address_family": "ipv4", **values})
    assert [remark.key for remark in parsed.remarks] == ["address_family", "host"]


@pytest.mark.parametrize(
    ("step", "scheme", "cause", "text"),
    [
        (send(b"220 mail.example ESMTP\r\n"), "socks5", "proxy-not-a-proxy", "a mail server"),
        (send(b"HTTP/1.0 400 Bad Request\r\n\r\n"), "socks5", "proxy-not-a-proxy", "HTTP answers"),
        (send(b"SSH-2.0-x\r\n"), "http", "proxy-not-a-proxy", "SSH answers"),
        (send(b"HTTP/1.1 403 \x1b[31m no\r\n\r\n"), "http", "proxy-refused", "403"),
        (silence, "http", "proxy-timeout", "no answer within 0.5 s"),
    ],
)
async def test_another_server_at_its_place(step: Any, scheme: str, cause: str, text: str) -> None:
    async with serving((step,), may_leave=True) as server:
        address = f"{scheme}://127.0.0.1:{server.port}"
        played = await play((), host="mail.example", port=25, proxy=address, timeout=0.5)
    assert (played.verdict.stage.value, played.verdict.cause) == ("connect", cause)
    assert text in played.verdict.summary
    assert "\x1b" not in played.text + played.verdict.summary


async def test_a_silent_one_is_no_socks5_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "_FIRST_LIMIT", 0.1)
    async with serving((silence,), may_leave=True) as server:
        address = f"socks5://127.0.0.1:{server.port}"
        verdict = (await play((), host="mail.example", port=25, proxy=address)).verdict
    assert verdict.cause == "proxy-not-a-proxy"
    assert "no SOCKS5 answer within 0.1 s" in verdict.summary


@pytest.mark.parametrize(
    ("address", "text"),
    [("socks5://127.0.0.1:1", "refused"), ("http://nowhere.invalid", "nowhere.invalid")],
)
async def test_it_is_not_there(address: str, text: str) -> None:
    verdict = (await play((), host="mail.example", port=25, proxy=address, extra=3)).verdict
    assert verdict.cause == "proxy-unreachable"
    assert text in verdict.summary
    # Its ports are not those of the mail server, which is never contacted around it.
    assert verdict.egress is None
    assert verdict.facts
    assert verdict.facts.trials == []


@pytest.fixture(scope="module")
def socks() -> Iterator[str]:
    with running_microsocks() as port:
        yield f"socks5://127.0.0.1:{port}"


async def test_microsocks_leads_to_the_server(socks: str) -> None:
    played = await play((f"{OPEN}S: 250 SIZE",), host="localhost", proxy=socks)
    assert played.verdict.ok
    (connected,) = [event for event in played.events if isinstance(event, Connected)]
    assert (connected.address, connected.via) == ("localhost", socks)
    assert connected.port == played.server.port
    (tried,) = [event for event in played.events if isinstance(event, Connecting)]
    assert f":{tried.port}" in socks
    (found,) = [event for event in played.events if isinstance(event, Resolved)]
    assert found.host == "127.0.0.1"
    assert f'"via": "{socks}"' in (json_line(connected, None, None) or "")
    assert f"through the proxy {socks}" in played.text
    facts = CheckSummary()
    for event in played.events:
        facts.add(event)
    assert facts.resolved == ()
    assert not facts.is_local("localhost")


async def test_tls_through_it_is_the_servers(
    socks: str, context: ssl.SSLContext, ca_file: str
) -> None:
    values: dict[str, Any] = {"host": "localhost", "server_name": pki.HOST, "ca_file": ca_file}
    script = (tls(context), f"{OPEN}S: 250 SIZE")
    played = await play(script, proxy=socks, **values, encryption="ssl")
    assert played.verdict.ok
    assert played.verdict.tls
    assert played.verdict.tls.verified


async def test_the_experiments_go_through_it_too(
    socks: str, context: ssl.SSLContext, ca_file: str
) -> None:
    implicit = (tls(context), f"{OPEN}S: 250 SIZE")
    plain = (f"{OPEN}S: 250 SIZE",)
    played = await play(
        plain, implicit, host="localhost", proxy=socks, encryption="tls", ca_file=ca_file,
        server_name=pki.HOST, extra=5, timeout=10,
    )  # fmt: skip
    assert played.verdict.cause == "starttls-not-offered"
    assert played.verdict.facts
    assert played.verdict.address == "localhost"


async def test_microsocks_finds_nobody(socks: str) -> None:
    played = await play((), host="127.0.0.1", port=1, proxy=socks)
    assert played.verdict.cause == "proxy-refused"
    assert "the mail server refused the connection" in played.verdict.summary


async def test_microsocks_wants_a_login() -> None:
    with running_microsocks("-u", "alice", "-P", "secret") as port:
        verdict = (await play((), proxy=f"socks5://127.0.0.1:{port}")).verdict
    assert verdict.cause == "proxy-refused"
    assert "it wants a login, which smtp-tui does not do yet" in verdict.summary


async def test_microsocks_is_no_http_proxy(socks: str) -> None:
    verdict = (await play((), proxy=socks.replace("socks5", "http"))).verdict
    assert verdict.cause == "proxy-not-a-proxy"


async def test_tinyproxy_lets_some_ports_through(tmp_path: Path) -> None:
    async with serving((f"{OPEN}S: 250 SIZE",)) as server:
        with running_tinyproxy(tmp_path, server.port) as port:
            values: dict[str, Any] = {"host": "localhost", "proxy": f"http://127.0.0.1:{port}"}
            passed = await play((), port=server.port, **values)
            refused = await play((), port=25, **values)
            await server.all_left()
    assert passed.verdict.ok
    assert refused.verdict.cause == "proxy-refused"
    assert "403" in refused.verdict.summary


@pytest.mark.integration
async def test_a_real_login_through_real_proxies(
    mail_servers: MailServers, socks: str, tmp_path: Path
) -> None:
    port = mail_servers.ports[Listener.STARTTLS_OFFERED]
    with running_tinyproxy(tmp_path, port) as number:
        for address in (socks, f"http://127.0.0.1:{number}"):
            played = await play(
                (), host=mail_servers.host, port=port, proxy=address, encryption="tls",
                ca_file=str(mail_servers.authority_file), username=mail_servers.user.name,
                secret=mail_servers.user.password, timeout=20,
            )  # fmt: skip
            assert played.verdict.ok, played.verdict.summary


async def test_a_proxy_inside_a_place(tmp_path: Path) -> None:
    require(proxy_obstacle("microsocks"))
    server = f"setpriv --pdeathsig KILL {program('microsocks')} -q -i 127.0.0.1 -p 1080 &"
    setup = ("ip link set lo up", server)
    settings = parse_settings(
        {"host": "127.0.0.1", "port": 2525, "proxy": "socks5://127.0.0.1:1080"}
    ).settings
    assert settings
    with (
        process_in_namespaces(setup=setup, greets=[("127.0.0.1", 2525)]) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
    ):
        stream = await StreamOpener(settings, place.network).open()
        with stream.socket:
            greeting = await asyncio.get_running_loop().sock_recv(stream.socket, 64)
        assert greeting == b"220 inside.example.test\r\n"
        with socket.socket() as outside:
            assert outside.connect_ex(("127.0.0.1", 1080)) != 0
