"""Files that never answer, where a certificate is named: the form can still be stopped and left."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from smtp_tui.tui.model.check_request import run_check
from tests.terminal import on_terminal
from tests.tui.driving import form_on

SETTINGS = """\
[smtp]
host = "127.0.0.1"
port = 9
timeout = 60
{key} = "pipe.pem"
"""


@pytest.mark.parametrize("key", ["ca_file", "client_certificate", "client_key"])
async def test_escape_stops_a_test_that_waits_for_a_pipe(tmp_path: Path, key: str) -> None:
    os.mkfifo(tmp_path / "pipe.pem")
    more = 'client_certificate = "pipe.pem"\n' if key == "client_key" else ""
    text = SETTINGS.format(key=key) + more
    async with form_on(text, tmp_path, check=run_check) as hand:
        await hand.press("f5")
        await hand.until(lambda: "Esc stops" in hand.screen)
        await hand.press("down")
        assert hand.row("SMTP Port").startswith(">")
        await hand.press("escape")
        await hand.until(lambda: "The test proved nothing" in hand.screen)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_form_that_waits_for_a_pipe(tmp_path: Path, number: signal.Signals) -> None:
    os.mkfifo(tmp_path / "pipe.pem")
    file = tmp_path / "mail.toml"
    file.write_text(SETTINGS.format(key="ca_file"), encoding="utf-8")
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    with on_terminal([sys.executable, "-m", "smtp_tui", str(file)], environment) as terminal:
        terminal.wait_for("SMTP Host")
        terminal.press("F5")
        terminal.wait_for("Esc stops")
        os.kill(terminal.process, number)
        assert terminal.wait_for_end() == 128 + number
