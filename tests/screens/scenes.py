"""The states worth a picture: what the file says, and what is pressed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from smtp_tui.interchange.spec import formats
from tests.screens.opening import SAMPLE, press, settle
from tests.terminal import Terminal

REST = 0.9
"""Seconds after which the form speaks of what was typed, and somewhat more."""
Way = Callable[[Terminal], None]

SSL_ON_587 = SAMPLE.replace('encryption = "tls"', 'encryption = "ssl"')
OTHER_NAME = SAMPLE.replace("mail.example.net", "smtp.example.net")
SHORT_NAME = SAMPLE.replace("tickets.example.org", "localhost")
IDLE_SWITCH = SAMPLE.replace('tls"\n', 'tls"\nstarttls_auto = true\n')
SEVERAL = """\
[smtp.tickets]
host = "mail.example.net"
port = 587
username = "tickets@example.org"

[smtp.alerts]
host = "mail.example.net"
port = 465
encryption = "ssl"
username = "alerts@example.org"

[smtp.newsletter]
host = "bulk.example.net"
port = 2525
"""
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
    """A state of the form: the keys that lead to it from a file."""

    way: Way
    file: str = SAMPLE
    options: tuple[str, ...] = ()
    is_light: bool = False


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


def passed(terminal: Terminal) -> None:
    press(terminal, "test")
    terminal.wait_for("PASSED")


def failed(terminal: Terminal) -> None:
    press(terminal, "test")
    terminal.wait_for("FAILED")


def fixes(terminal: Terminal) -> None:
    failed(terminal)
    settle(terminal)
    press(terminal, "fixes")
    terminal.wait_for("Enter")


def trust(terminal: Terminal) -> None:
    failed(terminal)
    settle(terminal)
    press(terminal, "fix")
    terminal.wait_for("SHA-256")


def fixed(terminal: Terminal) -> None:
    failed(terminal)
    settle(terminal)
    press(terminal, "fix")
    terminal.wait_for("PASSED")


def message(terminal: Terminal) -> None:
    press(terminal, "send")
    terminal.wait_for(">To")
    terminal.press("admin@example.org")
    terminal.wait_for("admin@example.org")
    settle(terminal, REST)


def log(terminal: Terminal) -> None:
    """The dialogue, read from its beginning."""
    passed(terminal)
    settle(terminal)
    press(terminal, "switch")
    terminal.press("Home")


def difference(terminal: Terminal) -> None:
    """What a save would write."""
    terminal.press("Down", *["Backspace"] * 3, "465", "Down", "Down", "Right")
    terminal.wait_for("‹ssl›")
    settle(terminal, REST)
    press(terminal, "diff")
    terminal.wait_for("+")


def help_(terminal: Terminal) -> None:
    press(terminal, "help")
    terminal.wait_for("Everywhere")


def palette(terminal: Terminal) -> None:
    press(terminal, "commands")
    settle(terminal)
    terminal.press("te")


def explained(terminal: Terminal) -> None:
    press(terminal, "explain")
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
    terminal.wait_for(">Find")
    terminal.press("send")
    terminal.wait_for("(sendgrid)")


def receivers(terminal: Terminal) -> None:
    """What DNS says about the sender, a DKIM key among it."""
    passed(terminal)
    settle(terminal)
    press(terminal, "domain")
    terminal.wait_for("K names it")
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
    press(terminal, "export")
    terminal.wait_for("(1 of")
    for _ in formats():
        if "Postfix" in terminal.text:
            return
        terminal.press("Right")
        settle(terminal)
    raise AssertionError(f"Postfix is not among the formats on\n{terminal.text}")


def picking(terminal: Terminal) -> None:
    terminal.wait_for("Which one do you want?")


SCENES: dict[str, Scene] = {
    "form": Scene(form),
    "advice-note": Scene(starttls, IDLE_SWITCH),
    "advice-warning": Scene(domain, SHORT_NAME),
    "advice-error": Scene(form, SSL_ON_587),
    "passed": Scene(passed),
    "log": Scene(log),
    "failed": Scene(failed, SSL_ON_587),
    "fixed": Scene(fixed, SSL_ON_587),
    "fixes": Scene(fixes, OTHER_NAME),
    "trust": Scene(trust, OTHER_NAME),
    "message": Scene(message),
    "error": Scene(explained),
    "difference": Scene(difference),
    "tables": Scene(picking, SEVERAL),
    "help": Scene(help_),
    "palette": Scene(palette),
    "found": Scene(found),
    "providers": Scene(providers),
    "domain": Scene(receivers),
    "import": Scene(taking),
    "export": Scene(handing),
    "light": Scene(failed, OTHER_NAME, ("--theme", "light"), is_light=True),
    "ascii": Scene(failed, SSL_ON_587, ("--ascii",)),
}
