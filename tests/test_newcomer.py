"""A newcomer's way on 80×24: nothing but what stands on the screen says what to press.

The file has a mistake that the server's answer explains. The newcomer reads the hint line for the
key with a word (`Test`, `Fix`, `Save`, `Quit`), and the sidebar for what a field means.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.terminal import Terminal, on_terminal
from tests.test_walk import form_command

HINT = r"(?:^|\s)(F\d+|\^[A-Z]|Enter|Esc|Y)(?: \^\S)* {word}(?:\s|$)"


def key_for(terminal: Terminal, word: str) -> str:
    """Find in the last line which key has a word, as a reader would."""
    found = re.search(HINT.format(word=word), terminal.lines[-1])
    assert found, f"no key for {word} in: {terminal.lines[-1]}"
    return found[1]


def press(terminal: Terminal, word: str) -> None:
    """Press what the hint line says for a word."""
    key = key_for(terminal, word)
    terminal.press({"Esc": "Escape"}.get(key, chr(ord(key[1]) - 64) if key[0] == "^" else key))


def field(terminal: Terminal, label: str) -> str:
    """Return what stands beside a label in the form."""
    found = [line for line in terminal.lines if line[1:].startswith(label)]
    assert found, f"no field {label} on\n{terminal.text}"
    return found[0].split("│")[0]


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
        _opens(terminal)
        _understands(terminal)
        _edits(terminal)
        _tests(terminal)
        _fixes(terminal)
        _saves(terminal)
        _leaves(terminal)
        assert mail_servers.user.password.encode() not in terminal.output
    text = file.read_text()
    assert 'encryption = "tls"' in text
    assert 'domain = "helpdesk.example.org"' in text
    assert text.startswith("# our mail\n")
    assert "# keep me" in text


def _opens(terminal: Terminal) -> None:
    """The screen says which file it is, where the cursor stands, and what can be done."""
    terminal.wait_for("mail.toml", "SMTP Host", "Not tested yet")
    assert any(line.startswith(">SMTP Host") for line in terminal.lines)
    for word in ("Test", "Save", "Help", "Quit"):
        assert key_for(terminal, word)
    key = key_for(terminal, "Test")
    assert f"{key} tests the settings" in terminal.text


def _understands(terminal: Terminal) -> None:
    """Help tells how to move and how it is closed; the sidebar explains the field reached."""
    press(terminal, "Help")
    terminal.wait_for("Esc closes")
    assert "Everywhere" in terminal.text
    terminal.press("Escape")
    terminal.wait_for(">SMTP Host")
    terminal.press("Down", "Down")
    terminal.wait_for(">Domain", "│ Domain", "EHLO")


def _edits(terminal: Terminal) -> None:
    """What is typed stands in the field, which is marked, and so is the file."""
    terminal.press(*["Backspace"] * len("tickets.example.org"), "helpdesk.example.org")
    terminal.wait_for("helpdesk.example.org", "modified")
    assert "helpdesk.example.org" in field(terminal, "Domain")
    assert field(terminal, "Domain")[0] in ">*"


def _tests(terminal: Terminal) -> None:
    """The verdict says in words what failed, and which key would do what about it."""
    press(terminal, "Test")
    terminal.wait_for("FAILED at TLS", "answers in plain text", "sets Encryption Type to tls")
    assert key_for(terminal, "Fix")


def _fixes(terminal: Terminal) -> None:
    """One key makes the change and tests again; the form shows it, and that it is not saved."""
    press(terminal, "Fix")
    terminal.wait_for("PASSED", "‹tls›", "modified", "not saved")
    assert field(terminal, "Encryption").startswith("*")


def _saves(terminal: Terminal) -> None:
    """It says what was written, and the mark is gone."""
    press(terminal, "Save")
    terminal.wait_for("Saved")
    assert "modified" not in terminal.lines[0]


def _leaves(terminal: Terminal) -> None:
    """Nothing is left to ask."""
    press(terminal, "Quit")
    assert terminal.wait_for_end() == 0
