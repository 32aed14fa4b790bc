"""A password that somebody else may have chosen, or that is another server's, needs a yes."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from smtp_tui.tui.model.recovery import load_recovery
from smtp_tui.tui.widgets.line_editor import password_span
from tests.table import table
from tests.tui.driving import SAMPLE, FakeCheck, FakeKeyring, Hand, form_on

COMMAND = """\
[smtp]
host = "mail.example.net"
username = "me"
password = { command = ["touch", "ran"] }
"""
KEYRING = """\
[smtp]
host = "mail.example.net"
username = "me"
password = { keyring = "smtp-tui mail.example.net" }
"""
URL = "smtps://me:hunter2hunter2@mail.example.net"


def said(hand: Hand) -> str:
    """What the screen says, wherever its lines end."""
    return " ".join(hand.screen.split())


def let_others_write(folder: Path) -> None:
    (folder / "mail.toml").chmod(0o666)
    for part in (folder, *folder.parents):
        if part.stat().st_uid == os.geteuid() and part != Path("/"):
            part.chmod(part.stat().st_mode | 0o055)


async def test_a_command_of_a_file_that_others_write_needs_a_yes(tmp_path: Path) -> None:
    check = FakeCheck()
    (tmp_path / "mail.toml").write_text(COMMAND, encoding="utf-8")
    async with form_on(COMMAND, tmp_path, check=check) as hand:
        let_others_write(tmp_path)
        for key in ("n", "enter", "escape"):
            await hand.press("f5")
            await hand.until(lambda: "run the command touch" in hand.screen)
            assert "can write" in hand.screen
            await hand.press(key)
            await hand.until(lambda: "Not tested: " in hand.screen)
        assert check.requests == []
        await hand.press("f5")
        await hand.until(lambda: "run the command touch" in hand.screen)
        await hand.press("y")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("f5")
        await hand.until(lambda: len(check.requests) == 2)
    assert [request.origin for request in check.requests] == [None, None]


async def test_a_file_of_ones_own_asks_nothing(tmp_path: Path) -> None:
    check = FakeCheck()
    async with form_on(COMMAND, tmp_path, check=check) as hand:
        hand.file.chmod(0o600)
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
    assert len(check.requests) == 1


async def test_moving_the_password_asks_before_the_command_runs(tmp_path: Path) -> None:
    async with form_on(COMMAND, tmp_path) as hand:
        let_others_write(tmp_path)
        await hand.go_to("Kept in")
        await hand.press("t", "f2")
        await hand.until(lambda: "run the command touch" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "Nothing was saved" in hand.screen)
        assert not (tmp_path / "ran").exists()


async def test_test_all_runs_no_command_of_such_a_file(tmp_path: Path) -> None:
    check = FakeCheck()
    text = f'{COMMAND}[b.smtp]\nhost = "b.example"\nport = 25\nencryption = "none"\n'
    async with form_on(text, tmp_path, check=check, table="smtp") as hand:
        let_others_write(tmp_path)
        await hand.press("alt+o")
        await hand.until(lambda: "· 2 tables" in hand.screen)
        await hand.press("f5")
        await hand.until(lambda: "1 passed, 1 not tested" in hand.screen)
        assert "NOT TESTED: " in hand.screen
    assert [request.table for request in check.requests] == ["b.smtp"]


async def test_a_keyring_entry_of_another_host_is_not_sent_unasked(tmp_path: Path) -> None:
    check, keyring = FakeCheck(), FakeKeyring()
    async with form_on(KEYRING, tmp_path, check=check, keyring=keyring) as hand:
        hand.file.chmod(0o600)
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.type(".evil.example")
        await hand.press("f5")
        await hand.until(lambda: "named for mail.example.net. Send its" in said(hand))
        await hand.press("enter")
        await hand.until(lambda: "Not tested: the keyring entry is named for" in said(hand))
        assert len(check.requests) == 1
        await hand.press("f5")
        await hand.until(lambda: "password to mail.example.net.evil.example?" in said(hand))
        await hand.press("y")
        await hand.until(lambda: len(check.requests) == 2)


@table(
    ("text", "hidden"),
    [
        (URL, "hunter2hunter2"),
        ("smtps://me:a@b/c@mail.example.net", "a@b/c"),
        ("smtp://me:half", "half"),
        ("me:hunter2@mail.example.net", "hunter2"),
        ("smtp://mail.example.net:587", ""),
        ("smtp://mail.example.net:587/x", ""),
        ("mail.example.net:587", ""),
        ("::1", ""),
        ("Ops: alerts <a@b.example>", ""),
        ("a@b.example", ""),
    ],
)
def test_the_password_in_a_url_is_found(text: str, hidden: str) -> None:
    start, end = password_span(text)
    assert text[start:end] == hidden


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_a_url_as_host_never_shows_its_password(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    secret, seen = "hunter2hunter2", []
    text = f'[smtp]\nhost = "{URL}"\nport = 465\n[b.smtp]\nhost = "{URL}"\nport = 465\n'
    async with form_on(text, tmp_path, size=size) as hand:
        seen.append(hand.screen)
        assert "@mail.example.net" in hand.row("SMTP Host")
        await hand.press("down")
        seen.append(hand.screen)
        await hand.press("up", "f5")
        await hand.until(lambda: "Not tested. SMTP Host" in hand.screen)
        for keys in (["x"], ["alt+d"], ["escape", "f4"], ["alt+o"], ["escape", "alt+s"]):
            await hand.press(*keys)
            seen.append(hand.screen)
        await hand.press("escape", "alt+x", "enter")
        seen.append(hand.screen)
    assert not [screen for screen in seen if secret in screen or secret[:6] in screen]


async def test_a_url_typed_as_host_is_not_kept_for_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("ctrl+u")
        await hand.type(URL)
        assert "hunter2" not in hand.screen
        await hand.go_to("SMTP Port")
        await hand.press("ctrl+u")
        await hand.type("465")
        assert hand.form_screen.command_runner.recovery.keep_changes()
    kept = load_recovery(str(tmp_path / "mail.toml"), "smtp")
    assert kept is not None
    assert dict(kept.values) == {"port": "465"}
    assert kept.had_secret
    assert tomllib.loads(hand.file.read_text("utf-8"))["smtp"]["port"] == 2587
