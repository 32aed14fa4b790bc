"""The line to the terminal: one that is lost must not hold up who writes; the title's line."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from threading import Thread
from typing import Any, cast

import pytest
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from smtp_tui.tui.textual_compat import LostTerminalStream
from smtp_tui.tui.widgets.line import StatusBar


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


def title(file: str, width: int, state: str = "") -> str:
    bar = StatusBar(file, "smtp", "plain keys", id="title")
    bar._state = state
    return "".join(text for text, _ in bar.spans(width))


def test_the_title_names_program_file_table_and_format() -> None:
    assert title("mail.toml", 60).rstrip() == " smtp-tui  mail.toml · smtp · plain keys"
    changed = title("mail.toml", 60, "modified")
    assert changed.startswith(" smtp-tui  mail.toml · smtp · plain keys  ")
    assert changed.endswith("  modified")
    assert len(changed) == 59


def test_the_end_of_a_long_path_tells_files_apart() -> None:
    shown = title("/srv/very/long/way/to/the/tickets/etc/mail.toml", 60, "modified")
    assert " …" in shown
    assert "ets/etc/mail.toml · smtp" in shown
    assert len(shown) == 59
