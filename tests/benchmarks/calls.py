"""The calls that are measured: the same check by smtp-tui and by swaks."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.mail import MailServers

Call = Sequence[str]


class Unable(Exception):
    """A benchmark cannot run here; the text says why."""


def ours(servers: MailServers, port: int) -> Call:
    """One check of ours: STARTTLS, the certificate verified, AUTH PLAIN."""
    values = {
        "host": servers.host,
        "port": port,
        "domain": "client.example.test",
        "username": servers.user.name,
        "authentication": "plain",
        "ca_file": servers.authority_file,
        "address_family": "ipv4",
    }
    pairs = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    return [program(), "check", *pairs]


def swaks(servers: MailServers, port: int) -> Call:
    """The same by swaks."""
    return [
        *(required("swaks"), "--server", servers.host, "--port", str(port), "-4"),
        *("--ehlo", "client.example.test", "--tls", "--tls-verify"),
        *("--tls-ca-path", str(servers.authority_file), "--quit-after", "AUTH"),
        *("--auth", "PLAIN", "--auth-user", servers.user.name),
        *("--auth-password", servers.user.password),
    ]


def program() -> str:
    """The installed command, as an admin starts it."""
    return str(Path(sys.executable).with_name("smtp-tui"))


def required(name: str) -> str:
    """Return the path of a program that must be installed."""
    found = shutil.which(name)
    if found is None:
        raise Unable(f"{name} is not installed")
    return found


def environment(servers: MailServers) -> dict[str, str]:
    """The environment of all calls; compiled files are kept, as an installation keeps them."""
    spared = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in spared}
    return {**kept, "SMTP_TUI_PASSWORD": servers.user.password}


def seconds_of(call: Call, env: dict[str, str]) -> float:
    """Run a call, which must succeed, and return the seconds it took."""
    began = time.perf_counter()
    ended = subprocess.run(
        call, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    seconds = time.perf_counter() - began
    if ended.returncode:
        raise Unable((ended.stdout + ended.stderr).decode()[-300:])
    return seconds


@dataclass(frozen=True)
class Pair:
    """The times of two calls that took turns, in seconds."""

    first: tuple[float, ...]
    second: tuple[float, ...]

    @property
    def medians(self) -> tuple[float, float]:
        """The median of each."""
        return statistics.median(self.first), statistics.median(self.second)

    @property
    def ratio(self) -> float:
        """How long the first takes where the second takes one."""
        first, second = self.medians
        return first / second


def compare(first: Call, second: Call, env: dict[str, str], times: int) -> Pair:
    """Run two calls in turns, so that what else the machine does meets both alike."""
    for call in (first, second):
        seconds_of(call, env)  # warms caches, and compiles
    runs = [(seconds_of(first, env), seconds_of(second, env)) for _ in range(times)]
    return Pair(tuple(one for one, _ in runs), tuple(one for _, one in runs))
