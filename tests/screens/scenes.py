"""The states worth a picture: what the file says, and what is pressed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from tests.recordings import FOLDER
from tests.screens.opening import SAMPLE, file_of, opened, press, settle
from tests.screens.relay import Relay
from tests.screens.surroundings import ISSUER
from tests.terminal import Terminal

REST = 0.9
"""Seconds after which the form speaks of what was typed, and somewhat more."""
CLOCK = 1.3
"""Seconds after which the form has said again what a test waits for, and somewhat more."""
Way = Callable[[Terminal], None]

SSL_ON_587 = SAMPLE.replace('encryption = "tls"', 'encryption = "ssl"')
OTHER_NAME = SAMPLE.replace("mail.example.net", "smtp.example.net")
CRAM = SAMPLE.replace('authentication = "plain"', 'authentication = "cram-md5"')
REFUSED = SAMPLE.replace("port = 587", "port = 2525")
WRONG = SAMPLE.replace("walnut-7-harbour", "yesterday")
UNKNOWN_CA = SAMPLE.replace('ca_file = "ca.pem"\n', "")
WITHOUT_PASSWORD = SAMPLE.replace('password = "walnut-7-harbour"\n', "")
LOOPBACK = SAMPLE.replace('host = "mail', 'server_name = "mail', 1).replace(
    "port = ", 'host = "localhost"\nport = ', 1
)
SHORT_NAME = SAMPLE.replace("tickets.example.org", "localhost")
IDLE_SWITCH = SAMPLE.replace('tls"\n', 'tls"\nstarttls_auto = true\n')
SEVERAL = "\n".join(
    f"""\
[smtp.{name}]
host = "{host}"
port = {port}
encryption = "{encryption}"
username = "{name}@example.org"
password = "{password}"
ca_file = "ca.pem"
"""
    for name, host, port, encryption, password in (
        ("tickets", "mail.example.net", 587, "tls", "walnut-7-harbour"),
        ("alerts", "mail.example.net", 465, "ssl", "yesterday"),
        ("newsletter", "bulk.example.net", 2525, "tls", "walnut-7-harbour"),
        ("reports", "mail.example.net", 465, "tls", "walnut-7-harbour"),
    )
)
MASTODON = """\
SMTP_SERVER=smtp.example.com\r\
SMTP_PORT=465\r\
SMTP_SSL=true\r\
SMTP_LOGIN=tickets@example.com\r\
SMTP_PASSWORD=harbour-7-walnut\r\
SMTP_FROM_ADDRESS="Tickets <tickets@example.com>"\r\
SMTP_OPENSSL_VERIFY_MODE=$VERIFY_MODE\r"""


@dataclass(frozen=True)
class Scene:
    """A state of the form: the keys that lead to it from a file; no text: a file to be made.

    With `events`, a test stops after so many of them.
    """

    way: Way
    file: str = SAMPLE
    options: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    is_light: bool = False
    events: int | None = None


@contextmanager
def shown(relay: Relay, name: str, size: tuple[int, int]) -> Iterator[Terminal]:
    """Open the form in a size, and go to a state."""
    scene = SCENES[name]
    with NamedTemporaryFile() as gate:
        held = Path(gate.name) if scene.events is not None else None
        with opened(relay, scene.file, size, scene.options, held, scene.others) as terminal:
            terminal.wait_for("SMTP" if scene.file != SEVERAL else "tickets")
            settle(terminal)
            scene.way(terminal)
            settle(terminal)
            if scene.events:
                gate.write(b"." * scene.events)
                gate.flush()
                settle(terminal, CLOCK)
            yield terminal


def start(_terminal: Terminal) -> None:
    """As it opens."""


def form(terminal: Terminal) -> None:
    """The cursor on a field that people get wrong."""
    terminal.press("Down", "Down", "Down")
    terminal.wait_for(">Encryption")


def starttls(terminal: Terminal) -> None:
    form(terminal)
    terminal.press("Down")
    terminal.wait_for(">Start TLS")


def domain(terminal: Terminal) -> None:
    terminal.press("Down", "Down")
    terminal.wait_for(">Domain")


def running(terminal: Terminal) -> None:
    """A test that waits for the server."""
    press(terminal, "test")
    terminal.wait_for("Esc")


def passed(terminal: Terminal) -> None:
    press(terminal, "test")
    terminal.wait_for("PASSED")


def failed(terminal: Terminal) -> None:
    press(terminal, "test")
    terminal.wait_for("FAILED")
    settle(terminal)


def back(terminal: Terminal) -> None:
    """A test that passed, then a change after which none passes."""
    passed(terminal)
    settle(terminal)
    terminal.press("Down", *["Backspace"] * 3, "2525")
    failed(terminal)


def changed(terminal: Terminal) -> None:
    """A test that passed, then a change: its verdict is of other settings."""
    passed(terminal)
    settle(terminal)
    terminal.press("Down", *["Backspace"] * 3, "2525")
    settle(terminal, REST)


def fixes(terminal: Terminal) -> None:
    failed(terminal)
    press(terminal, "fixes")
    terminal.wait_for("Enter")


def trust(terminal: Terminal) -> None:
    """Asks before it trusts what the server sent."""
    fixes(terminal)
    terminal.press("p")
    terminal.wait_for("SHA-256")


def fixed(terminal: Terminal) -> None:
    failed(terminal)
    press(terminal, "fix")
    terminal.wait_for("PASSED")


def saved(terminal: Terminal) -> None:
    fixed(terminal)
    settle(terminal)
    press(terminal, "save")
    terminal.wait_for("Saved")


def message(terminal: Terminal) -> None:
    press(terminal, "send")
    terminal.wait_for(">To")
    terminal.press("admin@example.org")
    terminal.wait_for("admin@example.org")
    settle(terminal, REST)


def sent(terminal: Terminal) -> None:
    message(terminal)
    press(terminal, "save")
    terminal.wait_for("PASSED")


def log(terminal: Terminal) -> None:
    """The dialogue of a failed test, read from its beginning."""
    failed(terminal)
    press(terminal, "switch")
    terminal.press("Home")


def log_search(terminal: Terminal) -> None:
    passed(terminal)
    settle(terminal)
    press(terminal, "switch")
    terminal.press("/", "auth", "Enter")


def compared(terminal: Terminal) -> None:
    """What differs between a test that failed and the one of its fix."""
    fixed(terminal)
    settle(terminal)
    press(terminal, "switch")
    settle(terminal)
    terminal.press("d")


def same(terminal: Terminal) -> None:
    """The test as a command of other programs."""
    passed(terminal)
    settle(terminal)
    press(terminal, "switch")
    settle(terminal)
    terminal.press("s")


def difference(terminal: Terminal) -> None:
    """What a save would write."""
    terminal.press("Down", *["Backspace"] * 3, "465", "Down", "Down", "Right")
    terminal.wait_for("‹ssl›")
    settle(terminal, REST)
    press(terminal, "diff")
    terminal.wait_for("+")


def leaving(terminal: Terminal) -> None:
    """Asks about changes that are not saved."""
    terminal.press("Down", *["Backspace"] * 3, "465")
    settle(terminal, REST)
    press(terminal, "leave")


def overtaken(terminal: Terminal) -> None:
    """Another program changed the file in the meantime."""
    form(terminal)
    terminal.press("Right")
    terminal.wait_for("‹ssl›")
    settle(terminal, REST)
    text = file_of(terminal).read_text("utf-8")
    text = text.replace('encryption = "tls"', 'encryption = "none"')
    file_of(terminal).write_text(text, encoding="utf-8")
    press(terminal, "save")
    settle(terminal)


def conflict(terminal: Terminal) -> None:
    """It changed the same setting as the form."""
    overtaken(terminal)
    terminal.press("m")


def explanation(terminal: Terminal) -> None:
    """The explanation of a field at full size, after a test."""
    failed(terminal)
    terminal.press("Down", "Down", "Down")
    terminal.wait_for(">Encryption")
    settle(terminal)
    press(terminal, "explain")


def choices(terminal: Terminal) -> None:
    """All values of a choice field."""
    failed(terminal)
    terminal.press(*["Down"] * 8, " ")


def paths(terminal: Terminal) -> None:
    """The files that a path could mean."""
    press(terminal, "jump")
    terminal.wait_until(lambda: re.search("C *CA File", terminal.text) is not None, "letters")
    terminal.press("c")
    terminal.wait_for(">CA File")
    terminal.press("\x15", "c", "Tab")


def jumping(terminal: Terminal) -> None:
    press(terminal, "jump")


def password(terminal: Terminal) -> None:
    """A password that is typed and shown."""
    terminal.press(*["Down"] * 6, "correct-horse-7", "\x1bv")
    terminal.wait_for("correct-horse-7")


def new_file(terminal: Terminal) -> None:
    terminal.wait_for("new file")


def help_(terminal: Terminal) -> None:
    press(terminal, "help")


def help_found(terminal: Terminal) -> None:
    """Letters search the help."""
    help_(terminal)
    settle(terminal)
    terminal.press("undo")


def palette(terminal: Terminal) -> None:
    press(terminal, "commands")
    settle(terminal)
    terminal.press("te")


def synonym(terminal: Terminal) -> None:
    """A word that another program uses finds the command."""
    press(terminal, "commands")
    settle(terminal)
    terminal.press("exit")


def explained(terminal: Terminal) -> None:
    """An error of another program."""
    press(terminal, "error")
    settle(terminal)
    terminal.press("SSL_connect returned=1 errno=0 state=error: wrong version number")
    terminal.wait_for("wrong version number")
    settle(terminal, REST)


def found(terminal: Terminal) -> None:
    """What is known of a domain's mail server, the best choice first."""
    press(terminal, "discover")
    terminal.wait_for(">Search for")
    terminal.press("Enter")
    terminal.wait_for("FOUND")


def providers(terminal: Terminal) -> None:
    press(terminal, "presets")
    terminal.wait_for("Find")
    terminal.press("send")
    terminal.wait_for("(sendgrid)")


def receivers(terminal: Terminal) -> None:
    """What DNS says about the sender, a DKIM key among it."""
    passed(terminal)
    settle(terminal)
    press(terminal, "domain")
    terminal.wait_for("DKIM selectors")
    terminal.press("k")
    terminal.wait_for(">DKIM")
    terminal.press("mail2026", "Enter")
    terminal.wait_for("DKIM key mail2026")


def taking(terminal: Terminal) -> None:
    """Another program's settings, pasted, and what they would change."""
    press(terminal, "import")
    terminal.wait_for("Paste it")
    terminal.press(f"\x1b[200~{MASTODON}\x1b[201~")
    terminal.wait_for("Read as ")


def handing(terminal: Terminal) -> None:
    """The settings for another program."""
    formats(terminal)
    terminal.press("postf", "Enter")
    terminal.wait_for("for Postfix")


def formats(terminal: Terminal) -> None:
    """The programs to export to, as a list that letters search."""
    press(terminal, "export")


def signing_in(terminal: Terminal) -> None:
    """A code to enter on another device, at a provider."""
    press(terminal, "sign_in")
    terminal.wait_for(">Provider")
    for answer, label in ((ISSUER, ">Client ID"), ("smtp-tui", ">Scope"), ("", "How do you want")):
        terminal.press(*filter(None, (answer, "Enter")))
        terminal.wait_for(label)
        settle(terminal)
    terminal.press("Enter")
    terminal.wait_for("W D J B")


def machine(terminal: Terminal) -> None:
    """All SMTP settings on a machine."""
    press(terminal, "commands")
    settle(terminal)
    terminal.press("scan", "Enter")
    terminal.wait_for("Gitea")
    settle(terminal)
    terminal.press("Down", "Down")


def places(terminal: Terminal) -> None:
    """Where tests can run."""
    press(terminal, "place")
    terminal.wait_for("podman")


def compared_places(terminal: Terminal) -> None:
    """A container in which the test fails, next to this shell, in which it passes."""
    places(terminal)
    terminal.press("web", "Enter")
    terminal.wait_for("Tests now run in")
    settle(terminal)
    failed(terminal)
    press(terminal, "explain")
    terminal.wait_for("The last test")


def arrived(terminal: Terminal) -> None:
    """A message that was looked for in its mailbox, and is in the junk folder."""
    press(terminal, "send")
    terminal.wait_for(">To")
    terminal.press("admin@example.org", "\x1by")
    terminal.wait_for(">Mailbox")
    settle(terminal)
    terminal.press("Enter")
    terminal.wait_for(">IMAP Password")
    terminal.press("harbour", "Enter")
    terminal.wait_for("PASSED")


def replayed(terminal: Terminal) -> None:
    """A check that failed on another machine, shown from its recording."""
    terminal.wait_for("Recording of")


def picking(_terminal: Terminal) -> None:
    """Which of several tables."""


def tested(terminal: Terminal) -> None:
    """All tables tested, the first failure chosen."""
    terminal.press("F5")
    terminal.wait_for("1 passed", "3 failed")


def chosen(terminal: Terminal) -> None:
    """A table that failed, opened with its log and verdict."""
    tested(terminal)
    settle(terminal)
    terminal.press("Enter")
    terminal.wait_for(">SMTP Host")


SCENES: dict[str, Scene] = {
    "start": Scene(start),
    "new": Scene(new_file, ""),
    "form": Scene(form),
    "advice-note": Scene(starttls, IDLE_SWITCH),
    "advice-warning": Scene(domain, SHORT_NAME),
    "advice-error": Scene(form, SSL_ON_587),
    "running": Scene(running, events=4),
    "passed": Scene(passed),
    "changed": Scene(changed),
    "back": Scene(back),
    "failed": Scene(failed, SSL_ON_587),
    "failed-login": Scene(failed, CRAM),
    "failed-password": Scene(failed, WRONG),
    "failed-refused": Scene(failed, REFUSED),
    "failed-issuer": Scene(failed, UNKNOWN_CA),
    "fixed": Scene(fixed, SSL_ON_587),
    "saved": Scene(saved, CRAM),
    "fixes": Scene(fixes, OTHER_NAME),
    "trust": Scene(trust, OTHER_NAME),
    "log": Scene(log, CRAM),
    "log-search": Scene(log_search),
    "compare": Scene(compared, CRAM),
    "same": Scene(same),
    "explanation": Scene(explanation, SSL_ON_587),
    "choices": Scene(choices, CRAM),
    "paths": Scene(paths, UNKNOWN_CA, others=("company-ca.pem", "client.pem")),
    "jump": Scene(jumping),
    "password": Scene(password),
    "message": Scene(message),
    "sent": Scene(sent),
    "error": Scene(explained),
    "difference": Scene(difference),
    "leave": Scene(leaving),
    "overtaken": Scene(overtaken),
    "conflict": Scene(conflict),
    "tables": Scene(picking, SEVERAL),
    "tested": Scene(tested, SEVERAL),
    "opened": Scene(chosen, SEVERAL),
    "help": Scene(help_),
    "help-found": Scene(help_found),
    "palette": Scene(palette),
    "synonym": Scene(synonym),
    "found": Scene(found),
    "providers": Scene(providers),
    "domain": Scene(receivers),
    "import": Scene(taking),
    "export": Scene(handing),
    "formats": Scene(formats),
    "sign-in": Scene(signing_in, WITHOUT_PASSWORD),
    "scan": Scene(machine),
    "places": Scene(places),
    "side-by-side": Scene(compared_places, LOOPBACK),
    "arrival": Scene(arrived),
    "replay": Scene(replayed, options=("--replay", str(FOLDER / "postfix-relay-denied.jsonl"))),
    "light": Scene(failed, OTHER_NAME, ("--theme", "light"), is_light=True),
    "ascii": Scene(failed, SSL_ON_587, ("--ascii",)),
}
