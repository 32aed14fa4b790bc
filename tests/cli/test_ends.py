"""Every way a call can end: a signal, a pipe that closes, a defect; and nothing stays open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from smtp_tui.cli.terminal import SignalExitStatus
from tests.checks.scripted import saying
from tests.cli.program import COMMAND, DEFECT, environment, run_program
from tests.table import table

SILENT = ("check", "--set", "host=127.0.0.1", "--set", "encryption=none", "--no-experiments")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_in_the_middle_of_a_check(number: int, status: int) -> None:
    with saying(b"") as server:
        words = (*SILENT, "--set", f"port={server.port}", "--json")
        with subprocess.Popen(
            [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            assert process.stderr
            for line in process.stdout:
                if '"connected"' in line:
                    break
            process.send_signal(number)
            assert process.stdout.read() == ""
            assert process.stderr.read() == ""
        assert process.returncode == status
    assert server.heard == []  # it heard the end of the stream, else the thread would still wait


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    with saying(b"") as server:
        words = (*SILENT, "--set", f"port={server.port}", "--timeout", "2", "--json")
        with subprocess.Popen(
            ["nohup", *COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            for line in process.stdout:
                if '"connected"' in line:
                    process.send_signal(signal.SIGHUP)
        assert process.returncode == 7


def test_a_reader_that_leaves() -> None:
    for words in (("check", "--set", "host=127.0.0.1", "--set", "port=1"), ("explain", "host")):
        read, write = os.pipe()
        os.close(read)
        finished = subprocess.run(
            [*COMMAND, *words], stdout=write, stderr=subprocess.PIPE, check=False, timeout=60
        )
        os.close(write)
        assert (finished.returncode, finished.stderr) == (141, b"")


def test_a_full_disk() -> None:
    with Path("/dev/full").open("wb") as full:
        finished = subprocess.run(
            [*COMMAND, "explain"], stdout=full, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert finished.returncode == 74
    assert finished.stderr == (
        b"smtp-tui: standard output cannot be written: No space left on device\n"
    )


@table("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_were_closed(closed: str) -> None:
    words = ("check", "--set", "host=127.0.0.1", "--set", "port=1")
    script = f'exec "$@" {closed}'
    finished = subprocess.run(
        ["sh", "-c", script, "sh", *COMMAND, *words], capture_output=True, check=False, timeout=60
    )
    assert finished.returncode == 6
    assert finished.stderr == b""
    assert (b"FAILED at connection: " in finished.stdout) is (
        ">&-" not in closed.replace("2>&-", "")
    )


@pytest.mark.parametrize("more", [(), ("--json",), ("--quiet",)])
def test_a_defect_is_a_verdict_without_what_was_handled(more: tuple[str, ...]) -> None:
    words = ("check", "--set", "host=127.0.0.1", "--set", "username=alice", *more)
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", DEFECT, *words],
        env=environment(SMTP_TUI_PASSWORD="wonderland"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (finished.returncode, finished.stderr) == (70, "")
    assert "smtp-tui failed: " in finished.stdout
    assert "RuntimeError at <string>:7." in finished.stdout
    assert "wonderland" not in finished.stdout


def test_no_terminal_for_the_form() -> None:
    for words in ((), ("mail.toml",)):
        outcome = run_program(*words)
        assert (outcome.status, outcome.out) == (2, "")
        assert outcome.err == (
            "smtp-tui: the form needs a terminal; "
            f"{' '.join(('smtp-tui check', *words))} does not\n"
        )


WHILE_IT_LOADS = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == "smtp_tui.cli.parser":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
from smtp_tui.__main__ import run
run()
"""

IN_A_FINALISER = """
import os, signal, sys, time
from smtp_tui.cli.terminal import as_interrupts

class Dropped:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGNALS)
        for _ in range(1000):
            pass

with as_interrupts() as ending:
    try:
        Dropped()
        time.sleep(30)
    except KeyboardInterrupt:
        sys.exit(ending.status)
"""

LIMITS = """
import resource, sys
from smtp_tui import program
program.main = lambda: print(resource.getrlimit(resource.RLIMIT_CORE)) or 0
from smtp_tui.__main__ import run
run()
"""


def python(code: str) -> tuple[int, str, str]:
    """What a program of our own modules came to."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=20
    )
    return done.returncode, done.stdout, done.stderr


def test_ctrl_c_while_the_program_loads_prints_nothing() -> None:
    assert python(WHILE_IT_LOADS) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_that_python_drops_in_a_finaliser_ends_the_program(number: signal.Signals) -> None:
    code = IN_A_FINALISER.replace("SIGNALS", number.name)
    assert python(code) == (128 + number, "", "")


def test_a_signal_that_was_swallowed_ends_it_before_the_command_runs() -> None:
    ending = SignalExitStatus()
    ending.require_none()
    ending.was_asked_for = True
    with pytest.raises(KeyboardInterrupt):
        ending.require_none()


def test_no_core_dump_holds_a_password() -> None:
    assert python(LIMITS) == (0, "(0, 0)\n", "")
