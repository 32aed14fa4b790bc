"""Which ports leave this machine: real firewalls on the path, on the server and on the client."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.checks.firewalls import ServerPath, obstacle, path_to_server
from tests.servers.requirements import require
from tests.table import table

pytestmark = pytest.mark.integration

TIMEOUT, EXTRA = 1.0, 6.0
OPEN = 587


@dataclass(frozen=True)
class Case:
    """A server's address by its number, and what the check of its port 25 concludes."""

    number: int
    conclusion: str | None
    outcome: str = "silent"
    cause: str = "connect-timeout"
    family: int = 4


CASES = {
    "dropped on the path": Case(11, "egress-blocked"),
    "dropped on the path, IPv6": Case(11, "egress-blocked", family=6),
    "dropped by the client": Case(12, "egress-blocked"),
    "dropped by the server": Case(13, "egress-unclear"),
    "dropped by the server, IPv6": Case(13, "egress-unclear", family=6),
    "dropped behind the last router": Case(14, "egress-unclear"),
    "rejected": Case(15, "egress-rejected", "rejected", "connection-refused"),
    # Over IPv6, Linux ends a connection on such an error only if the program asks for errors.
    "rejected, IPv6": Case(15, "egress-rejected", "rejected", "connect-timeout", 6),
    "prohibited": Case(16, "egress-rejected", "rejected", "network-unreachable"),
    "rejected by the client": Case(17, "egress-denied", "denied", "connection-refused"),
    "rejected by the server": Case(18, "egress-open", "refused", "connection-refused"),
    "reset on the path": Case(19, "egress-open", "refused", "connection-refused"),
    "closed": Case(20, "egress-open", "refused", "connection-refused"),
    "all silent": Case(21, "egress-nothing"),
    "no such machine": Case(99, "egress-unreachable", "unreachable"),
    "no route": Case(22, "egress-no-route", "unreachable", "network-unreachable"),
}
# Those of which the program may say that they are blocked: packets end before a router on the path.
BLOCKED = {"dropped on the path", "dropped on the path, IPv6", "dropped by the client"}


def to(path: ServerPath, number: int, rule: str) -> list[str]:
    """Rules of a firewall for the connections to one address of the server."""
    ipv4, ipv6 = path.server_addresses(number)
    return [f"ip daddr {ipv4} {rule}", f"ip6 daddr {ipv6} {rule}"]


def build_firewalls(path: ServerPath) -> None:
    """Make the firewalls of all cases."""
    (router,) = path.routers
    path.filter(router, "prerouting", to(path, 11, "tcp dport 25 drop"))
    forward = {
        14: "tcp dport 25 drop",
        15: "tcp dport 25 reject",
        16: "tcp dport 25 reject with icmpx admin-prohibited",
        19: "tcp dport 25 reject with tcp reset",
    }
    rules = [rule for number, text in forward.items() for rule in to(path, number, text)]
    path.filter(router, "forward", rules)
    own = [*to(path, 12, "tcp dport 25 drop"), *to(path, 17, "tcp dport 25 reject")]
    path.filter(path.client, "output", own)
    server = {13: "tcp dport 25 drop", 18: "tcp dport 25 reject", 21: "meta l4proto tcp drop"}
    rules = [rule for number, text in server.items() for rule in to(path, number, text)]
    path.filter(path.server, "input", rules)


Run = tuple[dict[str, Any], list[dict[str, Any]], float]


async def check(path: ServerPath, host: str, hosts: Path | None = None, *more: str) -> Run:
    """Run a check on the client; the verdict, the events and how long the check took."""
    words = (
        *(sys.executable, "-W", "error", "-m", "smtp_tui", "check", "--json"),
        *("--set", f"host={host}", "--set", "port=25", "--set", "encryption=none"),
        *("--set", "domain=client.example.test"),
        *("--timeout", f"{TIMEOUT:g}", "--extra", f"{EXTRA:g}", *more),
    )
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *path.command(*words, hosts=hosts), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    seconds = time.monotonic() - started
    *events, verdict = map(json.loads, output.decode().splitlines())
    return verdict, events, seconds


@pytest.fixture(scope="module")
def path() -> Iterator[ServerPath]:
    """A server behind one router, with the firewalls of all cases."""
    require(obstacle())
    numbers = sorted({case.number for case in CASES.values()} - {22, 99})
    with path_to_server(numbers) as made:
        build_firewalls(made)
        yield made


@pytest.fixture(scope="module")
def runs(path: ServerPath) -> Mapping[str, Run]:
    """The checks of all cases, run at once."""

    async def run() -> list[Run]:
        checks = []
        for case in CASES.values():
            ipv4, ipv6 = path.server_addresses(case.number)
            host = ipv4 if case.family == 4 else ipv6
            checks.append(check(path, host if case.number != 22 else "10.78.1.1"))
        return await asyncio.gather(*checks)

    return dict(zip(CASES, asyncio.run(run()), strict=True))


@table("name", CASES)
def test_what_the_ports_show(runs: Mapping[str, Run], name: str) -> None:
    case = CASES[name]
    verdict, _, _ = runs[name]
    assert verdict["cause"] == case.cause
    egress = verdict["egress"]
    assert egress["conclusion"] == case.conclusion
    (address,) = egress["addresses"]
    outcomes = {port["port"]: port["outcome"] for port in address["ports"]}
    assert outcomes[25] == case.outcome
    answers = case.conclusion not in ("egress-nothing", "egress-unreachable", "egress-no-route")
    assert (outcomes[OPEN] == "open") == answers
    assert (address["router"] is not None) == (name in BLOCKED)


@table("name", CASES)
def test_blocked_is_said_only_where_it_is_proved(runs: Mapping[str, Run], name: str) -> None:
    verdict, events, _ = runs[name]
    told = [verdict["summary"], verdict["why"], verdict["to_do"]]
    told += [event["text"] for event in events if event["event"] == "experiment"]
    words = re.search(r"\bblocked\b", " ".join(told))
    assert (words is not None) == (name in BLOCKED)
    assert ("cannot tell which" in verdict["why"]) == (
        CASES[name].conclusion in ("egress-unclear", "egress-nothing")
    )


@table("name", CASES)
def test_the_probes_end_within_the_time_of_experiments(runs: Mapping[str, Run], name: str) -> None:
    verdict, events, seconds = runs[name]
    assert verdict["seconds"] < TIMEOUT + EXTRA + 1
    assert seconds < TIMEOUT + EXTRA + 15  # all programs start at once
    (probed,) = [event for event in events if event.get("name") == "egress"]
    assert probed["outcome"] == CASES[name].conclusion


def test_who_rejected_it_is_named(runs: Mapping[str, Run]) -> None:
    for name, router in (("rejected", "10.77.1.2"), ("rejected, IPv6", "fd77:1::2")):
        verdict, _, _ = runs[name]
        assert verdict["summary"].startswith("A firewall or router on the path rejects")
        assert f"comes from {router}, not from" in verdict["why"]
        assert "It answers on port 587." in verdict["why"]
        assert verdict["to_do"].startswith("Use port 587 (tls)") or "587" in verdict["to_do"]
        assert f"Ask whoever runs {router} to allow port 25." in verdict["to_do"]


def test_both_families_apart(path: ServerPath, tmp_path: Path) -> None:
    dropped_by_server, _ = path.server_addresses(13)
    _, dropped_on_path = path.server_addresses(11)
    hosts = tmp_path / "hosts"
    hosts.write_text(f"{dropped_by_server} both.example\n{dropped_on_path} both.example\n")
    verdict, _, _ = asyncio.run(check(path, "both.example", hosts))
    found = [(one["address"], one["conclusion"]) for one in verdict["egress"]["addresses"]]
    assert found == [(dropped_on_path, "egress-blocked"), (dropped_by_server, "egress-unclear")]
    assert f"port 587 of {dropped_on_path}" in verdict["why"]
    assert (
        f"{dropped_by_server} answers on port 587, but does not answer on port 25."
        in verdict["why"]
    )


def test_a_router_that_answers_little_leads_to_no_conclusion_that_is_false(
    path: ServerPath,
) -> None:
    (router,) = path.routers
    limit = "limit rate over 4/second burst 2 packets drop"
    rules = [f"icmp type time-exceeded {limit}", f"icmpv6 type time-exceeded {limit}"]
    path.filter(router, "output", rules)

    async def run() -> list[Run]:
        ipv4, ipv6 = path.server_addresses(13)
        return await asyncio.gather(*(check(path, host) for host in (ipv4, ipv6) * 3))

    for verdict, _, _ in asyncio.run(run()):
        assert verdict["egress"]["conclusion"] == "egress-unclear"


def test_a_short_time_for_experiments_leaves_no_time_for_ports(path: ServerPath) -> None:
    ipv4, _ = path.server_addresses(11)
    verdict, _, _ = asyncio.run(check(path, ipv4, None, "--extra", "1.9"))
    assert verdict["egress"] is None
    assert "Something drops the packets" in verdict["why"]


def test_no_namespace_is_left_behind() -> None:
    require(obstacle())
    with path_to_server([11], routers=2) as made:
        assert len(made.existing()) == 4
    assert made.existing() == []
