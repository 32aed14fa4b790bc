"""Resolve a host and connect to its addresses with Happy Eyeballs (RFC 8305)."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import time
from collections.abc import Callable
from functools import partial

from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import is_address
from smtp_tui.smtp.addresses import (
    THIS_MACHINE,
    EarlyConnection,
    Endpoint,
    Network,
    NetworkLost,
    family_of,
    look_up,
    open_socket,
)
from smtp_tui.smtp.events import Cause
from smtp_tui.threads import in_daemon_thread


class AddressLookupError(Exception):
    """The host cannot be resolved or reached."""

    def __init__(self, fault: Cause, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


async def resolve(
    settings: Settings,
    early: EarlyConnection | None = None,
    network: Network = THIS_MACHINE,
) -> list[Endpoint]:
    """Return the host's addresses in the order to try; AddressLookupError if there are none.

    `early` may have looked them up already.
    """
    host = settings.host
    try:
        targets = None
        if early:
            targets = early.wait() if early.is_ready else await in_daemon_thread(early.wait)
        if targets is None and is_address(host):
            targets = look_up(settings, network)  # needs no resolver, so no thread
        elif targets is None:
            targets = await in_daemon_thread(partial(look_up, settings, network))
    except (OSError, ValueError) as error:
        raise _resolve_error(host, error, family_of(settings)) from None
    if not targets:
        raise AddressLookupError(Cause.HOST_NOT_FOUND, f"{host} has no address")
    return targets


def _resolve_error(host: str, error: Exception, family: socket.AddressFamily) -> AddressLookupError:
    no_address_codes = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
    no_address_codes.add(getattr(socket, "EAI_ADDRFAMILY", socket.EAI_NONAME))
    if isinstance(error, socket.gaierror) and error.errno in no_address_codes:
        kind = {socket.AF_INET: "IPv4 ", socket.AF_INET6: "IPv6 "}.get(family, "")
        return AddressLookupError(Cause.HOST_NOT_FOUND, f"{host} has no {kind}address")
    if isinstance(error, NetworkLost):
        return AddressLookupError(Cause.PLACE_LOST, str(error))
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return AddressLookupError(Cause.RESOLVER_FAILED, f"looking up {host}: {reason}")


# Seconds before the next attempt begins in parallel (RFC 8305, section 8).
ATTEMPT_DELAY = 0.25

# The most informative failure first: an address that answers, then one that does not.
_MOST_TELLING_FIRST = (
    Cause.PLACE_LOST,
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
    """Connects to the first address that accepts; calls `tried`, then `failed` on an error.

    `tried` gets the time an attempt began. `unanswered` are the attempts begun before the one that
    connected and still pending at `connected_at`. `early` may already be connecting to the first
    address. Times are values of `time.monotonic`.
    """

    def __init__(
        self,
        source_address: str | None,
        tried: Callable[[Endpoint, float], None] = lambda _target, _moment: None,
        failed: Callable[[Endpoint, AddressLookupError], None] = lambda _target, _error: None,
        early: EarlyConnection | None = None,
        network: Network = THIS_MACHINE,
    ) -> None:
        self._network = network
        self._source = source_address
        self._tried = tried
        self._failed = failed
        self._early = early
        self._errors: list[AddressLookupError] = []
        self.connected_at = 0.0
        self.unanswered: list[Endpoint] = []

    async def connect(self, targets: list[Endpoint]) -> tuple[socket.socket, Endpoint]:
        """Return the first socket that connects; AddressLookupError if none does."""
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

    def most_telling(self, late: AddressLookupError | None = None) -> AddressLookupError:
        """Return the most informative of the failed attempts' errors and `late`, if any."""
        errors = [*self._errors, late] if late else self._errors
        return min(errors, key=lambda error: _MOST_TELLING_FIRST.index(error.fault))

    async def _race(
        self, waiting: list[Endpoint], running: dict[asyncio.Task[socket.socket], Endpoint]
    ) -> tuple[socket.socket, Endpoint]:
        started_at = self._early.tried_at if self._early else None
        while waiting or running:
            if waiting:
                target = waiting.pop(0)
                started_at = started_at or time.monotonic()
                self._tried(target, started_at)
                running[asyncio.create_task(self._attempt(target))] = target
            delay = ATTEMPT_DELAY + (started_at - time.monotonic() if started_at else 0.0)
            done, _ = await asyncio.wait(
                running,
                timeout=max(0.0, delay) if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            started_at = None
            for task in done:
                older = list(running)[: list(running).index(task)]
                target = running.pop(task)
                if task.exception() is None:
                    self.unanswered = [running[attempt] for attempt in older if not attempt.done()]
                    return task.result(), target
                self._note_failure(target, task.exception())
        raise self.most_telling()

    async def _attempt(self, target: Endpoint) -> socket.socket:
        # The first attempt takes the early connection, which is to the same address.
        early_socket = self._early.take() if self._early else None
        if isinstance(early_socket, OSError):
            raise early_socket
        attempt = early_socket or open_socket(target, self._source, self._network)
        try:
            await asyncio.get_running_loop().sock_connect(attempt, target.where)
        except BaseException as error:
            # An early connection may be established before this second connect.
            if not isinstance(error, OSError) or error.errno != errno.EISCONN:
                attempt.close()
                raise
        answered_at = self._early.answered_at if self._early and early_socket else None
        self.connected_at = answered_at or time.monotonic()
        return attempt

    def _note_failure(self, target: Endpoint, error: BaseException | None) -> None:
        if not isinstance(error, OSError):
            raise error if error else AssertionError
        fault = _FAULTS.get(error.errno or 0, Cause.NETWORK_UNREACHABLE)
        if isinstance(error, NetworkLost):
            fault = Cause.PLACE_LOST
        failure = AddressLookupError(fault, _connect_error_text(error, self._source))
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


def _connect_error_text(error: OSError, source: str | None) -> str:
    if isinstance(error, socket.gaierror):  # binding an address of another family
        return f"{source} and the host belong to different address families"
    reason = os.strerror(error.errno) if error.errno else str(error)
    if source and error.errno == errno.EADDRNOTAVAIL:
        return f"{reason}: {source} is not an address of this machine"
    return reason
