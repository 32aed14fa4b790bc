"""The ways to hand a password over, each by a real process."""

from __future__ import annotations

import os
from base64 import b64encode
from typing import Any

import pytest

from tests.checks.scripted import EHLO, saying
from tests.cli.program import COMMAND, Outcome, environment, run_program
from tests.terminal import on_terminal

SECRET = "wonder land €"
ALICE = (
    *("--set", "host=127.0.0.1", "--set", "domain=client.example", "--set", "encryption=none"),
    *("--set", "username=alice", "--set", "authentication=plain"),
)
LOGIN = b"AUTH PLAIN " + b64encode(f"\0alice\0{SECRET}".encode()) + b"\r\n"


def login(*words: str, env: dict[str, str] | None = None, **more: Any) -> Outcome:
    """Check on a server that takes any login, and see that the right password reached it."""
    with saying(b"220 hi\r\n", EHLO, b"235 ok\r\n", b"221 bye\r\n") as server:
        port = ("--set", f"port={server.port}")
        outcome = run_program("check", *ALICE, *port, *words, env=env or environment(), **more)
    if outcome.status == 0:
        assert LOGIN in server.heard
    assert SECRET not in outcome.out + outcome.err
    return outcome


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_standard_input(end: str) -> None:
    assert login("--password-stdin", stdin=f"{SECRET}{end}".encode()).status == 0


def test_a_descriptor() -> None:
    read, write = os.pipe()
    with os.fdopen(write, "wb") as stream:
        stream.write(f"{SECRET}\n".encode())
    try:
        assert login("--password-fd", str(read), pass_fds=(read,)).status == 0
    finally:
        os.close(read)


def test_a_variable() -> None:
    assert login(env=environment(SMTP_TUI_PASSWORD=SECRET)).status == 0


def test_a_place() -> None:
    env = environment(OTHER=SECRET)
    assert login("--set", 'password={env="OTHER"}', env=env).status == 0


def test_what_goes_before_what() -> None:
    wrong = {"SMTP_TUI_PASSWORD": "wrong", "OTHER": "wrong"}
    place = ("--set", 'password={env="OTHER"}')
    env = environment(**{**wrong, "OTHER": SECRET})
    assert login(*place, env=env).status == 0
    env = environment(**wrong)
    assert login(*place, "--password-stdin", env=env, stdin=SECRET.encode()).status == 0


@pytest.mark.parametrize(
    ("stdin", "cause"),
    [(b"", "password-missing"), (b"two\nlines\n", "password-source-failed")],
)
def test_what_is_no_password(stdin: bytes, cause: str) -> None:
    outcome = run_program("check", *ALICE, "--password-stdin", "--json", stdin=stdin)
    assert (outcome.status, outcome.verdict["cause"], outcome.err) == (4, cause, "")


def test_no_terminal_to_ask_on() -> None:
    outcome = run_program("check", *ALICE, "--ask-password", detached=True)
    assert outcome == Outcome(
        2, "", "smtp-tui: --ask-password needs a terminal; use --password-stdin\n"
    )
    words = ("check", *ALICE, "--set", "password={ask=true}", "--json")
    outcome = run_program(*words, detached=True)
    assert (outcome.status, outcome.verdict["cause"]) == (4, "password-source-failed")
    assert "--password-stdin" in outcome.verdict["summary"]


@pytest.mark.parametrize("ask", [("--ask-password",), ("--set", "password={ask=true}")])
def test_asked_on_the_terminal(ask: tuple[str, ...]) -> None:
    with saying(b"220 hi\r\n", EHLO, b"235 ok\r\n", b"221 bye\r\n") as server:
        words = ("check", *ALICE, "--set", f"port={server.port}", "--quiet", *ask)
        with on_terminal([*COMMAND, *words], environment(), (120, 24)) as terminal:
            terminal.wait_for("Password for alice at 127.0.0.1:")
            terminal.press(SECRET, "Enter")
            terminal.wait_for("PASSED in")
            assert terminal.wait_for_end() == 0
            assert SECRET.encode() not in terminal.output
    assert LOGIN in server.heard


def test_the_question_is_not_timed_and_may_be_refused() -> None:
    words = ("check", *ALICE, "--ask-password", "--timeout", "0.001")
    with on_terminal([*COMMAND, *words], environment(), (120, 24)) as terminal:
        terminal.wait_for("Password for alice")
        terminal.press("Enter")
        terminal.wait_for("FAILED at password: ")
        assert terminal.wait_for_end() == 4
    with on_terminal([*COMMAND, *words], environment(), (120, 24)) as terminal:
        terminal.wait_for("Password for alice")
        terminal.press("\x03")
        assert terminal.wait_for_end() == 130
        assert b"Traceback" not in terminal.output


def test_nobody_is_asked_in_vain() -> None:
    words = ("check", *ALICE, "--set", "port=1", "--ask-password")
    for more in (("--set", "authentication=none"), ("--set", "encryption=tsl")):
        with on_terminal([*COMMAND, *words, *more], environment(), (120, 24)) as terminal:
            terminal.wait_for("FAILED at")
            assert terminal.wait_for_end() in (3, 6)
            assert b"Password for" not in terminal.output


def test_a_terminal_would_show_the_password() -> None:
    words = ("check", *ALICE, "--password-stdin")
    with on_terminal([*COMMAND, *words], environment(), (120, 24)) as terminal:
        terminal.wait_for("is a terminal and would show the password; use --ask-password")
        assert terminal.wait_for_end() == 2
