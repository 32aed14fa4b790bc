"""Use the network of another process through an agent inside its namespaces."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from smtp_tui.config.paths import absolute
from smtp_tui.places.errors import PlaceError
from smtp_tui.places.process import ProcessHandle
from smtp_tui.places.root import RootReader
from smtp_tui.records import record
from smtp_tui.smtp.addresses import Network
from smtp_tui.threads import in_daemon_thread

# Seconds that the agent has to enter the place, and to answer anything but a lookup.
START_LIMIT = 5.0
ANSWER_LIMIT = 2.0
# Bytes: a name with the most addresses, and a resolver's file.
_MOST_ANSWER = 1 << 20
_MOST_FILE = 1 << 20
# What a resolver reads besides resolv.conf; `localdomain` is a variable and comes with the agent.
RESOLVER_FILES = ("resolv.conf", "hosts", "host.conf", "gai.conf")
_RESOLVER_VARIABLES = ("RES_OPTIONS", "LOCALDOMAIN")
# The sources of names that need no service on this machine, which the agent could reach.
_OWN_SOURCES = ("files", "dns")
_START = (
    "import sys; sys.path[:] = {path!r}; "
    "from smtp_tui.places.agent import main; main({channel}, {folder})"
)


@record(kw_only=True)
class ResolverFiles:
    """A place's resolver files by name, as text, and the sources of names that are left out."""

    files: Mapping[str, str]
    left_out: tuple[str, ...] = ()


def resolver_files(root: RootReader, *, is_musl: bool = False) -> ResolverFiles:
    """Read the resolver files of a place; a file that cannot be read counts as absent."""
    files = {}
    for name in RESOLVER_FILES:
        with suppress(OSError):
            files[name] = root.read(f"/etc/{name}", _MOST_FILE).decode("utf-8", "surrogateescape")
    sources: Sequence[str] = _OWN_SOURCES
    if not is_musl:  # musl reads no nsswitch.conf
        with suppress(OSError):
            text = root.read("/etc/nsswitch.conf", _MOST_FILE).decode("utf-8", "surrogateescape")
            if line := re.search(r"^hosts:(.*)$", text, re.MULTILINE):
                sources = re.findall(r"\[[^]]*\]|[\w-]+", line[1].partition("#")[0])
    kept, left_out = _kept_sources(sources)
    files["nsswitch.conf"] = f"hosts: {' '.join(kept)}\n"
    return ResolverFiles(files=files, left_out=left_out)


def _kept_sources(sources: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Split the sources of names, and their actions in brackets, into kept and left out."""
    kept: list[str] = []
    left_out: list[str] = []
    is_kept = False
    for source in sources:
        if source.startswith("["):
            if is_kept:
                kept.append(source)
            continue
        is_kept = source in _OWN_SOURCES
        (kept if is_kept else left_out).append(source)
    return kept or [*_OWN_SOURCES], tuple(left_out)


class AgentNetwork(Network):
    """The network of a process, from inside its namespaces; close it after use.

    Its answers come from this program's own agent, which saw the place's resolver files.
    """

    def __init__(self, channel: socket.socket, agent: asyncio.subprocess.Process) -> None:
        self._channel = channel
        self._agent = agent

    @classmethod
    async def enter(
        cls,
        process: ProcessHandle,
        resolver: ResolverFiles,
        variables: Mapping[str, str],
    ) -> Self:
        """Start the agent in the namespaces of a process; PlaceError if it may not enter."""
        status = process.status
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = [str(absolute(Path(entry))) for entry in sys.path]
        folder = os.dup(process.fileno())
        try:
            start = _START.format(path=path, channel=theirs.fileno(), folder=folder)
            agent = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-c", start),
                # The agent needs nothing of this program's variables, which hold passwords.
                env={name: variables[name] for name in _RESOLVER_VARIABLES if name in variables},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno(), folder],
                cwd="/",
            )
        except OSError as error:
            ours.close()
            raise PlaceError(f"the agent cannot be started: {error.strerror}") from None
        finally:
            theirs.close()
            os.close(folder)
        network = cls(ours, agent)
        is_root = os.geteuid() == 0
        wanted = {
            "enters_user": not is_root and not process.shares("user"),
            "uid": status.uid if is_root else None,
            "gid": status.gid,
            "groups": status.groups,
            "files": resolver.files,
        }
        try:
            ours.settimeout(START_LIMIT)
            ours.send(json.dumps(wanted).encode())
            data = await in_daemon_thread(lambda: ours.recv(_MOST_ANSWER))
            answer = json.loads(data or b'{"step": "agent", "errno": 0}')
        except OSError as error:
            network.close()
            raise PlaceError(f"the agent does not answer: {error}") from None
        if "step" in answer:
            network.close()
            raise _refusal(process, answer)
        return network

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the agent; sockets that it made stay open."""
        self._channel.close()
        with suppress(ProcessLookupError):
            self._agent.kill()

    def addresses(
        self, name: str, port: int, family: socket.AddressFamily
    ) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
        """Return a name's families and socket addresses, as the place's resolver finds them."""
        answer, _ = self._ask({"ask": "addresses", "host": name, "port": port, "family": family})
        if "gaierror" in answer:
            raise socket.gaierror(answer["gaierror"], _resolver_text(answer["gaierror"]))
        return [
            (socket.AddressFamily(family), tuple(address)) for family, *address in answer["found"]
        ]

    def new_socket(self, family: socket.AddressFamily) -> socket.socket:
        """Return a new stream socket of the place's network."""
        _, descriptors = self._ask({"ask": "socket", "family": family}, ANSWER_LIMIT)
        return socket.socket(fileno=descriptors[0])

    def own_name(self) -> str:
        """Return the place's name."""
        answer, _ = self._ask({"ask": "name"})
        return str(answer["name"])

    def _ask(
        self, request: Mapping[str, Any], limit: float | None = None
    ) -> tuple[Mapping[str, Any], list[int]]:
        """Return the answer to a request and its descriptors; OSError if there is none."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                socket.send_fds(self._channel, [json.dumps(request).encode()], [theirs.fileno()])
            ours.settimeout(limit)
            data, descriptors, _, _ = socket.recv_fds(ours, _MOST_ANSWER, 1)
        if not data:
            raise OSError(errno.ESRCH, "the place has ended")
        answer = json.loads(data)
        if "errno" in answer:
            raise OSError(answer["errno"], os.strerror(answer["errno"]))
        return answer, descriptors


def _resolver_text(code: int) -> str:
    # Python has no gai_strerror; these are the usual ones (netdb.h).
    return {
        socket.EAI_AGAIN: "Temporary failure in name resolution",
        socket.EAI_FAIL: "Non-recoverable failure in name resolution",
        socket.EAI_NONAME: "Name or service not known",
    }.get(code, f"resolver error {code}")


_NEEDS = {
    "user": "its user",
    "groups": "its user's groups",
    "group": "its group",
    "uts": "its machine name",
    "net": "its network",
    "mnt": "a private copy of the mounts",
}


def _refusal(process: ProcessHandle, answer: Mapping[str, Any]) -> PlaceError:
    code, step = answer["errno"], answer["step"]
    what = _NEEDS.get(step, "it")
    if code in (errno.EPERM, errno.EACCES):
        return PlaceError(
            f"smtp-tui may not enter {what} of process {process.pid}: that needs root, or the user "
            "who owns its namespaces"
        )
    text = os.strerror(code) if code else "the agent ended"
    return PlaceError(f"smtp-tui cannot enter {what} of process {process.pid}: {text}")
