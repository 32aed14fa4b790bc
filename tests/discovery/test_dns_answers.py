"""What DNS and the providers say, before anybody knocks."""

from __future__ import annotations

import pytest

from smtp_tui.discovery.candidates import MOST_SERVICES, DnsAnswers
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.steps import Candidate, CandidateSource, parse_query, text
from smtp_tui.providers import providers
from smtp_tui.settings.choices import Encryption
from tests.dns.server import SERVFAIL, Zone, name_server


async def ask(zone: Zone, name: str) -> tuple[DnsAnswers, list[tuple[str, str]]]:
    """Ask about a name; return what was heard, and the findings by id."""
    told: list[tuple[str, str]] = []

    def tell(identity: str, _: Candidate | None = None, /, **names: object) -> None:
        told.append((identity, text("findings", identity, **names)))

    with name_server(zone) as server:
        resolver = Resolver(("127.0.0.1", server.port))
        asked = DnsAnswers(parse_query(name), resolver, providers(), tell)
        await asked.ask()
    return asked, told


async def test_services() -> None:
    zone: Zone = {
        "_submission._tcp.a.test": {"SRV": ["5 0 587 b.test.", "0 0 2587 c.test."]},
        "_submissions._tcp.a.test": {"SRV": ["0 0 465 b.test."]},
    }
    asked, told = await ask(zone, "a.test")
    made = sorted(asked.candidates, key=lambda one: one.rank)
    assert [(one.host, one.port, one.encryption) for one in made] == [
        ("b.test", 465, Encryption.SSL),
        ("c.test", 2587, Encryption.TLS),
        ("b.test", 587, Encryption.TLS),
    ]
    assert asked.is_domain
    said = "SRV _submissions._tcp.a.test names b.test port 465 (priority 0, weight 0)."
    assert ("srv", said) in told


async def test_no_more_services_than_make_sense() -> None:
    records = [f"0 0 {port} b.test." for port in range(1, 99)]
    asked, _ = await ask({"_submission._tcp.a.test": {"SRV": records}}, "a.test")
    assert len(asked.candidates) == MOST_SERVICES


@pytest.mark.parametrize(
    ("name", "identity", "host"),
    [
        ("me@gmail.com", "preset-domain", "smtp.gmail.com"),
        ("smtp.office365.com", "preset-host", "smtp.office365.com"),
        ("email-smtp.eu-west-1.amazonaws.com", "preset-host", "email-smtp.eu-west-1.amazonaws.com"),
    ],
)
async def test_providers(name: str, identity: str, host: str) -> None:
    asked, told = await ask({}, name)
    assert identity in dict(told)
    assert {(one.host, one.source) for one in asked.candidates} == {(host, CandidateSource.PRESET)}


@pytest.mark.parametrize(
    ("records", "identity", "exchange"),
    [
        ({"MX": ["10 mx.b.test.", "20 mx.c.test."]}, "mx", "mx.b.test"),
        ({"MX": ["0 ."]}, "mx-null", None),
        ({"A": ["127.0.0.1"]}, "mx-none", None),
        ({"*": SERVFAIL}, "mx-failed", None),
        (None, "no-name", None),
    ],
)
async def test_exchanges(
    records: dict[str, list[str] | str] | None, identity: str, exchange: str | None
) -> None:
    asked, told = await ask({"a.test": records} if records else {}, "a.test")
    assert identity in dict(told)
    assert asked.exchange == exchange
    assert asked.is_domain is (identity in ("mx", "mx-null"))


async def test_an_address_is_not_asked_about() -> None:
    asked, told = await ask({}, "192.0.2.1")
    assert (asked.candidates, asked.states, told) == ([], set(), [])
