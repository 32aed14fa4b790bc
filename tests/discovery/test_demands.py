"""What large receivers require: each requirement true, false, and not to be told from here."""

from __future__ import annotations

from datetime import date

import pytest

from smtp_tui.discovery.demands import Demand, Evidence, demands, dns_evidence, judge
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.facts import fact_of
from smtp_tui.discovery.sender_report import SenderReport, report_lines
from tests.dns.server import SERVFAIL, Zone, name_server

DOMAIN = "example.test"
FOUR, SIX = "9.9.9.9", "2620:fe::fe"
SIX_NAME = "e.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.e.f.0.0.0.2.6.2.ip6.arpa"
GOOD: Zone = {
    DOMAIN: {"TXT": [f'"v=spf1 ip4:{FOUR} ip6:{SIX} -all"']},
    "9.9.9.9.in-addr.arpa": {"PTR": ["us.example.test."]},
    SIX_NAME: {"PTR": ["us.example.test."]},
    "us.example.test": {"A": [FOUR], "AAAA": [SIX]},
}
DMARC = fact_of("dmarc", "dmarc-p-none", place="_dmarc.example.test")


def by_id(**met: bool | None) -> dict[str, bool | None]:
    """The requirements with this evidence, by their ids."""
    evidence = {name.replace("_", "-"): Evidence(value, name) for name, value in met.items()}
    return {result.demand.id: result.met for result in judge(evidence)}


def test_every_requirement_has_a_source_and_a_day() -> None:
    for demand in demands():
        assert demand.source.startswith("https://")
        assert demand.provenance.taken == demand.taken <= date.today()
        assert demand.since <= demand.taken
        assert demand.who


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("demand", demands(), ids=lambda demand: demand.id)
def test_each_is_told_by_its_evidence(demand: Demand, *, value: bool) -> None:
    everything = [
        *("spf", "dkim", "ptr", "tls", "dmarc", "aligned"),
        *("unsubscribe", "list_unsubscribe", "spam_rate"),
    ]
    assert by_id(**dict.fromkeys(everything, value))[demand.id] is value


def test_without_evidence_nothing_is_told() -> None:
    assert set(by_id().values()) == {None}
    for result in judge({}):
        assert result.because


@pytest.mark.parametrize(
    ("spf", "dkim", "either", "both"),
    [
        (True, None, True, None),
        (None, True, True, None),
        (False, None, None, False),
        (False, True, True, False),
        (True, False, True, False),
        (False, False, False, False),
        (True, True, True, True),
    ],
)
def test_spf_and_dkim_together(
    spf: bool | None, dkim: bool | None, either: bool | None, both: bool | None
) -> None:
    met = by_id(spf=spf, dkim=dkim)
    assert (met["gmail-authenticated"], met["gmail-bulk-authenticated"]) == (either, both)


async def evidence(zone: Zone, *addresses: str) -> dict[str, Evidence]:
    with name_server(zone) as server:
        resolver = Resolver(("127.0.0.1", server.port))
        return await dns_evidence(DOMAIN, addresses, (DMARC,), resolver)


async def test_the_addresses_of_both_families_count() -> None:
    found = await evidence(GOOD, FOUR, SIX)
    assert {name: one.met for name, one in found.items()} == {
        "spf": True,
        "ptr": True,
        "dmarc": True,
    }
    assert FOUR in found["ptr"].because
    assert SIX in found["ptr"].because


@pytest.mark.parametrize(
    ("name", "types", "subject", "met", "said"),
    [
        (DOMAIN, {"TXT": [f'"v=spf1 ip4:{FOUR} -all"']}, "spf", False, f"does not cover {SIX}"),
        (DOMAIN, {"TXT": ['"v=spf1 ?all"']}, "spf", False, f"does not cover {FOUR} and {SIX}"),
        (DOMAIN, {"*": SERVFAIL}, "spf", None, "could not evaluate"),
        (SIX_NAME, {}, "ptr", False, f"{SIX} has none"),
        (SIX_NAME, {"*": SERVFAIL}, "ptr", None, "No name server answers"),
        ("us.example.test", {"A": [FOUR]}, "ptr", False, f"{SIX} has none"),
    ],
)
async def test_one_that_is_not_so(
    name: str, types: dict[str, list[str] | str], subject: str, met: bool | None, said: str
) -> None:
    found = (await evidence({**GOOD, name: types}, FOUR, SIX))[subject]
    assert found.met is met
    assert said in found.because


async def test_without_an_address_only_a_missing_record_is_told() -> None:
    assert set(await evidence(GOOD)) == {"dmarc"}
    facts = (
        fact_of("spf", "spf-none", domain=DOMAIN),
        fact_of("dmarc", "dmarc-none", domain=DOMAIN),
    )
    with name_server({}) as server:
        found = await dns_evidence(DOMAIN, (), facts, Resolver(("127.0.0.1", server.port)))
        assert server.asked == []
    assert {name: one.met for name, one in found.items()} == {"spf": False, "dmarc": False}


def test_the_lines_name_each_receiver_once_a_requirement() -> None:
    lines = report_lines(SenderReport(demands=judge({"dmarc": Evidence(True, "It is there.")})))
    (dmarc,) = [line for line in lines if "DMARC" in line[1]]
    assert dmarc == (
        "+",
        "Gmail, Microsoft and Yahoo: the domain must have a DMARC policy, at least p=none. "
        "It is there.",
    )
    sources = [text for sign, text in lines if sign == "-"]
    assert all(text.split(":")[0].split(" on ")[0] in ("Gmail", "Microsoft", "Yahoo")
               for text in sources)  # fmt: skip
    assert report_lines(SenderReport()) == []
