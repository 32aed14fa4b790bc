"""What DNS holds about a sender's domain and its server, each in one plain sentence.

That a server took a message does not mean that it arrives: what receivers look at stands here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.domain.facts import DomainFact, Severity, fact, unanswered
from smtp_tui.discovery.domain.policies import (
    Facts,
    dkim_facts,
    dmarc_facts,
    exchange_facts,
    mta_sts_facts,
    tlsa_facts,
)
from smtp_tui.discovery.domain.spf import name_facts, spf_facts
from smtp_tui.settings import parsers
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.mailbox import parse_mailbox

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
