"""The clock of the tests leaves out the time in which other programs run."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.patience import SCHEDULED, is_computing, lost_by

pytestmark = pytest.mark.skipif(not SCHEDULED.exists(), reason="this kernel counts no lost time")


@pytest.fixture
def others() -> Iterator[list[int]]:
    """Three programs that compute, all with this thread on one processor."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    with ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, allowed)
        started = []
        for _ in range(3):
            process = stack.enter_context(subprocess.Popen(["sh", "-c", "while :; do :; done"]))
            stack.callback(process.kill)
            started.append(process.pid)
        yield started


def real() -> float:
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def test_it_stands_still_while_others_run(others: list[int]) -> None:
    began, patient, lost = real(), time.monotonic(), lost_by(os.getpid())
    while lost_by(os.getpid()) - lost < 0.1:
        pass
    assert time.monotonic() - patient < real() - began - 0.09
    assert any(map(is_computing, others))


def test_it_goes_on_while_nobody_has_anything_to_do() -> None:
    before = time.monotonic()
    time.sleep(0.05)
    assert time.monotonic() - before > 0.04
