"""From a host to its addresses, and the connection that is begun before there is an event loop."""

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

# A name may have thousands; a check that tried them all would have no time for any.
MOST_ADDRESSES = 64

SocketAddress = tuple[str, int] | tuple[str, int, int, int]


@record
class Endpoint:
    """One address to try."""

    family: socket.AddressFamily
    where: SocketAddress

    @property
    def address(self) -> str:
        """The address alone, with its zone where it has one."""
        return self.where[0]


def is_public(address: str) -> bool:
    """Whether an address is one that the whole Internet knows, and no network's own."""
    return ipaddress.ip_address(address.partition("%")[0]).is_global


def family_of(settings: Settings) -> socket.AddressFamily:
    """The family of addresses to ask for: the one that is set, or that of the local address."""
    if settings.source_address and settings.address_family is AddressFamily.ANY:
        source = ipaddress.ip_address(settings.source_address)
        return socket.AF_INET if source.version == 4 else socket.AF_INET6
    return {
        AddressFamily.ANY: socket.AF_UNSPEC,
        AddressFamily.IPV4: socket.AF_INET,
        AddressFamily.IPV6: socket.AF_INET6,
    }[settings.address_family]


def look_up(settings: Settings) -> list[Endpoint]:
    """Return a host's addresses in the order to try; OSError or ValueError where it has none."""
    # As bytes: for text, Python loads its tables of international names.
    name = ascii_name(settings.host).encode("ascii")
    found = socket.getaddrinfo(
        name, settings.port, family=family_of(settings), type=socket.SOCK_STREAM
    )
    targets = list(dict.fromkeys(Endpoint(kind, _with_text(at)) for kind, _, _, _, at in found))
    # Alternate between the families, the resolver's first choice first (RFC 8305, section 4).
    first = [target for target in targets if target.family == targets[0].family]
    other = [target for target in targets if target.family != targets[0].family]
    mixed = [target for pair in zip(first, other, strict=False) for target in pair]
    shorter = min(len(first), len(other))
    return [*mixed, *first[shorter:], *other[shorter:]][:MOST_ADDRESSES]


def _with_text(where: tuple[object, ...]) -> SocketAddress:
    match where:
        case (str(host), int(port)):
            return host, port
        case (str(host), int(port), int(flow), int(scope)):
            return host, port, flow, scope
        case _:
            raise OSError(errno.EAFNOSUPPORT, "the resolver returned an address of an unknown kind")


def open_socket(target: Endpoint, source: str | None) -> socket.socket:
    """Return a socket that does not block and leaves from `source`, if any; OSError."""
    opened = socket.socket(target.family, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            opened.bind((source, 0))
    except BaseException:
        opened.close()
        raise
    return opened


# Seconds; asyncio and the rest of a check are imported by then, and look themselves.
_WATCHED = 0.25


class EarlyConnection:
    """The lookup and the first connection of a check, begun while the rest is still imported.

    A thread makes the TLS context, without which nothing may be connected, looks the host up, and
    begins to connect to the first address. HappyEyeballs takes that attempt as its own first one.
    Moments are of `time.monotonic`.
    """

    def __init__(self, settings: Settings) -> None:
        self.started = time.monotonic()
        self.context: ssl.SSLContext | None = None
        # When the lookup began and ended, when the connection began, and when it was answered.
        self.asked_at: float | None = None
        self.found_at: float | None = None
        self.tried_at: float | None = None
        self.answered_at: float | None = None
        self._settings = settings
        self._found: list[Endpoint] | Exception | None = None
        self._attempt: socket.socket | OSError | None = None
        self._is_closed = False
        self._lock = threading.Lock()
        self._is_ready = threading.Event()
        # No thread that is joined at the end: a resolver may hang.
        try:
            threading.Thread(target=self._begin, name="smtp-tui connects", daemon=True).start()
        except RuntimeError:  # this process may start no more threads
            self._is_ready.set()

    @property
    def is_ready(self) -> bool:
        """Whether `wait` returns at once."""
        return self._is_ready.is_set()

    def wait(self) -> list[Endpoint] | None:
        """Return the addresses, or raise what the lookup raised; None where there was no lookup."""
        self._is_ready.wait()
        if isinstance(self._found, Exception):
            raise self._found
        return self._found

    def take(self) -> socket.socket | OSError | None:
        """Return the attempt to connect to the first address, or its error; the caller closes it.

        None where there is none, or none any more.
        """
        with self._lock:
            attempt, self._attempt = self._attempt, None
        return attempt

    def close(self) -> None:
        """Close the connection if nobody has taken it, and see to it that none is begun."""
        self._is_closed = True
        attempt = self.take()
        if isinstance(attempt, socket.socket):
            attempt.close()

    def _begin(self) -> None:
        attempt = None
        try:
            attempt = self._connect()
        except Exception:  # the check itself meets it again, and reports it
            return
        finally:
            self._is_ready.set()
        if attempt is None:
            return
        answer = poll()
        with suppress(ValueError):  # it is closed again
            answer.register(attempt, POLLOUT)
            if answer.poll(_WATCHED * 1000):
                self.answered_at = time.monotonic()

    def _connect(self) -> socket.socket | None:
        settings = self._settings
        # A pipe can be read only once, by the check itself.
        named = settings.ca_file or os.environ.get("SSL_CERT_FILE")
        if named and not Path(named).is_file():
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
