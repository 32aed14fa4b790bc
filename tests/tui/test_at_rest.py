"""Back from the log by Esc or q, letters are not typed into a field that nobody looked at."""

from pathlib import Path

import pytest
from textual.events import Paste

from tests.tui.driving import SAMPLE, Hand, form_on, settle


async def run_a_test(hand: Hand) -> None:
    """Have something in the log."""
    await hand.press("f5")
    await hand.until(lambda: "PASSED" in hand.screen)


async def back(hand: Hand, key: str = "escape") -> None:
    """Go from the port to the log, and back."""
    await run_a_test(hand)
    await hand.press("down", "f6", key)
    assert hand.row("SMTP Port").startswith(">")


@pytest.mark.parametrize("way", ["escape", "q", "f6"])
async def test_a_letter_is_not_typed_but_says_what_edits(tmp_path: Path, way: str) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await back(hand, way)
        for key in ("t", "T", "1", "space", "backspace", "delete", "ctrl+u"):
            assert "Enter edits" not in hand.screen
            await hand.press(key)
            assert hand.row("SMTP Port").endswith("2587"), key
            assert "Enter edits SMTP Port." in hand.screen, key
            assert "modified" not in hand.lines[0], key
            await hand.press("f6", way)


async def test_a_choice_rests_too(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await run_a_test(hand)
        await hand.go_to("Authentication Type")
        for key in ("l", "space", "delete", "left", "right", "ctrl+left", "home"):
            await hand.press("f6", "escape")
            assert "Enter edits" not in hand.screen
            await hand.press(key)
            assert "‹plain›" in hand.row("Authentication Type"), key
            assert "Enter edits Authentication Type." in hand.screen, key
        await hand.press("enter", "left")
        assert "‹plain›" not in hand.row("Authentication Type")


@pytest.mark.parametrize("key", ["right", "space"])
async def test_the_row_that_unfolds_rests_too(tmp_path: Path, key: str) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await run_a_test(hand)
        await hand.press("f11", "m", "f6", "escape", key)
        assert "Enter edits More." in hand.screen
        assert "shown below" not in hand.screen


async def test_a_key_that_the_log_refuses_does_not_leave_it(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await run_a_test(hand)
        await hand.press("f6", "alt+v")
        assert "Only a password" in hand.screen
        await hand.press("n")
        assert hand.form_screen.is_in_log
        assert "modified" not in hand.lines[0]


async def test_from_the_log_a_letter_of_no_field_leaves_the_form_at_rest(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await run_a_test(hand)
        await hand.press("f6", "f11", "escape", "n")
        assert "Enter edits SMTP Host." in hand.screen
        assert "modified" not in hand.lines[0]


async def test_enter_edits_and_stays(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await back(hand)
        await hand.press("1", "enter")
        assert "Enter edits" not in hand.screen
        await hand.press("1")
        assert "25871" in hand.row("SMTP Port")


@pytest.mark.parametrize(
    ("keys", "row", "text"),
    [
        (("left",), "SMTP Port", "25817"),
        (("end",), "SMTP Port", "25871"),
        (("ctrl+a",), "SMTP Port", "12587"),
        (("ctrl+left",), "SMTP Port", "12587"),
        (("shift+left",), "SMTP Port", "2581"),
        (("up",), "SMTP Host", "mail.example.net1"),
        (("tab",), "Domain", "tickets.example.org1"),
        (("f11", "p"), "SMTP Port", "25871"),
    ],
)
async def test_a_key_that_moves_ends_the_rest(
    tmp_path: Path, keys: tuple[str, ...], row: str, text: str
) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await back(hand)
        await hand.press(*keys, "1")
        assert text in hand.row(row)


async def test_a_paste_is_meant(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await back(hand)
        hand.pilot.app.post_message(Paste("1"))
        await settle(hand.pilot.app)
        await hand.press("2")
        assert "258712" in hand.row("SMTP Port")


@pytest.mark.parametrize("keys", [("f1", "escape"), ("ctrl+p", "escape"), ("escape",)])
async def test_nothing_else_rests(tmp_path: Path, keys: tuple[str, ...]) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await run_a_test(hand)
        await hand.press("down", *keys, "1")
        assert "25871" in hand.row("SMTP Port")


async def test_other_keys_work_and_leave_it_at_rest(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await back(hand)
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("escape", "1")
        assert "Enter edits SMTP Port." in hand.screen
