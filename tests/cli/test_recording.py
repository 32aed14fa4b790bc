"""`check --record` and `check --replay`: the same output and exit status again, offline."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path

import pytest

from smtp_tui.program import main
from tests.checks.scripted import EHLO, saying
from tests.recordings import FILES, FOLDER

SECRET = "s3cret-Wonderland"
REJECTED = str(FOLDER / "postfix-wrong-password.jsonl")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every connection and every lookup fail the test."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a replay connects to nothing")

    for name in ("connect", "connect_ex", "sendto", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def check(folder: Path, *words: str) -> int:
    """Check a server that rejects the login, with what it was sent in its reply."""
    rejection = b"535 5.7.8 not " + SECRET.encode() + b"\r\n"
    with saying(b"220 mail.example\r\n", EHLO, rejection, b"221 bye\r\n") as server:
        file = folder / "mail.toml"
        lines = (f"port = {server.port}", 'username = "me"', f'password = "{SECRET}"')
        more = ('encryption = "none"', "starttls_auto = false", 'authentication = "plain"')
        file.write_text("\n".join(["[smtp]", 'host = "127.0.0.1"', *lines, *more]))
        return main(["check", str(file), "--allow-clear-password", "--extra=0", *words])


@pytest.mark.parametrize("shape", [(), ("--json",), ("--quiet",), ("--format", "nagios")])
def test_a_recording_is_shown_as_its_check_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: tuple[str, ...]
) -> None:
    record = tmp_path / "failure.jsonl"
    status = check(tmp_path, "--record", str(record), *shape)
    shown = capsys.readouterr().out
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert SECRET not in record.read_text(encoding="utf-8")
    assert main(["check", "--replay", str(record), *shape]) == status
    again = capsys.readouterr().out
    if not shape:
        first, _, again = again.partition("\n")
        assert first.startswith(f"Recording of {tmp_path}/mail.toml: smtp, 20")
    assert again == shown


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_recording_can_be_shown(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["check", "--replay", str(file), "--json"])
    verdict = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (status == 0) is verdict["ok"]
    assert main(["check", "--replay", str(file)]) == status
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("Recording of ")
    assert any(line.startswith(("PASSED in", "FAILED at")) for line in shown)


def test_a_report_can_be_made_of_a_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "ticket.md"
    assert main(["check", "--replay", REJECTED, "--report", str(report)]) == 9
    text = report.read_text(encoding="utf-8")
    assert "**FAILED** at login" in text
    assert "`username`: `alice@example.test`" in text
    assert main(["check", "--replay", REJECTED, "--report", "-"]) == 9
    assert capsys.readouterr().out.endswith(text.partition("### Dialogue")[2])


def test_a_recording_replaces_another_only_with_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "failure.jsonl"
    check(tmp_path, "--record", str(record))
    assert capsys.readouterr().err == ""
    check(tmp_path, "--record", str(record))
    assert capsys.readouterr().err == f"smtp-tui: the recording {record} replaced an older one\n"
    other = tmp_path / "letter.txt"
    other.write_text("Dear Alice")
    assert check(tmp_path, "--record", str(other)) == 74
    assert "a file with that name exists and is not a recording" in capsys.readouterr().err
    assert other.read_text() == "Dear Alice"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--record", "a", "x", "y"), "--record keeps one check: name one FILE"),
        (("--record", "a", "--all"), "--all cannot be used with --record"),
        (("--record", "a", "--watch", "5"), "--watch cannot be used with --record"),
        (("--record", ""), "--record needs a FILE"),
        (("--replay", REJECTED, "x"), "--replay shows a recording: name no other FILE"),
        (
            ("--replay", REJECTED, "--hostname", "x"),
            "--hostname cannot be used with --replay, which connects to nothing",
        ),
        (
            ("--replay", REJECTED, "--record", "x"),
            "--record cannot be used with --replay, which connects to nothing",
        ),
        (("--replay", "no-such-file"), "the recording no-such-file cannot be read: "),
    ],
    ids=range(8),
)
def test_calls_that_make_no_sense(
    words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *words]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith(f"smtp-tui: {why}")
    assert shown.count("\n") <= 2


def test_another_cause_of_this_version_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path(REJECTED).read_text(encoding="utf-8")
    record = tmp_path / "old.jsonl"
    record.write_text(text.replace('"cause": "auth-rejected"', '"cause": "server-busy"'))
    assert main(["check", "--replay", str(record)]) == 9
    shown = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(shown) if line.startswith("This version of"))
    assert shown[at].startswith("This version of smtp-tui finds another cause: The server rejects")


def test_a_file_without_the_table_leaves_no_recording(tmp_path: Path) -> None:
    record = tmp_path / "failure.jsonl"
    assert main(["check", str(tmp_path / "none.toml"), "--record", str(record)]) != 0
    assert not record.exists()
