"""From a host to a connected socket: its addresses, one a moment after the other (RFC 8305)."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
from collections.abc import Callable

from smtp_tui.records import record
from smtp_tui.settings.choices import AddressFamily
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import ascii_name, is_address
from smtp_tui.smtp.events import Cause
from smtp_tui.threads import in_daemon_thread

MOST_ADDRESSES = 64
"""A name may have thousands; a check that tried them all would have no time for any."""

SocketAddress = tuple[str, int] | tuple[str, int, int, int]


class AddressError(Exception):
    """The host cannot be resolved or reached."""

    def __init__(self, fault: Cause, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


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


async def resolve(settings: Settings) -> list[Endpoint]:
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

    def look_up() -> list[Endpoint]:
        # As bytes: for text, Python loads its tables of international names.
        found = socket.getaddrinfo(
            ascii_name(host).encode("ascii"), settings.port, family=family, type=socket.SOCK_STREAM
        )
        return [Endpoint(kind, _with_text(where)) for kind, _, _, _, where in found]

    try:
        # An address needs no resolver, and so no thread.
        targets = look_up() if is_address(host) else await in_daemon_thread(look_up)
    except (OSError, ValueError) as error:
        raise _resolve_error(host, error, family) from None
    if not targets:
        raise AddressError(Cause.HOST_NOT_FOUND, f"{host} has no address")
    return _interleaved(list(dict.fromkeys(targets)))[:MOST_ADDRESSES]


def _with_text(where: tuple[object, ...]) -> SocketAddress:
    match where:
        case (str(host), int(port)):
            return host, port
        case (str(host), int(port), int(flow), int(scope)):
            return host, port, flow, scope
        case _:
            raise OSError(errno.EAFNOSUPPORT, "the resolver returned an address of an unknown kind")


def _resolve_error(host: str, error: Exception, family: socket.AddressFamily) -> AddressError:
    absent = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
    absent.add(getattr(socket, "EAI_ADDRFAMILY", socket.EAI_NONAME))
    if isinstance(error, socket.gaierror) and error.errno in absent:
        kind = {socket.AF_INET: "IPv4 ", socket.AF_INET6: "IPv6 "}.get(family, "")
        return AddressError(Cause.HOST_NOT_FOUND, f"{host} has no {kind}address")
    words = error.strerror if isinstance(error, OSError) else str(error)
    return AddressError(Cause.RESOLVER_FAILED, f"looking up {host}: {words}")


def _interleaved(targets: list[Endpoint]) -> list[Endpoint]:
    """Alternate between the families, the resolver's first choice first (RFC 8305, section 4)."""
    first = [target for target in targets if target.family == targets[0].family]
    other = [target for target in targets if target.family != targets[0].family]
    mixed = [target for pair in zip(first, other, strict=False) for target in pair]
    shorter = min(len(first), len(other))
    return mixed + first[shorter:] + other[shorter:]


# RFC 8305, section 8: the time one attempt has before the next begins beside it.
ATTEMPT_DELAY = 0.25

# What tells most about the host first: one address that answers, then one that does not.
_TELLING = (
    Cause.CONNECTION_REFUSED,
    Cause.CONNECT_DENIED_LOCALLY,
    Cause.CONNECT_TIMEOUT,
    Cause.NETWORK_UNREACHABLE,
)
_DENIED = (errno.EPERM, errno.EACCES, errno.EADDRINUSE, errno.EMFILE, errno.ENFILE)
_FAULTS = {
    errno.ECONNREFUSED: Cause.CONNECTION_REFUSED,
    errno.ETIMEDOUT: Cause.CONNECT_TIMEOUT,
    **dict.fromkeys(_DENIED, Cause.CONNECT_DENIED_LOCALLY),
}


class HappyEyeballs:
    """Tries addresses; `tried` and `failed` are told of each.

    `unanswered` are those that had begun before the one that connected, and were still waiting.
    """

    def __init__(
        self,
        source_address: str | None,
        tried: Callable[[Endpoint], None] = lambda _target: None,
        failed: Callable[[Endpoint, AddressError], None] = lambda _target, _error: None,
    ) -> None:
        self._source = source_address
        self._tried = tried
        self._failed = failed
        self._errors: list[AddressError] = []
        self.unanswered: list[Endpoint] = []

    async def connect(self, targets: list[Endpoint]) -> tuple[socket.socket, Endpoint]:
        """Return the first socket that connects; AddressError when none does."""
        running: dict[asyncio.Task[socket.socket], Endpoint] = {}
        winner = None
        try:
            winner = await self._race(list(targets), running)
        finally:
            try:
                await _abandon(running)
            except BaseException:
                if winner:
                    winner[0].close()
                raise
        return winner

    def most_telling(self, late: AddressError | None = None) -> AddressError:
        """Return what says most of the attempts that failed, and of those that are `late`."""
        errors = [*self._errors, late] if late else self._errors
        return min(errors, key=lambda error: _TELLING.index(error.fault))

    async def _race(
        self, waiting: list[Endpoint], running: dict[asyncio.Task[socket.socket], Endpoint]
    ) -> tuple[socket.socket, Endpoint]:
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
                older = list(running)[: list(running).index(task)]
                target = running.pop(task)
                if task.exception() is None:
                    self.unanswered = [running[attempt] for attempt in older if not attempt.done()]
                    return task.result(), target
                self._note_failure(target, task.exception())
        raise self.most_telling()

    async def _attempt(self, target: Endpoint) -> socket.socket:
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

    def _note_failure(self, target: Endpoint, error: BaseException | None) -> None:
        if not isinstance(error, OSError):
            raise error if error else AssertionError
        failure = AddressError(
            _FAULTS.get(error.errno or 0, Cause.NETWORK_UNREACHABLE),
            _connect_words(error, self._source),
        )
        self._errors.append(failure)
        self._failed(target, failure)


async def _abandon(running: dict[asyncio.Task[socket.socket], Endpoint]) -> None:
    for task in running:
        task.add_done_callback(_close_outcome)
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def _close_outcome(task: asyncio.Task[socket.socket]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()


def _connect_words(error: OSError, source: str | None) -> str:
    if isinstance(error, socket.gaierror):  # binding a name of another family
        return f"{source} and the host belong to different address families"
    words = os.strerror(error.errno) if error.errno else str(error)
    if source and error.errno == errno.EADDRNOTAVAIL:
        return f"{words}: {source} is not an address of this machine"
    return words
