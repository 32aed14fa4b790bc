"""From a host to a connected socket: name resolution and connection attempts (RFC 8305)."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from smtp_tui.settings.choices import AddressFamily
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import ascii_name, is_address
from smtp_tui.smtp.events import Fault

# RFC 8305, section 8: the time one attempt has before the next begins beside it.
ATTEMPT_DELAY = 0.25

T = TypeVar("T")
SocketAddress = tuple[str, int] | tuple[str, int, int, int]


class AddressError(Exception):
    """The host cannot be resolved or reached."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Target:
    """One address to try."""

    family: socket.AddressFamily
    where: SocketAddress

    @property
    def address(self) -> str:
        """The address alone, with its zone where it has one."""
        return self.where[0]


async def in_daemon_thread(call: Callable[[], T]) -> T:
    """Run a call that may block in a thread that can hold up neither a cancel nor the exit."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(action: Callable[[], None]) -> None:
        # The loop may be closed by the time a slow resolver answers; nobody waits then.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if future.done() else action())

    def work() -> None:
        try:
            result = call()
        except Exception as error:
            failure = error
            settle(lambda: future.set_exception(failure))
        else:
            settle(lambda: future.set_result(result))

    threading.Thread(target=work, daemon=True).start()
    return await future


async def resolve(settings: Settings) -> list[Target]:
    """Return the host's addresses in the order to try; AddressError when there are none."""
    host = settings.host
    families = {
        AddressFamily.ANY: socket.AF_UNSPEC,
        AddressFamily.IPV4: socket.AF_INET,
        AddressFamily.IPV6: socket.AF_INET6,
    }
    family = families[settings.address_family]
    if settings.source_address and family is socket.AF_UNSPEC:
        source = ipaddress.ip_address(settings.source_address)
        family = socket.AF_INET if source.version == 4 else socket.AF_INET6

    def look_up() -> list[Target]:
        found = socket.getaddrinfo(
            ascii_name(host), settings.port, family=family, type=socket.SOCK_STREAM
        )
        return [Target(kind, _with_text(where)) for kind, _, _, _, where in found]

    try:
        # An address needs no resolver, and so no thread.
        targets = look_up() if is_address(host) else await in_daemon_thread(look_up)
    except (OSError, UnicodeError) as error:
        raise _resolve_error(host, error, family) from None
    return _interleaved(list(dict.fromkeys(targets)))


def _with_text(where: tuple[object, ...]) -> SocketAddress:
    match where:
        case (str(host), int(port)):
            return host, port
        case (str(host), int(port), int(flow), int(scope)):
            return host, port, flow, scope
        case _:
            raise OSError(errno.EAFNOSUPPORT, "the resolver gave an address of no known kind")


def _resolve_error(host: str, error: Exception, family: socket.AddressFamily) -> AddressError:
    absent = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
    absent.add(getattr(socket, "EAI_ADDRFAMILY", socket.EAI_NONAME))
    if isinstance(error, socket.gaierror) and error.errno in absent:
        kind = {socket.AF_INET: " by IPv4", socket.AF_INET6: " by IPv6"}.get(family, "")
        return AddressError(Fault.HOST_NOT_FOUND, f"{host} has no address{kind}")
    words = error.strerror if isinstance(error, OSError) else str(error)
    return AddressError(Fault.RESOLVER_FAILED, f"looking up {host}: {words}")


def _interleaved(targets: list[Target]) -> list[Target]:
    """Alternate between the families, the resolver's first choice first (RFC 8305, section 4)."""
    if not targets:
        return []
    first = [target for target in targets if target.family == targets[0].family]
    other = [target for target in targets if target.family != targets[0].family]
    mixed = [target for pair in zip(first, other, strict=False) for target in pair]
    shorter = min(len(first), len(other))
    return mixed + first[shorter:] + other[shorter:]


class Attempts:
    """Tries addresses, each a moment after the one before, until one connects."""

    def __init__(
        self,
        source_address: str | None,
        tried: Callable[[Target], None],
        failed: Callable[[Target, AddressError], None],
    ) -> None:
        self._source = source_address
        self._tried = tried
        self._failed = failed
        self._errors: list[AddressError] = []

    async def connect(self, targets: list[Target]) -> tuple[socket.socket, Target]:
        """Return the first socket that connects; AddressError when none does."""
        waiting = list(targets)
        running: dict[asyncio.Task[socket.socket], Target] = {}
        try:
            while waiting or running:
                if waiting:
                    target = waiting.pop(0)
                    self._tried(target)
                    running[asyncio.create_task(self._attempt(target))] = target
                done, _ = await asyncio.wait(
                    running,
                    timeout=ATTEMPT_DELAY if waiting else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for task in done:
                    target = running.pop(task)
                    if task.exception() is None:
                        return task.result(), target
                    self._note_failure(target, task.exception())
            raise self._most_telling()
        finally:
            await _abandon(running)

    async def _attempt(self, target: Target) -> socket.socket:
        attempt = socket.socket(target.family, socket.SOCK_STREAM)
        try:
            attempt.setblocking(False)
            attempt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._source:
                attempt.bind((self._source, 0))
            await asyncio.get_running_loop().sock_connect(attempt, target.where)
        except BaseException:
            attempt.close()
            raise
        return attempt

    def _note_failure(self, target: Target, error: BaseException | None) -> None:
        if not isinstance(error, OSError):
            raise error if error else AssertionError
        failure = AddressError(_connect_fault(error), _connect_words(error, self._source))
        self._errors.append(failure)
        self._failed(target, failure)

    def _most_telling(self) -> AddressError:
        order = [
            Fault.CONNECTION_REFUSED,
            Fault.CONNECT_DENIED_LOCALLY,
            Fault.CONNECT_TIMEOUT,
            Fault.NETWORK_UNREACHABLE,
        ]
        return min(self._errors, key=lambda error: order.index(error.fault))


async def _abandon(running: dict[asyncio.Task[socket.socket], Target]) -> None:
    for task in running:
        task.cancel()
    for outcome in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(outcome, socket.socket):
            outcome.close()


def _connect_fault(error: OSError) -> Fault:
    match error.errno:
        case errno.ECONNREFUSED:
            return Fault.CONNECTION_REFUSED
        case errno.ETIMEDOUT:
            return Fault.CONNECT_TIMEOUT
        case errno.EPERM | errno.EACCES | errno.EADDRINUSE:
            return Fault.CONNECT_DENIED_LOCALLY
        case _:
            return Fault.NETWORK_UNREACHABLE


def _connect_words(error: OSError, source: str | None) -> str:
    words = os.strerror(error.errno) if error.errno else str(error)
    if source and error.errno == errno.EADDRNOTAVAIL:
        return f"{words}: {source} is no address of this machine"
    return words
