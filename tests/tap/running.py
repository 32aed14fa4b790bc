"""The tap as a process of its own, and what it printed."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.program import COMMAND, environment
from tests.events import ids_in, validate

SECONDS = 60


@dataclass
class RunningTap:
    """A tap that listens; `end` returns its status."""

    process: subprocess.Popen[bytes]
    port: int = 0
    out: str = ""
    err: str = ""
    status: int | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)

    def end(self, number: int | None = None) -> int:
        """Wait for its end, after a signal if one is named, and read the rest of its output."""
        if number is not None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=SECONDS)
        self.out += out.decode()
        self.err = err.decode()
        self.status = self.process.returncode
        for line in self.out.splitlines():
            validate(line)
            assert not ids_in(line), line
        self.lines = [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]
        return self.status

    def of(self, event: str) -> list[dict[str, Any]]:
        """The lines of one kind."""
        return [line for line in self.lines if line["event"] == f"tap-{event}"]

    @property
    def differences(self) -> set[str]:
        """The ids of what it found."""
        return {line["id"] for line in self.of("differs")}


@contextlib.contextmanager
def running_tap(file: Path, *options: str, **more: str) -> Iterator[RunningTap]:
    """Run a tap on a free port until the block ends, if it has not ended before."""
    words = ("tap", str(file), "--listen", "127.0.0.1:0", *options)
    process = subprocess.Popen(
        [*COMMAND, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # or the line read here would take others with it
        env=environment(**more),
    )
    tap = RunningTap(process)
    try:
        assert process.stdout is not None
        first = process.stdout.readline().decode()
        assert first, process.communicate(timeout=SECONDS)[1]
        tap.out = first
        tap.port = (
            json.loads(first)["port"]
            if "--json" in options
            else int(first.split(" and passes")[0].rpartition(":")[2])
        )
        yield tap
    finally:
        if tap.status is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            process.communicate(timeout=SECONDS)
