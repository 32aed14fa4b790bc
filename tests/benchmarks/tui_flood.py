"""The form, and a test that streams lines: `python -m tests.benchmarks.tui_flood FILE`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

from smtp_tui.checks.request import CheckRequest
from smtp_tui.config.document import Document
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.launch import prepare_surroundings
from smtp_tui.smtp.events import Event, Received, Stage, StageEntered
from smtp_tui.smtp.replies import Reply

LINES, BURST, GAP = 20_000, 20, 0.008


async def flood(_request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
    """Tell one line after the other."""
    yield StageEntered(seconds=0.0, stage=Stage.GREETING)
    for number in range(LINES):
        line = f"line {number} of a long story told by a server".encode()
        yield Received(seconds=number / 1000, reply=Reply(220, (line,)))
        if number % BURST == 0:
            await asyncio.sleep(GAP)
    yield Verdict(seconds=20.0, ok=True, stage=Stage.GREETING, cause=None, summary="It ends.")


if __name__ == "__main__":
    prepare_surroundings()
    from smtp_tui.tui.app import SmtpApp

    SmtpApp(Document.open(Path(sys.argv[1])), "smtp", runner=flood).run(mouse=False)
