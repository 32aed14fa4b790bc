"""After a connection failed, try the other ports of the host's addresses."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from smtp_tui.diagnosis.egress import CAUSES, NAME, conclusion_of, text_of
from smtp_tui.diagnosis.verdict import CheckSummary
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.addresses import Network
from smtp_tui.smtp.events import Experiment
from smtp_tui.smtp.happy_eyeballs import AddressLookupError, resolve
from smtp_tui.smtp.port_probe import SHORTEST, probe_ports

# Of the seconds that all experiments have.
_SHARE = 0.95


def port_experiments(
    settings: Settings, facts: CheckSummary, cause: str | None, seconds: float, network: Network
) -> list[asyncio.Task[Experiment | None]]:
    """Start an experiment for the host's first address of each family; none where they say nothing.

    Each takes `seconds` at most.
    """
    if cause not in CAUSES or seconds < SHORTEST:
        return []
    first = {":" in address: address for address in reversed(facts.resolved)}
    # A result that is late is lost.
    ends_at = asyncio.get_running_loop().time() + _SHARE * seconds
    return [
        asyncio.create_task(_try_ports(replace(settings, host=address), ends_at, network))
        for address in first.values()
    ]


async def _try_ports(settings: Settings, ends_at: float, network: Network) -> Experiment | None:
    try:
        (target, *_) = await resolve(settings, network=network)
    except AddressLookupError:
        return None
    seconds = ends_at - asyncio.get_running_loop().time()
    probed = await probe_ports(target, settings.source_address, network, seconds)
    outcome = conclusion_of(probed).value
    return Experiment(seconds=0, name=NAME, outcome=outcome, text=text_of(probed), probed=probed)
