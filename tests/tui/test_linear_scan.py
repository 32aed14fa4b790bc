"""The settings on this machine, line by line: listed, opened, imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.survey.scan import scan_machine
from tests.interchange.compose.files import VAULTWARDEN
from tests.survey.box import write
from tests.tui.linear_console import answered
from tests.tui.test_scan import GITEA, MSMTP, OTHER


@pytest.fixture(autouse=True)
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that the search sees of the machine."""
    folder = tmp_path / "box"
    write(folder / "compose.yaml", VAULTWARDEN)
    write(folder / "app.ini", GITEA)
    write(folder / "msmtprc", MSMTP)
    write(folder / "other.toml", OTHER)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("smtp_tui.tui.linear.machine.scan_machine", lambda: scan_machine([folder]))
    return folder


def test_a_file_is_opened_and_saved(tmp_path: Path, box: Path) -> None:
    ended = answered(tmp_path, ":scan", "2", ":2", "25", ":save", ":quit")
    assert "1 Gitea: git.example.org 465 ssl" in ended.plain
    assert "2 Vaultwarden: smtp.example.org 587 tls" in ended.plain
    assert "3 msmtp: relay.example.org" in ended.plain
    assert "4 -: other.example.org 25 none" in ended.plain
    assert "Saved SMTP Port" in ended.plain
    assert "SMTP_PORT:   '25'" in (box / "compose.yaml").read_text()
    assert "q1w2" not in ended.text


def test_the_file_of_another_program_is_opened_and_saved(tmp_path: Path, box: Path) -> None:
    ended = answered(tmp_path, ":scan git", "1", ":2", "25", ":save", ":quit")
    assert "Saved SMTP Port" in ended.plain
    assert (box / "app.ini").read_text() == GITEA.replace("465", "25")
    assert "q1w2" not in ended.text


def test_words_list_some_and_settings_are_imported(tmp_path: Path) -> None:
    ended = answered(tmp_path, ":scan relay", "1", ":undo", ":quit")
    assert "Imported from" in ended.plain
    assert "msmtprc" in ended.plain
    assert "Vaultwarden" not in ended.text
    assert "q1w2" not in ended.text


def test_unsaved_changes_are_asked_about(tmp_path: Path) -> None:
    ended = answered(tmp_path, ":2", "26", ":scan other", "1", "", ":list", ":quit", "d")
    assert "unsaved" in ended.plain
    assert "SMTP Port: 26" in ended.plain


def test_a_file_that_has_changed_since_is_refused(tmp_path: Path, box: Path) -> None:
    def change() -> None:
        (box / "other.toml").write_text("[smtp\n")

    ended = answered(tmp_path, ":scan other", change, "1", ":quit")
    assert "line 1" in ended.plain


def test_nothing_found_is_said(tmp_path: Path) -> None:
    ended = answered(tmp_path, ":scan nobody", ":quit")
    assert "Nothing found." in ended.text


def test_the_demo_reads_no_other_file(tmp_path: Path) -> None:
    ended = answered(tmp_path, ":scan", ":quit", is_demo=True)
    assert "The demo reads no other files" in ended.plain
