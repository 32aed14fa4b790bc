"""The demo: its file fails, its fix passes, mistakes fail as promised, and nothing stays behind."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import Any

import pytest

from smtp_tui import demo
from smtp_tui.checks.request import CheckRequest
from smtp_tui.checks.run import run
from smtp_tui.config.document import Document
from smtp_tui.demo import ADDRESS, CURE, SampleFile, listening, running_demo
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.program import main
from smtp_tui.smtp.events import Event
from tests.cli.program import environment, run_program
from tests.terminal import on_terminal


@pytest.fixture(scope="module")
def sample() -> Iterator[SampleFile]:
    with running_demo() as running:
        yield running


async def told_of(sample: SampleFile, **changes: Any) -> tuple[list[Event], Verdict]:
    """Check the sample file, fixed, with some values changed."""
    values = {**Document.open(sample.file).values("smtp"), **CURE, **changes}
    request = CheckRequest(values=values, base=sample.file.parent)
    events: list[Event] = []
    async with aclosing(run(request)) as told:
        async for one in told:
            if isinstance(one, Verdict):
                return events, one
            events.append(one)
    raise AssertionError("no verdict")


def ports(sample: SampleFile) -> tuple[int, int]:
    """The STARTTLS port, and the port of TLS from the first byte that its comment names."""
    text = sample.file.read_text(encoding="utf-8")
    starttls = int(tomllib.loads(text)["smtp"]["port"])
    (comment,) = (line for line in text.splitlines() if "TLS from the first byte" in line)
    return starttls, int(comment.split("port ")[1].split()[0])


def test_a_copy_that_another_program_spoiled_ends_nothing(tmp_path: Path) -> None:
    copy = SampleFile(tmp_path / "mail.toml", "x = 1\n")
    assert not copy.is_saved
    copy.file.write_bytes(b"\xff")
    assert not copy.is_saved
    copy.file.write_text("x = 2\n", "utf-8")
    assert copy.is_saved


async def test_the_file_fails_and_its_first_fix_passes(sample: SampleFile) -> None:
    given = Document.open(sample.file).values("smtp")
    _, verdict = await told_of(sample, authentication=given["authentication"])
    assert (verdict.stage, verdict.cause) == ("auth", "auth-mechanism-not-offered")
    assert verdict.warnings == ()
    assert verdict.fixes[0].change == CURE
    events, verdict = await told_of(sample)
    assert verdict.ok, verdict.summary
    assert verdict.warnings == ()
    assert not any("refused" in str(event) for event in events)


@pytest.mark.parametrize(
    ("changes", "stage", "cause"),
    [
        ({"host": "127.0.0.1"}, "tls", "certificate-name-mismatch"),
        ({"password": "wrong horse"}, "auth", "auth-rejected"),
        ({"username": "somebody"}, "auth", "auth-rejected"),
        ({"authentication": "cram-md5"}, "auth", "auth-mechanism-not-offered"),
        ({"encryption": "ssl"}, "tls", "plain-text-expected"),
        ({"encryption": "none"}, "auth", "auth-not-offered"),
        ({"ca_file": None}, "tls", "certificate-unknown-issuer"),
    ],
)
async def test_mistakes(
    sample: SampleFile, changes: dict[str, Any], stage: str, cause: str
) -> None:
    _, verdict = await told_of(sample, **changes)
    assert (verdict.stage, verdict.cause) == (stage, cause)


async def test_the_other_port(sample: SampleFile) -> None:
    _, tls_port = ports(sample)
    _, verdict = await told_of(sample, port=tls_port, encryption="ssl")
    assert verdict.ok, verdict.summary
    _, verdict = await told_of(sample, port=tls_port, encryption="tls", timeout=0.3)
    assert verdict.cause == "implicit-tls-expected"


def test_the_sample_is_a_file_for_one_user(sample: SampleFile) -> None:
    assert sample.file.stat().st_mode & 0o777 == 0o600
    assert sample.file.parent.stat().st_mode & 0o777 == 0o700
    assert Document.open(sample.file).default_table() == "smtp"
    text = sample.file.read_text(encoding="utf-8")
    assert "{" not in text
    for comment in ("F5 tests the settings, F9 fixes", "the certificate is only for localhost"):
        assert comment in text


def test_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threads = threading.active_count()
    with running_demo() as sample:
        assert sample.file.parent.parent == tmp_path
        port, _ = ports(sample)
        caller = socket.create_connection((ADDRESS, port))
        assert caller.recv(4) == b"220 "
    with caller:
        assert caller.recv(99).endswith(b"\n")  # the greeting's rest, and then the end
        assert caller.recv(99) == b""
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == threads
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ADDRESS, port))


def test_a_failure_inside_leaves_nothing_behind_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(KeyboardInterrupt), running_demo():
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


async def test_busy_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as held:
        busy = tuple(held.enter_context(listening(0))[0] for _ in range(2))
        monkeypatch.setattr(demo, "USUAL_PORTS", busy)
        with running_demo() as sample:
            taken = ports(sample)
            assert not set(taken) & set(busy)
            _, verdict = await told_of(sample)
    assert verdict.ok


def test_the_usual_ports_are_taken_where_they_are_free() -> None:
    with listening(0) as (free, _):
        pass
    with listening(free) as (port, listeners):
        assert port == free
        assert {listener.getsockname()[1] for listener in listeners} == {free}


def test_each_part_of_a_reply_leaves_at_once() -> None:
    # With Nagle's algorithm each EHLO takes 40 ms.
    with listening(0) as (port, listeners), socket.create_connection((ADDRESS, port)):
        select.select(listeners[:1], [], [], 10)
        accepted, _ = listeners[0].accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_without_a_terminal_it_fails_first_and_then_shows_the_fix(tmp_path: Path) -> None:
    env = environment(TMPDIR=str(tmp_path), SMTP_TUI_PASSWORD="not the demo's")
    outcome = run_program("demo", env=env)
    assert (outcome.status, outcome.err) == (0, "")
    failed, passed = outcome.out.split("The demo's file fails on purpose. ")
    assert "FAILED at login" in failed
    assert passed.startswith('Its fix is authentication = "auto". ')
    assert "-> AUTH PLAIN" in passed
    assert "PASSED in" in passed
    assert "correct-horse" not in outcome.out
    outcome = run_program("demo", "--json", "--quiet", env=env)
    assert outcome.status == 0
    assert outcome.verdict["ok"] is True
    assert list(tmp_path.iterdir()) == []


def test_a_fix_that_was_saved_is_told_at_the_end(tmp_path: Path) -> None:
    env = environment(TMPDIR=str(tmp_path), TERM="xterm-256color", LC_ALL="C.UTF-8")
    with on_terminal([sys.executable, "-m", "smtp_tui", "demo"], env, (200, 24)) as terminal:
        terminal.wait_for("SMTP Host", "Demo: a copy")
        terminal.press("F5")
        terminal.wait_for("FAILED")
        terminal.press("F9")
        terminal.wait_for("PASSED")
        terminal.press("F2")
        terminal.wait_for("Saved Authentication Type")
        (folder,) = tmp_path.iterdir()
        assert 'authentication = "auto"' in (folder / "mail.toml").read_text("utf-8")
        terminal.press("F10")
        terminal.wait_for(f"Saved in the demo's copy {folder}/mail.toml, which is now deleted.")
        assert terminal.wait_for_end() == 0
    assert list(tmp_path.iterdir()) == []


def test_without_its_libraries_it_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "smtp_tui.demo")
    monkeypatch.setitem(sys.modules, "trustme", None)
    assert main(["demo"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        "smtp-tui: the demo's own mail server needs trustme: pip install 'smtp-tui[demo]'\n"
    )


def test_a_signal_ends_the_form_and_leaves_nothing_behind(tmp_path: Path) -> None:
    env = environment(TMPDIR=str(tmp_path), TERM="xterm-256color", LC_ALL="C.UTF-8")
    with on_terminal([sys.executable, "-m", "smtp_tui", "demo"], env) as terminal:
        terminal.wait_for("SMTP Host", "Demo: a copy")
        assert len(list(tmp_path.iterdir())) == 1
        os.kill(terminal.process, signal.SIGTERM)
        assert terminal.wait_for_end() == 143
        assert "Saved in the copy" not in terminal.text
    assert list(tmp_path.iterdir()) == []
