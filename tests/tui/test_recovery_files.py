"""Unsaved changes between two runs: private, for one file and table, and never damaged input."""

from __future__ import annotations

import dataclasses
import os
import stat
import time
from pathlib import Path

import pytest

from smtp_tui.tui.model.recovery import (
    RecoveredChanges,
    discard_recovery,
    load_recovery,
    save_recovery,
)


def of(
    file: str = "/etc/mail.toml", *, moment: float = 1e9, table: str = "smtp"
) -> RecoveredChanges:
    return RecoveredChanges(
        file=file,
        table=table,
        moment=moment,
        values={"host": "a.example", "port": 25, "domain": None},
        place={"env": "MAIL_PW"},
        had_secret=True,
    )


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    assert load_recovery("/etc/mail.toml", "smtp", environ) is None
    assert save_recovery(of(), environ)
    assert load_recovery("/etc/mail.toml", "smtp", environ) == of()
    assert load_recovery("/etc/mail.toml", "other", environ) is None
    assert load_recovery("/etc/other.toml", "smtp", environ) is None
    (file,) = (tmp_path / "smtp-tui" / "unsaved").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_password_within_another_value_is_not_kept(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    values = {"host": "smtps://me:wonderland@a.example", "username": "me", "port": 25}
    assert save_recovery(dataclasses.replace(of(), values=values), environ)
    (file,) = (tmp_path / "smtp-tui" / "unsaved").iterdir()
    assert "wonderland" not in file.read_text()
    kept = load_recovery("/etc/mail.toml", "smtp", environ)
    assert kept is not None
    assert kept.values == {"username": "me", "port": 25}


def test_the_last_one_counts_and_all_are_dropped(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    for moment in (1e9 + 5, 1e9, 1e9 + 9):
        save_recovery(of(moment=moment), environ)
    save_recovery(of(table="other"), environ)
    found = load_recovery("/etc/mail.toml", "smtp", environ)
    assert found
    assert found.moment == 1e9 + 9
    discard_recovery("/etc/mail.toml", "smtp", environ)
    assert load_recovery("/etc/mail.toml", "smtp", environ) is None


def test_what_is_old_and_of_a_file_that_is_gone_is_dropped(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    save_recovery(of(str(tmp_path / "gone.toml")), environ)
    save_recovery(of(str(tmp_path / "new.toml"), moment=time.time()), environ)
    save_recovery(of(str(tmp_path)), environ)
    discard_recovery("/etc/any.toml", "smtp", environ)
    left = [
        name
        for name in ("gone.toml", "new.toml")
        if load_recovery(str(tmp_path / name), "smtp", environ)
    ]
    assert left == ["new.toml"]
    assert load_recovery(str(tmp_path), "smtp", environ)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"values": 1}', "null", "\x00" * 200_000])
def test_damaged_ones_are_passed_over(tmp_path: Path, text: str) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    save_recovery(of(), environ)
    folder = tmp_path / "smtp-tui" / "unsaved"
    (folder / "0.json").write_text(text)
    os.mkfifo(folder / "1.json")
    (folder / "2.json").symlink_to("0.json")
    assert load_recovery("/etc/mail.toml", "smtp", environ) == of()


def test_where_nothing_can_be_written_nothing_is_claimed(tmp_path: Path) -> None:
    (tmp_path / "smtp-tui").write_text("a file where the folder should be")
    assert not save_recovery(of(), {"XDG_STATE_HOME": str(tmp_path)})
