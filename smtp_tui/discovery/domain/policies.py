"""Records made of tags, `name=value; …`: DMARC (RFC 7489), DKIM keys (RFC 6376), MTA-STS.

What a domain says about itself: MX, DMARC, DKIM keys, MTA-STS; and a server's TLSA records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

from smtp_tui.discovery.dns import Answer, Resolver, State, gather_all
from smtp_tui.discovery.domain.facts import DomainFact, Severity, fact, unanswered
from smtp_tui.records import record


class Policy(Enum):
    """What receivers are asked to do with mail that fails (RFC 7489, section 6.3)."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class KeyState(Enum):
    """What a DKIM key record amounts to."""

    GOOD = "good"
    REVOKED = "revoked"
    BROKEN = "broken"


@record(kw_only=True)
class Dmarc:
    """A DMARC record: its policy for the domain itself and for names below it."""

    policy: Policy
    below: Policy


def tags_of(text: str) -> dict[str, str]:
    """Return the tags of a record by name, the first of a name counts; what is none is left out."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        name, sign, value = part.partition("=")
        if sign and name.strip():
            tags.setdefault(name.strip().casefold(), value.strip())
    return tags


def record_with(texts: Iterable[str], version: str) -> str | None:
    """Return the record that begins with a version tag; None without one.

    ValueError where there is more than one: then none counts.
    """
    found = [one for one in texts if _version(one) == version]
    if len(found) > 1:
        raise ValueError("there are two records")
    return found[0] if found else None


def dmarc_of(text: str) -> Dmarc:
    """Read a DMARC record; ValueError says what is wrong."""
    tags = tags_of(text)
    policy = _policy(tags.get("p"), "p", has_reports=bool(tags.get("rua")))
    below = _policy(tags["sp"], "sp") if "sp" in tags else policy
    return Dmarc(policy=policy, below=below)


def key_state(text: str) -> KeyState:
    """Say what a DKIM key record amounts to (RFC 6376, section 3.6.1)."""
    tags = tags_of(text)
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return KeyState.BROKEN
    return KeyState.GOOD if tags["p"] else KeyState.REVOKED


def _version(text: str) -> str:
    name, sign, value = text.split(";")[0].partition("=")
    return value.strip() if sign and name.strip() == "v" else ""


def _policy(value: str | None, tag: str, *, has_reports: bool = False) -> Policy:
    """Read a policy; without a readable one a record that wants reports only watches."""
    try:
        return Policy((value or "").casefold())
    except ValueError:
        if has_reports:
            return Policy.NONE
        raise ValueError(f"{tag} is not a policy") from None


# rf

Facts = tuple[DomainFact, ...]

# Names above a domain at which its DMARC policy is looked for.
MOST_ABOVE = 5
MOST_SHOWN = 3
TLSA_PORTS = (25, 465, 587)

_POLICIES = {
    Policy.NONE: ("dmarc-p-none", Severity.NOTE),
    Policy.QUARANTINE: ("dmarc-p-quarantine", Severity.GOOD),
    Policy.REJECT: ("dmarc-p-reject", Severity.GOOD),
}
_KEYS = {
    KeyState.GOOD: ("dkim", Severity.GOOD),
    KeyState.REVOKED: ("dkim-revoked", Severity.BAD),
    KeyState.BROKEN: ("dkim-broken", Severity.BAD),
}


async def exchange_facts(domain: str, resolver: Resolver) -> Facts:
    """Say whether replies and bounces reach a domain."""
    answer, hosts = await resolver.exchanges(domain)
    match answer.state:
        case State.FAILED:
            return (unanswered("mx"),)
        case State.NO_NAME:
            return (fact("mx", "no-name", Severity.BAD, domain=domain),)
        case State.EMPTY:
            return (fact("mx", "mx-none", Severity.NOTE, domain=domain),)
        case State.FOUND:
            pass
    if hosts == ("",):
        return (fact("mx", "mx-null", Severity.BAD, domain=domain),)
    shown = ", ".join(hosts[:MOST_SHOWN])
    found = "; ".join(answer.records)
    return (fact("mx", "mx", Severity.GOOD, found, domain=domain, hosts=shown),)


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
            return (fact("dmarc", "dmarc-broken", Severity.BAD, **names, trouble=error),)
    return (fact("dmarc", "dmarc-none", Severity.NOTE, domain=domain),)


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
        return (fact("dkim", "dkim-unasked", Severity.UNKNOWN),)
    return tuple(await gather_all(*(_key(domain, one, resolver) for one in selectors)))


async def _key(domain: str, selector: str, resolver: Resolver) -> DomainFact:
    names = {"domain": domain, "selector": selector}
    answer = await resolver.texts(f"{selector}._domainkey.{domain}")
    if answer.state is State.FAILED:
        return unanswered("dkim")
    if not answer.records:
        return fact("dkim", "dkim-missing", Severity.BAD, **names)
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
    return (fact("mta-sts", identity, Severity.NOTE, found, domain=domain),)


async def tlsa_facts(host: str, port: int, resolver: Resolver) -> Facts:
    """Say whether a server's certificate stands in DNS (RFC 7672)."""
    ports = sorted({port, *TLSA_PORTS})
    answers = await gather_all(*(resolver.ask(f"_{one}._tcp.{host}", "TLSA") for one in ports))
    held = [(one, answer) for one, answer in zip(ports, answers, strict=True) if answer.records]
    if not held:
        failed = all(answer.state is State.FAILED for answer in answers)
        none = fact("tlsa", "tlsa-none", Severity.NOTE, host=host)
        return (unanswered("tlsa") if failed else none,)
    vouched = [one for one in held if one[1].secure]
    bare = [one for one in held if not one[1].secure]
    facts = [_tlsa(host, vouched, "tlsa", Severity.GOOD)] if vouched else []
    if bare:
        facts.append(_tlsa(host, bare, "tlsa-unproved", Severity.NOTE))
    return tuple(facts)


def _tlsa(
    host: str, held: Sequence[tuple[int, Answer]], identity: str, weight: Severity
) -> DomainFact:
    ports = ", ".join(str(port) for port, _ in held)
    found = "; ".join(record for _, answer in held for record in answer.records)
    return fact("tlsa", identity, weight, found, host=host, ports=ports)
