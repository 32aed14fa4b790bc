"""DKIM signatures verified from the bytes, and the From domain that they prove."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import dkim as library
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from smtp_tui.arrival import dkim, message_report
from smtp_tui.arrival.alignment import DmarcPolicy, judge, policy_of
from smtp_tui.arrival.authentication_results import Receiver
from smtp_tui.arrival.headers import header_fields
from smtp_tui.arrival.message_report import HeaderReport
from smtp_tui.arrival.report_lines import header_lines
from smtp_tui.diagnosis.delivery import AuthenticationResult, DkimOutcome, DkimResult
from smtp_tui.discovery.dns import Resolver
from tests.dns.server import SERVFAIL, NameServer, name_server

MESSAGE = b"From: App <app@sender.test>\r\nSubject: Hello\r\n\r\nText\r\n"
KEY_NAME = "sel1._domainkey.sender.test"


@dataclass(frozen=True)
class Key:
    """A private key, and its record."""

    pem: bytes
    record: str


def _key(bits: int) -> Key:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    text = f"v=DKIM1; p={base64.b64encode(public).decode()}"
    return Key(pem, " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200)))


@pytest.fixture(scope="module")
def key() -> Key:
    return _key(2048)


@pytest.fixture
def server(key: Key) -> Iterator[NameServer]:
    with name_server({KEY_NAME: {"TXT": [key.record]}}) as running:
        yield running


def signed(key: Key, message: bytes = MESSAGE) -> bytes:
    """The message with the signature in front."""
    signer = library.DKIM(message, minkey=512)
    field: bytes = signer.sign(b"sel1", b"sender.test", key.pem)
    return field + message


async def verify(message: bytes, server: NameServer) -> DkimResult:
    """The result of the message's one signature."""
    resolver = Resolver(("127.0.0.1", server.port))
    (result,) = await dkim.verify(message, header_fields(message), resolver)
    return result


async def test_a_valid_signature(key: Key, server: NameServer) -> None:
    result = await verify(signed(key), server)
    assert (result.domain, result.selector, result.outcome) == ("sender.test", "sel1", "pass")


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        (b"Text\r\n", b"Text\r\n-- \r\nA footer\r\n", "body"),
        (b"Subject: Hello", b"Subject: [list] Hello", "header"),
        (b"d=sender.test", b"d=", "malformed"),
        (b"bh=", b"bx=", "malformed"),
    ],
)
async def test_what_was_changed_on_the_way(
    key: Key, server: NameServer, old: bytes, new: bytes, outcome: str
) -> None:
    result = await verify(signed(key).replace(old, new, 1), server)
    assert result.outcome == outcome
    assert result.why


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        (None, "no-key"),
        ('"v=DKIM1; p="', "no-key"),
        ('"v=DKIM1; p=!"', "bad-key"),
        ('"v=spf1 -all"', "bad-key"),
        (SERVFAIL, "unknown"),
    ],
)
async def test_a_key_that_does_not_help(key: Key, record: str | None, outcome: str) -> None:
    held = {} if record is None else {"TXT": record if record == SERVFAIL else [record]}
    with name_server({KEY_NAME: held}) as server:
        assert (await verify(signed(key), server)).outcome == outcome


async def test_another_key_and_a_short_one(
    key: Key, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await verify(signed(_key(2048)), server)).outcome == "header"
    # No library makes a key of less than 1024 bits today.
    monkeypatch.setattr(dkim, "SMALLEST_KEY", 4096)
    assert (await verify(signed(key), server)).outcome == "weak-key"


async def test_an_expired_signature(key: Key, server: NameServer) -> None:
    past = re.sub(rb"; t=\d+", b"; t=1000; x=2000", signed(key), count=1)
    assert (await verify(past, server)).outcome == "expired"


async def test_without_the_extra_it_says_which_one_is_missing(
    key: Key, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dkim, "dkim", None)
    result = await verify(signed(key), server)
    assert (result.outcome, result.why) == ("unknown", dkim.MISSING)


def _spf(result: str, mailfrom: str) -> AuthenticationResult:
    properties = (("smtp.mailfrom", mailfrom),)
    return AuthenticationResult(by="mx", method="spf", result=result, properties=properties)


def _signature(domain: str, outcome: DkimOutcome = "pass") -> DkimResult:
    return DkimResult(domain=domain, selector="s", outcome=outcome)


@pytest.mark.parametrize(
    ("signatures", "results", "aligned", "by"),
    [
        ([_signature("sender.test")], [], True, "dkim"),
        ([_signature("mail.sender.test")], [], True, "dkim"),
        ([_signature("elsewhere.test")], [], None, ""),
        ([_signature("elsewhere.test")], [_spf("fail", "a@sender.test")], False, ""),
        ([_signature("sender.test", "body")], [_spf("pass", "b@bounce.sender.test")], True, "spf"),
        ([], [_spf("pass", "b@elsewhere.test")], False, ""),
        ([_signature("sender.test", "unknown")], [_spf("fail", "a@x.test")], None, ""),
        ([], [], None, ""),
    ],
)
async def test_what_proves_the_from_domain(
    signatures: list[DkimResult],
    results: list[AuthenticationResult],
    aligned: bool | None,
    by: str,
) -> None:
    with name_server({"_dmarc.sender.test": {"TXT": ['"v=DMARC1; p=none"']}}) as server:
        resolver = Resolver(("127.0.0.1", server.port))
        found = judge("sender.test", signatures, results, await policy_of("sender.test", resolver))
    assert (found.aligned, found.by, found.note) == (aligned, by, "")


async def test_strict_alignment_and_a_domain_without_dmarc() -> None:
    strict = {"_dmarc.sender.test": {"TXT": ['"v=DMARC1; p=none; adkim=s"']}}
    signatures = [_signature("mail.sender.test")]
    with name_server(strict) as server:
        resolver = Resolver(("127.0.0.1", server.port))
        found = judge(
            "sender.test", signatures, [_spf("none", "")], await policy_of("sender.test", resolver)
        )
        assert found.aligned is False
    with name_server({"news.sender.test": {}}) as server:
        resolver = Resolver(("127.0.0.1", server.port))
        found = judge("sender.test", signatures, [], await policy_of("sender.test", resolver))
        assert (found.aligned, found.note) == (True, "sender.test has no DMARC policy.")


async def test_siblings_are_aligned_below_the_domain_with_the_policy() -> None:
    zone = {"_dmarc.sender.test": {"TXT": ['"v=DMARC1; p=none"']}}
    with name_server(zone) as server:
        resolver = Resolver(("127.0.0.1", server.port))
        found = judge(
            "news.sender.test",
            [_signature("mg.sender.test")],
            [],
            await policy_of("news.sender.test", resolver),
        )
        assert found.aligned is True
        found = judge(
            "news.other.test",
            [_signature("mg.other.test")],
            [],
            await policy_of("news.other.test", resolver),
        )
        assert found.aligned is None


async def test_a_signature_that_only_the_receiver_could_verify() -> None:
    unknown = DkimResult(domain="sender.test", selector="s", outcome="unknown", why="x")
    found_there = AuthenticationResult(
        by="mx.example.test",
        method="dkim",
        result="pass",
        properties=(("header.d", "sender.test"),),
    )
    with name_server({"_dmarc.sender.test": {"TXT": ['"v=DMARC1; p=none"']}}) as server:
        resolver = Resolver(("127.0.0.1", server.port))
        found = judge(
            "sender.test", [unknown], [found_there], await policy_of("sender.test", resolver)
        )
        assert (found.aligned, found.by) == (True, "dkim")
        assert "mx.example.test did" in found.note
        # A signature that was verified here and fails is not made good by another's word.
        failed = replace(unknown, outcome="body")
        found = judge(
            "sender.test", [failed], [found_there], await policy_of("sender.test", resolver)
        )
        assert not found.aligned


async def test_several_dmarc_records_are_not_none() -> None:
    records = ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"']
    with name_server({"_dmarc.sender.test": {"TXT": records}}) as server:
        resolver = Resolver(("127.0.0.1", server.port))
        found = judge("sender.test", [], [], await policy_of("sender.test", resolver))
    assert found.note == "sender.test has several DMARC records, so receivers apply none."


def test_why_dmarc_is_not_known() -> None:
    unknown = DkimResult(domain="sender.test", selector="s", outcome="unknown", why="x")
    report = HeaderReport(domain="sender.test", dkim=(unknown,))
    assert "could not verify the DKIM signature" in list(header_lines(report))[-1]


async def test_a_message_without_a_signature_says_so() -> None:
    with name_server({"_dmarc.sender.test": {"TXT": ['"v=DMARC1; p=none"']}}) as server:
        resolver = Resolver(("127.0.0.1", server.port))
        report = await message_report.read_headers(MESSAGE, Receiver(), resolver)
        assert "no DKIM signature" in report.notes[-1]
        with_one = b"DKIM-Signature: v=1\r\n" + MESSAGE
        report = await message_report.read_headers(with_one, Receiver(), resolver)
        assert not any("no DKIM signature" in note for note in report.notes)


async def test_key_and_policy_are_asked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    together = asyncio.Barrier(2)

    async def signatures(*_: object, **__: object) -> tuple[DkimResult, ...]:
        await together.wait()
        return (_signature("sender.test"),)

    async def policy(*_: object) -> DmarcPolicy:
        await together.wait()
        return DmarcPolicy(owner="sender.test")

    monkeypatch.setattr(message_report, "_signatures", signatures)
    monkeypatch.setattr(message_report, "_policy", policy)
    async with asyncio.timeout(5):
        report = await message_report.read_headers(MESSAGE, Receiver(), Resolver())
    assert report.aligned
