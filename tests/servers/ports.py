"""Loopback addresses and free ports on all of them."""

import contextlib
import socket
from collections.abc import Iterator

_ADDRESSES = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}
_ATTEMPTS = 100


def loopback_addresses() -> tuple[str, ...]:
    """The loopback addresses that this machine has, IPv4 first."""
    return tuple(address for address in _ADDRESSES if _has(address))


@contextlib.contextmanager
def reserved_ports(addresses: tuple[str, ...], count: int) -> Iterator[tuple[int, ...]]:
    """Hold ports that are free on every address; a server may take them over meanwhile.

    The sockets are bound but do not listen: SO_REUSEADDR lets a server that sets it too bind
    beside them, while no other program is handed the same number.
    """
    with contextlib.ExitStack() as held:
        yield tuple(_reserve(addresses, held) for _ in range(count))


def _reserve(addresses: tuple[str, ...], held: contextlib.ExitStack) -> int:
    for _ in range(_ATTEMPTS):
        with contextlib.ExitStack() as attempt, contextlib.suppress(OSError):
            port = 0
            for address in addresses:
                port = attempt.enter_context(_bound(address, port)).getsockname()[1]
            held.push(attempt.pop_all())
            return port
    raise OSError(f"no port is free on all of {', '.join(addresses)}")


def _bound(address: str, port: int) -> socket.socket:
    family = _ADDRESSES[address]
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound


def _has(address: str) -> bool:
    try:
        _bound(address, 0).close()
    except OSError:
        return False
    return True
