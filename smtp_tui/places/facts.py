"""Read what the kernel says of a process's network, without entering it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import suppress

from smtp_tui.places.errors import PlaceError
from smtp_tui.places.process import ProcessHandle
from smtp_tui.records import record

_MOST_LINES = 10_000
_LOOPBACK = "lo"
# Scopes of /proc/net/if_inet6 (include/net/ipv6.h): link-local and host addresses reach no server.
_GLOBAL_SCOPE = "00"
_TENTATIVE_OR_FAILED = 0x40 | 0x08
# Flags of routes: the route is up; it rejects (linux/route.h, linux/ipv6_route.h).
_UP, _REJECT = 0x0001, 0x0200


@record(kw_only=True)
class NetworkFacts:
    """The interfaces of a network with a route, without loopback, and its global IPv6 addresses.

    The default routes are those of the main table: another table may have one too.
    """

    interfaces: tuple[str, ...]
    ipv6_addresses: tuple[str, ...]
    has_ipv4_default: bool = False
    has_ipv6_default: bool = False


def network_facts(process: ProcessHandle) -> NetworkFacts | None:
    """Return what the kernel says of a process's network; None if it may not be read."""
    try:
        ipv4 = [_Route(row[0], row[3], row[1]) for row in _rows(process, "net/route", 4)[1:]]
    except PlaceError:
        return None
    ipv6, addresses = list[_Route](), list[list[str]]()
    with suppress(PlaceError):  # a kernel without IPv6 has neither file
        ipv6 = [_Route(row[9], row[8], row[0]) for row in _rows(process, "net/ipv6_route", 10)]
        addresses = _rows(process, "net/if_inet6", 6)
    # The kernel gives some networks tunnels that nobody uses, so only a route counts.
    used = [route for route in (*ipv4, *ipv6) if route.is_usable]
    return NetworkFacts(
        interfaces=tuple(dict.fromkeys(route.interface for route in used)),
        ipv6_addresses=tuple(_ipv6_addresses(addresses)),
        has_ipv4_default=any(route.is_default for route in ipv4),
        has_ipv6_default=any(route.is_default for route in ipv6),
    )


@record
class _Route:
    """A route as the kernel writes it: interface, flags and destination."""

    interface: str
    flags: str
    destination: str

    @property
    def is_usable(self) -> bool:
        return self.interface != _LOOPBACK and int(self.flags, 16) & (_UP | _REJECT) == _UP

    @property
    def is_default(self) -> bool:
        return self.is_usable and not self.destination.strip("0")


def _rows(process: ProcessHandle, name: str, columns: int) -> list[list[str]]:
    """Return the rows of a table that have this many columns at least."""
    lines = process.read(name).decode("ascii", "replace").splitlines()[:_MOST_LINES]
    return [row for line in lines if len(row := line.split()) >= columns]


def _ipv6_addresses(rows: list[list[str]]) -> Iterator[str]:
    for row in rows:
        is_global = row[3] == _GLOBAL_SCOPE and row[5] != _LOOPBACK
        if is_global and not int(row[4], 16) & _TENTATIVE_OR_FAILED:
            yield str(ipaddress.IPv6Address(int(row[0], 16)))


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
        rows = _rows(process, "net/udp", 2)[1:]
        with suppress(PlaceError):  # a kernel without IPv6
            rows += _rows(process, "net/udp6", 2)[1:]
    except PlaceError:
        return True
    is_cut = len(rows) >= _MOST_LINES - 1
    return is_cut or any(row[1].endswith(wanted) for row in rows)
