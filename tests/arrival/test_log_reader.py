"""Logs that grow, rotate and end while they are read."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from smtp_tui.arrival.log_reader import LONGEST_LINE, Journal, LogFile


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "mail.log"
    path.write_text("before\n")
    return path


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_only_new_lines_are_read(log: Path) -> None:
    reader = LogFile(log)
    assert reader.new_lines() == []
    append(log, "one\ntw")
    assert reader.new_lines() == ["one"]
    append(log, "o\n")
    assert reader.new_lines() == ["two"]
    reader.close()


def test_a_rotated_file_is_read_to_its_end(log: Path) -> None:
    reader = LogFile(log)
    append(log, "one\n")
    old = log.rename(log.with_suffix(".1"))
    assert reader.new_lines() == ["one"]
    log.write_text("three\n")
    append(old, "two\n")  # the server has not been told yet
    assert reader.new_lines() == ["two", "three"]
    append(old, "late\n")
    append(log, "four\n")
    assert reader.new_lines() == ["late", "four"]
    reader.close()


def test_many_rotations_leave_few_files_open(log: Path) -> None:
    before = open_files()
    reader = LogFile(log)
    for number in range(20):
        log.rename(log.with_suffix(f".{number}"))
        log.write_text(f"{number}\n")
        assert reader.new_lines() == [str(number)]
    assert open_files() - before <= 4
    reader.close()
    assert open_files() == before


def test_a_file_that_is_copied_and_truncated(log: Path) -> None:
    reader = LogFile(log)
    append(log, "a line before\n")
    reader.new_lines()
    shutil.copy(log, log.with_suffix(".1"))
    os.truncate(log, 0)
    append(log, "one\n")
    assert reader.new_lines() == ["one"]
    reader.close()


def test_a_line_without_end_is_cut(log: Path) -> None:
    reader = LogFile(log)
    append(log, "x" * LONGEST_LINE * 3)
    assert reader.new_lines() == []
    append(log, "\nnext\n")
    first, second = reader.new_lines()
    assert (len(first), second) == (LONGEST_LINE, "next")
    reader.close()


def test_bytes_that_are_no_text(log: Path) -> None:
    reader = LogFile(log)
    with log.open("ab") as file:
        file.write(b"\xff\x1b[2J\n")
    assert reader.new_lines() == ["\\xff\x1b[2J"]
    reader.close()


@pytest.mark.parametrize("kind", ["folder", "pipe", "nothing"])
def test_what_is_no_log_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(OSError, match=r"regular|No such"):
        LogFile(path)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


STAND_IN = """#!/bin/sh
# A stand-in for journalctl, where no journal is kept: what it is asked, then what it was given.
echo "$@" >"$0.asked"
cat "$0.entries"
exec sleep 60
"""


@pytest.fixture
def journalctl(tmp_path: Path) -> Path:
    program = tmp_path / "journalctl"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    return program


def read_all(journal: Journal, count: int) -> list[str]:
    lines: list[str] = []
    while len(lines) < count:
        lines += journal.new_lines()
    return lines


def test_journal(journalctl: Path) -> None:
    entries = [
        {"SYSLOG_IDENTIFIER": "postfix/smtp", "SYSLOG_PID": "12", "MESSAGE": "A1B2C3: removed"},
        {"SYSLOG_IDENTIFIER": "exim", "_PID": "7", "MESSAGE": list(b"id \xff\n => x")},
        {"MESSAGE": "no name"},
        {"SYSLOG_IDENTIFIER": "x", "MESSAGE": None},
        {"SYSLOG_IDENTIFIER": "x", "MESSAGE": [1000]},
        ["no", "object"],
        {"SYSLOG_IDENTIFIER": "smtpd", "MESSAGE": "last"},
    ]
    text = "".join(json.dumps(entry) + "\n" for entry in entries)
    journalctl.with_name("journalctl.entries").write_text(f"not JSON\n{text}")
    journal = Journal(str(journalctl))
    first, second, third, last = read_all(journal, 4)
    assert first == "postfix/smtp[12]: A1B2C3: removed"
    assert second == "exim[7]: id \\xff\n => x"
    assert third == "x[0]: None"
    assert last == "smtpd[0]: last"
    asked = journalctl.with_name("journalctl.asked").read_text()
    assert "--follow --no-tail" in asked
    assert asked.endswith("SYSLOG_FACILITY=2\n")
    journal.close()


def test_a_journal_that_ends(tmp_path: Path) -> None:
    program = tmp_path / "journalctl"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    journal = Journal(str(program))
    with pytest.raises(OSError, match="journalctl ended"):
        read_all(journal, 1)
    journal.close()
