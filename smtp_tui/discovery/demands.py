"""What Gmail, Microsoft and Yahoo require of a sender, and whether it is so here.

The requirements are data with sources. Evidence comes from DNS, from the addresses that the admin
names, and from a message that arrived. What none of these shows is unknown, never guessed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.discovery.dns import Resolver, gather_all
from smtp_tui.discovery.domain import ptr_facts
from smtp_tui.discovery.facts import DomainFact, Facts, Unanswered
from smtp_tui.discovery.spf import SpfResult, evaluate
from smtp_tui.providers import DataProvenance, ProviderEntryKind, provenance_of
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls

_BROKEN = {"spf-none": "spf-none", "spf-permerror": "spf-broken"}
_UNSURE = (SpfResult.TEMPERROR, SpfResult.UNKNOWN)


@record(kw_only=True)
class Demand:
    """One requirement; `evidence` names what shows that it is met. See `demands.toml`."""

    id: str
    receiver: str
    bulk: bool
    since: date
    text: str
    evidence: str
    source: str
    taken: date
    read_at: str | None = None

    @property
    def who(self) -> str:
        """Who must comply."""
        text: str = _tables()["who"][self.receiver]
        return text if self.bulk else "all senders"

    @property
    def provenance(self) -> DataProvenance:
        """The entry's sources."""
        sources = [self.source, *([self.read_at] if self.read_at else [])]
        entry = {"sources": sources, "taken": self.taken}
        return provenance_of(ProviderEntryKind.DEMAND, self.id, entry)


@record
class Evidence:
    """Whether something is so, None if that cannot be told from here, and what shows it."""

    met: bool | None
    because: str


@record(kw_only=True)
class DemandResult:
    """A requirement, whether it is met (None: cannot be told from here), and why."""

    demand: Demand
    met: bool | None
    because: str


@cache
def _tables() -> dict[str, Any]:
    path = Path(__file__).with_suffix(".toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def demands() -> tuple[Demand, ...]:
    """Return all requirements, in the order of the file."""
    return tuple(Demand(**table) for table in _tables()["demand"])


def evidence_of(met: bool | None, id_: str, **names: str) -> Evidence:
    """Return evidence with its text."""
    shown = {name: escape_controls(value) for name, value in names.items()}
    return Evidence(met, _tables()["because"][id_].format_map(shown))


def judge(evidence: Mapping[str, Evidence]) -> tuple[DemandResult, ...]:
    """Return each requirement with its evidence; what has none is unknown."""
    known = {**evidence, **_combined(evidence)}
    results = []
    for demand in demands():
        found = known.get(demand.evidence) or evidence_of(None, f"{demand.evidence}-unknown")
        results.append(DemandResult(demand=demand, met=found.met, because=found.because))
    return tuple(results)


def _combined(evidence: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """Return the evidence on SPF and DKIM together."""
    both = [evidence.get(name) or evidence_of(None, f"{name}-unknown") for name in ("spf", "dkim")]
    either: bool | None = True
    whole: bool | None = False
    if not any(one.met for one in both):
        either = False if all(one.met is False for one in both) else None
    if not any(one.met is False for one in both):
        whole = True if all(one.met for one in both) else None
    return {
        "spf-or-dkim": Evidence(either, _told_by(both, decides=either)),
        "spf-and-dkim": Evidence(whole, _told_by(both, decides=whole)),
    }


def _told_by(both: Iterable[Evidence], *, decides: bool | None) -> str:
    """Return the sentences that decide."""
    return " ".join(one.because for one in both if one.met is decides)


async def dns_evidence(
    domain: str, addresses: Sequence[str], facts: Facts, resolver: Resolver
) -> dict[str, Evidence]:
    """Return what DNS shows of a domain, and of the addresses that its mail leaves from."""
    spf, ptr = await gather_all(_spf(domain, addresses, facts, resolver), _ptr(addresses, resolver))
    found = {"spf": spf, "ptr": ptr, "dmarc": _dmarc(domain, facts)}
    return {name: evidence for name, evidence in found.items() if evidence}


async def _spf(
    domain: str, addresses: Sequence[str], facts: Facts, resolver: Resolver
) -> Evidence | None:
    for fact in facts:
        if fact.id in _BROKEN:
            return evidence_of(False, _BROKEN[fact.id], domain=domain)
    if not addresses:
        return None
    verdicts = await gather_all(*(evaluate(domain, address, resolver) for address in addresses))
    results = dict(zip(addresses, (verdict.result for verdict in verdicts), strict=True))
    outside = [
        address
        for address, result in results.items()
        if result is not SpfResult.PASSED and result not in _UNSURE
    ]
    if outside:
        return evidence_of(False, "spf-fail", domain=domain, addresses=_listed(outside))
    if any(result in _UNSURE for result in results.values()):
        return evidence_of(None, "spf-unanswered", domain=domain)
    return evidence_of(True, "spf-pass", domain=domain, addresses=_listed(addresses))


async def _ptr(addresses: Sequence[str], resolver: Resolver) -> Evidence | None:
    if not addresses:
        return None
    found = await gather_all(*(_name_state(address, resolver) for address in addresses))
    states = dict(zip(addresses, found, strict=True))
    for met, id_ in ((False, "ptr-none"), (None, "ptr-unanswered"), (True, "ptr")):
        those = [address for address, state in states.items() if state is met]
        if those:
            return evidence_of(met, id_, addresses=_listed(those))
    return None


async def _name_state(address: str, resolver: Resolver) -> bool | None:
    try:
        (fact,) = await ptr_facts(address, resolver)
    except Unanswered:
        return None
    return fact.id == "ptr"


def _dmarc(domain: str, facts: Sequence[DomainFact]) -> Evidence | None:
    ids = [fact.id for fact in facts if fact.subject == "dmarc"]
    if not ids:
        return None
    if any(id_.startswith("dmarc-p-") for id_ in ids):
        return evidence_of(True, "dmarc", domain=domain)
    if {"dmarc-none", "dmarc-broken"} & set(ids):
        return evidence_of(False, "dmarc-none", domain=domain)
    return evidence_of(None, "dmarc-unknown")


def _listed(addresses: Sequence[str]) -> str:
    return " and ".join(addresses)
