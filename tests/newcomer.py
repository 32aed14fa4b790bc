"""A newcomer's way on 80×24, step by step: nothing but what is on the screen says what to press.

The file has a mistake that the server's answer explains. The newcomer reads the hint line for the
key with a word (`Test`, `Fix`, `Save`, `Quit`), and the sidebar for what a field means. What the
screen shows after each step stands in `captures`; `python -m tests.newcomer FOLDER` writes it anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.screens.opening import opened, settle
from tests.screens.relay import Relay, running_relay
from tests.screens.scenes import SSL_ON_587
from tests.terminal import Terminal

SIZE = (80, 24)
HINT = r"(?:^|\s)(F\d+|\^[A-Z]|Enter|Esc|Y)(?: \^\S)* {word}(?:\s|$)"
Step = Callable[[Terminal], None]


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


def opens(terminal: Terminal) -> None:
    """The screen says which file it is, where the cursor stands, and what can be done."""
    terminal.wait_for("mail.toml", "SMTP Host", "Next")
    assert any(line.startswith(">SMTP Host") for line in terminal.lines)
    for word in ("Test", "Save", "Help", "Quit"):
        assert key_for(terminal, word)
    key = key_for(terminal, "Test")
    assert re.search(rf"{key} \S+ +test the settings", terminal.text)


def asks_for_help(terminal: Terminal) -> None:
    """Help tells what all the keys do, and how it is closed."""
    press(terminal, "Help")
    terminal.wait_for("Esc Back", "In the form and the log")


def understands(terminal: Terminal) -> None:
    """The sidebar explains the field reached."""
    terminal.press("Escape")
    terminal.wait_for(">SMTP Host")
    terminal.press("Down", "Down")
    terminal.wait_for(">Domain", "│ Domain", "EHLO")


def edits(terminal: Terminal) -> None:
    """What is typed stands in the field, which is marked, and so is the file."""
    terminal.press(*["Backspace"] * len("tickets.example.org"), "helpdesk.example.org")
    terminal.wait_for("helpdesk.example.org", "modified")
    assert "helpdesk.example.org" in field(terminal, "Domain")
    assert field(terminal, "Domain")[0] in ">*"


def tests(terminal: Terminal) -> None:
    """The verdict says in words what failed, and which key would do what about it."""
    press(terminal, "Test")
    terminal.wait_for("FAILED at TLS", "answers in plain text", "sets Encryption Type to tls")
    assert key_for(terminal, "Fix")
    assert "! no TLS here" in field(terminal, "Encryption")


def fixes(terminal: Terminal) -> None:
    """One key makes the change and tests again; the form shows it, and what is left to save."""
    press(terminal, "Fix")
    terminal.wait_for("PASSED", "‹tls›", "modified", "saves Domain, Encryption Type to mail.toml")
    assert field(terminal, "Encryption").startswith("*")


def saves(terminal: Terminal) -> None:
    """It says what was written, and the mark is gone."""
    press(terminal, "Save")
    terminal.wait_for("Saved")
    assert "modified" not in terminal.lines[0]


def leaves(terminal: Terminal) -> None:
    """Nothing is left to ask."""
    press(terminal, "Quit")
    assert terminal.wait_for_end() == 0


STEPS: tuple[Step, ...] = (opens, asks_for_help, understands, edits, tests, fixes, saves, leaves)
NAMES = tuple(
    f"{number}-{step.__name__.replace('_', '-')}" for number, step in enumerate(STEPS[:-1], 1)
)


def captures(relay: Relay) -> Iterator[tuple[str, Terminal]]:
    """Walk on the stage, and stop after each step at which there is something to see."""
    with opened(relay, SSL_ON_587, SIZE) as terminal:
        for name, step in zip(NAMES, STEPS, strict=False):
            step(terminal)
            yield name, terminal
        STEPS[-1](terminal)


def main(folder: Path) -> None:
    """Write what the screen shows after each step."""
    folder.mkdir(exist_ok=True)
    with running_relay() as relay:
        for name, terminal in captures(relay):
            settle(terminal, 1)
            (folder / f"{name}.txt").write_text(f"{terminal.text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
