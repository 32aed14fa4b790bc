"""Open the stream of a check: over TCP, through a proxy, or to a UNIX socket."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace

from smtp_tui.lazy import load
from smtp_tui.records import record
from smtp_tui.safe_text import abridged
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import is_address
from smtp_tui.settings.proxy_address import ProxyAddress
from smtp_tui.smtp.addresses import THIS_MACHINE, EarlyConnection, Endpoint, Network
from smtp_tui.smtp.events import Cause, Connecting, Event, Resolved, Stage, WarningId
from smtp_tui.smtp.happy_eyeballs import AddressLookupError, HappyEyeballs, resolve

# Maximum number of addresses in a note.
ADDRESSES_NAMED = 4


class StreamReporter:
    """What an opening stream reports to; this one shows nothing, and only knows the stage.

    Moments are values of `time.monotonic`. Not a `typing.Protocol`, which takes 1 ms to define.
    """

    stage = Stage.RESOLVE
    emit: Callable[[Event], None] = staticmethod(lambda _event: None)

    def enter_stage(self, stage: Stage, _moment: float | None = None, /) -> None:
        """Begin a stage."""
        self.stage = stage

    def note(self, _text: str, _warning: WarningId | None = None, /) -> None:
        """Report a note."""

    def seconds_at(self, _moment: float | None, /) -> float:
        """Return the seconds of an event at a moment; None is now."""
        return 0.0


@record(kw_only=True)
class Stream:
    """A connected socket; `endpoint` is the server's, None for a UNIX socket and behind a proxy.

    `address` and `port` name the server in events, `via` the proxy; `connected_at` is a value of
    `time.monotonic`, None for now.
    """

    socket: socket.socket
    address: str
    port: int | None = None
    endpoint: Endpoint | None = None
    connected_at: float | None = None
    via: str | None = None


class StreamOpener:
    """Opens the stream to the server of the settings; the only place that decides how."""

    def __init__(
        self,
        settings: Settings,
        network: Network = THIS_MACHINE,
        early: EarlyConnection | None = None,
        reporter: StreamReporter | None = None,
    ) -> None:
        self._settings = settings
        self._proxy = settings.proxy
        self._at_proxy = False
        self._network = network
        self._early = early
        self._reporter = reporter or StreamReporter()
        self._eyeballs = HappyEyeballs(
            settings.source_address, self._on_attempt, self._on_failure, early, network
        )

    async def open(self, known: Endpoint | None = None) -> Stream:
        """Return the connected stream; AddressLookupError if there is none.

        A `known` endpoint is not looked up again.
        """
        if self._settings.is_socket:
            return await self._open_socket()
        if self._proxy:
            return await self._open_through(self._proxy)
        return await self._open_tcp([known] if known else None)

    def late(self, stage: Stage, limit: str) -> AddressLookupError:
        """Return the error of a stream that was not open in time; `limit` is the text for it."""
        if self._at_proxy:
            return AddressLookupError(Cause.PROXY_TIMEOUT, limit)
        if self._proxy:
            error = self._eyeballs.most_telling(AddressLookupError(Cause.CONNECT_TIMEOUT, limit))
            return AddressLookupError(Cause.PROXY_UNREACHABLE, error.detail)
        if stage is Stage.RESOLVE:
            return AddressLookupError(Cause.RESOLVER_FAILED, limit)
        if self._settings.is_socket:
            text = f"its queue of connections stayed full, {limit}"
            return AddressLookupError(Cause.SOCKET_REFUSED, text)
        return self._eyeballs.most_telling(AddressLookupError(Cause.CONNECT_TIMEOUT, limit))

    async def _open_through(self, proxy: ProxyAddress) -> Stream:
        host, port = self._settings.host, self._settings.port
        try:
            stream = await self._open_tcp(None)
        except AddressLookupError as error:
            if error.fault is Cause.PLACE_LOST:
                raise
            raise AddressLookupError(Cause.PROXY_UNREACHABLE, error.detail) from None
        self._at_proxy = True
        does = "connects to" if is_address(host) else "looks up"
        self._reporter.note(f"connected to the proxy {proxy}, which {does} {host}")
        connect_through = load("smtp.proxies:connect_through")
        try:
            await connect_through(proxy, stream.socket, host, port)
        except BaseException:
            stream.socket.close()
            raise
        return Stream(socket=stream.socket, address=host, port=port, via=str(proxy))

    async def _open_tcp(self, targets: list[Endpoint] | None) -> Stream:
        settings, reporter, early = self._settings, self._reporter, self._early
        if self._proxy:
            settings = replace(settings, host=self._proxy.host, port=self._proxy.port)
        if targets is None:
            reporter.enter_stage(Stage.RESOLVE, early.asked_at if early else None)
            targets = await resolve(settings, early, self._network)
            found_at = early.found_at if early else None
            addresses = tuple(target.address for target in targets)
            seconds = reporter.seconds_at(found_at)
            found = Resolved(
                seconds=seconds,
                host=settings.host,
                addresses=addresses,
                is_proxy=self._proxy is not None,
            )
            reporter.emit(found)
            reporter.enter_stage(Stage.CONNECT, found_at)
        connected, target = await self._eyeballs.connect(targets)
        return Stream(
            socket=connected,
            address=target.address,
            port=settings.port,
            endpoint=target,
            connected_at=self._eyeballs.connected_at,
        )

    async def _open_socket(self) -> Stream:
        connect_socket = load("smtp.unix_sockets:connect_socket")
        reporter, host = self._reporter, self._settings.host
        reporter.enter_stage(Stage.CONNECT)
        reporter.emit(Connecting(seconds=reporter.seconds_at(None), address=host, port=None))
        return Stream(socket=await connect_socket(host, self._network), address=host)

    def report_unanswered(self) -> None:
        """Note the addresses that did not answer before the one that connected."""
        if unanswered := self._eyeballs.unanswered:
            names = abridged([endpoint.address for endpoint in unanswered], ADDRESSES_NAMED)
            text = f"no answer from {names}; a program that tries only one address waits there"
            self._reporter.note(text, WarningId.ADDRESS_UNANSWERED)

    def _on_attempt(self, target: Endpoint, moment: float) -> None:
        seconds, port = self._reporter.seconds_at(moment), target.where[1]
        self._reporter.emit(Connecting(seconds=seconds, address=target.address, port=port))

    def _on_failure(self, target: Endpoint, error: AddressLookupError) -> None:
        self._reporter.note(f"{target.address}: {error.detail}")
