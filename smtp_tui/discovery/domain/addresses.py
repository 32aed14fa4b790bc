"""What a domain says about the addresses that its mail leaves from: SPF, and their own names."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

from smtp_tui.discovery.domain.facts import DomainFact, Weight, fact, unanswered
from smtp_tui.discovery.domain.spf import SpfResult, is_record
from smtp_tui.discovery.domain.spf_evaluation import SpfVerdict, evaluate
from smtp_tui.discovery.resolver import Resolver, State
from smtp_tui.discovery.together import together
from smtp_tui.smtp.addresses import is_public

Facts = tuple[DomainFact, ...]

MOST_NAMES = 4
# An address that nobody has (RFC 5737): whether there is a record does not depend on it.
_ANY = "192.0.2.1"

_WEIGHTS = {
    SpfResult.PASSED: Weight.GOOD,
    SpfResult.FAIL: Weight.NOTE,
    SpfResult.SOFTFAIL: Weight.NOTE,
    SpfResult.NEUTRAL: Weight.NOTE,
    SpfResult.NONE: Weight.BAD,
    SpfResult.PERMERROR: Weight.BAD,
    SpfResult.TEMPERROR: Weight.UNKNOWN,
    SpfResult.UNKNOWN: Weight.UNKNOWN,
}
_WITHOUT_ADDRESS = (SpfResult.NONE, SpfResult.PERMERROR, SpfResult.TEMPERROR)


async def spf_facts(
    domain: str, host: str, server: str | None, own: str | None, resolver: Resolver
) -> Facts:
    """Say whether SPF covers the server, whose `host` and address are told, and this machine.

    The one that hands the mail to receivers counts: for a relay its outgoing addresses, which only
    its admin knows.
    """
    leaving: dict[str, str] = {}
    if server and is_public(server):
        leaving[server] = f"{host} ({server})"
    if own and is_public(own):
        leaving.setdefault(own, f"this machine ({own})")
    if leaving:
        return await _covering(domain, leaving, resolver)
    verdict = await evaluate(domain, _ANY, resolver)
    held = await _held(domain, resolver)
    if verdict.result in _WITHOUT_ADDRESS:
        return (_spf(domain, "", verdict, held),)
    return (fact("spf", "spf-there", Weight.UNKNOWN, held, domain=domain),)


async def _covering(domain: str, leaving: Mapping[str, str], resolver: Resolver) -> Facts:
    verdicts = await together(*(evaluate(domain, one, resolver) for one in leaving))
    held = await _held(domain, resolver)
    pairs = zip(leaving.values(), verdicts, strict=True)
    # What is wrong with the record itself is told once.
    return tuple(dict.fromkeys(_spf(domain, who, verdict, held) for who, verdict in pairs))


async def _held(domain: str, resolver: Resolver) -> str | None:
    """Return the record as it stands in DNS, two where there are two: the resolver has it still."""
    answer = await resolver.texts(domain)
    return "; ".join(filter(is_record, answer.records)) or None


def _spf(domain: str, who: str, verdict: SpfVerdict, held: str | None) -> DomainFact:
    return fact(
        "spf",
        f"spf-{verdict.result}",
        _WEIGHTS[verdict.result],
        held,
        domain=domain,
        who=who,
        term=verdict.term,
        trouble=verdict.trouble,
        terms=", ".join(verdict.unevaluated),
    )


async def name_facts(address: str, resolver: Resolver) -> Facts:
    """Say whether this machine's address has a name that leads back to it (RFC 1912, 2.1)."""
    if not is_public(address):
        return (fact("ptr", "ptr-private", Weight.UNKNOWN, address=address),)
    answer = await resolver.names_of(address)
    if answer.state is State.FAILED:
        return (unanswered("ptr"),)
    if not answer.records:
        return (fact("ptr", "ptr-none", Weight.NOTE, address=address),)
    names = [one.removesuffix(".").lower() for one in answer.records[:MOST_NAMES]]
    for name in names:
        if await _leads_to(name, address, resolver):
            return (fact("ptr", "ptr", Weight.GOOD, name, address=address, name=name),)
    shown = {"address": address, "name": names[0]}
    return (fact("ptr", "ptr-unconfirmed", Weight.NOTE, names[0], **shown),)


async def _leads_to(name: str, address: str, resolver: Resolver) -> bool:
    wanted = ip_address(address)
    answer = await resolver.ask(name, "A" if wanted.version == 4 else "AAAA")
    return any(ip_address(one) == wanted for one in answer.records)
