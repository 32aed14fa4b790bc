"""A server process in the foreground: its start, its log and its end."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.servers.processes import session_members, wait_for_exit
from tests.servers.requirements import SEARCH_PATH

_START_SECONDS = 20.0
_STOP_SECONDS = 5.0


class ServerError(Exception):
    """A server did not start, or did not stop."""


class Daemon:
    """A server in a session of its own, by which its child processes are found again."""

    def __init__(self, name: str, command: Sequence[str | Path], ready_text: str) -> None:
        """Start the command, which stays in the foreground and logs to its standard output."""
        self.name = name
        self._ready_text = ready_text
        self._ready = False
        self._ready_or_ended = threading.Event()
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env={"PATH": SEARCH_PATH},
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read_log, name=f"{name} log", daemon=True)
        self._reader.start()

    @property
    def log(self) -> str:
        """All that the server has logged so far."""
        return "".join(self._lines)

    def process_ids(self) -> list[int]:
        """The living processes of this server, its children included."""
        return session_members(self._process.pid)

    def wait_until_ready(self) -> None:
        """Return when the server has said that it is ready; raise with its log if it does not."""
        self._ready_or_ended.wait(_START_SECONDS)
        if not self._ready:
            raise ServerError(f"{self.name} did not start:\n{self.log}")

    def stop(self) -> None:
        """End the server with all its processes; raise if one of them had to be killed."""
        leader = self._process.pid
        # Not terminate(), which may reap the leader: its number, by which the others are found,
        # must stay taken until they have ended.
        os.kill(leader, signal.SIGTERM)
        wait_for_exit([leader], _STOP_SECONDS)
        wait_for_exit(self.process_ids(), _STOP_SECONDS)
        stubborn = self.process_ids()
        for pid in stubborn:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for_exit(stubborn, _STOP_SECONDS)
        self._process.wait()
        self._reader.join(_STOP_SECONDS)
        if stubborn:
            raise ServerError(f"{self.name} did not stop, {stubborn} killed:\n{self.log}")

    def _read_log(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._lines.append(line)
                if self._ready_text in line:
                    self._ready = True
                    self._ready_or_ended.set()
        self._ready_or_ended.set()


@contextlib.contextmanager
def running(name: str, command: Sequence[str | Path], ready_text: str) -> Iterator[Daemon]:
    """Run a server from its ready line to its last process."""
    daemon = Daemon(name, command, ready_text)
    try:
        daemon.wait_until_ready()
        yield daemon
    finally:
        daemon.stop()


# Says so when the server listens, since the server itself says nothing; ends it with itself.
_WITH_SOCKET = """\
"$@" &
server=$!
trap 'kill "$server"' TERM
until [ -S "$SOCKET" ]; do kill -0 "$server" || exit 1; sleep 0.05; done
echo "$READY"
wait "$server"
wait "$server"
"""


@contextlib.contextmanager
def running_with_socket(name: str, command: Sequence[str | Path], socket: Path) -> Iterator[Daemon]:
    """Run a server in the foreground that is ready when its UNIX socket is there."""
    ready = "it listens"
    environment = ("env", f"SOCKET={socket}", f"READY={ready}")
    with running(name, (*environment, "sh", "-c", _WITH_SOCKET, "sh", *command), ready) as daemon:
        yield daemon
