"""Open a recorded check, and put its verdict into lines without offers to act on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from smtp_tui.checks.exit_status import verdict_lines
from smtp_tui.checks.recording import Recording, read_recording
from smtp_tui.config.paths import expand
from smtp_tui.threads import in_daemon_thread

_PATIENCE = 5.0  # seconds; reading a pipe that nobody fills would wait for ever


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
