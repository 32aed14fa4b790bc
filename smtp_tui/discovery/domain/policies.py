"""What a domain says about itself: MX, DMARC, DKIM keys, MTA-STS; and a server's TLSA records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smtp_tui.discovery.domain.facts import DomainFact, Weight, fact, unanswered
from smtp_tui.discovery.domain.tags import Dmarc, KeyState, Policy, dmarc_of, key_state, record_with
from smtp_tui.discovery.resolver import Answer, Resolver, State
from smtp_tui.discovery.together import together

Facts = tuple[DomainFact, ...]

# Names above a domain at which its DMARC policy is looked for.
MOST_ABOVE = 5
MOST_SHOWN = 3
TLSA_PORTS = (25, 465, 587)

_POLICIES = {
    Policy.NONE: ("dmarc-p-none", Weight.NOTE),
    Policy.QUARANTINE: ("dmarc-p-quarantine", Weight.GOOD),
    Policy.REJECT: ("dmarc-p-reject", Weight.GOOD),
}
_KEYS = {
    KeyState.GOOD: ("dkim", Weight.GOOD),
    KeyState.REVOKED: ("dkim-revoked", Weight.BAD),
    KeyState.BROKEN: ("dkim-broken", Weight.BAD),
}


async def exchange_facts(domain: str, resolver: Resolver) -> Facts:
    """Say whether replies and bounces reach a domain."""
    answer, hosts = await resolver.exchanges(domain)
    match answer.state:
        case State.FAILED:
            return (unanswered("mx"),)
        case State.NO_NAME:
            return (fact("mx", "no-name", Weight.BAD, domain=domain),)
        case State.EMPTY:
            return (fact("mx", "mx-none", Weight.NOTE, domain=domain),)
        case State.FOUND:
            pass
    if hosts == ("",):
        return (fact("mx", "mx-null", Weight.BAD, domain=domain),)
    shown = ", ".join(hosts[:MOST_SHOWN])
    found = "; ".join(answer.records)
    return (fact("mx", "mx", Weight.GOOD, found, domain=domain, hosts=shown),)


async def dmarc_facts(domain: str, resolver: Resolver) -> Facts:
    """Say what receivers are to do with mail that fails, as the domain or one above it asks."""
    for owner in _owners(domain):
        place = f"_dmarc.{owner}"
        answer = await resolver.texts(place)
        if answer.state is State.FAILED:
            return (unanswered("dmarc"),)
        names = {"domain": domain, "place": place}
        try:
            found = record_with(answer.records, "DMARC1")
            if found is None:
                continue
            return (_dmarc(dmarc_of(found), found, is_own=owner == domain, **names),)
        except ValueError as error:
            return (fact("dmarc", "dmarc-broken", Weight.BAD, **names, trouble=error),)
    return (fact("dmarc", "dmarc-none", Weight.NOTE, domain=domain),)


def _dmarc(dmarc: Dmarc, found: str, *, is_own: bool, **names: str) -> DomainFact:
    identity, weight = _POLICIES[dmarc.policy if is_own else dmarc.below]
    return fact("dmarc", identity, weight, found, **names)


def _owners(domain: str) -> Iterator[str]:
    """The domain, and those above it: which of them is the organisation's shows by its record."""
    labels = domain.split(".")
    yield domain
    for start in range(max(1, len(labels) - MOST_ABOVE), len(labels) - 1):
        yield ".".join(labels[start:])


async def dkim_facts(domain: str, selectors: Sequence[str], resolver: Resolver) -> Facts:
    """Say whether the keys of these selectors are there."""
    if not selectors:
        return (fact("dkim", "dkim-unasked", Weight.UNKNOWN),)
    return tuple(await together(*(_key(domain, one, resolver) for one in selectors)))


async def _key(domain: str, selector: str, resolver: Resolver) -> DomainFact:
    names = {"domain": domain, "selector": selector}
    answer = await resolver.texts(f"{selector}._domainkey.{domain}")
    if answer.state is State.FAILED:
        return unanswered("dkim")
    if not answer.records:
        return fact("dkim", "dkim-missing", Weight.BAD, **names)
    identity, weight = _KEYS[key_state(answer.records[0])]
    return fact("dkim", identity, weight, answer.records[0], **names)


async def mta_sts_facts(domain: str, resolver: Resolver) -> Facts:
    """Say whether a domain asks for TLS; the policy itself, on a web server, is not fetched."""
    answer = await resolver.texts(f"_mta-sts.{domain}")
    if answer.state is State.FAILED:
        return (unanswered("mta-sts"),)
    try:
        found = record_with(answer.records, "STSv1")
    except ValueError:
        found = None  # RFC 8461, section 3.1: of several none counts
    identity = "mta-sts" if found else "mta-sts-none"
    return (fact("mta-sts", identity, Weight.NOTE, found, domain=domain),)


async def tlsa_facts(host: str, port: int, resolver: Resolver) -> Facts:
    """Say whether a server's certificate stands in DNS (RFC 7672)."""
    ports = sorted({port, *TLSA_PORTS})
    answers = await together(*(resolver.ask(f"_{one}._tcp.{host}", "TLSA") for one in ports))
    held = [(one, answer) for one, answer in zip(ports, answers, strict=True) if answer.records]
    if not held:
        failed = all(answer.state is State.FAILED for answer in answers)
        none = fact("tlsa", "tlsa-none", Weight.NOTE, host=host)
        return (unanswered("tlsa") if failed else none,)
    vouched = [one for one in held if one[1].secure]
    bare = [one for one in held if not one[1].secure]
    facts = [_tlsa(host, vouched, "tlsa", Weight.GOOD)] if vouched else []
    if bare:
        facts.append(_tlsa(host, bare, "tlsa-unproved", Weight.NOTE))
    return tuple(facts)


def _tlsa(
    host: str, held: Sequence[tuple[int, Answer]], identity: str, weight: Weight
) -> DomainFact:
    ports = ", ".join(str(port) for port, _ in held)
    found = "; ".join(record for _, answer in held for record in answer.records)
    return fact("tlsa", identity, weight, found, host=host, ports=ports)
