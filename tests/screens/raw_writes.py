"""The form on the stage, with a record of what Textual paints before the driver reduces it.

Run as `python -m tests.screens.raw_writes ARGUMENTS`; each line of the file that the environment
names is the size of the terminal and what was painted.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from unittest.mock import patch

from smtp_tui.program import main
from smtp_tui.tui.textual_compat import TerminalDriver
from tests.screens import stage

RECORD = "SMTP_TUI_TEST_RECORD"


def _record(file: Path) -> None:
    write = TerminalDriver.write

    def recorded(driver: TerminalDriver, data: str) -> None:
        with file.open("a", encoding="utf-8") as record:
            record.write(json.dumps([*driver._app.size, data]) + "\n")
        write(driver, data)

    patch.object(TerminalDriver, "write", recorded).start()


if __name__ == "__main__":
    os.environ.setdefault("TEXTUAL_FPS", "30")
    stage.set_stage()
    _record(Path(os.environ[RECORD]))
    sys.exit(main())
