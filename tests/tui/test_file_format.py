"""What the file was read as, why, what is unknown in it, and reading it as something else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tui.driving import FakeCheck, form_on

PLAIN = '[smtp]\nhost = "mail.example.net"\nrelay = "x"\n'
VULS = """\
[email]
smtpAddr = "mail.example.net"
smtpPort = "587"
from = "vuls@example.org"
to = ["ops@example.org"]
"""
DATABASES = """\
[database]
host = "db.example"
port = 5432
username = "app"
[imap]
host = "imap.example"
port = 993
username = "app"
[smtp]
host = "mail.example"
port = 587
[backup.smtp]
host = "mail2.example"
port = 587
"""
CHOICE = "Which program does the settings file belong to?"


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_unknown_keys_show_before_the_first_test_and_later(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with form_on(PLAIN, tmp_path, size=size) as hand:
        assert "· smtp · plain keys" in hand.lines[0]
        columns = zip(*(line.partition("│ ")[::2] for line in hand.lines[1:-1]), strict=True)
        shown = [" ".join(" ".join(column).split()) for column in columns]
        assert any("Unknown keys in [smtp]: relay." in column for column in shown)
        assert re.search(r"F5 +(\^T +)?(test the|run a test)", hand.screen)
        await hand.press("f1")
        await hand.until(lambda: "Read as plain TOML keys" in hand.screen)
        assert "Unknown keys in [smtp]: relay." in hand.screen
        await hand.press("escape", "f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("alt+a")
        await hand.until(lambda: CHOICE in hand.screen)
        assert "Unknown keys in [smtp]: relay." in hand.screen


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_a_key_that_is_nearly_known_is_marked_at_its_row(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    text = PLAIN.replace("relay", "pasword")
    async with form_on(text, tmp_path, size=size) as hand:
        assert hand.row("SMTP Password").endswith("none  ? pasword?")
        await hand.go_to("SMTP Password")
        await hand.until(lambda: "pasword in [smtp] is" in hand.screen)
        await hand.type("typed")
        await hand.press("down")
        assert "pasword" not in hand.row("SMTP Password")


async def test_the_application_is_named_with_the_reason(tmp_path: Path) -> None:
    check = FakeCheck()
    async with form_on(VULS, tmp_path, table="email", check=check) as hand:
        assert "· email · Vuls" in hand.lines[0]
        await hand.press("alt+a")
        await hand.until(lambda: CHOICE in hand.screen)
        assert "Read as Vuls: [email] holds smtpAddr." in hand.screen
        assert "> detect from the file" in hand.screen
        await hand.press("escape")
        await hand.until(lambda: CHOICE not in hand.screen)
        assert "· Vuls" in hand.lines[0]
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
    assert str(check.requests[0].recognition) == "Read as Vuls: [email] holds smtpAddr"


async def test_another_format_is_chosen_and_taken_back(tmp_path: Path) -> None:
    async with form_on(VULS, tmp_path, table="email") as hand:
        assert "mail.example.net" in hand.row("SMTP Host")
        await hand.press("alt+a")
        await hand.until(lambda: CHOICE in hand.screen)
        await hand.press("down", "enter")
        await hand.until(lambda: "· plain keys" in hand.lines[0])
        assert "--dialect plain does the same" in " ".join(hand.screen.split())
        assert "mail.example.net" not in hand.row("SMTP Host")
        await hand.press("alt+a")
        await hand.until(lambda: CHOICE in hand.screen)
        assert "> plain" in hand.screen
        await hand.press("home", "enter")
        await hand.until(lambda: "· email · Vuls" in hand.lines[0])
        assert "mail.example.net" in hand.row("SMTP Host")
    assert hand.file.read_text("utf-8") == VULS


async def test_unsaved_changes_are_asked_about_and_can_be_saved_first(tmp_path: Path) -> None:
    async with form_on(VULS, tmp_path, table="email") as hand:
        await hand.type("x")
        for key in ("escape", "s"):
            await hand.press("alt+a")
            await hand.until(lambda: CHOICE in hand.screen)
            await hand.press("down", "enter")
            await hand.until(lambda: "does not contain your changes yet: SMTP Host" in hand.screen)
            await hand.press(key)
            await hand.until(lambda: "your changes yet" not in hand.screen)
            assert ("Vuls" in hand.lines[0]) == (key == "escape")
    assert 'smtpAddr = "mail.example.netx"' in hand.file.read_text("utf-8")


async def test_the_picker_lists_smtp_tables_only(tmp_path: Path) -> None:
    async with form_on(DATABASES, tmp_path, table=None, check=FakeCheck()) as hand:
        assert "The file has 2 SMTP tables." in hand.screen
        assert "backup.smtp" in hand.screen
        assert "database" not in hand.screen
        assert "imap" not in hand.screen


async def test_remarks_on_another_programs_file_name_the_fields(tmp_path: Path) -> None:
    text = "<?php $CONFIG = ['mail_smtphost' => 'mail.example.net', 'mail_smtpname' => 'a'];\n"
    async with form_on(text, tmp_path, name="config.php") as hand:
        assert "Encryption Type: Nextcloud uses STARTTLS" in hand.screen
