"""Try which ports of an address a connection reaches; nothing is sent on a connection.

Linux keeps the ICMP error that ended a connection attempt, with its sender, in the socket's error
queue (ip(7), IP_RECVERR). Elsewhere a reply says less, and no hop is looked for.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum

from smtp_tui.records import record
from smtp_tui.smtp.addresses import Endpoint, Network, open_socket

PORTS = (25, 465, 587, 2525)
"""The ports on which servers accept mail from clients."""
SHORTEST = 2.0
"""Least seconds for a probe: within half of them a lost first packet is sent again (RFC 6298)."""

# Shares of a probe's seconds: the ports, the first look at the hops, and each confirmation.
_PORTS_SHARE, _HOPS_SHARE, _CONFIRMATION_SHARE = 0.5, 0.15, 0.05
# A busy router may answer only some expired packets, so each comparison is repeated. Linux sends a
# host six such answers at once, then one a second (icmp_ratelimit).
_CONFIRMATIONS = 4
_FARTHEST_HOP = 3


class PortOutcome(StrEnum):
    """How a port answers."""

    OPEN = "open"
    REFUSED = "refused"  # by the address itself, as far as its packet tells
    REJECTED = "rejected"  # by another machine on the path
    DENIED = "denied"  # by this machine
    UNREACHABLE = "unreachable"  # this machine or a router has no route, or no neighbour answers
    SILENT = "silent"


@record
class PortReply:
    """A port's answer; `sender` is the address that sent an ICMP error, if one did."""

    port: int
    outcome: PortOutcome
    sender: str | None = None


@record
class RouterHop:
    """A router on the path, and how many hops away it is."""

    address: str
    distance: int


@record(kw_only=True)
class ProbedAddress:
    """What the ports of one address answer; `port` is the check's own.

    `stopped_at` is set if connections to `passing_port` get past this router on the path, but those
    to `port` do not, and the router is at least as near to this machine as to the address.
    """

    address: str
    port: int
    replies: tuple[PortReply, ...]
    passing_port: int | None = None
    stopped_at: RouterHop | None = None

    @property
    def own(self) -> PortReply:
        """The reply of the check's own port."""
        return next(reply for reply in self.replies if reply.port == self.port)

    @property
    def open_ports(self) -> tuple[int, ...]:
        """The other ports that accept connections."""
        return self.ports_that(PortOutcome.OPEN)

    def ports_that(self, *outcomes: PortOutcome) -> tuple[int, ...]:
        """Return the other ports with one of these outcomes."""
        return tuple(
            reply.port
            for reply in self.replies
            if reply.outcome in outcomes and reply.port != self.port
        )


async def probe_ports(
    target: Endpoint, source: str | None, network: Network, seconds: float
) -> ProbedAddress:
    """Try the target's port and the others of its address at once; take `seconds` at most."""
    ends_at = asyncio.get_running_loop().time() + seconds
    port = target.where[1]
    ports = tuple(sorted({port, *PORTS}))
    attempts = [_Attempt(_at_port(target, each)) for each in ports]
    await _run(attempts, source, network, _PORTS_SHARE * seconds)
    replies = tuple(attempt.reply for attempt in attempts)
    probed = ProbedAddress(address=target.address, port=port, replies=replies)
    passing = next(iter(probed.open_ports), None)
    if probed.own.outcome is not PortOutcome.SILENT or passing is None or not _HAS_ERROR_QUEUE:
        return probed
    hop = None
    with suppress(TimeoutError):  # a busy machine may take longer
        async with asyncio.timeout_at(ends_at):
            hop = await _HopProbe(target, passing, source, network, seconds).find()
    return replace(probed, passing_port=passing, stopped_at=hop)


def _at_port(target: Endpoint, port: int) -> Endpoint:
    match target.where:
        case (host, _):
            return replace(target, where=(host, port))
        case (host, _, flow, scope):
            return replace(target, where=(host, port, flow, scope))


_HAS_ERROR_QUEUE = sys.platform == "linux"
# <linux/in.h>, <linux/in6.h>: the option for errors, that for hops, and their level.
_IP_RECVERR, _IPV6_RECVERR = 11, 25
_OPTIONS = {
    socket.AF_INET: (socket.IPPROTO_IP, _IP_RECVERR, socket.IP_TTL),
    socket.AF_INET6: (socket.IPPROTO_IPV6, _IPV6_RECVERR, socket.IPV6_UNICAST_HOPS),
}
# <linux/errqueue.h>: errno, origin, type and code of a sock_extended_err; the sender follows it.
_ERROR = struct.Struct("=IBBBxII")
_ORIGIN_ICMP, _ORIGIN_ICMP6 = 2, 3
_EXPIRED = {(_ORIGIN_ICMP, 11), (_ORIGIN_ICMP6, 3)}
# No route to the network or the host, or a neighbour that does not answer (RFC 792, RFC 4443).
_NO_ROUTE = {
    *((_ORIGIN_ICMP, 3, 0), (_ORIGIN_ICMP, 3, 1)),
    *((_ORIGIN_ICMP6, 1, 0), (_ORIGIN_ICMP6, 1, 3)),
}
_LONGEST_ERROR = 512
_DENIED = (errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE)


@record
class _IcmpError:
    """An ICMP error: where the kernel has it from, its type and code, and its sender."""

    origin: int
    type: int
    code: int
    sender: str


class _Attempt:
    """One connection attempt, whose packets expire at router number `hops`, if that is not 0."""

    def __init__(self, target: Endpoint, hops: int = 0) -> None:
        self.target = target
        self.hops = hops
        self.outcome = PortOutcome.SILENT
        self.sender: str | None = None
        self.is_expired = False

    @property
    def reply(self) -> PortReply:
        return PortReply(self.target.where[1], self.outcome, self.sender)

    async def run(self, source: str | None, network: Network) -> None:
        try:
            opened = open_socket(self.target, source, network)
        except OSError as error:
            self.outcome = _local_outcome(error)
            return
        with opened:
            try:
                self._prepare(opened)
                await asyncio.get_running_loop().sock_connect(opened, self.target.where)
                self.outcome = PortOutcome.OPEN
            except OSError as error:
                self._note_failure(opened, error)

    def _prepare(self, opened: socket.socket) -> None:
        level, errors, hops = _OPTIONS[self.target.family]
        if _HAS_ERROR_QUEUE:
            opened.setsockopt(level, errors, 1)
        if self.hops:
            opened.setsockopt(level, hops, self.hops)

    def _note_failure(self, opened: socket.socket, error: OSError) -> None:
        icmp = _icmp_error(opened) if _HAS_ERROR_QUEUE else None
        if icmp is None:
            self.outcome = _local_outcome(error)
            return
        self.sender = icmp.sender
        self.is_expired = (icmp.origin, icmp.type) in _EXPIRED
        if icmp.sender == self.target.address.partition("%")[0]:
            self.outcome = PortOutcome.REFUSED
            return
        is_own = icmp.sender == opened.getsockname()[0]
        if (icmp.origin, icmp.type, icmp.code) in _NO_ROUTE:
            self.outcome = PortOutcome.UNREACHABLE
            self.sender = None if is_own else icmp.sender
        else:
            self.outcome = PortOutcome.DENIED if is_own else PortOutcome.REJECTED


def _local_outcome(error: OSError) -> PortOutcome:
    """Return what an error without an ICMP message means."""
    if error.errno in (errno.ECONNREFUSED, errno.ECONNRESET):
        return PortOutcome.REFUSED
    if error.errno == errno.ETIMEDOUT:
        return PortOutcome.SILENT
    return PortOutcome.DENIED if error.errno in _DENIED else PortOutcome.UNREACHABLE


def _icmp_error(opened: socket.socket) -> _IcmpError | None:
    try:
        _, messages, _, _ = opened.recvmsg(0, _LONGEST_ERROR, socket.MSG_ERRQUEUE)
    except OSError:  # the queue is empty: no ICMP error arrived
        return None
    for level, kind, data in messages:
        if (level, kind) not in {options[:2] for options in _OPTIONS.values()}:
            continue
        _, origin, kind_of_icmp, code, _, _ = _ERROR.unpack_from(data)
        sender = data[_ERROR.size :]
        if origin == _ORIGIN_ICMP:
            address = socket.inet_ntop(socket.AF_INET, sender[4:8])
        elif origin == _ORIGIN_ICMP6:
            address = socket.inet_ntop(socket.AF_INET6, sender[8:24])
        else:
            continue
        return _IcmpError(origin, kind_of_icmp, code, address)
    return None


async def _run(
    attempts: Iterable[_Attempt], source: str | None, network: Network, seconds: float
) -> None:
    """Run attempts, which begin in this order, for `seconds`; the rest stay silent."""
    tasks = [asyncio.create_task(attempt.run(source, network)) for attempt in attempts]
    try:
        await asyncio.wait(tasks, timeout=seconds)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _HopProbe:
    """Compares how far connections to two ports of an address get."""

    def __init__(
        self, target: Endpoint, passing: int, source: str | None, network: Network, seconds: float
    ) -> None:
        self._silent = target
        self._passing = _at_port(target, passing)
        self._source = source
        self._network = network
        self._seconds = seconds

    async def find(self) -> RouterHop | None:
        """Return the nearest router that only the passing port gets past; None if unproven."""
        distances = range(1, _FARTHEST_HOP + 1)
        # The silent port comes first: a router that limits its answers answers what is first.
        silent = [_Attempt(self._silent, distance) for distance in distances]
        passing = [_Attempt(self._passing, distance) for distance in distances]
        await self._run([*silent, *passing], _HOPS_SHARE)
        if any(not _is_lost(attempt) and not attempt.is_expired for attempt in silent):
            return None
        reached = max((attempt.hops for attempt in silent if attempt.is_expired), default=0)
        hops = [
            RouterHop(attempt.sender, attempt.hops)
            for attempt in passing
            # A gateway that has the server's own address is no router on the path to it.
            if attempt.is_expired and attempt.outcome is PortOutcome.REJECTED and attempt.sender
        ]
        hop = next((each for each in hops if each.distance > reached), None)
        if hop is None:
            return None
        for _ in range(_CONFIRMATIONS):
            if not await self._confirms(hop):
                return None
        return hop

    async def _confirms(self, hop: RouterHop) -> bool:
        silent = _Attempt(self._silent, hop.distance)
        passing = _Attempt(self._passing, hop.distance)
        attempts = [silent, passing]
        if hop.distance > 1:
            # If it gets through, the router is nearer to the address than to this machine.
            attempts.append(_Attempt(self._passing, 2 * hop.distance - 1))
        await self._run(attempts, _CONFIRMATION_SHARE)
        is_near = attempts[-1].is_expired or _is_lost(attempts[-1])
        return _is_lost(silent) and passing.is_expired and is_near

    async def _run(self, attempts: Iterable[_Attempt], share: float) -> None:
        await _run(attempts, self._source, self._network, share * self._seconds)


def _is_lost(attempt: _Attempt) -> bool:
    return attempt.outcome is PortOutcome.SILENT
