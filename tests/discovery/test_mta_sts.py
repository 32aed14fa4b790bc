"""MTA-STS: the policy as RFC 8461 writes it, fetched from a real web server, and held to names."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from smtp_tui.discovery import mta_sts
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.mta_sts import StsFailure, StsPolicy, fetch_policy, parse_policy
from tests.dns.server import SERVFAIL, Zone, name_server
from tests.smtp import pki
from tests.table import table
from tests.web.serving import serving

DOMAIN = "example.test"
POLICY = (
    "version: STSv1\nmode: enforce\nmx: mx.example.test\nmx: *.Mail.example.test\nmax_age: 86400\n"
)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_policy(ending: str) -> None:
    policy = parse_policy(POLICY.replace("\n", ending), "20260101")
    assert (policy.mode, policy.max_age, policy.id) == ("enforce", 86400, "20260101")
    assert policy.mx == ("mx.example.test", "*.mail.example.test")
    assert policy.is_enforced


@table(
    ("host", "is_allowed"),
    [
        ("mx.example.test", True),
        ("MX.example.test.", True),
        ("a.mail.example.test", True),
        ("a.b.mail.example.test", False),  # a wildcard stands for one label
        ("mail.example.test", False),
        ("other.example.test", False),
        ("xmx.example.test", False),
    ],
)
def test_names(host: str, *, is_allowed: bool) -> None:
    assert parse_policy(POLICY).allows(host) is is_allowed


@table(
    ("old", "new", "why"),
    [
        ("STSv1", "STSv2", "version"),
        ("version: STSv1\n", "", "version"),
        ("enforce", "strict", "mode"),
        ("86400", "never", "max_age"),
        ("86400", "31557601", "max_age"),
        ("86400", "99999999999", "max_age"),
        ("mx:", "mail:", "no mx"),
        ("mode: enforce", "enforce", "colon"),
    ],
)
def test_a_policy_that_is_none(old: str, new: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_policy(POLICY.replace(old, new))


def test_of_a_key_that_comes_twice_the_first_counts_and_others_are_ignored() -> None:
    policy = parse_policy(f"{POLICY}mode: none\nfuture: x\n\n")
    assert policy.mode == "enforce"
    assert parse_policy("version:STSv1\nmode:none\nmax_age:0").mx == ()


@pytest.fixture
def web(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """The context of the policy's web server, and the CA."""
    authority = pki.issue("Web CA", is_authority=True)
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(authority.pem)
    name = f"mta-sts.{DOMAIN}"
    return pki.server_context(tmp_path, pki.issue(name, name, issuer=authority)), str(ca_file)


def reply_of(body: str, head: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


async def fetched(
    context: ssl.SSLContext,
    ca_file: str | None,
    monkeypatch: pytest.MonkeyPatch,
    reply: bytes,
    record: str | list[str] = '"v=STSv1; id=1a"',
) -> tuple[StsPolicy | StsFailure | None, list[bytes]]:
    """What a sender gets from the web server, and what the server was asked."""
    records = [record] if isinstance(record, str) and record != SERVFAIL else record
    zone: Zone = {
        f"_mta-sts.{DOMAIN}": {"TXT": records},
        f"mta-sts.{DOMAIN}": {"A": ["127.0.0.1"]},
    }
    async with serving(context, reply) as (url, asked):
        monkeypatch.setattr(mta_sts, "PORT", int(url.rpartition(":")[2]))
        with name_server(zone) as names:
            resolver = Resolver(("127.0.0.1", names.port))
            return await fetch_policy(DOMAIN, resolver, ca_file=ca_file), asked


async def test_it_is_fetched(
    web: tuple[ssl.SSLContext, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, asked = await fetched(*web, monkeypatch, reply_of(POLICY))
    assert found == parse_policy(POLICY, "1a")
    assert asked[0].startswith(
        b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.example.test:"
    )


@pytest.mark.parametrize(
    ("reply", "id_", "detail"),
    [
        (reply_of("", "301 Moved\r\nLocation: /x"), "redirect", "301"),
        (reply_of("no", "404 Not Found"), "status", "404"),
        (reply_of("hello: world"), "malformed", "version"),
        (reply_of("<html>"), "malformed", "colon"),
        (b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe", "malformed", "not text"),
        (b"hello", "unreachable", "not HTTP"),
        (reply_of("x" * 70000), "unreachable", "larger than"),
    ],
)
async def test_a_policy_that_no_sender_can_use(
    web: tuple[ssl.SSLContext, str],
    monkeypatch: pytest.MonkeyPatch,
    reply: bytes,
    id_: str,
    detail: str,
) -> None:
    found, asked = await fetched(*web, monkeypatch, reply)
    assert isinstance(found, StsFailure)
    assert found.id == id_
    assert detail in found.detail
    assert found.text.endswith(".")
    assert len(asked) == 1


async def test_a_certificate_of_a_stranger(
    web: tuple[ssl.SSLContext, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, asked = await fetched(web[0], None, monkeypatch, reply_of(POLICY))
    assert isinstance(found, StsFailure)
    assert "its certificate is not valid" in found.text
    assert asked == []


@pytest.mark.parametrize(
    ("record", "id_"),
    [
        ('"v=spf1 -all"', None),
        (['"v=STSv1; id=1"', '"v=STSv1; id=2"'], "records"),
        ('"v=STSv1; id=a-b"', "record"),
        ('"v=STSv1;"', "record"),
        (SERVFAIL, "dns"),
    ],
)
async def test_a_domain_that_announces_no_policy(
    web: tuple[ssl.SSLContext, str],
    monkeypatch: pytest.MonkeyPatch,
    record: str | list[str],
    id_: str | None,
) -> None:
    found, asked = await fetched(*web, monkeypatch, reply_of(POLICY), record)
    assert (found.id if isinstance(found, StsFailure) else found) == id_
    assert asked == []


@pytest.mark.parametrize("record", ['"v=STSv1;id=1a"', '"v=STSv1; more=x; id=1a;"'])
async def test_records_as_they_are_written(
    web: tuple[ssl.SSLContext, str], monkeypatch: pytest.MonkeyPatch, record: str
) -> None:
    found, _ = await fetched(*web, monkeypatch, reply_of(POLICY), record)
    assert isinstance(found, StsPolicy)
    assert found.id == "1a"
