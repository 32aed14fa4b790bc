"""A proxy that lets every byte through, later: a server as it looks from far away.

It runs in a process of its own (`python -m tests.benchmarks.delay`), so that what it does takes no
time from what is measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

CHUNK = 64 * 1024


@dataclass
class Turns:
    """How often a client spoke after it had heard something: each time is a round trip."""

    count: int = 0
    client_spoke: bool = False

    def note(self, *, from_client: bool) -> None:
        """A burst of bytes went this way."""
        if from_client and not self.client_spoke:
            self.count += 1
        self.client_spoke = from_client


@dataclass
class Proxy:
    """Lets connections through to one server; `round_trip` is in seconds."""

    host: str
    port: int
    round_trip: float
    turns: list[Turns] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let one connection through."""
        turns = Turns()
        self.turns.append(turns)
        # A connection takes a round trip too, which nothing on loopback does.
        await asyncio.sleep(self.round_trip)
        upstream, downstream = await asyncio.open_connection(self.host, self.port)
        await asyncio.gather(
            self._pass_on(reader, downstream, turns, from_client=True),
            self._pass_on(upstream, writer, turns, from_client=False),
        )

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        turns: Turns,
        *,
        from_client: bool,
    ) -> None:
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, data = await under_way.get()
                await asyncio.sleep(due - loop.time())
                if not data:
                    break
                turns.note(from_client=from_client)
                writer.write(data)
            with contextlib.suppress(OSError):
                writer.close()

        delivering = asyncio.create_task(deliver())
        data = b"-"
        while data:
            try:
                data = await reader.read(CHUNK)
            except ConnectionError:
                data = b""
            under_way.put_nowait((loop.time() + self.round_trip / 2, data))
        await delivering


@dataclass(frozen=True)
class Delayed:
    """A running proxy: the ports to call, and what it counted so far."""

    ports: tuple[int, ...]
    process: subprocess.Popen[str]

    def turns(self) -> list[int]:
        """The turns of each connection since the last call."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("turns\n")
        self.process.stdin.flush()
        counts: list[int] = json.loads(self.process.stdout.readline())
        return counts


@contextlib.contextmanager
def delayed(host: str, port: int, round_trip: float, count: int = 1) -> Iterator[Delayed]:
    """Listen on `count` ports and pass everything on to one server, `round_trip` seconds away."""
    command = [sys.executable, "-m", "tests.benchmarks.delay"]
    words = [host, str(port), str(round_trip), str(count)]
    with subprocess.Popen(
        [*command, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            yield Delayed(tuple(json.loads(process.stdout.readline())), process)
        finally:
            process.terminate()


async def _main(host: str, port: str, round_trip: str, count: str) -> None:
    proxy = Proxy(host, int(port), float(round_trip))
    servers = [
        await asyncio.start_server(proxy.serve, "127.0.0.1", 0, backlog=512)
        for _ in range(int(count))
    ]
    _tell([server.sockets[0].getsockname()[1] for server in servers])
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        _tell([turns.count for turns in proxy.turns])
        proxy.turns.clear()


def _tell(content: object) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
