"""The processes of one session: which there are, and waiting for their end."""

import contextlib
import os
import select
import time
from collections.abc import Iterable
from pathlib import Path

_DEAD = frozenset("ZX")


def session_members(session: int) -> list[int]:
    """The living processes of the session."""
    return [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if _living_session(folder) == session
    ]


def wait_for_exit(pids: Iterable[int], seconds: float) -> None:
    """Return when all the processes have ended, or the time is up."""
    deadline = time.monotonic() + seconds
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            _wait_for_exit(pid, max(0.0, deadline - time.monotonic()))


def calls_below(process: int) -> list[bytes]:
    """What the process list shows of the descendants: command lines and environments."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
    below = {process}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    found = []
    for child in below - {process}:
        for name in ("cmdline", "environ"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found.append(Path(f"/proc/{child}/{name}").read_bytes())
    return found


def _wait_for_exit(pid: int, seconds: float) -> None:
    handle = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        poll.poll(seconds * 1000)
    finally:
        os.close(handle)


def _living_session(folder: Path) -> int | None:
    try:
        status = (folder / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may itself hold spaces and parentheses.
    state, _parent, _group, session = status.rpartition(")")[2].split()[:4]
    return None if state in _DEAD else int(session)
