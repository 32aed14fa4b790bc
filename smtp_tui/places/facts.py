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
    """The interfaces of a network with a route, without loopback, and its global IPv6 addresses."""

    interfaces: tuple[str, ...]
    ipv6_addresses: tuple[str, ...]


def network_facts(process: ProcessHandle) -> NetworkFacts | None:
    """Return what the kernel says of a process's network; None if it may not be read."""
    try:
        # Of each route, the interface and the flags.
        routes = [(row[0], row[3]) for row in _rows(process, "net/route")[1:] if len(row) > 3]
    except PlaceError:
        return None
    addresses: list[list[str]] = []
    with suppress(PlaceError):  # a kernel without IPv6 has neither file
        routes += [(row[9], row[8]) for row in _rows(process, "net/ipv6_route") if len(row) > 9]
        addresses = _rows(process, "net/if_inet6")
    # The kernel gives some networks tunnels that nobody uses, so only a route counts.
    names = [name for name, flags in routes if name != _LOOPBACK and _is_usable(flags)]
    return NetworkFacts(
        interfaces=tuple(dict.fromkeys(names)), ipv6_addresses=tuple(_ipv6_addresses(addresses))
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


def _is_usable(flags: str) -> bool:
    return int(flags, 16) & (_UP | _REJECT) == _UP


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
    is_cut = len(rows) >= _MOST_LINES - 1
    return is_cut or any(len(row) > 1 and row[1].endswith(wanted) for row in rows)
