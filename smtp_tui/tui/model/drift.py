"""Find out what still runs with other settings than the file has, in a thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.lazy import load
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.messages import text

if TYPE_CHECKING:
    from smtp_tui.survey.notice import DriftNotice

SECONDS = 2.0  # for reading all processes and asking systemd, docker and podman
_MARGIN = 1.0


async def look_for_drift(document: Document) -> DriftNotice | None:
    """Compare a file with what runs; None if it cannot be compared, or not in time."""
    path, dialect = document.path, document.dialect if document.is_chosen else None
    try:
        return await in_daemon_thread(lambda: find_notice(path, dialect), SECONDS + _MARGIN)
    except (DocumentError, OSError, TimeoutError):
        return None


def after_save(notice: DriftNotice, command: str) -> str:
    """Return what to say after a save, in sentences; `command` lists it all.

    A shell command stands last, so that no full stop follows it.
    """
    if notice.short:
        count = len(notice.short)
        several = text("drift", "several", count=count, command=command) if count > 1 else ""
        return f"{several} {notice.short[0]}".strip()
    if count := notice.seen:
        programs = "1 program runs" if count == 1 else f"{count} programs run"
        return text("drift", "seen", programs=programs, command=command)
    return ""


def find_notice(path: Path, dialect: str | None) -> DriftNotice:
    """Compare a file with what runs; DocumentError if the file cannot be read."""
    # Loads the formats of other programs, 25 ms, in the thread: the form goes on meanwhile.
    notice: DriftNotice = load("survey.notice:find_notice")(path, dialect, SECONDS)
    return notice
