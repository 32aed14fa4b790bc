"""A thousand relays with STARTTLS and login: the CPU of each check, against bare asyncio.

The server runs in a process of its own (`python -m tests.benchmarks.crowd serve FOLDER`), and so
does the same dialogue by asyncio's streams alone (`… talk FOLDER`): nobody's checks can cost less.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import trustme

from tests.benchmarks.calls import program
from tests.benchmarks.results import Result

RELAYS, JOBS, TIMES = 1000, 50, 3
PASSWORD = "wonder land secret"

_TABLE = """\
[relay{number}]
host = "localhost"
port = {port}
domain = "client.example.test"
username = "tickets"
password = {{ env = "SMTP_TUI_PASSWORD" }}
authentication = "plain"
ca_file = "{folder}/ca.pem"
address_family = "ipv4"
"""
_EHLO = b"250-mail.example.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-8BITMIME\r\n"


def results() -> Iterator[Result]:
    """The least of some runs of each, so that what else the machine does counts for neither."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.crowd", "serve", name],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout
            port = int(server.stdout.readline())
            tables = (_TABLE.format(number=one, port=port, folder=folder) for one in range(RELAYS))
            (folder / "relays.toml").write_text("\n".join(tables))
            (folder / "port").write_text(str(port))
            checks = [program(), "check", "--all", "--jobs", str(JOBS), f"{folder}/relays.toml"]
            bare = [sys.executable, "-m", "tests.benchmarks.crowd", "talk", name]
            runs = [(_cpu_milliseconds(checks), _cpu_milliseconds(bare)) for _ in range(TIMES)]
        finally:
            server.terminate()
            server.wait()
    ours, least = (min(times) for times in zip(*runs, strict=True))
    figures = f"smtp-tui {ours:.2f} ms of CPU each, bare asyncio {least:.2f} ms"
    yield Result(f"{RELAYS} relays, STARTTLS and login", figures, ours / least, at_most=2.6)


def _cpu_milliseconds(call: list[str]) -> float:
    """Run a call, and return the milliseconds of CPU that it took for each relay."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "SMTP_TUI_PASSWORD": PASSWORD}
    subprocess.run(call, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds * 1000 / RELAYS


async def _serve(folder: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(folder / "ca.pem")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        offer = b"STARTTLS"
        writer.write(b"220 mail.example.test ESMTP\r\n")
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                match line.split()[0]:
                    case b"EHLO":
                        writer.write(_EHLO + b"250 " + offer + b"\r\n")
                    case b"STARTTLS":
                        writer.write(b"220 ready\r\n")
                        await writer.start_tls(context)
                        offer = b"AUTH PLAIN LOGIN"
                    case b"AUTH":
                        writer.write(b"235 2.7.0 Authentication successful\r\n")
                    case _:
                        writer.write(b"221 2.0.0 Bye\r\n")
                        break
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


async def _talk(folder: Path) -> None:
    port = int((folder / "port").read_text())
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    turn = asyncio.Semaphore(JOBS)

    async def check() -> None:
        async with turn:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for command in (b"", b"EHLO client.example.test", b"STARTTLS"):
                await say(reader, writer, command)
            await writer.start_tls(context, server_hostname="localhost")
            for command in (b"EHLO client.example.test", b"AUTH PLAIN AHgAeHg=", b"QUIT"):
                await say(reader, writer, command)
            writer.close()

    async def say(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: bytes
    ) -> None:
        if command:
            writer.write(command + b"\r\n")
        while (await reader.readline())[3:4] == b"-":
            pass

    await asyncio.gather(*(check() for _ in range(RELAYS)))


if __name__ == "__main__":
    asyncio.run({"serve": _serve, "talk": _talk}[sys.argv[1]](Path(sys.argv[2])))
