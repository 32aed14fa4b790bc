"""Fifty relays, each behind 50 ms: all at once against a loop of swaks and against `xargs -P`."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.calls import environment, program, required, seconds_of, swaks
from tests.benchmarks.delay import delayed
from tests.benchmarks.results import Result
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers

RELAYS, ROUND_TRIP = 50, 0.05

_TABLE = """\
[relay{number}]
host = "{host}"
port = {port}
domain = "client.example.test"
username = "{user}"
password = {{ env = "SMTP_TUI_PASSWORD" }}
authentication = "plain"
ca_file = "{authority}"
address_family = "ipv4"
"""


def results(servers: MailServers) -> Iterator[Result]:
    """The same fifty checks by each."""
    env = environment(servers)
    upstream = servers.ports[Listener.STARTTLS_OFFERED]
    with (
        delayed(servers.addresses[0], upstream, ROUND_TRIP, RELAYS) as proxy,
        tempfile.TemporaryDirectory() as folder,
    ):
        settings = Path(folder) / "relays.toml"
        settings.write_text("\n".join(_tables(servers, proxy.ports)))
        all_at_once = [program(), "check", "--all", "--jobs", str(RELAYS), str(settings)]
        calls = [shlex.join(swaks(servers, port)) for port in proxy.ports]
        loop = ["sh", "-ec", "\n".join(f"{call} >/dev/null" for call in calls)]
        side_by_side = ["sh", "-ec", _by_xargs(Path(folder) / "calls", calls)]
        seconds_of(all_at_once, env)
        first = min(seconds_of(all_at_once, env) for _ in range(3))
        xargs = min(seconds_of(side_by_side, env) for _ in range(3))
        in_turn = seconds_of(loop, env)
    ours = f"smtp-tui {first:.2f} s"
    yield Result(
        "50 relays, against a loop", f"{ours}, swaks {in_turn:.2f} s", in_turn / first, at_least=20
    )
    yield Result("50 relays, against xargs -P 50", f"{ours}, swaks {xargs:.2f} s", xargs / first)


def _tables(servers: MailServers, ports: tuple[int, ...]) -> Iterator[str]:
    for number, port in enumerate(ports):
        yield _TABLE.format(
            number=number,
            host=servers.host,
            port=port,
            user=servers.user.name,
            authority=servers.authority_file,
        )


def _by_xargs(file: Path, calls: list[str]) -> str:
    file.write_text("".join(f"{call}\0" for call in calls))
    return f"{required('xargs')} -0 -P {RELAYS} -I CALL sh -c 'CALL' <{shlex.quote(str(file))}"
