"""A newcomer's way: open, understand, edit, test, fix, save, leave; against a real Postfix too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.newcomer import NAMES, STEPS, captures
from tests.screens.relay import running_relay
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.terminal import Terminal, on_terminal
from tests.test_walk import form_command

pytestmark = pytest.mark.integration

FOLDER = Path(__file__).with_name("captures")


def test_open_understand_edit_test_fix_save_leave(
    mail_servers: MailServers, tmp_path: Path
) -> None:
    port = mail_servers.ports[Listener.STARTTLS_REQUIRED]
    file = tmp_path / "mail.toml"
    file.write_text(
        "# our mail\n"
        f'[smtp]\nhost = "{mail_servers.host}"   # keep me\nport = {port}\n'
        'domain = "tickets.example.org"\nencryption = "ssl"\n'
        f'username = "{mail_servers.user.name}"\npassword = "{mail_servers.user.password}"\n'
        f'ca_file = "{mail_servers.authority_file}"\n'
    )
    with on_terminal(*form_command(file)) as terminal:
        for step in STEPS:
            step(terminal)
        assert mail_servers.user.password.encode() not in terminal.output
    text = file.read_text()
    assert 'encryption = "tls"' in text
    assert 'domain = "helpdesk.example.org"' in text
    assert text.startswith("# our mail\n")
    assert "# keep me" in text


def test_each_step_looks_as_it_did() -> None:
    with running_relay() as relay:
        for name, terminal in captures(relay):
            wanted = (FOLDER / f"{name}.txt").read_text("utf-8")
            assert _seen(terminal, wanted) == wanted


def test_nothing_is_kept_that_is_no_step() -> None:
    assert sorted(file.stem for file in FOLDER.iterdir()) == sorted(NAMES)


def _seen(terminal: Terminal, wanted: str) -> str:
    """Return what stands on the screen; where it comes to be what is wanted, at once."""
    while f"{terminal.text}\n" != wanted:
        if not terminal.read_for(1.2):
            break
    return f"{terminal.text}\n"
