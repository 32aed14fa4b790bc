"""A search for the pictures: what it finds comes in one order, and took one time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from smtp_tui.discovery.steps import (
    DiscoveryFinding,
    DiscoveryResult,
    ProbeResult,
    ProbeStarted,
    Step,
)

Search = Callable[..., AsyncGenerator[Step, None]]
TOOK = 0.041


def measured(search: Search) -> Search:
    """Make a search tell all at its end."""

    async def told(*arguments: Any) -> AsyncGenerator[Step, None]:
        async with aclosing(search(*arguments)) as steps:
            found = [step async for step in steps]
        for step in sorted(found, key=_order):
            yield replace(step, took=TOOK) if isinstance(step, ProbeResult) else step

    return told


def _order(step: Step) -> tuple[object, ...]:
    match step:
        case DiscoveryFinding():
            return 0, step.text
        case ProbeStarted():
            return (1,)
        case ProbeResult():
            return 2, step.host, step.port
        case DiscoveryResult():
            return (3,)
