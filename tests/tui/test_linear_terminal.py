"""The form line by line on a real terminal: what is echoed, what Ctrl+C stops, how it ends."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.cli.program import COMMAND, environment
from tests.linear_session import HEAD, record
from tests.terminal import Terminal, on_terminal
from tests.tui.driving import SAMPLE

pytestmark = pytest.mark.integration

SESSION = Path(__file__).parent.parent / "linear_session.txt"
CTRL_C, CTRL_D = "\x03", "\x04"


def line_by_line(file: Path, **more: str) -> tuple[list[str], dict[str, str]]:
    """The command and its environment, with a home of its own for what is kept."""
    state = str(file.parent / "state")
    (file.parent / "state").mkdir(exist_ok=True)
    env = environment(TERM="xterm", LC_ALL="C.UTF-8", XDG_STATE_HOME=state, **more)
    return [*COMMAND, str(file), "--linear"], env


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mail.toml"
    path.write_text(SAMPLE, "utf-8")
    return path


def test_a_session_through_the_demo_is_as_it_was_recorded() -> None:
    # `python -m tests.linear_session > tests/linear_session.txt` records it again.
    assert HEAD + record() == SESSION.read_text("utf-8")


def test_a_password_is_not_echoed(file: Path) -> None:
    with on_terminal(*line_by_line(file)) as terminal:
        terminal.wait_for("1 SMTP Host [mail.example.net]:")
        terminal.press(":password", "Enter")
        terminal.wait_for("7 SMTP Password, not echoed [set]:")
        terminal.press("wonderland", "Enter")
        terminal.wait_for("SMTP Password: 10 characters, not saved yet.", "8 Kept in [this file]:")
        terminal.press(":save", "Enter")
        terminal.wait_for("Saved SMTP Password")
        terminal.press(CTRL_D)
        assert terminal.wait_for_end() == 0
        assert b"wonderland" not in terminal.output
        assert b"\x1b" not in terminal.output
    assert 'password = "wonderland"' in file.read_text("utf-8")


def test_ctrl_c_stops_a_test_and_nothing_else(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        file.write_text(f'[smtp]\nhost = "127.0.0.1"\nport = {port}\n', "utf-8")
        with on_terminal(*line_by_line(file)) as terminal:
            terminal.wait_for("1 SMTP Host [127.0.0.1; ? name check may fail]:")
            terminal.press(CTRL_C)
            terminal.wait_for(":quit leaves, and so does Ctrl+D.")
            terminal.press(":test", "Enter")
            terminal.wait_for(f"connected to 127.0.0.1 port {port}")
            terminal.press(CTRL_C)
            terminal.wait_for("\nStopped while waiting for the server. The test proved nothing")
            prompt = "1 SMTP Host [127.0.0.1; ? name check may fail]:"
            terminal.wait_until(lambda: terminal.text.count(prompt) == 3, "the prompt again")
            # The line that was half typed is gone.
            terminal.press("abc", CTRL_C)
            terminal.wait_until(lambda: terminal.text.count(":quit leaves") == 2, "a second answer")
            terminal.press(":quit", "Enter")
            assert terminal.wait_for_end() == 0


@pytest.mark.parametrize("in_test", [False, True])
def test_a_signal_keeps_the_changes(file: Path, *, in_test: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        file.write_text(f'[smtp]\nhost = "127.0.0.1"\nport = {port}\n', "utf-8")
        with on_terminal(*line_by_line(file), (100, 40)) as terminal:
            _change_the_domain(terminal)
            if in_test:
                terminal.press(":test", "Enter")
                terminal.wait_for(f"connected to 127.0.0.1 port {port}")
            os.kill(terminal.process, signal.SIGTERM)
            terminal.wait_for("your unsaved changes are kept, without passwords;")
            assert terminal.wait_for_end() == 143
            assert "Traceback" not in terminal.text
    with on_terminal(*line_by_line(file)) as terminal:
        terminal.wait_for("There are unsaved changes from", "r, d or Enter to go back:")
        terminal.press("r", "Enter")
        terminal.wait_for("Restored, not saved yet: Domain.")


def test_a_lost_line_keeps_the_changes_too(file: Path) -> None:
    with on_terminal(*line_by_line(file)) as terminal:
        _change_the_domain(terminal)
        assert terminal.hang_up() == 129
    with on_terminal(*line_by_line(file)) as terminal:
        terminal.wait_for("There are unsaved changes from")


def _change_the_domain(terminal: Terminal) -> None:
    terminal.wait_for("1 SMTP Host [")
    terminal.press(":domain", "Enter")
    terminal.wait_for("3 Domain [")
    terminal.press("here.example.org", "Enter")
    terminal.wait_for("4 Encryption Type [")


def test_the_prompt_comes_again_after_a_stop(file: Path) -> None:
    with on_terminal(*line_by_line(file)) as terminal:
        prompt = "1 SMTP Host [mail.example.net]:"
        terminal.wait_for(prompt)
        os.kill(terminal.process, signal.SIGSTOP)
        os.waitpid(terminal.process, os.WUNTRACED)
        os.kill(terminal.process, signal.SIGCONT)
        terminal.wait_until(lambda: terminal.text.count(prompt) == 2, "the prompt again")
        terminal.press("mx.example.org", "Enter", ":password", "Enter")
        terminal.wait_for("2 SMTP Port [2587]:", "7 SMTP Password, not echoed [set]:")
        # Ctrl+Z where nothing is echoed does nothing.
        terminal.press("\x1a", "won", "Enter")
        terminal.wait_for("SMTP Password: 3 characters")
        assert b"won" not in terminal.output


def test_it_loads_neither_textual_nor_rich(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom smtp_tui.program import main\nstatus = main(sys.argv[1:])\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'textual', 'rich'}))\n"
    )
    command, env = line_by_line(tmp_path / "new.toml")
    words = [sys.executable, "-c", program, *command[len(COMMAND) :]]
    with on_terminal(words, env) as terminal:
        terminal.wait_for("1 SMTP Host [required]:")
        for typed in (":presets gmail", "", ":help", ":quit"):
            terminal.press(typed, "Enter")
        terminal.wait_for("[]")
        assert terminal.wait_for_end() == 0


def test_narrow_and_in_ascii(file: Path) -> None:
    command, env = line_by_line(file)
    with on_terminal([*command, "--ascii"], env, (40, 200)) as terminal:
        terminal.wait_for("1 SMTP Host [mail.example.net]:")
        terminal.press(":encryption", "Enter")
        terminal.wait_for("4 Encryption Type [tls]:")
        terminal.press("??", "Enter")
        prompt = "4 Encryption Type [tls]:"
        terminal.wait_until(lambda: terminal.text.count(prompt) == 2, "the prompt again")
        terminal.press(":quit", "Enter")
        assert terminal.wait_for_end() == 0
        assert terminal.output.isascii()
        long = [line for line in terminal.output.decode().split("\r\n") if len(line) > 39]
        # A path stays whole, and a prompt has no end.
        assert [line for line in long if len(line.split()) > 1 and "]: " not in line] == []
