"""Where this machine's mail server logs, and what is missing to read it."""

from __future__ import annotations

import grp
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smtp_tui.arrival import find_log
from smtp_tui.arrival.find_log import LogUnreadableError, open_logs

NOBODY = 65534


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without mail servers, logs and journal: its programs are stand-ins."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(find_log, "_SEARCH_PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(find_log, "_SYSLOG_FILES", (tmp_path / "mail.log",))
    monkeypatch.setattr(find_log, "_EXIM_FILES", (tmp_path / "exim" / "mainlog",))
    monkeypatch.setattr(find_log, "_JOURNALS", (tmp_path / "journal",))
    return tmp_path


def install(machine: Path, name: str, answer: str) -> None:
    """A stand-in of a mail server's command that prints an answer."""
    command = machine / "bin" / name
    command.write_text(f"#!/bin/sh\necho '{answer}'\n")
    command.chmod(0o755)


def keep_journal(machine: Path) -> Path:
    """A journal that is not empty, and its program."""
    journal = machine / "journal" / "id" / "system.journal"
    journal.parent.mkdir(parents=True)
    journal.touch()
    install(machine, "journalctl", "")
    return journal


def names(named: str | None = None) -> list[str]:
    """The logs that are opened."""
    logs = open_logs(named)
    for log in logs:
        log.close()
    return [log.name for log in logs]


def reason(named: str | None = None) -> tuple[str, str]:
    """Why none is opened, and what to do."""
    with pytest.raises(LogUnreadableError) as caught:
        open_logs(named)
    return str(caught.value), caught.value.cure


def test_no_log_at_all(machine: Path) -> None:
    assert reason()[0] == "this machine has no mail log in a usual place, and no journal"


def test_postfix_names_its_file(machine: Path) -> None:
    log = machine / "postfix.log"
    log.touch()
    install(machine, "postconf", str(log))
    assert names() == [str(log)]


def test_postfix_writes_to_syslog(machine: Path) -> None:
    (machine / "mail.log").touch()
    install(machine, "postconf", "")
    assert names() == [str(machine / "mail.log")]
    keep_journal(machine)
    assert names() == ["the journal"]


def test_exim_names_its_file(machine: Path) -> None:
    log = machine / "exim-mainlog"
    log.touch()
    install(machine, "exim4", f"log_file_path = syslog : {machine}/exim-%slog")
    assert names() == [str(log)]
    (machine / "mail.log").touch()
    assert names() == [str(log), str(machine / "mail.log")]


def test_exim_says_nothing(machine: Path) -> None:
    log = machine / "exim" / "mainlog"
    log.parent.mkdir()
    log.touch()
    install(machine, "exim", "log_file_path =")
    assert names() == [str(log)]


def test_a_command_that_fails_is_no_obstacle(machine: Path) -> None:
    (machine / "bin" / "postconf").write_text("#!/bin/sh\nexit 1\n")
    (machine / "bin" / "postconf").chmod(0o755)
    (machine / "mail.log").touch()
    assert names() == [str(machine / "mail.log")]


def test_postfix_in_a_container(machine: Path) -> None:
    install(machine, "postconf", "/dev/null")
    text, _ = reason()
    assert text == "the mail log /dev/null: it is not a regular file"


def test_a_named_log(machine: Path) -> None:
    log = machine / "named.log"
    log.touch()
    assert names(str(log)) == [str(log)]
    text, _ = reason(str(machine / "none\x1b[2J"))
    assert text.endswith("none\\x1b[2J: no such file or directory")


def test_a_named_journal(machine: Path) -> None:
    assert "journalctl" in reason("journal")[0]
    install(machine, "journalctl", "")
    text, cure = reason("journal")
    assert text == "this machine keeps no journal"
    assert "--log FILE" in cure
    assert "journal" not in cure
    keep_journal(machine)
    assert names("journal") == ["the journal"]


@contextmanager
def as_nobody() -> Iterator[None]:
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    ("mode", "group", "told"),
    [(0o640, "adm", True), (0o600, "adm", False), (0o640, "shadow", True)],
)
def test_who_may_read_it(machine: Path, mode: int, group: str, told: bool) -> None:
    log = machine / "mail.log"
    log.touch()
    log.chmod(mode)
    os.chown(log, 0, grp.getgrnam(group).gr_gid)
    for folder in (machine, *machine.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    with as_nobody():
        text, cure = reason()
    assert text.startswith(f"nobody may not read the mail log {log}")
    assert text.endswith(f"group {group} may") == told
    # Members of other groups may do more than read logs.
    assert ("sudo usermod -aG adm nobody" in cure) == (told and group == "adm")
    assert "shadow" not in cure
    assert cure.startswith("Run the same command with sudo.")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_who_may_read_the_journal(machine: Path) -> None:
    keep_journal(machine).chmod(0o640)
    for folder in (machine, *machine.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    with as_nobody():
        text, cure = reason()
    assert text == "nobody may not read the journal, and group systemd-journal may"
    assert cure.endswith("sudo usermod -aG systemd-journal nobody")
