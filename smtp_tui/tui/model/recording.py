"""Keep a finished test, and open a recorded check, whose verdict has no offers to act on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from smtp_tui.checks.exit_status import verdict_lines
from smtp_tui.checks.recording import Recording, read_recording, recording_text
from smtp_tui.config.paths import expand
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.model.check_request import shared_redactors
from smtp_tui.tui.model.session import CompletedTest

_PATIENCE = 5.0  # seconds; reading a pipe that nobody fills would wait for ever


def recording_of(done: CompletedTest) -> str:
    """Return the recording of a test; it contains no password."""
    return recording_text(
        replace(done.request, redactors=shared_redactors()),
        done.events,
        done.verdict,
        done.moment,
        file=done.request.file,
        table=done.request.table,
        home=os.environ.get("HOME", ""),
    )


async def open_recording(typed: str) -> Recording:
    """Read the recording at a path as the admin typed it.

    Raise RecordingError, or TimeoutError if nothing is read in time.
    """
    return await in_daemon_thread(partial(read_recording, expand(typed, Path())), _PATIENCE)


def lines_of_recording(recording: Recording) -> Iterator[str]:
    """Yield the title and the verdict; fixes would change other settings than the recorded ones."""
    yield f"{recording.title[0].upper()}{recording.title[1:]}."
    for line in verdict_lines(replace(recording.verdict, fixes=())):
        yield line.strip()
    if recording.change:
        yield recording.change
