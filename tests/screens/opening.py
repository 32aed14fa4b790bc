"""The form on a terminal, on the stage."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from smtp_tui.tui.commands import key_of
from tests.screens.relay import GATE, Relay
from tests.terminal import Terminal, on_terminal

QUIET = 0.3
"""Seconds without a change after which a picture is whole."""
_ENGRAVED = {"Esc": "Escape", "PgUp": "PageUp", "PgDn": "PageDown"}
ROOT = Path(__file__).parent.parent.parent
FILE = "mail.toml"
SAMPLE = """\
# The mail settings of a small ticket system.
[smtp]
host = "mail.example.net"        # the relay in the cellar
port = 587
domain = "tickets.example.org"
encryption = "tls"
username = "tickets@example.org"
password = "walnut-7-harbour"
authentication = "plain"
openssl_verify_mode = "peer"
ca_file = "ca.pem"

[queue]
retry = [60, 300, 1800]          # seconds; none of our business
"""


@contextmanager
def opened(
    relay: Relay,
    text: str,
    size: tuple[int, int],
    options: Sequence[str] = (),
    gate: Path | None = None,
    others: Sequence[str] = (),
    *,
    module: str = "tests.screens.stage",
    environment: Mapping[str, str] | None = None,
) -> Iterator[Terminal]:
    """Open the form on a file with this text, in a folder and a home of its own.

    `others` are empty files beside it. With a `gate`, each byte that comes to that file lets one
    event of a test happen. The `module` opens the form.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        home.mkdir()
        place = Path(folder, "etc")
        place.mkdir()
        file = place / FILE
        if text:
            file.write_text(text, encoding="utf-8")
            file.chmod(0o600)
        (place / "ca.pem").write_bytes(relay.authority)
        for name in others:
            (place / name).touch()
        # From within the folder, so that no temporary path is in the picture.
        command = [
            "/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(place),
            sys.executable, "-m", module, FILE, *options,
        ]  # fmt: skip
        variables = {**_environment(home, relay), GATE: str(gate or ""), **(environment or {})}
        with on_terminal(command, variables, size) as terminal:
            yield terminal


def file_of(terminal: Terminal) -> Path:
    """Return the file that the form shows."""
    return Path(f"/proc/{terminal.process}/cwd", FILE)


def press(terminal: Terminal, command: str) -> None:
    """Press the key that a command has."""
    terminal.press(typed(key_of(command)))


def typed(key: str) -> str:
    """Return what a terminal sends for a key as the form writes it: `F5`, `^P`, `Alt+D`."""
    if key.startswith("Alt+"):
        return "\x1b" + key[-1].lower()
    return chr(ord(key[1]) - 64) if len(key) == 2 and key[0] == "^" else _ENGRAVED.get(key, key)


def settle(terminal: Terminal, quiet: float = QUIET) -> None:
    """Wait until nothing more is drawn."""
    while terminal.read_for(quiet):
        pass


def _environment(home: Path, relay: Relay) -> dict[str, str]:
    """A login's over SSH, with nothing of this machine in it."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        **relay.environment,
    }
