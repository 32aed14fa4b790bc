"""Which ports leave this machine: real firewalls on the path, on the server and on the client."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from smtp_tui.diagnosis.egress import Egress
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.places.place import PlaceKind, open_place
from smtp_tui.smtp.addresses import Network
from smtp_tui.smtp.events import Event, Experiment
from smtp_tui.smtp.port_probe import SHORTEST
from tests.checks.firewalls import OPEN_PORT, ServerPath, obstacle, path_to_server
from tests.checks.outcomes import outcome_of
from tests.events import validate
from tests.places.spaces import resident
from tests.servers.requirements import require
from tests.table import table

pytestmark = pytest.mark.integration

TIMEOUT, EXTRA = 1.0, 6.0


@dataclass(frozen=True)
class Case:
    """A server's address by its number, and what the check of its port 25 concludes."""

    number: int
    conclusion: str | None
    outcome: str = "silent"
    cause: str | None = "connect-timeout"  # None: it depends on how soon the router gives up
    family: int = 4
    busy: str | None = None  # the cause on a busy machine, if it is another one


REFUSED = "connection-refused"
CASES = {
    "dropped on the path": Case(11, "egress-blocked"),
    "dropped on the path, IPv6": Case(11, "egress-blocked", family=6),
    "dropped by the client": Case(12, "egress-blocked"),
    "dropped by the server": Case(13, "egress-unclear"),
    "dropped by the server, IPv6": Case(13, "egress-unclear", family=6),
    "dropped behind the last router": Case(14, "egress-unclear"),
    "rejected": Case(15, "egress-rejected", "rejected", "connection-refused"),
    # Over IPv6, Linux keeps such an error for later if it arrives while connect() still runs: on an
    # idle machine the connection then ends by the timeout, on a busy one at once.
    "rejected, IPv6": Case(15, "egress-rejected", "rejected", "connect-timeout", 6, REFUSED),
    "prohibited": Case(16, "egress-rejected", "rejected", "network-unreachable"),
    "rejected by the client": Case(17, "egress-denied", "denied", "connection-refused"),
    "rejected by the server": Case(18, "egress-open", "refused", "connection-refused"),
    # Linux reports it as a missing route; over IPv6, as forbidden by this machine.
    "prohibited by the server": Case(23, "egress-open", "refused", "network-unreachable"),
    "reset on the path": Case(19, "egress-open", "refused", "connection-refused"),
    "closed": Case(20, "egress-open", "refused", "connection-refused"),
    "all silent": Case(21, "egress-nothing"),
    "no such machine": Case(99, "egress-unreachable", "unreachable", None),
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
    server[23] = "tcp dport 25 reject with icmpx admin-prohibited"
    rules = [rule for number, text in server.items() for rule in to(path, number, text)]
    path.filter(path.server, "input", rules)


@pytest.fixture(scope="module")
def path() -> Iterator[ServerPath]:
    """A server behind one router, with the firewalls of all cases."""
    require(obstacle())
    numbers = sorted({case.number for case in CASES.values()} - {22, 99})
    with path_to_server(numbers) as made:
        build_firewalls(made)
        yield made


@pytest.fixture(scope="module")
def client(path: ServerPath) -> Network:
    """The network of the client, which knows both.example."""
    return path.network(both=[path.server_addresses(13)[0], path.server_addresses(11)[1]])


Outcome = tuple[list[Event], Verdict]


async def check(network: Network, host: str, extra: float = EXTRA) -> Outcome:
    """Check port 25 of a host from the client."""
    values = {"host": host, "port": 25, "encryption": "none", "domain": "client.example.test"}
    return await outcome_of({**values, "timeout": TIMEOUT}, network=network, extra=extra)


def host_of(path: ServerPath, case: Case) -> str:
    """The address of a case."""
    ipv4, ipv6 = path.server_addresses(case.number)
    return "10.78.1.1" if case.number == 22 else ipv4 if case.family == 4 else ipv6


@pytest.fixture(scope="module")
def runs(path: ServerPath, client: Network) -> Mapping[str, Outcome]:
    """The checks of all cases, run at once."""

    async def run() -> list[Outcome]:
        checks = [check(client, host_of(path, case)) for case in CASES.values()]
        return await asyncio.gather(*checks)

    return dict(zip(CASES, asyncio.run(run()), strict=True))


def egress_of(verdict: Verdict) -> Egress:
    """What the ports show, which must have been tried."""
    assert verdict.egress is not None
    return verdict.egress


@table("name", CASES)
def test_what_the_ports_show(runs: Mapping[str, Outcome], name: str) -> None:
    case = CASES[name]
    _, verdict = runs[name]
    assert case.cause is None or verdict.cause in (case.cause, case.busy or case.cause)
    egress = egress_of(verdict)
    assert egress.conclusion == case.conclusion
    (address,) = egress.addresses
    outcomes = {reply.port: reply.outcome for reply in address.ports}
    assert outcomes[25] == case.outcome
    answers = case.conclusion not in ("egress-nothing", "egress-unreachable", "egress-no-route")
    assert (outcomes[OPEN_PORT] == "open") == answers
    assert (address.router is not None) == (name in BLOCKED)


@table("name", CASES)
def test_blocked_is_said_only_where_it_is_proved(runs: Mapping[str, Outcome], name: str) -> None:
    events, verdict = runs[name]
    told = [verdict.summary, verdict.why, verdict.cure]
    told += [event.text for event in events if isinstance(event, Experiment)]
    words = re.search(r"\bblocked\b", " ".join(told))
    assert (words is not None) == (name in BLOCKED)
    is_open = CASES[name].conclusion in ("egress-unclear", "egress-nothing")
    assert ("cannot tell which" in verdict.why) == is_open


@table("name", CASES)
def test_the_probes_end_within_the_time_of_experiments(
    runs: Mapping[str, Outcome], name: str
) -> None:
    events, verdict = runs[name]
    (probed,) = [each for each in events if isinstance(each, Experiment) and each.probed]
    assert (probed.name, probed.outcome) == ("egress", CASES[name].conclusion)
    assert probed.seconds < TIMEOUT + EXTRA
    assert verdict.seconds < TIMEOUT + EXTRA + 1


def test_who_rejected_it_is_named(runs: Mapping[str, Outcome]) -> None:
    for name, router in (("rejected", "10.77.1.2"), ("rejected, IPv6", "fd77:1::2")):
        _, verdict = runs[name]
        assert verdict.summary.startswith("A firewall or router on the path rejects")
        assert f"comes from {router}, not from" in verdict.why
        assert "It answers on port 587." in verdict.why
        assert f"Ask whoever runs {router} to allow port 25." in verdict.cure


def test_a_firewall_of_the_server_is_no_missing_route(runs: Mapping[str, Outcome]) -> None:
    _, verdict = runs["prohibited by the server"]
    assert verdict.summary.endswith(" port 25 rejects the connection.")
    assert "An ICMP error from " in verdict.why
    assert "route" not in f"{verdict.why} {verdict.cure}"


def test_both_families_apart(path: ServerPath, client: Network) -> None:
    dropped_by_server, dropped_on_path = path.server_addresses(13)[0], path.server_addresses(11)[1]
    _, verdict = asyncio.run(check(client, "both.example"))
    found = [(each.address, each.conclusion) for each in egress_of(verdict).addresses]
    assert found == [(dropped_on_path, "egress-blocked"), (dropped_by_server, "egress-unclear")]
    assert f"port 587 of {dropped_on_path}" in verdict.why
    assert (
        f"{dropped_by_server} answers on port 587, but does not answer on port 25." in verdict.why
    )


def test_a_router_that_answers_little_leads_to_no_false_conclusion(
    path: ServerPath, client: Network
) -> None:
    (router,) = path.routers
    limit = "limit rate over 4/second burst 2 packets drop"
    rules = [f"icmp type time-exceeded {limit}", f"icmpv6 type time-exceeded {limit}"]

    async def run() -> list[Outcome]:
        return await asyncio.gather(
            *(check(client, host) for host in path.server_addresses(13) * 4)
        )

    with path.filtered(router, "output", rules):
        outcomes = asyncio.run(run())
    for _, verdict in outcomes:
        assert egress_of(verdict).conclusion == "egress-unclear"


def test_behind_more_routers_only_the_nearer_half_is_the_way_out() -> None:
    require(obstacle())
    with path_to_server([11, 12, 13], routers=3) as path:
        first, _, last = path.routers
        path.filter(first, "forward", to(path, 11, "tcp dport 25 drop"))
        path.filter(last, "prerouting", to(path, 12, "tcp dport 25 drop"))
        path.filter(path.server, "input", to(path, 13, "tcp dport 25 drop"))
        hosts = [host for number in (11, 12, 13) for host in path.server_addresses(number)]

        async def run() -> list[Outcome]:
            return await asyncio.gather(*(check(path.network(), host) for host in hosts))

        found = [egress_of(verdict).addresses[0] for _, verdict in asyncio.run(run())]
    # The first router answers an expired packet before it forwards: the next one never does.
    routers = [each.router and (each.router.address, each.router.distance) for each in found]
    assert routers == [("10.77.2.2", 2), ("fd77:2::2", 2), None, None, None, None]
    assert {each.conclusion for each in found[2:]} == {"egress-unclear"}


def test_from_inside_a_process(path: ServerPath) -> None:
    with (
        resident(prefix=path.on(path.client)) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
    ):
        ipv4, _ = path.server_addresses(15)
        _, verdict = asyncio.run(check(place.network, ipv4))
    assert egress_of(verdict).conclusion == "egress-rejected"


def test_a_short_time_for_experiments_leaves_no_time_for_ports(
    path: ServerPath, client: Network
) -> None:
    _, verdict = asyncio.run(check(client, path.server_addresses(11)[0], SHORTEST - 0.1))
    assert verdict.egress is None
    assert "Something drops the packets" in verdict.why


def run_program(path: ServerPath, *words: str) -> str:
    """Run the program on the client, and return what it prints."""
    ipv4, _ = path.server_addresses(11)
    given = ("--set", f"host={ipv4}", "--set", "port=25", "--set", "encryption=none")
    program = (sys.executable, "-W", "error", "-m", "smtp_tui", "check")
    finished = subprocess.run(
        [*path.on(path.client), *program, *given, "--timeout", "1", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.stderr == ""
    return finished.stdout


def test_the_program_prints_it(path: ServerPath) -> None:
    lines = run_program(path, "--extra", f"{EXTRA:g}", "--json").splitlines()
    *events, verdict = map(json.loads, lines)
    for line in lines:
        validate(line)
    told = [event["text"] for event in events if event["event"] == "experiment"]
    ports = "experiment: ports of 10.77.2.11: 587 open; 465, 2525 refused; 25 no answer"
    assert f"{ports}; port 25 does not get past 10.77.1.2, one hop away" in told
    assert verdict["summary"] == "Outgoing connections to 10.77.2.11 port 25 are blocked."
    assert verdict["why"].startswith("The router 10.77.1.2, one hop away, lets connections to")
    egress = verdict["egress"]
    assert egress["conclusion"] == egress["addresses"][0]["conclusion"] == "egress-blocked"
    assert egress["addresses"][0]["router"] == {"address": "10.77.1.2", "distance": 1}


@pytest.mark.parametrize("words", [("--format", "nagios"), ("--format", "prometheus")])
def test_never_in_monitoring(path: ServerPath, words: tuple[str, ...]) -> None:
    printed = run_program(path, *words)
    assert "No connection to 10.77.2.11" in printed or "connect-timeout" in printed
    assert "blocked" not in printed


def test_never_for_several_files(path: ServerPath, tmp_path: Path) -> None:
    files = [tmp_path / "one.toml", tmp_path / "two.toml"]
    for file in files:
        file.write_text('[smtp]\nhost = "10.77.2.11"\nport = 25\nencryption = "none"\n')
    printed = run_program(path, *map(str, files), "--extra", "2")
    assert printed.count("FAILED at connection") == 2
    assert "ports of" not in printed


def test_never_for_all_tables(path: ServerPath, tmp_path: Path) -> None:
    file = tmp_path / "mail.toml"
    file.write_text('[smtp]\nhost = "10.77.2.11"\nport = 25\nencryption = "none"\n')
    printed = run_program(path, str(file), "--all")
    assert "FAILED at connection" in printed
    assert "ports of" not in printed


def test_no_namespace_is_left_behind() -> None:
    require(obstacle())
    with path_to_server([11], routers=2) as made:
        assert len(made.existing()) == 4
    assert made.existing() == []
