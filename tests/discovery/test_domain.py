"""What DNS holds about a sender's domain, in a sentence each."""

from __future__ import annotations

import asyncio
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from smtp_tui import discovery
from smtp_tui.discovery import mta_sts
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.domain import DomainCheck
from smtp_tui.discovery.facts import DomainFact, FactSeverity
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Connected
from tests.discovery.test_dane import BELOW, LEAF, record_of, seen
from tests.discovery.test_mta_sts import reply_of
from tests.dns.server import SERVFAIL, SILENT, Zone, name_server
from tests.smtp import pki
from tests.web.serving import serving

# Addresses that somebody has: of those for examples nobody outside knows anything.
SERVER, OWN, OWN_SIX, PRIVATE = "8.8.4.4", "9.9.9.9", "2620:fe::fe", "10.1.2.3"
DOMAIN, HOST = "example.test", "mail.example.test"

GOOD: Zone = {
    DOMAIN: {"MX": ["10 mx.example.test."], "TXT": [f'"v=spf1 ip4:{SERVER} ip4:{OWN} -all"']},
    f"_dmarc.{DOMAIN}": {"TXT": ['"v=DMARC1; p=reject"']},
    f"s1._domainkey.{DOMAIN}": {"TXT": ['"v=DKIM1; p=MIIB"']},
    f"_mta-sts.{DOMAIN}": {"TXT": ['"v=STSv1; id=1"']},
    f"_587._tcp.{HOST}": {"TLSA": ["3 1 1 " + "ab" * 32]},
    "9.9.9.9.in-addr.arpa": {"PTR": ["us.example.test."]},
    "us.example.test": {"A": [OWN]},
}


def settings(**values: object) -> Settings:
    """Settings that send from the domain."""
    whole = {"host": HOST, "from": f"Me <me@{DOMAIN}>", **values}
    found = parse_settings(
        {key: value for key, value in whole.items() if value is not None}
    ).settings
    assert found
    return found


def between(own: str | None, server: str | None) -> Connected:
    """The connection of a check, as far as its addresses are known."""
    return Connected(seconds=0, address=server or "", port=587, local_address=own or "")


async def facts(
    zone: Zone,
    address: str | None = OWN,
    *,
    server: str | None = SERVER,
    selectors: tuple[str, ...] = (),
    vouches: bool = False,
    sender: str | None = f"Me <me@{DOMAIN}>",
    chain: Sequence[Certificate] = (),
    fetches: bool = False,
    named: tuple[str, ...] = (),
    **values: object,
) -> dict[str, DomainFact]:
    """The facts of a zone by their ids."""
    before = asyncio.all_tasks()
    with name_server(zone, vouches=vouches) as names:
        check = DomainCheck(
            Resolver(("127.0.0.1", names.port)), selectors, fetches=fetches, addresses=named
        )
        sending = settings(**{"from": sender}, **values)
        found = await check.facts(sending, between(address, server), chain)
    assert asyncio.all_tasks() == before
    for one in found:
        assert "{" not in one.text.replace("%{", "")
        assert one.text.endswith(".")
    return {one.id: one for one in found}


def changed(name: str, **types: list[str] | str) -> Zone:
    """The good zone with other records for a name; without any it is gone."""
    zone = {key: value for key, value in GOOD.items() if key != name}
    return {**zone, name: types} if types else zone


async def test_all_is_well() -> None:
    found = await facts(GOOD, selectors=("s1",), vouches=True)
    expected = ["mx", "spf-pass", "dmarc-p-reject", "dkim", "mta-sts", "ptr", "tlsa"]
    assert list(found) == expected
    assert found["mx"].text == (
        "Replies and bounces reach example.test: its mail goes to mx.example.test."
    )
    assert found["mx"].record == "10 mx.example.test."
    assert found["spf-pass"].record == f"v=spf1 ip4:{SERVER} ip4:{OWN} -all"
    assert {one.weight for one in found.values()} == {FactSeverity.GOOD, FactSeverity.NOTE}
    assert found["ptr"].text == (
        "The address 9.9.9.9 has the name us.example.test, which resolves back to it."
    )
    assert "port 587" in found["tlsa"].text


async def test_addresses_that_the_admin_names_come_first() -> None:
    found = await facts(GOOD, None, server=None, named=(OWN, OWN_SIX))
    assert f"covers {OWN} (ip4:{OWN})" in found["spf-pass"].text
    assert f"forbids {OWN_SIX}" in found["spf-fail"].text
    assert OWN in found["ptr"].text
    assert OWN_SIX in found["ptr-none"].text
    assert "spf-there" not in found


async def test_spf_speaks_of_the_server_and_of_this_machine() -> None:
    zone = changed(DOMAIN, TXT=[f'"v=spf1 ip4:{SERVER} ~all"'])
    found = await facts(zone)
    assert f"covers {HOST} ({SERVER}) (ip4:{SERVER})" in found["spf-pass"].text
    assert f"does not cover this machine ({OWN}) (~all)" in found["spf-softfail"].text


async def test_a_private_address_tells_nothing() -> None:
    found = await facts(GOOD, PRIVATE, server="127.0.0.1")
    assert found["spf-there"].weight is FactSeverity.UNKNOWN
    assert "10.1.2.3, which is private" in found["ptr-private"].text
    none = await facts(changed(DOMAIN, MX=["1 a.test."]), PRIVATE, server=None)
    assert "spf-none" in none


async def test_ipv6() -> None:
    zone: Zone = {DOMAIN: {"TXT": ['"v=spf1 ip6:2620:fe::/32 -all"']}}
    assert "spf-pass" in await facts(zone, OWN_SIX, server=None)


@pytest.mark.parametrize(
    ("name", "types", "identity", "weight"),
    [
        (DOMAIN, {"TXT": ['"x"']}, "mx-none", FactSeverity.NOTE),
        (DOMAIN, {"MX": ["0 ."]}, "mx-null", FactSeverity.BAD),
        (DOMAIN, {"MX": ["1 a.test."]}, "spf-none", FactSeverity.BAD),
        (DOMAIN, {"TXT": ['"v=spf1 -all"']}, "spf-fail", FactSeverity.NOTE),
        (DOMAIN, {"TXT": ['"v=spf1 ?all"']}, "spf-neutral", FactSeverity.NOTE),
        (DOMAIN, {"TXT": ['"v=spf1 ip4:x"']}, "spf-permerror", FactSeverity.BAD),
        (DOMAIN, {"TXT": ['"v=spf1 exists:%{i}.x -all"']}, "spf-unknown", FactSeverity.UNKNOWN),
        (DOMAIN, {"*": SERVFAIL}, "spf-temperror", FactSeverity.UNKNOWN),
        (f"_dmarc.{DOMAIN}", {}, "dmarc-none", FactSeverity.NOTE),
        (f"_dmarc.{DOMAIN}", {"TXT": ['"v=DMARC1; p=none"']}, "dmarc-p-none", FactSeverity.NOTE),
        (f"_dmarc.{DOMAIN}", {"TXT": ['"v=DMARC1;p=quarantine"']}, "dmarc-p-quarantine",
         FactSeverity.GOOD),
        (f"_dmarc.{DOMAIN}", {"TXT": ['"v=DMARC1; p=x"']}, "dmarc-broken", FactSeverity.BAD),
        (f"_dmarc.{DOMAIN}", {"TXT": ['"v=DMARC1;p=none"', '"v=DMARC1;p=reject"']}, "dmarc-broken",
         FactSeverity.BAD),
        (f"s1._domainkey.{DOMAIN}", {}, "dkim-missing", FactSeverity.BAD),
        (f"s1._domainkey.{DOMAIN}", {"TXT": ['"v=DKIM1; p="']}, "dkim-revoked", FactSeverity.BAD),
        (f"s1._domainkey.{DOMAIN}", {"TXT": ['"hello"']}, "dkim-broken", FactSeverity.BAD),
        (f"_mta-sts.{DOMAIN}", {}, "mta-sts-none", FactSeverity.NOTE),
        (f"_mta-sts.{DOMAIN}", {"TXT": ['"v=STSv1; id=1"', '"v=STSv1; id=2"']}, "mta-sts-none",
         FactSeverity.NOTE),
        (f"_587._tcp.{HOST}", {}, "tlsa-none", FactSeverity.NOTE),
        ("9.9.9.9.in-addr.arpa", {}, "ptr-none", FactSeverity.NOTE),
        ("us.example.test", {"A": [SERVER]}, "ptr-unconfirmed", FactSeverity.NOTE),
        (f"_dmarc.{DOMAIN}", {"*": SERVFAIL}, "unanswered", FactSeverity.UNKNOWN),
        (f"s1._domainkey.{DOMAIN}", {"*": SERVFAIL}, "unanswered", FactSeverity.UNKNOWN),
        (f"_mta-sts.{DOMAIN}", {"*": SERVFAIL}, "unanswered", FactSeverity.UNKNOWN),
        ("9.9.9.9.in-addr.arpa", {"*": SERVFAIL}, "unanswered", FactSeverity.UNKNOWN),
    ],
)  # fmt: skip
async def test_what_is_otherwise(
    name: str, types: dict[str, list[str] | str], identity: str, weight: FactSeverity
) -> None:
    found = await facts(changed(name, **types), selectors=("s1",))
    assert found[identity].weight is weight


async def test_dnssec_is_told_apart() -> None:
    found = await facts(GOOD)
    assert "without DNSSEC it proves nothing" in found["tlsa-unproved"].text


CHAIN = seen(LEAF, BELOW)
POLICY = "version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: 86400\n"


@pytest.mark.parametrize(
    ("record", "identity"),
    [
        (record_of(3, 1, 1, LEAF), "tlsa-match"),
        (record_of(3, 0, 1, LEAF), "tlsa-breaks"),
        (record_of(2, 1, 1, BELOW), "tlsa-match"),
        (record_of(3, 1, 1, BELOW), "tlsa-mismatch"),
        (record_of(1, 1, 1, LEAF), "tlsa-mismatch"),
    ],
    # The keys, and so the records, are new in each process.
    ids=["leaf key", "leaf", "issuer key", "no leaf key", "unused"],
)
async def test_tlsa_is_held_to_the_chain(record: str, identity: str) -> None:
    zone = changed(f"_587._tcp.{HOST}", TLSA=[record])
    found = await facts(zone, vouches=True, chain=CHAIN)
    assert found[identity].record == record
    right = found.get("tlsa-right")
    assert (right is None) is (record == record_of(3, 1, 1, LEAF))
    if right is not None:
        assert right.record == f"_587._tcp.{HOST}. IN TLSA {record_of(3, 1, 1, LEAF)}"


@pytest.mark.parametrize(
    ("mode", "mx", "identity"),
    [
        ("enforce", "mx.example.test", "mta-sts-names"),
        ("testing", "*.example.test", "mta-sts-names"),
        ("enforce", "other.example.test", "mta-sts-missing"),
        ("testing", "other.example.test", "mta-sts-missing-yet"),
        ("none", "other.example.test", "mta-sts-off"),
        ("wrong", "mx.example.test", "mta-sts-unusable"),
    ],
)
async def test_the_names_of_the_mta_sts_policy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str, mx: str, identity: str
) -> None:
    authority = pki.issue("Web CA", is_authority=True)
    name = f"mta-sts.{DOMAIN}"
    context = pki.server_context(tmp_path, pki.issue(name, name, issuer=authority))
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    zone: Zone = {**GOOD, name: {"A": ["127.0.0.1"]}}
    async with serving(context, reply_of(POLICY.format(mode=mode, mx=mx))) as (url, _):
        monkeypatch.setattr(mta_sts, "PORT", int(url.rpartition(":")[2]))
        found = await facts(zone, fetches=True)
    assert [one for one in found if one.startswith("mta-sts")] == ["mta-sts", identity]


async def test_without_a_selector() -> None:
    assert (await facts(GOOD))["dkim-unasked"].weight is FactSeverity.UNKNOWN


@pytest.mark.parametrize(
    ("record", "identity"),
    [("p=reject; sp=none", "dmarc-p-none"), ("p=quarantine", "dmarc-p-quarantine")],
)
async def test_the_policy_of_a_domain_above(record: str, identity: str) -> None:
    zone = {**GOOD, f"_dmarc.{DOMAIN}": {"TXT": [f'"v=DMARC1; {record}"']}}
    zone["a.b.example.test"] = {"MX": ["1 a.test."]}
    found = await facts(zone, sender="me@a.b.example.test")
    assert "_dmarc.example.test" in found[identity].text


async def test_no_such_domain() -> None:
    found = await facts({}, sender="me@gone.test")
    assert list(found) == ["no-name"]


async def test_nobody_sends() -> None:
    assert list(await facts(GOOD, sender=None)) == ["no-sender"]
    assert list(await facts(GOOD, sender="me@[192.0.2.1]")) == ["no-sender"]


async def test_a_host_that_is_an_address_has_no_tlsa() -> None:
    assert not [one for one in await facts(GOOD, host="192.0.2.1") if one.startswith("tlsa")]


async def test_in_time() -> None:
    zone: Zone = {name: {"*": SILENT} for name in GOOD}
    with name_server(zone) as names:
        began = time.monotonic()
        check = DomainCheck(Resolver(("127.0.0.1", names.port)), seconds=0.2)
        found = await check.facts(settings(), between(OWN, SERVER))
        assert time.monotonic() - began < 2
    assert {one.id for one in found} >= {"unanswered"}


def test_every_text_is_one_that_a_test_has_seen() -> None:
    text = (Path(discovery.__file__).parent / "domain.toml").read_text(encoding="utf-8")
    here = Path(__file__).read_text(encoding="utf-8")
    ids = [key for table in tomllib.loads(text).values() for key in table]
    assert [key for key in ids if f'"{key}"' not in here] == []
