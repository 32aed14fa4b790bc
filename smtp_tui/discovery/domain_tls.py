"""Facts about TLS between mail servers: TLSA records of the server, MTA-STS of the domain."""

from __future__ import annotations

from collections.abc import Sequence

from smtp_tui.discovery import dane
from smtp_tui.discovery.dane import Breaks, TlsaState
from smtp_tui.discovery.dns import DnsAnswer, DnsAnswerState, Resolver, gather_all
from smtp_tui.discovery.facts import DomainFact, Facts, Unanswered, fact_of, require_answer
from smtp_tui.discovery.mta_sts import StsPolicy, fetch_policy
from smtp_tui.safe_text import escape_controls
from smtp_tui.smtp.certificates import Certificate

TLSA_PORTS = (25, 465, 587)


async def tlsa_facts(
    host: str, port: int, resolver: Resolver, chain: Sequence[Certificate] = ()
) -> Facts:
    """Return whether a server has TLSA records in DNS (RFC 7672).

    Those of its own port are held to the `chain` that it sent.
    """
    ports = sorted({port, *TLSA_PORTS})
    answers = await gather_all(*(resolver.ask(f"_{port}._tcp.{host}", "TLSA") for port in ports))
    if all(answer.state is DnsAnswerState.FAILED for answer in answers):
        raise Unanswered
    facts = []
    for id_, secure in (("tlsa", True), ("tlsa-unproved", False)):
        records = {
            str(port): answer.records
            for port, answer in zip(ports, answers, strict=True)
            if answer.records and answer.secure is secure
        }
        if records:
            found = "; ".join(text for texts in records.values() for text in texts)
            facts.append(fact_of("tlsa", id_, found, host=host, ports=", ".join(records)))
    own = answers[ports.index(port)]
    facts += _matches(host, port, own, chain) if chain else ()
    return tuple(facts) or (fact_of("tlsa", "tlsa-none", host=host),)


def _matches(
    host: str, port: int, answer: DnsAnswer, chain: Sequence[Certificate]
) -> list[DomainFact]:
    """Return what each record says about the chain, and the record to publish if none is right."""
    facts = []
    for text in sorted(answer.records):
        result = dane.match(dane.parse(text, secure=answer.secure), chain)
        id_ = "tlsa-mismatch"
        if result.state is TlsaState.MATCH:
            breaks = result.record.breaks
            id_ = "tlsa-breaks" if breaks is Breaks.EACH_RENEWAL else "tlsa-match"
        names = {"port": port, "short": escape_controls(result.record.short), "what": result.text}
        facts.append(fact_of("tlsa", id_, text, **names))
    right = dane.right_record(chain, port, host)
    if facts and right and right.partition(" IN TLSA ")[2] not in answer.records:
        facts.append(fact_of("tlsa", "tlsa-right", right, port=port))
    return facts


async def sts_facts(domain: str, resolver: Resolver, *, fetches: bool = False) -> Facts:
    """Return whether a domain has an MTA-STS record; `fetches` reads the policy as well."""
    answer = require_answer(await resolver.ask(f"_mta-sts.{domain}", "TXT"))
    found = [text for text in answer.records if text.startswith("v=STSv1")]
    if len(found) != 1:  # several count as none (RFC 8461, section 3.1)
        return (fact_of("mta-sts", "mta-sts-none", domain=domain),)
    announced = fact_of("mta-sts", "mta-sts", found[0], domain=domain)
    return (announced, *(await _policy_facts(domain, resolver) if fetches else ()))


async def _policy_facts(domain: str, resolver: Resolver) -> Facts:
    policy = await fetch_policy(domain, resolver)
    if not isinstance(policy, StsPolicy):
        what = escape_controls(policy.text) if policy else ""
        return (fact_of("mta-sts", "mta-sts-unusable", what=what),) if policy else ()
    if policy.mode == "none":
        return (fact_of("mta-sts", "mta-sts-off", domain=domain),)
    _, hosts = await resolver.exchanges(domain)
    missing = [host for host in hosts or (domain,) if not policy.allows(host)]
    names = {"domain": domain, "mode": policy.mode, "hosts": ", ".join(missing[:3])}
    id_ = "mta-sts-names"
    if missing:
        id_ = "mta-sts-missing" if policy.is_enforced else "mta-sts-missing-yet"
    return (fact_of("mta-sts", id_, **names),)
