"""A client, routers and a server in network namespaces of their own, with firewalls."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from smtp_tui.smtp.addresses import THIS_MACHINE, Network
from tests.places.spaces import resident
from tests.servers.requirements import SEARCH_PATH

_numbers = count(1)
_LIBC = ctypes.CDLL(None, use_errno=True)

# The server accepts connections on this port of all its addresses.
OPEN_PORT = 587


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


class NamespaceNetwork(Network):
    """The network of a namespace, with a few names; unlike the agent's, it never waits."""

    def __init__(self, name: str, names: Mapping[str, Sequence[str]]) -> None:
        self._inside = Path("/run/netns", name)
        self._names = names

    def addresses(
        self, name: str, port: int, family: socket.AddressFamily
    ) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
        """Return the addresses of a name, or of itself if it is one."""
        found = self._names.get(name, (name,))
        return [pair for one in found for pair in THIS_MACHINE.addresses(one, port, family)]

    def new_socket(self, family: socket.AddressFamily) -> socket.socket:
        """Return a socket that is made inside."""
        with Path("/proc/thread-self/ns/net").open() as own, self._inside.open() as inside:
            _enter(inside.fileno())
            try:
                return super().new_socket(family)
            finally:
                _enter(own.fileno())


def _enter(namespace: int) -> None:
    # Python has `os.setns` from version 3.12 on.
    if _LIBC.setns(namespace, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


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
            # A router gives an absent neighbour up after three times that long.
            neighbours = ("net.ipv4.neigh.far.retrans_time_ms=100",)
            forwards = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
            _run(*self.on(name), "sysctl", "-qw", *limits, *neighbours, *forwards)
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
        _run(*self.on(name), "nft", "-f", "-", given="\n".join(lines))

    @contextmanager
    def filtered(self, name: str, hook: str, rules: Sequence[str]) -> Iterator[None]:
        """Add firewall rules to a machine's hook while the block lasts."""
        self.filter(name, hook, rules)
        try:
            yield
        finally:
            _run(*self.on(name), "nft", "delete", "table", "inet", hook)

    def network(self, **names: Sequence[str]) -> Network:
        """Return the client's network; a name is known as NAME.example."""
        known = {f"{name}.example": addresses for name, addresses in names.items()}
        return NamespaceNetwork(self.client, known)

    def on(self, name: str) -> list[str]:
        """Return the words that run a command on a machine."""
        return ["ip", "netns", "exec", name]


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
        greets = [("0.0.0.0", OPEN_PORT), ("::", OPEN_PORT)]
        stack.enter_context(resident(prefix=path.on(path.server), greets=greets))
        yield path
    assert not path.existing()


def _run(*words: str, given: str = "") -> str:
    environment = {**os.environ, "PATH": SEARCH_PATH}
    finished = subprocess.run(
        words, input=given, env=environment, capture_output=True, text=True, check=False, timeout=20
    )
    assert finished.returncode == 0, f"{words}: {finished.stderr}"
    return finished.stdout
