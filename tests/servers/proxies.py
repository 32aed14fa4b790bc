"""Real proxies on loopback: microsocks for SOCKS5, tinyproxy for CONNECT."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.servers.ports import reserved_ports
from tests.servers.requirements import SEARCH_PATH, program, require

_START_SECONDS = 10.0

_TINYPROXY = """\
Port {port}
Listen 127.0.0.1
Timeout 60
MaxClients 20
LogLevel Error
{allowed}
"""


def proxy_obstacle(name: str) -> str | None:
    """Why a proxy cannot run, or None if it can."""
    return None if shutil.which(name, path=SEARCH_PATH) else f"{name} is not installed"


@contextlib.contextmanager
def running_microsocks(*options: str) -> Iterator[int]:
    """Run microsocks, and yield its port."""
    require(proxy_obstacle("microsocks"))
    with reserved_ports(("127.0.0.1",), 1) as (port,):
        pass
    command = (str(program("microsocks")), "-q", "-i", "127.0.0.1", "-p", str(port), *options)
    with _running(command, port):
        yield port


@contextlib.contextmanager
def running_tinyproxy(folder: Path, *ports: int) -> Iterator[int]:
    """Run tinyproxy, which lets CONNECT through to these ports alone; yield its own."""
    require(proxy_obstacle("tinyproxy"))
    with reserved_ports(("127.0.0.1",), 1) as (port,):
        pass
    file = folder / "tinyproxy.conf"
    allowed = "\n".join(f"ConnectPort {number}" for number in ports)
    file.write_text(_TINYPROXY.format(port=port, allowed=allowed))
    with _running((str(program("tinyproxy")), "-d", "-c", str(file)), port):
        yield port


@contextlib.contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[None]:
    running = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await_port(port)
        yield
    finally:
        running.kill()
        running.wait()


def _await_port(port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > until:
            raise TimeoutError(f"the proxy does not listen on port {port}")
        time.sleep(0.01)
