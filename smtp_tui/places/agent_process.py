"""Start the agent in the place of a process, and ask it."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

from smtp_tui.config.errors import reason
from smtp_tui.config.paths import absolute
from smtp_tui.places import messages
from smtp_tui.places.errors import NotPermitted, PlaceError
from smtp_tui.places.process import ProcessHandle
from smtp_tui.smtp.addresses import NetworkLost

# Seconds for all but a lookup, which takes as long as the caller waits: a file system may hang.
ANSWER_LIMIT = 3.0
# Until Python has loaded its modules, perhaps from a slow card.
START_LIMIT = 20.0
_RESOLVER_VARIABLES = ("RES_OPTIONS", "LOCALDOMAIN")
_NAMESPACES = ("user", "uts", "net")
_OPENED = (
    *((kind, f"ns/{kind}", os.O_RDONLY) for kind in _NAMESPACES),
    ("root", "root", os.O_PATH | os.O_DIRECTORY),
    ("exe", "exe", os.O_RDONLY | os.O_NONBLOCK),
)
_START = (
    "import sys; sys.path[:] = {path!r}; "
    "from smtp_tui.places.agent import main; main({channel}, {opened}, {user}, {capabilities})"
)
_PARTS = {
    "user": "its user",
    "groups": "its user's groups",
    "group": "its group",
    "capabilities": "its capabilities",
    "uts": "its hostname",
    "net": "its network",
    "mnt": "a copy of the mounts",
}


class AgentProcess:
    """The agent beside a process; it ends with `close`, or with this program.

    Each request carries a socket for its answer, so threads may ask at the same time.
    """

    def __init__(self, process: ProcessHandle, variables: Mapping[str, str]) -> None:
        self._process = process
        status = process.status
        self._is_root = os.geteuid() == 0
        own = os.geteuid(), os.getegid()
        user = None
        if self._is_root and (status.uid, status.gid) != own:
            user = status.uid, status.gid, status.groups
        with ExitStack() as stack:
            opened = {}
            for name, path, flags in _OPENED:
                opened[name] = process.open(path, flags)
                stack.callback(os.close, opened[name])
            self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            stack.enter_context(theirs)
            start = {"opened": opened, "user": user, "capabilities": status.capabilities}
            self._agent = self._start(theirs.fileno(), start, variables)
        try:
            self._exchange({"ask": "start"}, START_LIMIT)
        except OSError as error:
            self.close()
            raise PlaceError(f"smtp-tui cannot start its agent: {text_of(error)}") from None

    def _start(
        self,
        channel: int,
        values: Mapping[str, Any],
        variables: Mapping[str, str],
    ) -> subprocess.Popen[bytes]:
        path = [str(absolute(Path(entry))) for entry in sys.path]
        start = _START.format(path=path, channel=channel, **values)
        try:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", start],
                # The agent needs nothing of this program's variables, which hold passwords.
                env={name: variables[name] for name in _RESOLVER_VARIABLES if name in variables},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[channel, *values["opened"].values()],
                cwd="/",
                # A group of its own: Ctrl+C is for this program, and `close` ends its children too.
                start_new_session=True,
            )
        except OSError as error:
            self._channel.close()
            raise PlaceError(f"smtp-tui cannot start its agent: {reason(error)}") from None

    @property
    def pid(self) -> int:
        """The number of the agent, and of its session."""
        return self._agent.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the agent; sockets that it made stay open."""
        self._channel.close()
        with suppress(ProcessLookupError):
            os.killpg(self._agent.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._agent.wait(1)

    def enter(self, files: Mapping[str, str] | None) -> None:
        """Enter the process's namespaces, with `files` as /etc; PlaceError if that fails."""
        kinds = [kind for kind in _NAMESPACES if not self._process.shares(kind)]
        if self._is_root and "user" in kinds:
            kinds.remove("user")  # inside, root would lose its right to read files
        request = {"ask": "enter", "namespaces": kinds, "files": files}
        try:
            answer, _ = self._exchange(request)
        except OSError as error:
            raise PlaceError(f"process {self._process.pid}: {text_of(error)}") from None
        if "step" in answer:
            raise self._refusal(answer["step"], answer["errno"])

    def ask(
        self, request: Mapping[str, Any], seconds: float | None = ANSWER_LIMIT
    ) -> tuple[Mapping[str, Any], Sequence[int]]:
        """Return an answer and its descriptors; OSError if the place says no, or nothing."""
        answer, descriptors = self._exchange(request, seconds)
        if "errno" in answer:
            raise OSError(answer["errno"], os.strerror(answer["errno"]))
        return answer, descriptors

    def _exchange(
        self, request: Mapping[str, Any], seconds: float | None = ANSWER_LIMIT
    ) -> tuple[Mapping[str, Any], Sequence[int]]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            try:
                with theirs:
                    messages.send(self._channel, request, theirs.fileno())
                ours.settimeout(seconds)
                return messages.receive(ours)
            except (BrokenPipeError, ConnectionResetError, EOFError):
                # Without a number, whose text would be shown instead of this one.
                raise NetworkLost("the agent in the place has ended") from None
            except TimeoutError:
                late = f"the place did not answer within {seconds:g} s"
                raise TimeoutError(errno.ETIMEDOUT, late) from None

    def _refusal(self, step: str, code: int) -> PlaceError:
        what = f"{_PARTS.get(step, step)} of process {self._process.pid}"
        if code in (errno.EPERM, errno.EACCES):
            return NotPermitted(f"smtp-tui may not enter {what}")
        return PlaceError(f"smtp-tui cannot enter {what}: {os.strerror(code).lower()}")


def text_of(error: OSError) -> str:
    """Return the error's own text, if it has one, else the system's."""
    return error.strerror or str(error)
