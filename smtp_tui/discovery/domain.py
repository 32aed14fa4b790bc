"""What DNS holds about a sender's domain and its server, each in one plain sentence.

That a server took a message does not mean that it arrives: what receivers look at stands here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from enum import Enum, StrEnum
from ipaddress import ip_address
from typing import Any

from smtp_tui.config.errors import defect_text
from smtp_tui.discovery.dns import AnswerState, Resolver, gather_all
from smtp_tui.discovery.spf import SpfResult, evaluate, is_record
from smtp_tui.discovery.steps import domain_text
from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.mailbox import parse_mailbox
from smtp_tui.smtp.events import Connected
from smtp_tui.smtp.happy_eyeballs import is_public

SECONDS = 8.0
MOST_HOSTS = 3
MOST_NAMES = 4
# Names above a domain at which its DMARC policy is looked for.
MOST_ABOVE = 5
TLSA_PORTS = (25, 465, 587)
# An address that nobody has (RFC 5737): whether there is a record does not depend on it.
_ANY = "192.0.2.1"


class FactSeverity(StrEnum):
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
    weight: FactSeverity
    text: str
    record: str | None = None


Facts = tuple[DomainFact, ...]


def _fact(
    subject: str, id_: str, weight: FactSeverity, found: str | None = None, **names: object
) -> DomainFact:
    text = domain_text(id_, **names)
    return DomainFact(subject=subject, id=id_, weight=weight, text=text, record=found)


def _unanswered(subject: str) -> DomainFact:
    return _fact(subject, "unanswered", FactSeverity.UNKNOWN, what=subject.upper())


async def domain_facts(
    settings: Settings,
    address: str | None,
    resolver: Resolver,
    *,
    server: str | None = None,
    selectors: Sequence[str] = (),
    seconds: float = SECONDS,
) -> Facts:
    """Return what DNS holds about the domain of `settings.sender`, within `seconds`.

    `address` is the one this machine leaves from, `server` the server's, as a check has seen them;
    `selectors` are those of DKIM keys to look for.
    """
    domain = sender_domain(settings)
    if domain is None:
        return (_fact("sender", "no-sender", FactSeverity.UNKNOWN),)
    host = parsers.ascii_name(settings.host).removesuffix(".").lower()
    asking: dict[str, Coroutine[Any, Any, Facts]] = {
        "mx": _mx(domain, resolver),
        "spf": _spf(domain, host, server, address, resolver),
        "dmarc": _dmarc(domain, resolver),
        "dkim": _dkim(domain, selectors, resolver),
        "mta-sts": _mta_sts(domain, resolver),
    }
    if address:
        asking["ptr"] = _ptr(address, resolver)
    if not parsers.is_address(host):
        asking["tlsa"] = _tlsa(host, settings.port, resolver)
    tasks = {subject: asyncio.create_task(question) for subject, question in asking.items()}
    try:
        await asyncio.wait(tasks.values(), timeout=seconds)
        # Who is late has told nothing.
        facts = tuple(
            fact
            for subject, task in tasks.items()
            for fact in (task.result() if task.done() else (_unanswered(subject),))
        )
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    # Of a domain that does not exist there is nothing else to say.
    return tuple(fact for fact in facts if fact.id == "no-name") or facts


class DomainCheck:
    """Asks about the domain that a check which passed sends from, whatever DNS brings out."""

    def __init__(self, resolver: Resolver, selectors: Sequence[str] = ()) -> None:
        self._resolver = resolver
        self._selectors = selectors

    async def facts(self, settings: Settings | None, connected: Connected | None) -> Facts:
        """Return what DNS holds; `connected` tells which addresses the check went from and to."""
        if settings is None:
            return ()
        own = connected.local_address if connected else None
        server = connected.address if connected else None
        try:
            return await domain_facts(
                settings, own, self._resolver, server=server, selectors=self._selectors
            )
        except Exception as error:  # a defect in here must not cost the verdict
            text = f"smtp-tui failed: {defect_text(error)}."
            weight = FactSeverity.UNKNOWN
            return (DomainFact(subject="dns", id="internal-error", weight=weight, text=text),)


def sender_domain(settings: Settings) -> str | None:
    """Return the domain that the settings send from; None without a sender, or with an address."""
    if not settings.sender:
        return None
    domain = parse_mailbox(settings.sender).envelope.rpartition("@")[2]
    return None if domain.startswith("[") else domain.removesuffix(".").lower()


async def _mx(domain: str, resolver: Resolver) -> Facts:
    """Say whether replies and bounces reach a domain."""
    answer, hosts = await resolver.exchanges(domain)
    match answer.state:
        case AnswerState.FAILED:
            return (_unanswered("mx"),)
        case AnswerState.NO_NAME:
            return (_fact("mx", "no-name", FactSeverity.BAD, domain=domain),)
        case AnswerState.EMPTY:
            return (_fact("mx", "mx-none", FactSeverity.NOTE, domain=domain),)
        case AnswerState.FOUND if hosts == ("",):
            return (_fact("mx", "mx-null", FactSeverity.BAD, domain=domain),)
        case AnswerState.FOUND:
            found, shown = "; ".join(answer.records), ", ".join(hosts[:MOST_HOSTS])
            return (_fact("mx", "mx", FactSeverity.GOOD, found, domain=domain, hosts=shown),)


_SPF_WEIGHTS = {
    SpfResult.PASSED: FactSeverity.GOOD,
    SpfResult.FAIL: FactSeverity.NOTE,
    SpfResult.SOFTFAIL: FactSeverity.NOTE,
    SpfResult.NEUTRAL: FactSeverity.NOTE,
    SpfResult.NONE: FactSeverity.BAD,
    SpfResult.PERMERROR: FactSeverity.BAD,
    SpfResult.TEMPERROR: FactSeverity.UNKNOWN,
    SpfResult.UNKNOWN: FactSeverity.UNKNOWN,
}
_WITHOUT_ADDRESS = (SpfResult.NONE, SpfResult.PERMERROR, SpfResult.TEMPERROR)


async def _spf(
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
    asked = leaving or {_ANY: ""}
    verdicts = await gather_all(*(evaluate(domain, address, resolver) for address in asked))
    # The record as it stands in DNS, two where there are two: the resolver has it still.
    answer = await resolver.texts(domain)
    found = "; ".join(filter(is_record, answer.records)) or None
    facts = []
    for who, verdict in zip(asked.values(), verdicts, strict=True):
        if not leaving and verdict.result not in _WITHOUT_ADDRESS:
            return (_fact("spf", "spf-there", FactSeverity.UNKNOWN, found, domain=domain),)
        names = {"domain": domain, "who": who, "term": verdict.term, "trouble": verdict.trouble}
        terms = ", ".join(verdict.unevaluated)
        weight = _SPF_WEIGHTS[verdict.result]
        facts.append(_fact("spf", f"spf-{verdict.result}", weight, found, **names, terms=terms))
    # What is wrong with the record itself is told once.
    return tuple(dict.fromkeys(facts))


async def _ptr(address: str, resolver: Resolver) -> Facts:
    """Say whether this machine's address has a name that leads back to it (RFC 1912, 2.1)."""
    if not is_public(address):
        return (_fact("ptr", "ptr-private", FactSeverity.UNKNOWN, address=address),)
    answer = await resolver.names_of(address)
    if answer.state is AnswerState.FAILED:
        return (_unanswered("ptr"),)
    if not answer.records:
        return (_fact("ptr", "ptr-none", FactSeverity.NOTE, address=address),)
    own = ip_address(address)
    names = [name.removesuffix(".").lower() for name in answer.records[:MOST_NAMES]]
    for name in names:
        back = await resolver.ask(name, "A" if own.version == 4 else "AAAA")
        if own in map(ip_address, back.records):
            return (_fact("ptr", "ptr", FactSeverity.GOOD, name, address=address, name=name),)
    shown = {"address": address, "name": names[0]}
    return (_fact("ptr", "ptr-unconfirmed", FactSeverity.NOTE, names[0], **shown),)


async def _mta_sts(domain: str, resolver: Resolver) -> Facts:
    """Say whether a domain asks for TLS; the policy itself, on a web server, is not fetched."""
    answer = await resolver.texts(f"_mta-sts.{domain}")
    if answer.state is AnswerState.FAILED:
        return (_unanswered("mta-sts"),)
    try:
        found = record_with(answer.records, "STSv1")
    except ValueError:
        found = None  # RFC 8461, section 3.1: of several none counts
    id_ = "mta-sts" if found else "mta-sts-none"
    return (_fact("mta-sts", id_, FactSeverity.NOTE, found, domain=domain),)


async def _tlsa(host: str, port: int, resolver: Resolver) -> Facts:
    """Say whether a server's certificate stands in DNS (RFC 7672)."""
    ports = sorted({port, *TLSA_PORTS})
    answers = await gather_all(*(resolver.ask(f"_{port}._tcp.{host}", "TLSA") for port in ports))
    facts = []
    for id_, weight, secure in (
        ("tlsa", FactSeverity.GOOD, True),
        ("tlsa-unproved", FactSeverity.NOTE, False),
    ):
        held = {
            str(port): answer.records
            for port, answer in zip(ports, answers, strict=True)
            if answer.records and answer.secure is secure
        }
        if held:
            found = "; ".join(text for records in held.values() for text in records)
            names = {"host": host, "ports": ", ".join(held)}
            facts.append(_fact("tlsa", id_, weight, found, **names))
    if facts:
        return tuple(facts)
    if all(answer.state is AnswerState.FAILED for answer in answers):
        return (_unanswered("tlsa"),)
    return (_fact("tlsa", "tlsa-none", FactSeverity.NOTE, host=host),)


# Records made of tags, `name=value; …`: DMARC (RFC 7489), DKIM keys (RFC 6376), MTA-STS.


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
    found = []
    for text in texts:
        name, sign, value = text.split(";")[0].partition("=")
        if sign and name.strip() == "v" and value.strip() == version:
            found.append(text)
    if len(found) > 1:
        raise ValueError("there are two records")
    return found[0] if found else None


class Policy(Enum):
    """What receivers are asked to do with mail that fails (RFC 7489, section 6.3)."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


@record(kw_only=True)
class Dmarc:
    """A DMARC record: its policy for the domain itself and for names below it."""

    policy: Policy
    below: Policy


def dmarc_of(text: str) -> Dmarc:
    """Read a DMARC record; ValueError says what is wrong."""
    tags = tags_of(text)

    def policy(tag: str) -> Policy:
        try:
            return Policy(tags.get(tag, "").casefold())
        except ValueError:
            # Without a readable policy a record that wants reports only watches (section 6.6.3).
            if tag == "p" and tags.get("rua"):
                return Policy.NONE
            raise ValueError(f"{tag} is not a policy") from None

    own = policy("p")
    return Dmarc(policy=own, below=policy("sp") if "sp" in tags else own)


async def _dmarc(domain: str, resolver: Resolver) -> Facts:
    """Say what receivers are to do with mail that fails, as the domain or one above it asks."""
    labels = domain.split(".")
    above = range(max(1, len(labels) - MOST_ABOVE), len(labels) - 1)
    # Which of the domains above is the organisation's shows by its record.
    for owner in (domain, *(".".join(labels[start:]) for start in above)):
        place = f"_dmarc.{owner}"
        answer = await resolver.texts(place)
        if answer.state is AnswerState.FAILED:
            return (_unanswered("dmarc"),)
        names = {"domain": domain, "place": place}
        try:
            found = record_with(answer.records, "DMARC1")
            if found is None:
                continue
            dmarc = dmarc_of(found)
        except ValueError as error:
            return (_fact("dmarc", "dmarc-broken", FactSeverity.BAD, **names, trouble=error),)
        policy = dmarc.policy if owner == domain else dmarc.below
        weight = FactSeverity.NOTE if policy is Policy.NONE else FactSeverity.GOOD
        return (_fact("dmarc", f"dmarc-p-{policy.value}", weight, found, **names),)
    return (_fact("dmarc", "dmarc-none", FactSeverity.NOTE, domain=domain),)


class KeyState(Enum):
    """What a DKIM key record amounts to; the value is the id of its text."""

    GOOD = "dkim"
    REVOKED = "dkim-revoked"
    BROKEN = "dkim-broken"


def key_state(text: str) -> KeyState:
    """Say what a DKIM key record amounts to (RFC 6376, section 3.6.1)."""
    tags = tags_of(text)
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return KeyState.BROKEN
    return KeyState.GOOD if tags["p"] else KeyState.REVOKED


async def _dkim(domain: str, selectors: Sequence[str], resolver: Resolver) -> Facts:
    """Say whether the keys of these selectors are there."""

    async def ask(selector: str) -> DomainFact:
        names = {"domain": domain, "selector": selector}
        answer = await resolver.texts(f"{selector}._domainkey.{domain}")
        if answer.state is AnswerState.FAILED:
            return _unanswered("dkim")
        if not answer.records:
            return _fact("dkim", "dkim-missing", FactSeverity.BAD, **names)
        state = key_state(answer.records[0])
        weight = FactSeverity.GOOD if state is KeyState.GOOD else FactSeverity.BAD
        return _fact("dkim", state.value, weight, answer.records[0], **names)

    if not selectors:
        return (_fact("dkim", "dkim-unasked", FactSeverity.UNKNOWN),)
    return tuple(await gather_all(*map(ask, selectors)))
