"""What a message that arrived shows of the requirements for senders."""

from __future__ import annotations

from collections.abc import Iterator

import dkim as library
import pytest

from smtp_tui.arrival.demand_evidence import message_evidence
from smtp_tui.discovery.dns import Resolver
from tests.arrival.test_dkim import KEY_NAME, Key, _key
from tests.dns.server import NameServer, name_server

RECEIVED = (
    "Received: from relay.sender.test ([192.0.2.7]) by mx.google.com with {protocol} id 1;\r\n"
    " Sun, 29 Nov 2026 08:00:03 +0000\r\n"
)
HEADERS = (
    "List-Unsubscribe: <mailto:u@sender.test>, <https://sender.test/u/1>\r\n"
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
)
MESSAGE = "From: App <app@{domain}>\r\nSubject: Hello\r\n{more}\r\nText\r\n"
_ALL = [b"from", b"subject", b"list-unsubscribe", b"list-unsubscribe-post"]


@pytest.fixture(scope="module")
def key() -> Key:
    return _key(2048)


@pytest.fixture
def server(key: Key) -> Iterator[NameServer]:
    zone = {KEY_NAME: {"TXT": [key.record]}, "_dmarc.sender.test": {"TXT": ['"v=DMARC1; p=none"']}}
    with name_server(zone) as running:
        yield running


async def met(
    server: NameServer,
    key: Key | None,
    *,
    domain: str = "sender.test",
    more: str = HEADERS,
    received: str = RECEIVED.format(protocol="ESMTPS"),
    covered: list[bytes] = _ALL,
) -> dict[str, bool | None]:
    message = MESSAGE.format(domain=domain, more=more).encode()
    if key:
        signer = library.DKIM(message, minkey=512)
        message = signer.sign(b"sel1", b"sender.test", key.pem, include_headers=covered) + message
    resolver = Resolver(("127.0.0.1", server.port))
    found = await message_evidence(received.encode() + message, resolver)
    return {name: evidence.met for name, evidence in found.items()}


async def test_a_message_that_has_it_all(server: NameServer, key: Key) -> None:
    assert await met(server, key) == {
        "dkim": True,
        "aligned": True,
        "tls": True,
        "unsubscribe": True,
        "list-unsubscribe": True,
    }


async def test_a_message_without_a_signature(server: NameServer) -> None:
    found = await met(server, None)
    assert (found["dkim"], found["unsubscribe"]) == (False, False)


async def test_a_signature_of_another_domain_is_not_aligned(server: NameServer, key: Key) -> None:
    found = await met(server, key, domain="other.test")
    assert found["dkim"] is True
    # Without a believed SPF result, SPF may still align.
    assert "aligned" not in found


@pytest.mark.parametrize(
    ("value", "is_met"), [("<mailto:off@x.test>", True), ("<https://x.test>", True), ("x", False)]
)
async def test_a_list_unsubscribe_is_enough_for_yahoo(
    server: NameServer, key: Key, value: str, *, is_met: bool
) -> None:
    found = await met(server, key, more=f"List-Unsubscribe: {value}\r\n")
    assert found["list-unsubscribe"] is is_met


async def test_a_message_that_may_be_no_marketing(server: NameServer, key: Key) -> None:
    assert (await met(server, key, more=""))["unsubscribe"] is None


@pytest.mark.parametrize(
    "more",
    [
        HEADERS.splitlines(keepends=True)[0],
        HEADERS.replace("https:", "http:"),
        HEADERS.replace("One-Click", "Two-Clicks"),
    ],
)
async def test_headers_that_are_no_one_click(server: NameServer, key: Key, more: str) -> None:
    assert (await met(server, key, more=more))["unsubscribe"] is False


async def test_the_signature_must_cover_both_headers(server: NameServer, key: Key) -> None:
    assert (await met(server, key, covered=_ALL[:3]))["unsubscribe"] is False


@pytest.mark.parametrize(("protocol", "is_secure"), [("ESMTPSA", True), ("ESMTP", False)])
async def test_the_protocol_tells_of_tls(
    server: NameServer, key: Key, protocol: str, is_secure: bool
) -> None:
    found = await met(server, key, received=RECEIVED.format(protocol=protocol))
    assert found["tls"] is is_secure


@pytest.mark.parametrize(
    "received", ["", RECEIVED.format(protocol="ESMTPS").replace("google", "x")]
)
async def test_only_gmails_own_line_counts(server: NameServer, key: Key, received: str) -> None:
    assert "tls" not in await met(server, key, received=received)
