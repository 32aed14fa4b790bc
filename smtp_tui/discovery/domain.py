"""One fact about a domain.

Records made of tags, `name=value; …`: DMARC (RFC 7489), DKIM keys (RFC 6376), MTA-STS.

What a domain says about itself: MX, DMARC, DKIM keys, MTA-STS; and a server's TLSA records.

What DNS holds about a sender's domain and its server, each in one plain sentence.

That a server took a message does not mean that it arrives: what receivers look at stands here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from enum import Enum, StrEnum
from ipaddress import ip_address
from typing import Any

from smtp_tui.discovery.dns import Answer, Resolver, State, gather_all
from smtp_tui.discovery.spf import SpfResult, SpfVerdict, evaluate, is_record
from smtp_tui.discovery.texts import domain_text
from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.mailbox import parse_mailbox
from smtp_tui.smtp.happy_eyeballs import is_public


class Severity(StrEnum):
    """What a fact means for mail that is to arrive."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"
    UNKNOWN = "unknown"


@record(kw_only=True)
class DomainFact:
    """What DNS holds about one subject (`mx`, `spf`, …); `id` names its text.

    `record` is what was found, as it stands there.
    """

    subject: str
    id: str
    weight: Severity
    text: str
    record: str | None = None


def fact(
    subject: str, identity: str, weight: Severity, found: str | None = None, **names: object
) -> DomainFact:
    """Make a fact of its text."""
    text = domain_text(identity, **names)
    return DomainFact(subject=subject, id=identity, weight=weight, text=text, record=found)


def unanswered(subject: str) -> DomainFact:
    """The fact that nobody answered."""
    return fact(subject, "unanswered", Severity.UNKNOWN, what=subject.upper())


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


MOST_NAMES = 4


# An address that nobody has (RFC 5737): whether there is a record does not depend on it.
_ANY = "192.0.2.1"


_WEIGHTS = {
    SpfResult.PASSED: Severity.GOOD,
    SpfResult.FAIL: Severity.NOTE,
    SpfResult.SOFTFAIL: Severity.NOTE,
    SpfResult.NEUTRAL: Severity.NOTE,
    SpfResult.NONE: Severity.BAD,
    SpfResult.PERMERROR: Severity.BAD,
    SpfResult.TEMPERROR: Severity.UNKNOWN,
    SpfResult.UNKNOWN: Severity.UNKNOWN,
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
    return (fact("spf", "spf-there", Severity.UNKNOWN, held, domain=domain),)


async def _covering(domain: str, leaving: Mapping[str, str], resolver: Resolver) -> Facts:
    verdicts = await gather_all(*(evaluate(domain, one, resolver) for one in leaving))
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
        return (fact("ptr", "ptr-private", Severity.UNKNOWN, address=address),)
    answer = await resolver.names_of(address)
    if answer.state is State.FAILED:
        return (unanswered("ptr"),)
    if not answer.records:
        return (fact("ptr", "ptr-none", Severity.NOTE, address=address),)
    names = [one.removesuffix(".").lower() for one in answer.records[:MOST_NAMES]]
    for name in names:
        if await _leads_to(name, address, resolver):
            return (fact("ptr", "ptr", Severity.GOOD, name, address=address, name=name),)
    shown = {"address": address, "name": names[0]}
    return (fact("ptr", "ptr-unconfirmed", Severity.NOTE, names[0], **shown),)


async def _leads_to(name: str, address: str, resolver: Resolver) -> bool:
    wanted = ip_address(address)
    answer = await resolver.ask(name, "A" if wanted.version == 4 else "AAAA")
    return any(ip_address(one) == wanted for one in answer.records)


SECONDS = 8.0


async def domain_facts(
    settings: Settings,
    address: str | None,
    resolver: Resolver,
    *,
    server: str | None = None,
    selectors: Sequence[str] = (),
    seconds: float = SECONDS,
) -> tuple[DomainFact, ...]:
    """Return what DNS holds about the domain of `settings.sender`, within `seconds`.

    `address` is the one this machine leaves from, `server` the server's, as a check has seen them;
    `selectors` are those of DKIM keys to look for.
    """
    domain = sender_domain(settings)
    if domain is None:
        return (fact("sender", "no-sender", Severity.UNKNOWN),)
    host = parsers.ascii_name(settings.host).removesuffix(".").lower()
    asking: dict[str, Coroutine[Any, Any, Facts]] = {
        "mx": exchange_facts(domain, resolver),
        "spf": spf_facts(domain, host, server, address, resolver),
        "dmarc": dmarc_facts(domain, resolver),
        "dkim": dkim_facts(domain, selectors, resolver),
        "mta-sts": mta_sts_facts(domain, resolver),
    }
    if address:
        asking["ptr"] = name_facts(address, resolver)
    if not parsers.is_address(host):
        asking["tlsa"] = tlsa_facts(host, settings.port, resolver)
    facts = await _all_in_time(asking, seconds)
    # Of a domain that does not exist there is nothing else to say.
    absent = [one for one in facts if one.id == "no-name"]
    return tuple(absent or facts)


async def _all_in_time(
    asking: dict[str, Coroutine[Any, Any, Facts]], seconds: float
) -> list[DomainFact]:
    """Wait for all; who is late has told nothing."""
    tasks = {subject: asyncio.create_task(one) for subject, one in asking.items()}
    try:
        await asyncio.wait(tasks.values(), timeout=seconds)
        return [
            one
            for subject, task in tasks.items()
            for one in (task.result() if task.done() else (unanswered(subject),))
        ]
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


def sender_domain(settings: Settings) -> str | None:
    """Return the domain that the settings send from; None without a sender, or with an address."""
    if not settings.sender:
        return None
    domain = parse_mailbox(settings.sender).envelope.rpartition("@")[2]
    return None if domain.startswith("[") else domain.removesuffix(".").lower()
