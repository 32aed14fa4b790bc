"""The tap on a real terminal with a real client: in the form, and line by line."""

from __future__ import annotations

import os
import re
import signal
import smtplib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tap.scripted import answering
from tests.terminal import Terminal, on_terminal
from tests.tui.test_linear_terminal import line_by_line

pytestmark = pytest.mark.integration

MESSAGE = "Subject: through the tap\r\n\r\nprivate words\r\n"
ENDED = "The tap has ended: 1 client, "


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """Settings for a server that accepts everything."""
    with answering() as port:
        path = tmp_path / "mail.toml"
        lines = "[smtp]", 'host = "127.0.0.1"', f"port = {port}", 'encryption = "none"'
        path.write_text("\n".join([*lines, 'domain = "check.example.test"', ""]))
        yield path


def send(port: int) -> None:
    """Do what a client does, and log in although the server does not offer it."""
    with smtplib.SMTP("127.0.0.1", port, "app.example.test") as client:
        client.ehlo()
        client.docmd("AUTH PLAIN AGFsaWNlAGh1bnRlcjItd29uZGVybGFuZA==")
        client.mail("app@example.test")
        client.rcpt("bob@example.test")


def port_of(terminal: Terminal) -> int:
    terminal.wait_for("Point the application at 127.0.0.1 port")
    found = re.search(r"Point the application at 127\.0\.0\.1 port (\d+)", terminal.text)
    assert found
    return int(found[1])


def has_no_secret(terminal: Terminal) -> bool:
    secrets = b"hunter2", b"AGFsaWNl", b"aHVudGVy"
    return not any(secret in terminal.output for secret in secrets)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
def test_a_client_through_the_tap_of_the_form(file: Path, size: tuple[int, int]) -> None:
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    environment |= {"XDG_STATE_HOME": str(file.parent), "HOME": str(file.parent)}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "smtp_tui", str(file)]
    with on_terminal(command, environment, size=size) as terminal:
        terminal.wait_for("SMTP Host", "F5")
        terminal.press("\x10")
        terminal.wait_for("Menu")
        terminal.press("tap")
        terminal.wait_for("relay an application")
        terminal.press("Enter")
        terminal.wait_for(">Address")
        terminal.press("\x15", "127.0.0.1:0", "Enter")
        port = port_of(terminal)
        send(port)
        terminal.wait_for("<- 221 bye", "from the server: ", "1 client, 3 differences")
        terminal.press("Escape")
        terminal.wait_for(ENDED, "Point the application back to 127.0.0.1 port")
        assert has_no_secret(terminal)
        assert not [*file.parent.glob("*.pem")]
        # And once more, to be ended by a signal.
        terminal.press("\x10")
        terminal.wait_for("Menu")
        terminal.press("tap", "Enter")
        terminal.wait_for(">Address")
        terminal.press("\x15", "127.0.0.1:0", "Enter")
        terminal.wait_for("Esc ends the tap.")
        assert [*file.parent.glob("*.pem")]
        os.kill(terminal.process, signal.SIGTERM)
        assert terminal.wait_for_end() == 128 + signal.SIGTERM
    assert not [*file.parent.glob("*.pem")]


def test_a_client_through_the_tap_line_by_line(file: Path) -> None:
    with on_terminal(*line_by_line(file), (100, 60)) as terminal:
        terminal.wait_for("1 SMTP Host [127.0.0.1")
        terminal.press(":tap 0.0.0.0:0", "Enter")
        terminal.wait_for("Other machines could use 0.0.0.0:0 to reach the server")
        terminal.press(":tap 127.0.0.1:0", "Enter")
        send(port_of(terminal))
        terminal.wait_for("-> QUIT", "<- 221 bye", "from the server: ")
        terminal.press("\x03")
        terminal.wait_for(ENDED, "The application names itself app.example.test in EHLO")
        assert "-> AUTH PLAIN [initial response hidden]" in terminal.text
        assert has_no_secret(terminal)
        assert not [*file.parent.glob("*.pem")]
        terminal.press(":quit", "Enter")
        assert terminal.wait_for_end() == 0
