"""A client, routers and a server in network namespaces of their own, with firewalls."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from tests.servers.requirements import SEARCH_PATH

_numbers = count(1)

# An SMTP server on port 587 of all addresses, as far as EHLO.
_SERVER = """
import contextlib
import socketserver

class Session(socketserver.StreamRequestHandler):
    def handle(self):
        with contextlib.suppress(ConnectionError):
            self.talk()

    def talk(self):
        self.wfile.write(b"220 mail.example.test ESMTP\\r\\n")
        for line in self.rfile:
            self.wfile.write(b"221 bye\\r\\n" if line.startswith(b"QUIT") else b"250 ok\\r\\n")

class Server(socketserver.ThreadingTCPServer):
    address_family = socketserver.socket.AF_INET6
    allow_reuse_address = daemon_threads = True

with Server(("::", 587), Session) as server:
    print("ready", flush=True)
    server.serve_forever()
"""


def obstacle() -> str | None:
    """Why namespaces with firewalls cannot be made here, or None if they can."""
    if sys.platform != "linux":
        return "network namespaces exist on Linux only"
    for program, package in (("ip", "iproute2"), ("nft", "nftables")):
        if shutil.which(program, path=SEARCH_PATH) is None:
            return f"{package} is not installed ({program} not found)"
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    return None


class ServerPath:
    """A client, one or more routers and a server; addresses end in the number of their network.

    The networks are 10.77.N.0/24 and fd77:N::/64, the client's is number 1. In each, the machine
    nearer to the client has address 1, the other 2.
    """

    def __init__(self, routers: int) -> None:
        prefix = f"smtp-tui-{os.getpid()}-{next(_numbers)}"
        self.client = f"{prefix}-client"
        self.routers = tuple(f"{prefix}-router{number}" for number in range(1, routers + 1))
        self.server = f"{prefix}-server"
        self.names = (self.client, *self.routers, self.server)
        self.last = len(self.names) - 1

    def existing(self) -> list[str]:
        """Return the names of its namespaces that exist."""
        listed = {line.partition(" ")[0] for line in _run("ip", "netns", "list").splitlines()}
        return [name for name in self.names if name in listed]

    def server_addresses(self, number: int) -> tuple[str, str]:
        """Return the server's IPv4 and IPv6 address with a number."""
        return f"10.77.{self.last}.{number}", f"fd77:{self.last}::{number}"

    def make(self, numbers: Sequence[int]) -> None:
        """Make the namespaces; the server has addresses with these numbers."""
        for name in self.names:
            _run("ip", "netns", "add", name)
            _run("ip", "-n", name, "link", "set", "lo", "up")
        for number, (near, far) in enumerate(zip(self.names, self.names[1:], strict=False), 1):
            self._connect(number, near, far)
        for name in self.routers:
            # Several checks ask the routers at once, as only one does elsewhere.
            limits = ("net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
            forwards = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
            _run("ip", "netns", "exec", name, "sysctl", "-qw", *limits, *forwards)
        for number in numbers:
            ipv4, ipv6 = self.server_addresses(number)
            _run("ip", "-n", self.server, "addr", "add", f"{ipv4}/24", "dev", "near")
            _run("ip", "-n", self.server, "addr", "add", f"{ipv6}/64", "dev", "near", "nodad")

    def _connect(self, number: int, near: str, far: str) -> None:
        """Join two machines, and route what is beyond through the other."""
        _run(
            "ip",
            "link",
            "add",
            "far",
            "netns",
            near,
            "type",
            "veth",
            *("peer", "near", "netns", far),
        )
        for name, device, host in ((near, "far", 1), (far, "near", 2)):
            _run("ip", "-n", name, "addr", "add", f"10.77.{number}.{host}/24", "dev", device)
            _run(
                "ip", "-n", name, "addr", "add", f"fd77:{number}::{host}/64", "dev", device, "nodad"
            )
            _run("ip", "-n", name, "link", "set", device, "up")
        for other in range(1, self.last + 1):
            name, gateway = (near, 2) if other > number else (far, 1)
            if other != number:
                _run(
                    "ip",
                    "-n",
                    name,
                    "route",
                    "add",
                    f"10.77.{other}.0/24",
                    "via",
                    f"10.77.{number}.{gateway}",
                )
                _run(
                    "ip",
                    "-n",
                    name,
                    "route",
                    "add",
                    f"fd77:{other}::/64",
                    "via",
                    f"fd77:{number}::{gateway}",
                )

    def filter(self, name: str, hook: str, rules: Sequence[str]) -> None:
        """Add firewall rules to a machine's hook."""
        priority = "raw" if hook == "prerouting" else "filter"
        head = f"type filter hook {hook} priority {priority}"
        lines = (f"table inet {hook} {{", "chain rules {", head, *rules, "}", "}", "")
        _run("ip", "netns", "exec", name, "nft", "-f", "-", given="\n".join(lines))

    def command(self, *words: str, hosts: Path | None = None) -> list[str]:
        """Return a command line that runs words on the client, with a hosts file of its own."""
        entered = ["ip", "netns", "exec", self.client]
        if hosts is None:
            return [*entered, *words]
        # `ip netns exec` has made mounts of its own.
        return [
            *entered,
            "sh",
            "-c",
            'mount --bind "$0" /etc/hosts && exec "$@"',
            str(hosts),
            *words,
        ]


@contextmanager
def path_to_server(numbers: Sequence[int], routers: int = 1) -> Iterator[ServerPath]:
    """Make a path to a server, and end all of it."""
    path = ServerPath(routers)
    with ExitStack() as stack:
        for name in path.names:
            stack.callback(
                subprocess.run, ["ip", "netns", "del", name], check=False, capture_output=True
            )
        path.make(numbers)
        stack.enter_context(_serving(path.server))
        yield path
    assert not path.existing()


@contextmanager
def _serving(name: str) -> Iterator[None]:
    command = ["ip", "netns", "exec", name, sys.executable, "-c", _SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            yield
        finally:
            server.send_signal(signal.SIGKILL)


def _run(*words: str, given: str = "") -> str:
    environment = {**os.environ, "PATH": SEARCH_PATH}
    finished = subprocess.run(
        words, input=given, env=environment, capture_output=True, text=True, check=False, timeout=20
    )
    assert finished.returncode == 0, f"{words}: {finished.stderr}"
    return finished.stdout
