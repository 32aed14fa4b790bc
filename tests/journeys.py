"""Ten things that an operator comes to do, counted in keys.

Each journey runs on a real terminal against real servers and ends with what it was for: the file's
bytes, the server's queue, the clipboard. A key is one press, whatever it does; a paste is one too.
Text that only the operator knows (a host, a name, a password) is counted apart, letter by letter.
Run as `python -m tests.journeys` to see the table.
"""

from __future__ import annotations

import base64
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.screens.opening import ROOT, SAMPLE, opened, typed
from tests.screens.relay import Relay, running_relay
from tests.servers.envelopes import HELD_RECIPIENT
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers, running_mail_servers
from tests.terminal import Terminal, on_terminal

SIZE = (80, 24)
CA_FILE = "ca/internal-ca.pem"


@dataclass
class Operator:
    """Someone at the keyboard, whose keys are counted."""

    terminal: Terminal
    keys: int = 0
    letters: int = 0

    def press(self, *keys: str) -> None:
        """Press keys by the names that the form uses: `F5`, `^U`, `Alt+D`, `f`."""
        for key in keys:
            self.terminal.press(typed(key))
        self.keys += len(keys)

    def type(self, text: str) -> None:
        """Type what only the operator knows."""
        self.terminal.press(text)
        self.letters += len(text)

    def paste(self, text: str) -> None:
        """Paste a text, which is one key."""
        self.terminal.press(f"\x1b[200~{text}\x1b[201~")
        self.keys += 1

    def sees(self, *wanted: str) -> None:
        """Wait until all of it stands on the screen."""
        self.terminal.wait_for(*wanted)

    def sees_no_more(self, unwanted: str) -> None:
        """Wait until it stands there no more."""
        self.terminal.wait_until_gone(unwanted)

    @property
    def clipboard(self) -> str:
        """What was last sent to the terminal's clipboard."""
        sent = re.findall(rb"\x1b\]52;c;([^\a\x1b]*)", self.terminal.output)
        return base64.b64decode(sent[-1]).decode() if sent else ""


@dataclass
class World:
    """The servers and the folder of a journey."""

    servers: MailServers
    relay: Relay
    folder: Path
    counted: list[Operator] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Of the server that requires STARTTLS."""
        return self.servers.ports[Listener.STARTTLS_REQUIRED]

    def table(self, name: str = "smtp", **changed: object) -> str:
        """A table that passes its test, with some values changed; None leaves one out."""
        values: dict[str, object] = {
            "host": self.servers.host,
            "port": self.port,
            "domain": "tickets.example.org",
            "encryption": "tls",
            "username": self.servers.user.name,
            "password": self.servers.user.password,
            "ca_file": CA_FILE,
            **changed,
        }
        written = (
            f"{key} = {value}" if isinstance(value, int) else f'{key} = "{value}"'
            for key, value in values.items()
            if value is not None
        )
        return f"[{name}]\n" + "\n".join(written) + "\n"

    def write(self, text: str, name: str = "mail.toml") -> Path:
        """Write a file that only its owner reads."""
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
        return file

    @contextmanager
    def at_the_form(self, *arguments: object) -> Iterator[Operator]:
        """Open the program as a login over SSH does."""
        # From within the folder, so that the paths to type are as short as an operator's.
        command = [
            "/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(self.folder),
            sys.executable, "-m", "smtp_tui", *map(str, arguments),
        ]  # fmt: skip
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        environment |= {
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "PYTHONPATH": str(ROOT),
        }
        environment.pop("NO_COLOR", None)
        with on_terminal(command, environment, SIZE) as terminal:
            yield self._operator(terminal)

    @contextmanager
    def on_the_stage(self, text: str) -> Iterator[Operator]:
        """Open the form where DNS answers from a table."""
        with opened(self.relay, text, SIZE) as terminal:
            yield self._operator(terminal)

    def _operator(self, terminal: Terminal) -> Operator:
        terminal.wait_for("F5")
        self.counted.append(Operator(terminal))
        return self.counted[-1]


def table_of(file: Path, name: str = "smtp") -> dict[str, object]:
    """What a file says now."""
    return dict(tomllib.loads(file.read_text("utf-8"))[name])


def cure_the_demo(world: World) -> None:
    """Run the demo, test, let it be cured, save."""
    with world.at_the_form("demo") as operator:
        (file,) = world.folder.glob("*/*.toml")
        before = file.read_text("utf-8")
        operator.press("F5")
        operator.sees("FAILED at")
        operator.press("F9")
        operator.sees("PASSED")
        operator.press("F2")
        operator.sees("Saved")
        after = file.read_text("utf-8")
    changed = [
        line.split(" #")[0].strip() for line in set(after.splitlines()) - set(before.splitlines())
    ]
    assert changed == ['authentication = "auto"']


def set_up_a_new_file(world: World) -> None:
    """Make a file for a server with STARTTLS and a private CA, the password kept in a file."""
    secret = world.write(world.servers.user.password + "\n", "smtp.password")
    file = world.folder / "new.toml"
    with world.at_the_form(file.name) as operator:
        operator.type(world.servers.host)
        operator.press("Tab")
        operator.type(str(world.port))
        operator.press("Tab", "Tab", "Tab", "Tab")
        operator.type(world.servers.user.name)
        operator.press("Down", "Down", "f", "Up")
        operator.type("smtp")
        operator.press("Tab")
        operator.sees(secret.name)
        operator.press("F5")
        operator.sees("FAILED at TLS")
        operator.press("F9")
        operator.sees(">CA File")
        operator.type("ca/")
        operator.press("Tab")
        operator.sees(CA_FILE)
        operator.press("F5")
        operator.sees("PASSED")
        operator.press("F2")
        operator.sees("Saved")
    assert table_of(file) == {
        "host": world.servers.host,
        "port": world.port,
        "username": world.servers.user.name,
        "password": {"file": secret.name},
        "ca_file": CA_FILE,
    }


def change_port_and_password(world: World) -> None:
    """Open another's file, change port and password, look at the difference, save."""
    old = world.table(port=2525, password="yesterday's")
    file = world.write(f"# theirs\n{old}# the end\n")
    with world.at_the_form(file.name) as operator:
        operator.press("Down", "^U")
        operator.type(str(world.port))
        operator.press("F11", "a")
        operator.sees(">SMTP Password")
        operator.type(world.servers.user.password)
        operator.press("Alt+D")
        operator.sees("-port = 2525", f"+port = {world.port}")
        operator.press("F2")
        operator.sees("Saved")
    assert file.read_text("utf-8") == f"# theirs\n{world.table()}# the end\n"


def correct_a_password(world: World) -> None:
    """Test, read that the password is wrong, type the right one, test, save."""
    file = world.write(world.table(password="wrong"))
    with world.at_the_form(file.name) as operator:
        operator.press("F5")
        operator.sees("FAILED", "F9 goes to SMTP Password")
        operator.press("F9")
        operator.sees(">SMTP Password")
        operator.type(world.servers.user.password)
        operator.press("F5")
        operator.sees("PASSED")
        operator.press("F2")
        operator.sees("Saved")
    assert file.read_text("utf-8") == world.table()


def find_filter_copy(world: World) -> None:
    """Find a line of the log, leave only the dialogue, copy the line, come back."""
    file = world.write(world.table())
    with world.at_the_form(file.name) as operator:
        operator.terminal.press("F5")  # the test is there already
        operator.sees("PASSED")
        operator.press("F6", "/")
        operator.type("pipelining")
        operator.press("Enter", "f", "c")
        operator.terminal.wait_until(lambda: bool(operator.clipboard), "a copy")
        operator.press("q")
        operator.sees(">SMTP Host")
        assert "250-PIPELINING" in operator.clipboard


def compare_two_tests(world: World) -> None:
    """Test, change a setting, test again, see what differs."""
    file = world.write(world.table())
    with world.at_the_form(file.name) as operator:
        operator.press("F5")
        operator.sees("PASSED")
        operator.press("F11")
        operator.sees("T Authentication Type")
        operator.press("t", "l", "F5")
        operator.sees("PASSED", "LOGIN was accepted")
        operator.press("F6", "d")
        operator.sees("AUTH LOGIN", "AUTH SCRAM-SHA-256")


def discover_settings(world: World) -> None:
    """Find a domain's server, take it, test, save."""
    with world.on_the_stage(SAMPLE.replace("mail.example.net", "smtp.example.com")) as operator:
        operator.press("Alt+S")
        operator.sees(">Search for")
        operator.press("Enter")
        operator.sees("FOUND")
        operator.press("Enter")
        operator.sees(">SMTP Host", "modified")
        operator.press("F5")
        operator.sees("PASSED")
        operator.press("F2")
        operator.sees("Saved")
        assert "modified" not in operator.terminal.lines[0]


def import_settings(world: World) -> None:
    """Paste another program's settings, test, save."""
    file = world.write(f'[smtp]\nca_file = "{CA_FILE}"\n')
    pasted = "\r".join(
        (
            f"SMTP_SERVER={world.servers.host}",
            f"SMTP_PORT={world.port}",
            f"SMTP_LOGIN={world.servers.user.name}",
            f"SMTP_PASSWORD={world.servers.user.password}",
        )
    )
    with world.at_the_form(file.name) as operator:
        operator.press("Alt+I")
        operator.sees("Paste")
        operator.paste(pasted)
        operator.sees("Read as ")
        operator.press("F2")
        operator.sees(">SMTP Host", "modified")
        operator.press("F5")
        operator.sees("PASSED")
        operator.press("F2")
        operator.sees("Saved")
    assert table_of(file)["password"] == world.servers.user.password


def send_a_message(world: World) -> None:
    """Send a test message to somebody, read the queue ID."""
    file = world.write(world.table())
    with world.at_the_form(file.name) as operator:
        operator.press("F7")
        operator.sees(">To")
        operator.type(HELD_RECIPIENT)
        operator.press("F2")
        operator.sees("PASSED", "queued as")


def test_four_tables(world: World) -> None:
    """Test all four tables of a file, open the one that failed with its log."""
    file = world.write(
        "\n".join(
            (
                world.table("smtp.tickets"),
                world.table("smtp.alerts"),
                world.table("smtp.news", password="wrong"),
                world.table("smtp.reports"),
            )
        )
    )
    with world.at_the_form(file.name) as operator:
        operator.press("F5")
        operator.sees("3 passed", "1 failed")
        operator.press("Enter")
        operator.sees(">SMTP Host", "FAILED", "<- 535 5.7.8", "F9 goes to SMTP Password")


Journey = Callable[[World], None]


@dataclass(frozen=True)
class Count:
    """What a journey takes in all, once, and at most now: keys, and letters of the operator's."""

    way: Journey
    before: tuple[int, int]
    limit: tuple[int, int]


# Before: the shortest way through the form at commit 63e1201, counted by the same module there.
JOURNEYS: dict[str, Count] = {
    "the demo to a saved cure": Count(cure_the_demo, (8, 0), (3, 0)),
    "a new file: STARTTLS, private CA, password in a file": Count(
        set_up_a_new_file, (20, 63), (15, 39)
    ),
    "another's file: port and password, difference, save": Count(
        change_port_and_password, (6, 15), (6, 15)
    ),
    "a wrong password to a saved pass": Count(correct_a_password, (4, 10), (4, 10)),
    "find, filter and copy in the log": Count(find_filter_copy, (6, 10), (6, 10)),
    "compare two tests": Count(compare_two_tests, (7, 0), (7, 0)),
    "discover, test, save": Count(discover_settings, (5, 0), (5, 0)),
    "import, test, save": Count(import_settings, (5, 0), (5, 0)),
    "send a message": Count(send_a_message, (2, 17), (2, 17)),
    "four tables tested, the failed one opened": Count(test_four_tables, (5, 0), (2, 0)),
}


def count(name: str, servers: MailServers, relay: Relay) -> Operator:
    """Make a journey in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(servers, relay, Path(folder))
        (world.folder / "ca").mkdir()
        (world.folder / CA_FILE).write_bytes(servers.authority_file.read_bytes())
        JOURNEYS[name].way(world)
    return world.counted[-1]


def main() -> None:
    """Print what each journey took before, and takes now."""
    with ExitStack() as stack:
        servers = stack.enter_context(running_mail_servers())
        relay = stack.enter_context(running_relay())
        sys.stdout.write("before       now          (keys and letters)\n")
        for name, counted in JOURNEYS.items():
            before = "{:3} +{:3} letters".format(*counted.before)
            try:
                operator = count(name, servers, relay)
            except AssertionError as error:
                sys.stdout.write(f"{before}  fails: {name}\n{error}\n")
                continue
            now = f"{operator.keys:3} +{operator.letters:3} letters"
            sys.stdout.write(f"{before}  {now}  {name}\n")


if __name__ == "__main__":
    main()
