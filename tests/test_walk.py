"""The whole way on a terminal of 80×24, against a real Postfix, by keyboard alone."""

from __future__ import annotations

import difflib
import os
import signal
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.terminal import on_terminal

pytestmark = pytest.mark.integration


def sample(folder: Path, servers: MailServers, port: int) -> Path:
    """The demo's sample file, pointed at the real servers."""
    text = (files("smtp_tui.demo") / "sample.toml").read_text(encoding="utf-8")
    text = text.replace("{starttls_port}", str(port)).replace("{tls_port}", "465")
    text = text.replace("tickets@example.org", servers.user.name)
    text = text.replace("correct-horse", servers.user.password)
    text = text.replace("cram-md5", "plain").replace("demo-ca.pem", str(servers.authority_file))
    file = folder / "mail.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o640)
    return file


def form_command(file: Path) -> tuple[list[str], dict[str, str]]:
    """The form on a file, in an environment like a login's over SSH."""
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    environment.pop("NO_COLOR", None)
    return [sys.executable, "-m", "smtp_tui", str(file)], environment


DIALOGUE = (
    "-> EHLO tickets.example.org",
    "-> STARTTLS",
    " * TLSv1.3",
    "certificate for localhost",
    "-> AUTH PLAIN [username",
    "<- 235 ",
    "-> QUIT",
)


def test_change_the_port_test_read_save(mail_servers: MailServers, tmp_path: Path) -> None:
    refused, right = 1, mail_servers.ports[Listener.STARTTLS_REQUIRED]
    file = sample(tmp_path, mail_servers, refused)
    before = file.read_text(encoding="utf-8")
    with on_terminal(*form_command(file)) as terminal:
        terminal.wait_for("SMTP Host", "OpenSSL Verify Mode", "Test", "Save", "Quit")
        terminal.press("F5")
        terminal.wait_for("FAILED", "Connection refused")
        terminal.press("Down", "Backspace", str(right))
        terminal.wait_for(f" {right}", "modified")
        terminal.press("F5")
        terminal.wait_for("PASSED")
        terminal.press("F6")
        terminal.press("Home")
        terminal.wait_for("127.0.0.1 port 1")
        for wanted in DIALOGUE:
            while wanted not in terminal.text:
                terminal.press("Down")
                terminal.wait_for_change()
        terminal.press("F6", "F2")
        terminal.wait_for("Saved")
        terminal.press("F10")
        assert terminal.wait_for_end() == 0
        assert mail_servers.user.password.encode() not in terminal.output
    changed = [
        line
        for line in difflib.ndiff(before.splitlines(), file.read_text("utf-8").splitlines())
        if line[0] in "+-"
    ]
    assert changed == [f"- port = {refused}", f"+ port = {right}"]
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(("number", "status"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_form_and_gives_the_terminal_back(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    file = tmp_path / "mail.toml"
    file.write_text('[smtp]\nhost = "localhost"\nport = 25\n', encoding="utf-8")
    with on_terminal(*form_command(file)) as terminal:
        terminal.wait_for("SMTP Host", "Quit")
        os.kill(terminal.process, number)
        os.kill(terminal.process, signal.SIGCONT)  # as the kernel does when a line is lost
        assert terminal.wait_for_end() == status
        assert terminal.output.endswith(b"\x1b[?25h") or b"\x1b[?1049l" in terminal.output
