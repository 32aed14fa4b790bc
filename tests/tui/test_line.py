"""A line that is lost must not hold up who writes to it."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from threading import Thread
from typing import Any, cast

import pytest
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from smtp_tui.tui.textual_compat import LostTerminalStream


@pytest.fixture
def lost() -> Iterator[io.TextIOWrapper]:
    """What is written to a pipe whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    raw = io.FileIO(writer, "w", closefd=False)
    # Nothing is kept back, so that the end of the test has nothing left to write.
    yield io.TextIOWrapper(cast(Any, raw), encoding="utf-8", write_through=True)
    os.close(writer)


def test_more_is_written_than_a_queue_holds_though_nobody_reads(lost: io.TextIOWrapper) -> None:
    with pytest.raises(BrokenPipeError):
        lost.write("x")
    output = WriterThread(cast(Any, LostTerminalStream(lost)))
    output.start()

    def write_much() -> None:
        for _ in range(3 * MAX_QUEUED_WRITES):
            output.write("x\n")
        output.stop()

    work = Thread(target=write_much, daemon=True)
    work.start()
    work.join(20)
    assert not work.is_alive()
