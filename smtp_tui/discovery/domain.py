"""Report DNS facts about a sender's domain and its server, one sentence per fact."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from smtp_tui.config.errors import defect_text
from smtp_tui.discovery.dns import DnsAnswerState, Resolver, gather_all
from smtp_tui.discovery.domain_tls import sts_facts, tlsa_facts
from smtp_tui.discovery.facts import (
    DomainFact,
    Facts,
    FactSeverity,
    Unanswered,
    fact_of,
    require_answer,
)
from smtp_tui.discovery.spf import SpfResult, evaluate, is_record
from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp.addresses import is_public
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Connected

SECONDS = 8.0
MOST_HOSTS = 3
MOST_NAMES = 4
# Labels of the longest parent domain searched for a DMARC policy.
MOST_ABOVE = 5
# A documentation address (RFC 5737): whether a record exists does not depend on it.
_ANY = "192.0.2.1"
# SPF results that are the same for any address.
_WITHOUT_ADDRESS = (SpfResult.NONE, SpfResult.PERMERROR, SpfResult.TEMPERROR)
_POLICIES = ("none", "quarantine", "reject")


@record
class DomainCheck:
    """Queries DNS about the sender's domain; `selectors` are those of its DKIM keys.

    `fetches` also reads its MTA-STS policy over HTTPS. `addresses` are those that the admin names
    as the ones that its mail leaves from.
    """

    resolver: Resolver
    selectors: Sequence[str] = ()
    seconds: float = SECONDS
    fetches: bool = False
    addresses: tuple[str, ...] = ()

    async def facts(
        self,
        settings: Settings | None,
        connected: Connected | None,
        chain: Sequence[Certificate] = (),
    ) -> Facts:
        """Return DNS facts; `connected` has the local and the server address of the check.

        `chain` are the certificates that the server sent, its own first.
        """
        if settings is None:
            return ()
        # Behind a proxy, the server sees the proxy's address.
        if connected and (connected.via or connected.port is None):
            connected = None
        own = connected.local_address if connected else None
        server = connected.address if connected else None
        try:
            return await self._ask(settings, own, server, chain)
        except Exception as error:  # a bug here must not cost the verdict
            text = f"smtp-tui failed: {defect_text(error)}."
            unknown = FactSeverity.UNKNOWN
            return (DomainFact(subject="dns", id="internal-error", weight=unknown, text=text),)

    async def _ask(
        self,
        settings: Settings,
        own: str | None,
        server: str | None,
        chain: Sequence[Certificate],
    ) -> Facts:
        domain, resolver = sender_domain(settings), self.resolver
        if domain is None:
            return (fact_of("sender", "no-sender"),)
        name = "" if settings.is_socket else parsers.ascii_name(settings.host)
        host = name.removesuffix(".").lower()
        questions: dict[str, Coroutine[Any, Any, Facts]] = {
            "mx": _mx(domain, resolver),
            "spf": _spf(domain, _senders(host, server, own, self.addresses), resolver),
            "dmarc": _dmarc(domain, resolver),
            "dkim": _dkim(domain, self.selectors, resolver),
            "mta-sts": sts_facts(domain, resolver, fetches=self.fetches),
        }
        if senders := self.addresses or ((own,) if own else ()):
            questions["ptr"] = _ptr(senders, resolver)
        if host and not parsers.is_address(host):
            questions["tlsa"] = tlsa_facts(host, settings.port, resolver, chain)
        tasks = {subject: asyncio.create_task(question) for subject, question in questions.items()}
        facts: list[DomainFact] = []
        try:
            await asyncio.wait(tasks.values(), timeout=self.seconds)
            for subject, task in tasks.items():
                try:
                    facts += task.result()
                except (Unanswered, asyncio.InvalidStateError):  # no answer, or none in time
                    facts.append(fact_of(subject, "unanswered", what=subject.upper()))
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
        # If the domain does not exist, no other fact matters.
        return tuple(fact for fact in facts if fact.id == "no-name") or tuple(facts)


def sender_domain(settings: Settings) -> str | None:
    """Return the sender's domain; None without a sender, or for an address literal."""
    if not settings.sender:
        return None
    domain = parse_mailbox(settings.sender).envelope.rpartition("@")[2]
    return None if domain.startswith("[") else domain.removesuffix(".").lower()


async def _mx(domain: str, resolver: Resolver) -> Facts:
    answer, hosts = await resolver.exchanges(domain)
    if require_answer(answer).state is DnsAnswerState.NO_NAME:
        return (fact_of("mx", "no-name", domain=domain),)
    if not hosts:
        return (fact_of("mx", "mx-none", domain=domain),)
    if hosts == ("",):
        return (fact_of("mx", "mx-null", domain=domain),)
    found, shown = "; ".join(answer.records), ", ".join(hosts[:MOST_HOSTS])
    return (fact_of("mx", "mx", found, domain=domain, hosts=shown),)


def _senders(
    host: str, server: str | None, own: str | None, named: Sequence[str]
) -> dict[str, str]:
    """Return who may deliver to receivers: the `named` addresses, else this server and machine."""
    # The host that delivers to receivers counts: for a relay its outgoing addresses, which only
    # its admin knows.
    senders = {address: address for address in named}
    if senders:
        return senders
    if server and is_public(server):
        senders[server] = f"{host} ({server})"
    if own and is_public(own):
        senders.setdefault(own, f"this machine ({own})")
    return senders


async def _spf(domain: str, senders: Mapping[str, str], resolver: Resolver) -> Facts:
    """Return whether SPF covers the senders: addresses with their names."""
    asked = senders or {_ANY: ""}
    verdicts = await gather_all(*(evaluate(domain, address, resolver) for address in asked))
    # The record as published, or both if there are two: the resolver has cached it.
    answer = await resolver.ask(domain, "TXT")
    found = "; ".join(filter(is_record, answer.records)) or None
    facts = []
    for who, verdict in zip(asked.values(), verdicts, strict=True):
        if not senders and verdict.result not in _WITHOUT_ADDRESS:
            return (fact_of("spf", "spf-there", found, domain=domain),)
        names = {"domain": domain, "who": who, "term": verdict.term, "trouble": verdict.trouble}
        terms = ", ".join(verdict.unevaluated)
        facts.append(fact_of("spf", f"spf-{verdict.result}", found, **names, terms=terms))
    # Faults of the record itself are the same for every sender.
    return tuple(dict.fromkeys(facts))


async def _ptr(addresses: Sequence[str], resolver: Resolver) -> Facts:
    async def asked(address: str) -> Facts:
        try:
            return await ptr_facts(address, resolver)
        except Unanswered:
            return (fact_of("ptr", "unanswered", what="PTR"),)

    found = await gather_all(*map(asked, addresses))
    return tuple(fact for facts in found for fact in facts)


async def ptr_facts(address: str, resolver: Resolver) -> Facts:
    """Return whether this machine's PTR name resolves back to its address (RFC 1912, 2.1)."""
    if not is_public(address):
        return (fact_of("ptr", "ptr-private", address=address),)
    own = ip_address(address.partition("%")[0])
    answer = require_answer(await resolver.ask(own.reverse_pointer, "PTR"))
    if not answer.records:
        return (fact_of("ptr", "ptr-none", address=address),)
    names = [name.removesuffix(".").lower() for name in answer.records[:MOST_NAMES]]
    for name in names:
        back = await resolver.ask(name, "A" if own.version == 4 else "AAAA")
        if own in map(ip_address, back.records):
            return (fact_of("ptr", "ptr", name, address=address, name=name),)
    return (fact_of("ptr", "ptr-unconfirmed", names[0], address=address, name=names[0]),)


def tags_of(text: str) -> dict[str, str]:
    """Return the tags of a DMARC or DKIM record (`name=value; …`), the first of each name."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        name, sign, value = part.partition("=")
        if sign and name.strip():
            tags.setdefault(name.strip().casefold(), value.strip())
    return tags


def record_with(texts: Iterable[str], version: str) -> str | None:
    """Return the record that begins with a version tag, None without one; ValueError if several."""
    found = [text for text in texts if re.match(rf"\s*v\s*=\s*{version}\s*(?:;|\Z)", text)]
    if len(found) > 1:
        raise ValueError("there are two records")
    return found[0] if found else None


def dmarc_policies(text: str) -> tuple[str, str]:
    """Return a DMARC record's policy for the domain and for names below it (RFC 7489, 6.3).

    ValueError names the wrong tag.
    """
    tags = tags_of(text)
    own, below = (tags.get(tag, "").casefold() for tag in ("p", "sp"))
    # Without a valid policy, a record with rua counts as p=none (section 6.6.3).
    if own not in _POLICIES and tags.get("rua"):
        own = "none"
    if own not in _POLICIES:
        raise ValueError("p is not a policy")
    if "sp" in tags and below not in _POLICIES:
        raise ValueError("sp is not a policy")
    return own, below or own


async def dmarc_record(domain: str, resolver: Resolver) -> tuple[str, str | None]:
    """Return the nearest domain from this one upwards that has a DMARC record, and the record.

    That parent is taken as the organisational domain. Without any record, the domain itself and
    None; ValueError, with the place, if there are several records.
    """
    labels = domain.split(".")
    above = range(max(1, len(labels) - MOST_ABOVE), len(labels) - 1)
    for owner in (domain, *(".".join(labels[start:]) for start in above)):
        place = f"_dmarc.{owner}"
        answer = require_answer(await resolver.ask(place, "TXT"))
        try:
            found = record_with(answer.records, "DMARC1")
        except ValueError as error:
            raise ValueError(place, str(error)) from None
        if found is not None:
            return owner, found
    return domain, None


async def _dmarc(domain: str, resolver: Resolver) -> Facts:
    """Return the DMARC policy of the domain, or of the nearest parent that has one."""
    try:
        owner, found = await dmarc_record(domain, resolver)
    except ValueError as error:
        place, trouble = error.args
        return (fact_of("dmarc", "dmarc-broken", domain=domain, place=place, trouble=trouble),)
    if found is None:
        return (fact_of("dmarc", "dmarc-none", domain=domain),)
    names = {"domain": domain, "place": f"_dmarc.{owner}"}
    try:
        own, below = dmarc_policies(found)
    except ValueError as error:
        return (fact_of("dmarc", "dmarc-broken", **names, trouble=error),)
    policy = own if owner == domain else below
    return (fact_of("dmarc", f"dmarc-p-{policy}", found, **names),)


def key_state(text: str) -> str:
    """Return the text id for a DKIM key record (RFC 6376, section 3.6.1)."""
    tags = tags_of(text)
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return "dkim-broken"
    return "dkim" if tags["p"] else "dkim-revoked"


async def _dkim(domain: str, selectors: Sequence[str], resolver: Resolver) -> Facts:
    async def ask(selector: str) -> DomainFact:
        names = {"domain": domain, "selector": selector}
        answer = await resolver.ask(f"{selector}._domainkey.{domain}", "TXT")
        if answer.state is DnsAnswerState.FAILED:  # the other selectors may still be answered
            return fact_of("dkim", "unanswered", what="DKIM")
        if not answer.records:
            return fact_of("dkim", "dkim-missing", **names)
        return fact_of("dkim", key_state(answer.records[0]), answer.records[0], **names)

    return tuple(await gather_all(*map(ask, selectors))) or (fact_of("dkim", "dkim-unasked"),)
