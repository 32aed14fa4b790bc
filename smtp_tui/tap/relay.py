"""Listen for applications, and relay each to the server that the settings name."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Callable
from contextlib import suppress

from smtp_tui.records import record
from smtp_tui.settings.parsers import is_address
from smtp_tui.smtp.events import Stage
from smtp_tui.tap.events import Differs, Reported, TapEvent
from smtp_tui.tap.session import TapPlan, TapSession
from smtp_tui.tap.stream import CHUNK, TapStream

MOST_CLIENTS = 8
BUSY = b"421 4.3.2 smtp-tui tap relays 8 clients already\r\n"


class CannotListen(Exception):
    """The tap cannot listen there; the text says why."""


@record
class ListenAddress:
    """Where the tap listens."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine can connect."""
        return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback

    def __str__(self) -> str:
        """The address as --listen accepts it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(text: str) -> ListenAddress:
    """Parse `ADDRESS:PORT`; CannotListen if it is something else."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    is_number = port.isascii() and port.isdigit() and int(port) < 65536
    if not colon or not is_number or not (host == "localhost" or is_address(host)):
        raise CannotListen("the tap needs ADDRESS:PORT, such as 127.0.0.1:2525 or [::1]:2525")
    return ListenAddress(host, int(port))


class Tap:
    """A listening tap; `report` gets every event of every client."""

    def __init__(
        self, plan: TapPlan, report: Callable[[TapEvent], None], most: int | None = None
    ) -> None:
        """With `most`, the tap ends after that many clients."""
        self._plan = plan
        self._report = report
        self._most = most
        self._running: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._is_done = asyncio.Event()
        self._defect: Exception | None = None
        self.clients = 0
        self.finished = 0
        self.failed_at: set[Stage] = set()  # where the server could not be used
        self.differing = 0

    async def listen(self, address: ListenAddress) -> ListenAddress:
        """Begin to listen and return where; CannotListen if the address or port is not free."""
        host = "127.0.0.1" if address.host == "localhost" else address.host
        try:
            self._server = await asyncio.start_server(
                self._on_client, host, address.port, limit=CHUNK
            )
        except OSError as error:
            # asyncio's own text repeats the address.
            code = error.errno or 0
            reason = os.strerror(code).lower() if code > 0 else error.strerror or str(error)
            raise CannotListen(f"nothing can listen on {address}: {reason}") from None
        port = self._server.sockets[0].getsockname()[1]
        return ListenAddress(address.host, port)

    async def serve(self) -> None:
        """Relay clients until the last one that was asked for has ended; the caller closes."""
        await self._is_done.wait()
        if self._defect:
            raise self._defect

    async def close(self) -> None:
        """Listen no more, and end the sessions."""
        if self._server:
            self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_over = self._most is not None and self.clients >= self._most
        if is_over or len(self._running) >= MOST_CLIENTS:
            with suppress(OSError):
                writer.write(BUSY)
                writer.close()
            return
        self.clients += 1
        task = asyncio.current_task()
        assert task
        self._running.add(task)
        try:
            await self._relay(self.clients, TapStream(reader, writer))
        except asyncio.CancelledError:
            pass  # asyncio would report it; the tap is closing
        except Exception as error:
            self._defect = self._defect or error
            self._is_done.set()
        finally:
            self._running.discard(task)
            if self._most is not None and self.finished >= self._most:
                self._is_done.set()

    async def _relay(self, number: int, application: TapStream) -> None:
        has_difference = False

        def report(event: Reported) -> None:
            nonlocal has_difference
            has_difference |= isinstance(event, Differs)
            try:
                self._report(TapEvent(number, event))
            except Exception as error:  # standard output may be closed
                self._defect = error  # itself, not the group that its task group raises
                raise

        try:
            ended = await TapSession(self._plan, application, report).run()
        finally:
            self.differing += has_difference
        self.finished += 1
        if ended.stage:
            self.failed_at.add(ended.stage)
