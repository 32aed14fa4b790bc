"""Listening sockets on the loopback addresses, at the usual port or any that is free."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

ADDRESS = "127.0.0.1"
_ADDRESS_6 = "::1"
_ATTEMPTS = 20


@contextmanager
def listening(usual: int) -> Iterator[tuple[int, list[socket.socket]]]:
    """Listen at `usual`, else at another port, by IPv4 and, where the machine has it, by IPv6."""
    with ExitStack() as held:
        for wanted in (usual, *[0] * _ATTEMPTS):
            with ExitStack() as attempt:
                try:
                    first = attempt.enter_context(_listener(ADDRESS, wanted))
                    port = int(first.getsockname()[1])
                    both = [first]
                    if _has_ipv6():
                        both.append(attempt.enter_context(_listener(_ADDRESS_6, port)))
                except OSError:
                    continue
                held.push(attempt.pop_all())
                break
        else:
            raise OSError("no free port on the loopback addresses")
        yield port, both


def _listener(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen()
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _has_ipv6() -> bool:
    try:
        _listener(_ADDRESS_6, 0).close()
    except OSError:
        return False
    return True
