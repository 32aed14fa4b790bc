"""The form as it is started, but what is around it never changes: clock, network, certificates.

Run as `python -m tests.screens.stage ARGUMENTS`, with the arguments of smtp-tui. The dialogue is
held with the relay that the environment names; only its times, its certificate's dates and hash,
and what the network would say of other hosts are made up.
"""

from __future__ import annotations

import asyncio
import email.utils
import hashlib
import os
import socket
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from unittest.mock import patch

from smtp_tui.checks import record_codec
from smtp_tui.checks import run as engine
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.discovery import search
from smtp_tui.program import main
from smtp_tui.smtp import certificates, events, tls, tls_errors
from smtp_tui.smtp.events import Event
from tests.screens.relay import GATE, ports_told
from tests.screens.searching import measured
from tests.screens.zone import use_this_zone

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ADDRESS, OUR_ADDRESS = "192.0.2.25", "192.0.2.80"
# Milliseconds that an event comes after the one before.
_PACE: Mapping[type, float] = {
    events.Resolved: 4,
    events.Connected: 14,
    events.Received: 15,
    events.TlsEstablished: 31,
    events.TlsFailed: 29,
    events.Experiment: 33,
    Verdict: 2,
}


Told = Event | Verdict


class _Still(datetime):
    """A clock that stands."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return NOW.astimezone(tz) if tz else NOW.replace(tzinfo=None)


class _Gate:
    """Lets events through one by one, where somebody films them."""

    def __init__(self) -> None:
        file = os.environ.get(GATE)
        self._file = Path(file) if file else None
        self._passed = self._let

    @property
    def _let(self) -> int:
        return self._file.stat().st_size if self._file else 0

    async def opened(self) -> None:
        """Wait for the next byte."""
        if not self._file:
            return
        self._passed += 1
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._wait)

    def _wait(self) -> None:
        while self._file and self._let < self._passed:
            time.sleep(0.01)


def _paced(
    run: Callable[..., AsyncGenerator[Told, None]],
) -> Callable[..., AsyncGenerator[Told, None]]:
    async def paced(*arguments: Any) -> AsyncGenerator[Told, None]:
        spent, gate = 0.0, _Gate()
        async with aclosing(_in_order(run(*arguments))) as told:
            await gate.opened()
            async for one in told:
                pace = _PACE.get(type(one), 0)
                spent += pace / 1000
                if pace:
                    await gate.opened()
                yield replace(one, seconds=spent)

    return paced


async def _in_order(told: AsyncGenerator[Told, None]) -> AsyncGenerator[Told, None]:
    """Yield what is told; experiments run side by side, and come in an order of their own."""
    experiments: list[events.Experiment] = []
    async with aclosing(told):
        async for one in told:
            if isinstance(one, events.Experiment):
                experiments.append(one)
                continue
            for experiment in sorted(experiments, key=lambda shown: shown.text):
                yield experiment
            experiments.clear()
            if isinstance(one, events.Connected):
                one = replace(one, local_address=OUR_ADDRESS)
            yield one


def _dated(
    read: Callable[..., certificates.Certificate],
) -> Callable[..., certificates.Certificate]:
    def dated(*arguments: Any) -> certificates.Certificate:
        certificate = read(*arguments)
        return replace(
            certificate,
            not_before=NOW - timedelta(days=29),
            not_after=NOW + timedelta(days=61),
            sha256=hashlib.sha256(certificate.subject.encode()).hexdigest(),
        )

    return dated


def _use_this_network(ports: Mapping[int, int]) -> None:
    """Let every other name be one address, and have nobody listen there but the relay."""

    def addresses(host: object, port: int, *_: object, **__: object) -> list[Any]:
        address = "127.0.0.1" if host in ("localhost", b"localhost") else ADDRESS
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    loop = asyncio.SelectorEventLoop
    connect = loop.sock_connect

    async def connected(self: Any, sock: socket.socket, where: tuple[str, int]) -> None:
        if where[1] not in ports:
            raise ConnectionRefusedError(111, "Connection refused")
        await connect(self, sock, ("127.0.0.1", ports[where[1]]))

    socket.getaddrinfo = addresses  # type: ignore[assignment]
    loop.sock_connect = connected  # type: ignore[assignment,method-assign]


def set_stage() -> None:
    """Make all that is around the form unchanging."""
    search.discover = measured(search.discover)  # before anybody imports it by name
    from smtp_tui.tui.test_pane import pane as bench

    # A message is as long as its date and its ID.
    patch.object(email.utils, "localtime", return_value=NOW).start()
    patch.object(email.utils, "make_msgid", return_value="<1@example.org>").start()
    bench.monotonic = lambda: 0.0  # type: ignore[attr-defined]
    engine.run = _paced(engine.run)
    tls.certificate_from = _dated(tls.certificate_from)  # type: ignore[attr-defined]
    record_codec._hints(certificates.Certificate)  # kept: what replaces its dates is no type
    for module in (bench, certificates, tls_errors):
        module.datetime = _Still  # type: ignore[attr-defined]
    _use_this_network(ports_told())
    use_this_zone()
    # They import the engine by name: after it is paced.
    from tests.screens.surroundings import use_these_surroundings

    use_these_surroundings(_paced)


if __name__ == "__main__":
    os.environ.setdefault("TEXTUAL_FPS", "30")
    set_stage()
    sys.exit(main())
