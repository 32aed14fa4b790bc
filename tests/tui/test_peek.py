"""Alt+V shows the password as it was typed, for a while, and no other password ever."""

from pathlib import Path

import pytest
from textual.events import Paste

from smtp_tui.config.preferences import Preferences
from smtp_tui.tui.dialogs.import_settings import ImportScreen
from smtp_tui.tui.widgets import secret_editor
from tests.tui.driving import SAMPLE, FakeCheck, Hand, form_on, settle

SECRET = "swordfish:1@2"
MASTODON = f"SMTP_SERVER=smtp.example.com\nSMTP_LOGIN=me\nSMTP_PASSWORD='{SECRET}'\n"
NOTE = "Alt+V hides"


async def typed(hand: Hand) -> None:
    """Type a password and have it shown."""
    await hand.go_to("SMTP Password")
    await hand.type(SECRET)
    await hand.press("alt+v")
    assert SECRET in hand.row("SMTP Password")
    assert NOTE in hand.row("SMTP Password")


async def test_it_is_shown_and_hidden_by_the_same_key(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await typed(hand)
        await hand.press("x")
        assert f"{SECRET}x" in hand.row("SMTP Password")
        await hand.press("alt+v")
        assert "swordfish" not in hand.screen
        assert NOTE not in hand.screen


async def test_whatever_comes_next_hides_it(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, check=FakeCheck()) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        row = hand.form_screen.form.password_row
        # What saves or undoes the typed password comes last.
        for key in ("down", "up", "tab", "f5", "f6", "f10", "f8", "ctrl+p", "alt+d", "f2"):
            await typed(hand)
            await hand.press(key)
            assert "swordfish" not in hand.screen, key
            await hand.until(lambda: not row.is_shown)
            await hand.press("escape", "escape")
            await hand.go_to("SMTP Password")
            await hand.press("ctrl+u")


async def test_undo_hides_it(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await typed(hand)
        await hand.press("f4")
        assert "swordfish" not in hand.screen


async def test_it_hides_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_editor, "SHOWN", 0.01)
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("SMTP Password")
        await hand.type(SECRET)
        await hand.press("alt+v")
        await hand.until(lambda: "swordfish" not in hand.screen)


async def test_it_hides_before_a_shell_takes_the_screen(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await typed(hand)
        hand.pilot.app.app_suspend_signal.publish(hand.pilot.app)
        await settle(hand.pilot.app)
        assert "swordfish" not in hand.screen


async def test_a_stored_password_is_never_shown(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("SMTP Password")
        await hand.press("alt+v")
        assert "hunter2" not in hand.screen
        assert "Only a password that you type here can be shown." in hand.screen


async def test_an_imported_password_is_never_shown(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("alt+i")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, ImportScreen))
        hand.pilot.app.post_message(Paste(MASTODON))
        await hand.until(lambda: "Read as" in hand.screen)
        await hand.press("f2")
        await hand.until(lambda: hand.pilot.app.screen is hand.form_screen)
        await hand.go_to("SMTP Password")
        assert "••••" in hand.row("SMTP Password")
        await hand.press("x", "alt+v")
        assert "swordfish" not in hand.screen
        assert "Only a password that you type here can be shown." in hand.screen
        await hand.press("ctrl+u")
        await hand.type("fresh")
        await hand.press("alt+v")
        assert "fresh" in hand.row("SMTP Password")


async def test_a_dialog_names_the_key_only_if_the_terminal_sends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SAMPLE.replace('"hunter2hunter2"', "{ ask = true }")
    monkeypatch.setenv("TERM", "linux")
    async with form_on(text, tmp_path, check=FakeCheck()) as hand:
        await hand.press("f5")
        assert "Enter Test" in hand.hints
        assert "Alt+V" not in hand.screen


async def test_a_dialog_has_the_key_that_the_admin_chose(tmp_path: Path) -> None:
    text = SAMPLE.replace('"hunter2hunter2"', "{ ask = true }")
    chosen = Preferences(keys={"peek": ("f12",)})
    async with form_on(text, tmp_path, check=FakeCheck(), preferences=chosen) as hand:
        await hand.press("f5")
        assert "F12 Show it" in hand.hints
        await hand.type(SECRET)
        await hand.press("f12")
        assert f"{SECRET}" in hand.screen
        await hand.press("f12")
        assert SECRET not in hand.screen


async def test_from_elsewhere_the_key_goes_there(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("SMTP Password")
        await hand.type(SECRET)
        await hand.press("down", "down", "alt+v")
        assert hand.row("SMTP Password").startswith(">")
        assert SECRET in hand.row("SMTP Password")


async def test_a_password_asked_for_can_be_shown(tmp_path: Path) -> None:
    check = FakeCheck()
    text = SAMPLE.replace('"hunter2hunter2"', "{ ask = true }")
    async with form_on(text, tmp_path, check=check) as hand:
        await hand.press("f5")
        await hand.type(SECRET)
        assert SECRET not in hand.screen
        await hand.press("alt+v")
        assert SECRET in hand.screen
        assert NOTE in hand.screen
        await hand.press("alt+v")
        assert SECRET not in hand.screen
        await hand.press("alt+v", "f1", "escape")
        assert SECRET not in hand.screen
        await hand.press("enter")
        await hand.until(lambda: "PASSED" in hand.screen)
    assert check.requests[0].secret == SECRET
