"""Read what a process's network and resolver look like, without asking either of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import suppress

from smtp_tui.places.errors import PlaceError
from smtp_tui.places.process import ProcessHandle
from smtp_tui.records import record

# glibc and musl use the first three name servers of resolv.conf.
MOST_NAME_SERVERS = 3
_MOST_LINES = 10_000
_LOOPBACK = "lo"
# Scopes of /proc/net/if_inet6 (include/net/ipv6.h): link-local and host addresses reach no server.
_GLOBAL_SCOPE = "00"
_TENTATIVE_OR_FAILED = 0x40 | 0x08
# Flags of routes: the route is up; it rejects (linux/route.h, linux/ipv6_route.h).
_UP, _REJECT = 0x0001, 0x0200


@record(kw_only=True)
class NetworkFacts:
    """The interfaces of a network other than loopback, its IPv6 addresses, its default routes."""

    interfaces: tuple[str, ...]
    ipv6_addresses: tuple[str, ...]
    has_ipv4_route: bool
    has_ipv6_route: bool


@record(kw_only=True)
class ResolverFacts:
    """The name servers that a resolv.conf names and that are used, its search list and options."""

    name_servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        servers = ", ".join(self.name_servers) or "no name server"
        return f"{servers} (search {' '.join(self.search)})" if self.search else servers


def network_facts(process: ProcessHandle) -> NetworkFacts | None:
    """Return what the kernel says of a process's network; None if it may not be read."""
    try:
        devices, ipv4 = _rows(process, "net/dev"), _rows(process, "net/route")
    except PlaceError:
        return None
    try:
        addresses, ipv6 = _rows(process, "net/if_inet6"), _rows(process, "net/ipv6_route")
    except PlaceError:  # a kernel without IPv6 has neither file
        addresses, ipv6 = [], []
    names = [row[0].partition(":")[0] for row in devices if ":" in row[0]]
    return NetworkFacts(
        interfaces=tuple(name for name in names if name != _LOOPBACK),
        ipv6_addresses=tuple(_ipv6_addresses(addresses)),
        has_ipv4_route=any(_is_ipv4_default(row) for row in ipv4),
        has_ipv6_route=any(_is_ipv6_default(row) for row in ipv6),
    )


def _rows(process: ProcessHandle, name: str) -> list[list[str]]:
    lines = process.read(name).decode("ascii", "replace").splitlines()[:_MOST_LINES]
    return [row for line in lines if (row := line.split())]


def _ipv6_addresses(rows: list[list[str]]) -> Iterator[str]:
    for row in rows:
        if len(row) < 6 or row[3] != _GLOBAL_SCOPE or row[5] == _LOOPBACK:
            continue
        if not int(row[4], 16) & _TENTATIVE_OR_FAILED:
            yield str(ipaddress.IPv6Address(int(row[0], 16)))


def _is_ipv4_default(row: list[str]) -> bool:
    if len(row) < 8 or row[1] != "00000000" or row[7] != "00000000":
        return False
    return int(row[3], 16) & (_UP | _REJECT) == _UP


def _is_ipv6_default(row: list[str]) -> bool:
    if len(row) < 10 or row[0].strip("0") or row[1] != "00":
        return False
    return row[9] != _LOOPBACK and int(row[8], 16) & (_UP | _REJECT) == _UP


def resolver_facts(resolv_conf: str) -> ResolverFacts:
    """Return what a resolv.conf says."""
    servers: list[str] = []
    search: list[str] = []
    options: list[str] = []
    for line in resolv_conf.splitlines()[:_MOST_LINES]:
        word, *rest = line.split() or [""]
        if word == "nameserver" and rest:
            servers.append(rest[0])
        elif word in ("search", "domain"):
            search = rest  # the last line counts
        elif word == "options":
            options += rest
    return ResolverFacts(
        name_servers=tuple(servers[:MOST_NAME_SERVERS]),
        search=tuple(search),
        options=tuple(options),
    )


def hosts_entries(hosts: str, name: str) -> tuple[str, ...]:
    """Return the addresses that an /etc/hosts gives a name."""
    wanted = name.casefold().rstrip(".")
    found = []
    for line in hosts.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if any(each.casefold().rstrip(".") == wanted for each in names):
            found.append(address)
    return tuple(dict.fromkeys(found))


def is_listening(process: ProcessHandle, port: int) -> bool:
    """Whether a UDP socket of a process's network has this port; True if that is unknown."""
    wanted = f":{port:04X}"
    try:
        rows = _rows(process, "net/udp")[1:]
        with suppress(PlaceError):  # a kernel without IPv6
            rows += _rows(process, "net/udp6")[1:]
    except PlaceError:
        return True
    return any(len(row) > 1 and row[1].endswith(wanted) for row in rows)
