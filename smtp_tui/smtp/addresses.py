"""Resolve a host, and start to connect before the event loop runs."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path
from select import POLLOUT, poll

from smtp_tui.records import record
from smtp_tui.settings.choices import AddressFamily
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import ascii_name
from smtp_tui.smtp.tls import client_context

# A name may have thousands of addresses; trying them all would use up the timeout.
MOST_ADDRESSES = 64

SocketAddress = tuple[str, int] | tuple[str, int, int, int]


@record
class Endpoint:
    """One address to try."""

    family: socket.AddressFamily
    where: SocketAddress

    @property
    def address(self) -> str:
        """The IP address, with its zone if it has one."""
        return self.where[0]


def is_public(address: str) -> bool:
    """Whether an address is globally reachable, not private to a network."""
    return ipaddress.ip_address(address.partition("%")[0]).is_global


def family_of(settings: Settings) -> socket.AddressFamily:
    """Return the address family to look up: the configured one, or that of the source address."""
    if settings.source_address and settings.address_family is AddressFamily.ANY:
        source = ipaddress.ip_address(settings.source_address)
        return socket.AF_INET if source.version == 4 else socket.AF_INET6
    return {
        AddressFamily.ANY: socket.AF_UNSPEC,
        AddressFamily.IPV4: socket.AF_INET,
        AddressFamily.IPV6: socket.AF_INET6,
    }[settings.address_family]


class NetworkLost(OSError):
    """A network can no longer be used, because what acts in it has ended."""


class Network:
    """Looks up names and makes sockets: here, those of this machine.

    A socket stays in the network that it was made in, whoever uses it.
    """

    def addresses(
        self, name: str, port: int, family: socket.AddressFamily
    ) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
        """Return a name's families and socket addresses, as `getaddrinfo`; it may wait."""
        # As bytes: for a str, Python loads its IDNA tables.
        infos = socket.getaddrinfo(
            name.encode("ascii"), port, family=family, type=socket.SOCK_STREAM
        )
        return [(family, address) for family, _, _, _, address in infos]

    def new_socket(self, family: socket.AddressFamily) -> socket.socket:
        """Return a new stream socket."""
        return socket.socket(family, socket.SOCK_STREAM)

    has_own_files = True
    """Whether a path of this network's machine is one of this process's files."""

    def connected_socket(self, path: str) -> socket.socket:
        """Return a socket connected to a UNIX socket; BlockingIOError if its queue is full."""
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connected.setblocking(False)
            connected.connect(path)
        except BaseException:
            connected.close()
            raise
        return connected

    def own_name(self) -> str:
        """Return the machine's name, fully qualified if the resolver knows it; it may wait."""
        return socket.getfqdn()


THIS_MACHINE = Network()


def look_up(settings: Settings, network: Network = THIS_MACHINE) -> list[Endpoint]:
    """Return a host's addresses in the order to try; OSError or ValueError if it has none."""
    infos = network.addresses(ascii_name(settings.host), settings.port, family_of(settings))
    targets = list(
        dict.fromkeys(Endpoint(family, _to_socket_address(address)) for family, address in infos)
    )
    # Alternate between the families, the resolver's first choice first (RFC 8305, section 4).
    first = [target for target in targets if target.family == targets[0].family]
    other = [target for target in targets if target.family != targets[0].family]
    mixed = [target for pair in zip(first, other, strict=False) for target in pair]
    shorter = min(len(first), len(other))
    return [*mixed, *first[shorter:], *other[shorter:]][:MOST_ADDRESSES]


def _to_socket_address(address: tuple[object, ...]) -> SocketAddress:
    match address:
        case (str(host), int(port)):
            return host, port
        case (str(host), int(port), int(flow), int(scope)):
            return host, port, flow, scope
        case _:
            raise OSError(errno.EAFNOSUPPORT, "the resolver returned an address of an unknown kind")


def open_socket(
    target: Endpoint, source: str | None, network: Network = THIS_MACHINE
) -> socket.socket:
    """Return a non-blocking socket bound to `source`, if any; OSError if that fails."""
    opened = network.new_socket(target.family)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            opened.bind((source, 0))
    except BaseException:
        opened.close()
        raise
    return opened


# Seconds; by then asyncio and the rest of a check are imported and watch the socket themselves.
_POLL_LIMIT = 0.25


class EarlyConnection:
    """The lookup and first connection of a check, started while other modules are imported.

    A thread makes the TLS context, without which a check may not connect, looks up the host, and
    starts to connect to the first address. HappyEyeballs uses that attempt as its first.
    Times are values of `time.monotonic`.
    """

    def __init__(self, settings: Settings) -> None:
        self.started = time.monotonic()
        self.context: ssl.SSLContext | None = None
        # When the lookup began and ended, when the connection began, and when the host answered.
        # The check may read the first before the thread has run: its own moment would be too late.
        self.asked_at = self.started
        self.found_at: float | None = None
        self.tried_at: float | None = None
        self.answered_at: float | None = None
        self._settings = settings
        self._found: list[Endpoint] | Exception | None = None
        self._attempt: socket.socket | OSError | None = None
        self._is_closed = False
        self._lock = threading.Lock()
        self._is_ready = threading.Event()
        # A daemon thread, which is not joined at exit: a resolver may hang.
        try:
            threading.Thread(target=self._begin, name="smtp-tui connects", daemon=True).start()
        except RuntimeError:  # the process has reached its thread limit
            self._is_ready.set()

    @property
    def is_ready(self) -> bool:
        """Whether `wait` returns at once."""
        return self._is_ready.is_set()

    def wait(self) -> list[Endpoint] | None:
        """Return the addresses or raise the lookup's error; None if there was no lookup."""
        self._is_ready.wait()
        if isinstance(self._found, Exception):
            raise self._found
        return self._found

    def take(self) -> socket.socket | OSError | None:
        """Return the socket connecting to the first address, or its error; the caller closes it.

        None if there is no attempt or it was taken before.
        """
        with self._lock:
            attempt, self._attempt = self._attempt, None
        return attempt

    def close(self) -> None:
        """Close the connection unless it was taken, and prevent a later one."""
        self._is_closed = True
        attempt = self.take()
        if isinstance(attempt, socket.socket):
            attempt.close()

    def _begin(self) -> None:
        attempt = None
        try:
            attempt = self._connect()
        except Exception:  # the check hits the same error and reports it
            return
        finally:
            self._is_ready.set()
        if attempt is None:
            return
        poller = poll()
        with suppress(ValueError):  # the socket is already closed
            poller.register(attempt, POLLOUT)
            if poller.poll(_POLL_LIMIT * 1000):
                self.answered_at = time.monotonic()

    def _connect(self) -> socket.socket | None:
        settings = self._settings
        # Leave a pipe to the check itself: it can be read only once.
        ca_path = settings.ca_file or os.environ.get("SSL_CERT_FILE")
        if ca_path and not Path(ca_path).is_file():
            return None
        self.context = client_context(settings)
        self.asked_at = time.monotonic()
        try:
            self._found = look_up(settings)
        except (OSError, ValueError) as error:
            self._found = error
            return None
        self.found_at = time.monotonic()
        with self._lock:
            if self._is_closed or not self._found:
                return None
            self.tried_at = time.monotonic()
            attempt = None
            try:
                attempt = open_socket(self._found[0], settings.source_address)
                with suppress(BlockingIOError):
                    attempt.connect(self._found[0].where)
            except OSError as error:
                if attempt:
                    attempt.close()
                self._attempt = error
                return None
            self._attempt = attempt
        return attempt
