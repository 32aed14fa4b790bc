"""Time limits that a busy machine does not use up.

A check that waits 0.2 seconds for a reply gives up on a busy machine although the scripted server,
in the same thread, has had no chance to speak.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

# The second number is the nanoseconds in which this thread could run and other programs did.
SCHEDULED = Path("/proc/thread-self/schedstat")


def lost_by(process: int) -> float:
    """Return the seconds in which a process could have run and others did, as far as is known."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text("ascii").split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def is_computing(process: int) -> bool:
    """Whether a process runs, or waits for a processor."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "R"


def _clock(scheduled: int) -> Callable[[], float]:
    """Return a clock for all threads that leaves out what the thread of `scheduled` has lost."""
    real, lock = time.monotonic, threading.Lock()
    latest = lost_before = 0.0

    def lost() -> float:
        return int(os.pread(scheduled, 100, 0).split()[1]) / 1e9

    def now() -> float:
        nonlocal latest
        # Another thread may ask in the very moment in which that one waits for its turn.
        with lock:
            latest = max(latest, real() - lost() + lost_before)
            return latest

    lost_before = lost()
    return now


@contextlib.contextmanager
def patient_clock() -> Iterator[None]:
    """Let `time.monotonic`, by which event loops live, stand still while other programs run."""
    if not SCHEDULED.exists():
        yield
        return
    scheduled = os.open(SCHEDULED, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with patch.object(time, "monotonic", _clock(scheduled)):
            yield
    finally:
        os.close(scheduled)
