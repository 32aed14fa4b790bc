"""All mail servers of a domain, as senders see them: DNS, servers and certificates on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.checks import as_mta
from smtp_tui.checks.as_mta import run_as_mta
from smtp_tui.checks.jsonlines import named_line
from smtp_tui.checks.sender_texts import by_exchange, domain_notes, side_notes, verdict_text
from smtp_tui.checks.senders import MtaSummary, MxSide, Outcome, Sender
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.discovery import mta_sts
from smtp_tui.discovery.dns import DnsAnswerState, Resolver
from smtp_tui.discovery.exchanges import ExchangesAnswer, MailExchange
from smtp_tui.smtp import starttls
from smtp_tui.smtp.events import Stage
from tests.discovery.test_dane import record_of
from tests.discovery.test_mta_sts import reply_of
from tests.dns.alone import stay_alone
from tests.dns.server import SERVFAIL, Zone, name_server
from tests.events import validate
from tests.smtp import pki
from tests.smtp.scripted import Peer, Script, serving
from tests.smtp.steps import tls
from tests.web.serving import serving as serving_web

DOMAIN, MX = "example.test", "mx.example.test"
STS = f"mta-sts.{DOMAIN}"
ROOT = pki.issue("Root", is_authority=True)
BELOW = pki.issue("Below", issuer=ROOT, is_authority=True)
LEAF = pki.issue(MX, MX, issuer=BELOW)
WRONG_NAME = pki.issue("other", "other.example.test", issuer=BELOW)
FOR_DOMAIN = pki.issue("domain", DOMAIN, issuer=BELOW)
EXPIRED = pki.issue(MX, MX, issuer=BELOW, lasts=(-30, -1))
ALONE = pki.issue(MX, MX)
STRANGER = pki.issue("Stranger", is_authority=True)
HELLO = "S: 220 mx ESMTP\nC: EHLO …\nS: 250-mx"
PLAIN: Script = (f"{HELLO}\nS: 250 SIZE",)
POLICY = f"version: STSv1\nmode: enforce\nmx: {MX}\nmax_age: 86400\n"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ask nobody but the test's name server, and trust nobody but its CA."""
    stay_alone(monkeypatch)
    monkeypatch.setattr(starttls, "_recent", {})
    file = tmp_path / "root.pem"
    file.write_bytes(ROOT.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))


async def hello_or_leave(peer: Peer) -> None:
    """Answer EHLO, or the QUIT of a client that came for the certificate alone."""
    is_hello = (await peer.line()).startswith("EHLO ")
    await peer.send(b"250 mx\r\n" if is_hello else b"221 bye\r\n")


def secured(folder: Path, *issued: pki.Issued) -> Script:
    """A server that offers STARTTLS and sends these certificates."""
    context = pki.server_context(folder, *issued)
    return (
        f"{HELLO}\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go ahead",
        tls(context),
        hello_or_leave,
    )


def zone_of(*tlsa: str, **more: list[str]) -> Zone:
    """A domain with one mail server at one address."""
    types: dict[str, list[str]] = {"A": ["127.0.0.1"], **more}
    zone: dict[str, dict[str, list[str] | str]] = {DOMAIN: {"MX": [f"10 {MX}."]}, MX: {**types}}
    if tlsa:
        zone[f"_25._tcp.{MX}"] = {"TLSA": list(tlsa)}
    return zone


Look = Callable[..., "asyncio.Future[MtaSummary]"]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """Look at a domain whose server follows a script."""

    async def run(
        script: Script, zone: Zone, *, vouches: bool = True, seconds: float = 10
    ) -> MtaSummary:
        async with serving(script, may_leave=True) as server:
            monkeypatch.setattr(as_mta, "PORT", server.port)
            with name_server(zone, vouches=vouches) as names:
                resolver = Resolver(("127.0.0.1", names.port))
                summary = await run_as_mta(DOMAIN, resolver, seconds=seconds)
        for side in summary.sides:
            validate(named_line("mx", side, None, None))
        validate(named_line("mta", summary, None, None))
        return summary

    return run


def outcomes(summary: MtaSummary) -> list[str]:
    """What the three kinds of senders do at the first address."""
    return [summary.sides[0].outcome(sender).value for sender in Sender]


def notes(summary: MtaSummary) -> str:
    """All sentences, each with its sign."""
    found = list(domain_notes(summary))
    for exchange, sides in by_exchange(summary):
        found += side_notes(exchange, sides)
    assert all("{" not in one.text for one in found)
    return "\n".join(f"{one.sign} {one.text}{one.paste}" for one in found)


MATCHES = [
    (record_of(3, 1, 1, LEAF), "match", "key-change"),
    (record_of(2, 1, 1, BELOW), "match", "issuer-change"),
    (record_of(3, 0, 1, LEAF), "match", "each-renewal"),
]
MISSES = [
    (record_of(3, 1, 1, STRANGER), "mismatch"),
    (record_of(2, 1, 1, STRANGER), "mismatch"),
    (record_of(3, 0, 1, STRANGER), "mismatch"),
    (record_of(2, 0, 1, ROOT), "not-sent"),
    (record_of(2, 1, 1, ROOT), "not-sent"),
]


@pytest.mark.parametrize(("record", "state", "breaks"), MATCHES, ids=range(len(MATCHES)))
async def test_a_record_that_matches(
    look: Look, tmp_path: Path, record: str, state: str, breaks: str
) -> None:
    summary = await look(secured(tmp_path, LEAF, BELOW), zone_of(record))
    (result,) = summary.sides[0].tlsa
    assert (result.state, result.record.breaks) == (state, breaks)
    assert outcomes(summary) == ["delivers"] * 3
    assert summary.ok
    said = notes(summary)
    assert f"{'!' if breaks == 'each-renewal' else '+'} TLSA {record[:20]}" in said
    # The record to publish is printed unless it is there.
    assert ("IN TLSA 3 1 1" in said) is not record.startswith("3 1 1")


@pytest.mark.parametrize(("record", "state"), MISSES, ids=range(len(MISSES)))
async def test_a_record_that_does_not_match(
    look: Look, tmp_path: Path, record: str, state: str
) -> None:
    summary = await look(secured(tmp_path, LEAF, BELOW), zone_of(record))
    assert summary.sides[0].tlsa[0].state == state
    assert outcomes(summary) == ["delivers", "fails", "delivers"]
    assert not summary.ok
    assert summary.outcome(Sender.DANE) is Outcome.FAILS
    assert record_of(3, 1, 1, LEAF) in notes(summary)
    assert "or not with DANE" in verdict_text(summary)


@pytest.mark.parametrize("named", [LEAF, STRANGER])
async def test_an_unusable_record_asks_for_tls_alone(
    look: Look, tmp_path: Path, named: pki.Issued
) -> None:
    summary = await look(secured(tmp_path, ALONE), zone_of(record_of(1, 1, 1, named)))
    assert summary.sides[0].tlsa[0].state == "unusable"
    assert outcomes(summary) == ["delivers"] * 3
    plain = await look(PLAIN, zone_of(record_of(1, 1, 1, named)))
    assert outcomes(plain) == ["unencrypted", "fails", "unencrypted"]


async def test_one_record_that_matches_is_enough(look: Look, tmp_path: Path) -> None:
    zone = zone_of(record_of(3, 1, 1, STRANGER), record_of(3, 1, 1, LEAF))
    summary = await look(secured(tmp_path, LEAF, BELOW), zone)
    assert {result.state for result in summary.sides[0].tlsa} == {"mismatch", "match"}
    assert outcomes(summary)[1] == "delivers"
    # The other record may be that of the next key.
    assert f"i TLSA {record_of(3, 1, 1, STRANGER)[:22]}…: It matches no certificate" in notes(
        summary
    )
    assert "right if it is for the next key" in notes(summary)
    assert not any(line.startswith("!") for line in notes(summary).splitlines())


@pytest.mark.parametrize(
    ("leaf", "trouble"),
    [(WRONG_NAME, "certificate for another name"), (EXPIRED, "certificate expired")],
)
async def test_a_ca_record_needs_a_valid_chain_and_name(
    look: Look, tmp_path: Path, leaf: pki.Issued, trouble: str
) -> None:
    summary = await look(secured(tmp_path, leaf, BELOW), zone_of(record_of(2, 1, 1, BELOW)))
    (result,) = summary.sides[0].tlsa
    assert (result.state, result.trouble) == ("not-valid", trouble)
    assert outcomes(summary) == ["delivers", "fails", "delivers"]
    # A record for the key itself asks neither for the name nor for the dates.
    own = await look(secured(tmp_path, leaf, BELOW), zone_of(record_of(3, 1, 1, leaf)))
    assert outcomes(own)[1] == "delivers"


async def test_a_ca_record_accepts_the_name_of_the_domain(look: Look, tmp_path: Path) -> None:
    summary = await look(secured(tmp_path, FOR_DOMAIN, BELOW), zone_of(record_of(2, 1, 1, BELOW)))
    assert summary.sides[0].tlsa[0].state == "match"


async def test_a_ca_record_for_a_chain_that_nobody_here_trusts(look: Look, tmp_path: Path) -> None:
    private = pki.issue("Private", is_authority=True)
    leaf = pki.issue(MX, MX, issuer=private)
    zone = zone_of(record_of(2, 0, 1, private))
    summary = await look(secured(tmp_path, leaf, private), zone)
    assert summary.sides[0].certificate == "certificate-unknown-issuer"
    assert summary.sides[0].tlsa[0].is_good


async def test_without_dnssec_no_sender_looks_at_the_records(look: Look, tmp_path: Path) -> None:
    zone = zone_of(record_of(3, 1, 1, STRANGER))
    summary = await look(secured(tmp_path, LEAF, BELOW), zone, vouches=False)
    assert outcomes(summary) == ["delivers"] * 3
    assert "confirms no DNSSEC signature at all" in notes(summary)


async def test_a_record_that_no_server_answers_for(look: Look, tmp_path: Path) -> None:
    zone = {**zone_of(), f"_25._tcp.{MX}": {"*": SERVFAIL}}
    summary = await look(secured(tmp_path, LEAF, BELOW), zone)
    assert outcomes(summary) == ["delivers", "fails", "delivers"]
    assert "senders with DANE wait" in notes(summary)
    # The record that matches may be published.
    assert "The record that matches" not in notes(summary)


def test_an_address_without_a_route_is_no_success() -> None:
    exchange = MailExchange(host=MX, preference=10)
    passed = Verdict(seconds=0.1, ok=True, stage=Stage.EHLO, cause=None, summary="")
    sides = (
        MxSide(exchange=exchange, address="192.0.2.1", verdict=passed),
        MxSide(exchange=exchange, address="2001:db8::1", is_out_of_reach=True),
    )
    answer = ExchangesAnswer(state=DnsAnswerState.FOUND, hosts=(exchange,))
    summary = MtaSummary(domain=DOMAIN, answer=answer, sides=sides)
    assert summary.ok
    assert "at every address that smtp-tui could try" in verdict_text(summary)
    assert verdict_text(summary).endswith("Not tried: 2001:db8::1.")


def test_an_address_is_named_once() -> None:
    exchange = MailExchange(host=MX, preference=10)
    for summary, said in (
        ("192.0.2.1 port 25 is silent.", "192.0.2.1 port 25 is silent."),
        ("Nothing is at 192.0.2.1 port 25.", "Nothing is at 192.0.2.1 port 25."),
        ("The server is busy.", "192.0.2.1: The server is busy."),
    ):
        failed = Verdict(seconds=0, ok=False, stage=Stage.CONNECT, cause="x", summary=summary)
        side = MxSide(exchange=exchange, address="192.0.2.1", verdict=failed)
        assert next(side_notes(exchange, [side])).text == said


async def policy_look(
    look: Look, monkeypatch: pytest.MonkeyPatch, folder: Path, script: Script, policy: str
) -> MtaSummary:
    """Look at a domain with an MTA-STS policy."""
    context = pki.server_context(folder, pki.issue(STS, STS, issuer=ROOT))
    async with serving_web(context, reply_of(policy)) as (url, _):
        monkeypatch.setattr(mta_sts, "PORT", int(url.rpartition(":")[2]))
        names: Zone = {
            f"_mta-sts.{DOMAIN}": {"TXT": ['"v=STSv1; id=7"']},
            STS: {"A": ["127.0.0.1"]},
        }
        return await look(script, {**zone_of(), **names})


@pytest.mark.parametrize(
    ("leaf", "policy", "outcome", "said"),
    [
        (LEAF, POLICY, "delivers", "mode enforce and names mx.example.test."),
        (WRONG_NAME, POLICY, "fails", "The certificate is not valid (wrong name)."),
        (LEAF, POLICY.replace(MX, "*.mx.example.test"), "fails", "does not name this host"),
        (LEAF, POLICY.replace(MX, "*.example.test"), "delivers", "enforce"),
        (WRONG_NAME, POLICY.replace("enforce", "testing"), "delivers", "only report failures"),
        (WRONG_NAME, POLICY.replace("enforce", "none"), "delivers", "ignore a policy"),
    ],
)
async def test_a_policy_is_held_to_names_and_certificates(
    look: Look,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    leaf: pki.Issued,
    policy: str,
    outcome: str,
    said: str,
) -> None:
    script = secured(tmp_path, leaf, BELOW)
    summary = await policy_look(look, monkeypatch, tmp_path, script, policy)
    assert outcomes(summary) == ["delivers", "delivers", outcome]
    assert summary.ok is (outcome == "delivers")
    assert said in notes(summary)


async def test_a_policy_that_cannot_be_read_is_a_fault(
    look: Look, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    summary = await policy_look(
        look, monkeypatch, tmp_path, secured(tmp_path, LEAF, BELOW), "hello"
    )
    assert outcomes(summary) == ["delivers"] * 3
    assert not summary.ok
    assert verdict_text(summary).startswith("FAILED: senders can deliver, but they cannot use")


async def test_a_server_without_tls(
    look: Look, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    summary = await policy_look(look, monkeypatch, tmp_path, PLAIN, POLICY)
    assert outcomes(summary) == ["unencrypted", "unencrypted", "fails"]
    assert "offers no STARTTLS" in notes(summary)


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ({DOMAIN: {"MX": ["0 ."]}}, "receives no mail (null MX)"),
        ({}, "does not exist"),
        ({DOMAIN: {"*": SERVFAIL}}, "No name server gives a usable answer for the mail"),
        ({DOMAIN: {"MX": ["10 127.0.0.1."]}}, "The MX record names an address"),
        ({DOMAIN: {"MX": ["10 gone.example.test."]}}, "has no address in DNS"),
        (
            {DOMAIN: {"MX": [f"10 {MX}."]}, MX: {"*": SERVFAIL}},
            "usable answer for the host's address",
        ),
    ],
)
async def test_a_domain_without_a_server_to_try(look: Look, zone: Zone, said: str) -> None:
    summary = await look(PLAIN, zone)
    assert said in notes(summary)
    assert not summary.ok
    is_known = summary.answer.state is not DnsAnswerState.FAILED
    told = "no mail server that smtp-tui can try" if is_known else "does not know the mail servers"
    assert told in verdict_text(summary)


async def test_each_address_is_told_when_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str | None] = []
    async with serving(PLAIN, may_leave=True) as server:
        monkeypatch.setattr(as_mta, "PORT", server.port)
        with name_server(zone_of()) as names:
            resolver = Resolver(("127.0.0.1", names.port))
            await run_as_mta(DOMAIN, resolver, on_side=lambda side: told.append(side.address))
    assert told == ["127.0.0.1"]


async def test_a_domain_that_is_its_own_server(look: Look) -> None:
    summary = await look(PLAIN, {DOMAIN: {"A": ["127.0.0.1"]}})
    assert "no MX record, so senders use the host" in notes(summary)
    assert outcomes(summary)[0] == "unencrypted"


async def test_an_alias_is_named(look: Look, tmp_path: Path) -> None:
    zone = zone_of(CNAME=["real.example.test."])
    summary = await look(secured(tmp_path, LEAF, BELOW), zone)
    assert "alias (CNAME) for real.example.test" in notes(summary)


async def test_a_server_that_refuses_and_one_that_is_silent(look: Look) -> None:
    refused = await look(("S: 554 5.7.1 no mail from you",), zone_of())
    assert outcomes(refused) == ["fails"] * 3
    assert "127.0.0.1: " in notes(refused)
    silent = await look(("C: never",), zone_of(), seconds=1)
    assert not silent.ok
    assert silent.seconds < 3


async def test_a_broken_handshake_leaves_it_open_what_senders_do(look: Look) -> None:
    script: Script = (f"{HELLO}\nS: 250 STARTTLS\nC: STARTTLS\nS: 454 4.7.0 not now",)
    summary = await look(script, zone_of())
    assert outcomes(summary) == ["unknown"] * 3
    assert not summary.ok


async def test_a_closed_port_is_not_called_a_dead_domain(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_mta, "_TRACE", 0.5)
    zone = zone_of(A=["127.0.0.2"])  # nobody listens there
    summary = await look(PLAIN, zone)
    assert summary.trace is not None
    assert summary.trace.cause == "connection-refused"
    assert "no mail server of example.test answers on port 25" in verdict_text(summary)
