"""Manners on a real terminal: how it is left, and how little goes over a slow line."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.terminal import Terminal, on_terminal
from tests.tui.driving import SAMPLE

pytestmark = pytest.mark.integration

ALTERNATE_OFF, CURSOR_ON = b"\x1b[?1049l", b"\x1b[?25h"
A_KEY, A_STEP = 100, 900  # bytes; the stock input and focus take 121 and 1,193
A_DIALOG = 5000  # the screen once, and what a list finds when it knows its size
A_START, A_SCREEN = 4500, 3500  # once, with what is told a moment later, and once alone
A_WIDE_KEY = 120  # in a row as wide as the screen, which Textual paints from end to end


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    file = tmp_path / "mail.toml"
    file.write_text(SAMPLE, encoding="utf-8")
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    environment.pop("NO_COLOR", None)
    with on_terminal([sys.executable, "-m", "smtp_tui", str(file)], environment) as terminal:
        terminal.wait_for("SMTP Host", "Next", "The server that accepts")
        yield terminal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(terminal: Terminal, number: signal.Signals) -> None:
    os.kill(terminal.process, number)
    assert terminal.wait_for_end() == 128 + number
    assert ALTERNATE_OFF in terminal.output
    assert CURSOR_ON in terminal.output


def test_keys_in_one_packet_reach_their_fields(terminal: Terminal) -> None:
    terminal.press("\x1b[B9\tx\x1b[A\x1b[A.y")
    terminal.wait_for("25879", "tickets.example.orgx", "mail.example.net.y")


def cost(terminal: Terminal, *steps: tuple[str, ...]) -> int:
    """Press the first of each step and wait for the rest; the bytes of the cheapest step.

    What was painted for a key before may still come with the first.
    """
    costs = []
    for key, *shown in steps:
        before = len(terminal.output)
        terminal.press(key)
        terminal.wait_for(*shown)
        costs.append(len(terminal.output) - before)
    return min(costs)


def test_a_key_and_a_step_are_few_bytes(terminal: Terminal) -> None:
    terminal.press("a")
    terminal.wait_for("mail.example.neta", "modified")
    letters = [
        (letter, f"mail.example.neta{'bcd'[: number + 1]}") for number, letter in enumerate("bcd")
    ]
    assert cost(terminal, *letters) <= A_KEY
    port, host = (
        (">SMTP Port", "The port to connect to."),
        (">SMTP Host", "The server that accepts"),
    )
    assert cost(terminal, ("Tab", *port), ("Up", *host), ("Tab", *port)) <= A_STEP


def test_advice_costs_nothing_while_one_types(tmp_path: Path) -> None:
    file = tmp_path / "mail.toml"
    file.write_text(SAMPLE.replace("tickets.example.org", "localhost"), encoding="utf-8")
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    environment.pop("NO_COLOR", None)
    with on_terminal([sys.executable, "-m", "smtp_tui", str(file)], environment) as terminal:
        terminal.wait_for("SMTP Host", "? not a full name", "The server that accepts")
        terminal.press("Down", "Down")
        terminal.wait_for(">Domain", "? localhost is not a")
        terminal.press("a")
        terminal.wait_for("localhosta ", "modified")
        letters = [("b", "localhostab"), ("c", "localhostabc"), ("d", "localhostabcd")]
        assert cost(terminal, *letters) <= A_KEY
        before = len(terminal.output)
        terminal.wait_for("? localhostabcd is no", "localhostabcd  ?")
        assert len(terminal.output) - before <= A_STEP


def test_the_dialog_of_a_message_is_as_frugal(terminal: Terminal) -> None:
    terminal.press("\x0e")  # Ctrl+N
    terminal.wait_for(">To", "a real message", "Addresses, with commas")
    terminal.press("a")
    terminal.wait_for(">To       a ")
    letters = [("b", ">To       ab"), ("c", ">To       abc"), ("d", ">To       abcd")]
    assert cost(terminal, *letters) <= A_WIDE_KEY
    before = len(terminal.output)
    terminal.press("Tab")
    terminal.wait_for(">Subject", "The subject of the message.")
    assert len(terminal.output) - before <= A_STEP


def test_a_paste_reaches_the_error_whole_and_a_key_is_few_bytes(terminal: Terminal) -> None:
    terminal.press("\x1bw")  # Alt+W
    terminal.wait_for("What does this error mean?", "Type the error, or paste it")
    terminal.press("\x1b[200~first\r535 5.7.8 no\rlast\x1b[201~")
    terminal.wait_for(" first", " 535 5.7.8 no", " last", "rejects username or password")
    letters = [("b", " lastb"), ("c", " lastbc"), ("d", " lastbcd")]
    assert cost(terminal, *letters) <= A_WIDE_KEY
    terminal.press("\x12")  # Ctrl+R
    terminal.wait_for(">SMTP Password")


def test_a_paste_reaches_the_import_whole_and_its_password_no_screen(terminal: Terminal) -> None:
    terminal.press("\x1bi")  # Alt+I
    terminal.wait_for("Import the settings", "Paste it")
    lines = (*(f"# {number}" for number in range(2000)), "SMTP_LOGIN=me", "SMTP_PASSWORD=n0t-seen")
    pasted = "\r".join(("SMTP_SERVER=smtp.example.com", *lines, "SMTP_PORT=465"))
    terminal.press(f"\x1b[200~{pasted}\x1b[201~")
    terminal.wait_for("Read as Mastodon", "SMTP Port: 2587 -> 465", "-> smtp.example.com")
    terminal.press("F2")
    terminal.wait_for("Imported from Mastodon", ">SMTP Host*           smtp.example.com")
    assert b"n0t-seen" not in terminal.output


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ("\x1bOP", "a few letters of a key"),
        ("\x10", "a few letters of a command"),
        ("\x1bw", "What does this error mean?"),
        ("\x0e", "Addresses, with commas"),
    ],
)
def test_a_dialog_is_painted_once_and_so_is_the_form_behind_it(
    terminal: Terminal, keys: str, shown: str
) -> None:
    terminal.read_for(0.5)
    assert len(terminal.output) <= A_START
    form, before = terminal.text, len(terminal.output)
    terminal.press(keys)
    terminal.wait_for(shown)
    terminal.read_for(0.5)
    assert len(terminal.output) - before <= A_DIALOG
    before = len(terminal.output)
    terminal.press("\x1b")
    terminal.wait_until(lambda: terminal.text == form, "the form")
    terminal.read_for(0.5)
    assert len(terminal.output) - before <= A_SCREEN


@contextmanager
def the_demo(size: tuple[int, int]) -> Iterator[Terminal]:
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    for name in ("COLUMNS", "LINES"):  # pytest-xdist sets them, and they would count
        environment.pop(name, None)
    with on_terminal([sys.executable, "-m", "smtp_tui", "demo"], environment, size) as terminal:
        terminal.wait_for(">SMTP Host", "‹cram-md5›")
        terminal.press("F5")
        terminal.wait_for("FAILED")
        terminal.wait_for_silence()
        yield terminal


def test_rows_that_were_hidden_are_painted_as_they_are_now() -> None:
    with the_demo((60, 20)) as terminal:
        terminal.press("F6")
        terminal.wait_for(">[Log]")
        terminal.wait_for_silence()
        terminal.press("F9")
        terminal.wait_for("PASSED")
        terminal.wait_for_silence()
        if "SMTP Host" not in terminal.text:
            terminal.press("F6")
        terminal.wait_for(">SMTP Host", "*Authentication Type", "‹auto›", "─ resolve")


def test_a_form_that_got_its_rows_back_shows_no_part_to_scroll_to() -> None:
    with the_demo((80, 24)) as terminal:
        form = terminal.text
        terminal.press("F6")
        terminal.wait_for(">[Log]")
        terminal.wait_for_silence()
        terminal.press("F6")
        terminal.wait_until(lambda: terminal.text == form, "form")


def test_alt_and_a_letter_is_a_command_and_types_nothing(terminal: Terminal) -> None:
    terminal.press("x")
    terminal.wait_for("mail.example.netx", "modified")
    before = len(terminal.output)
    terminal.press("\x1bd")
    terminal.wait_for(
        "What saving changes", '-host = "mail.example.net"', '+host = "mail.example.netx"'
    )
    assert len(terminal.output) - before <= A_DIALOG
    terminal.press("\x1b")
    terminal.wait_for(">SMTP Host*           mail.example.netx ")


PRINTS = """
from smtp_tui.tui.dialogs.sign_in import _print_until_enter
_print_until_enter("https://a.test/" + "x" * 100, "Enter goes back.")
print("The form again.")
"""


@pytest.mark.integration
@pytest.mark.parametrize("ending", ["\r", signal.SIGTERM, signal.SIGINT], ids=str)
def test_a_printed_address_goes_by_a_key_or_a_signal(ending: str | signal.Signals) -> None:
    with on_terminal([sys.executable, "-c", PRINTS], os.environ) as terminal:
        terminal.wait_for("Enter goes back.")
        terminal.wait_until_stuck()
        # The terminal breaks the line, not smtp-tui.
        assert f"https://a.test/{'x' * 100}\r\n".encode() in terminal.output
        if isinstance(ending, str):
            terminal.press(ending)
        else:
            os.kill(terminal.process, ending)
        terminal.wait_for("The form again.")
        assert terminal.wait_for_end() == 0
