"""Keys that come faster than what they do: none goes to the wrong place, none is lost."""

import asyncio
from pathlib import Path

import pytest
from textual.events import Key, Paste

from smtp_tui.tui import typeahead
from smtp_tui.tui.controllers.tools import ToolController
from tests.tui.driving import SAMPLE, FakeCheck, form_on, settle

PASTED = "535 5.7.8 Error: authentication failed"


@pytest.fixture(params=["in time", "overdue"])
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that opens a dialog takes longer than a key may, or does not."""
    if request.param == "overdue":
        monkeypatch.setattr(typeahead, "KEY_TIMEOUT", 0)


@pytest.mark.usefixtures("patience")
async def test_what_is_typed_behind_a_key_that_opens_a_dialog_goes_there(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press_at_once("ctrl+p", "t", "e", "s")
        await hand.until(lambda: "Menu  tes" in hand.screen)
        await hand.press_at_once("escape", "escape", "x", "down", "9")
        await hand.until(lambda: "25879" in hand.row("SMTP Port"))
        assert "mail.example.netx" in hand.row("SMTP Host")


@pytest.mark.usefixtures("patience")
async def test_what_is_pasted_behind_such_a_key_goes_there_too(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        for event in (Key("alt+w", None), Paste(PASTED)):
            hand.pilot.app.post_message(event)
        await hand.until(lambda: PASTED in hand.screen)
        await hand.press_at_once("escape")
        await hand.until(lambda: hand.row("SMTP Host").startswith(">"))
        assert hand.row("SMTP Host").endswith("mail.example.net")


async def test_what_is_typed_while_a_dialog_is_long_in_coming_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typeahead, "KEY_TIMEOUT", 0)
    explain = ToolController.explain

    async def late(self: ToolController) -> None:
        comes = asyncio.Event()
        asyncio.get_running_loop().call_later(2 * typeahead.GRACE_PERIOD, comes.set)
        await comes.wait()
        await explain(self)

    monkeypatch.setattr(ToolController, "explain", late)
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press_at_once("alt+w", "x", "y")
        await hand.until(lambda: "xy" in hand.screen and "What does this error" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: hand.row("SMTP Host").endswith("mail.example.net"))


async def test_a_key_that_never_ends_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typeahead, "KEY_TIMEOUT", 0)
    monkeypatch.setattr(typeahead, "DIALOG_TIMEOUT", 0)
    monkeypatch.setattr(typeahead, "KeyHandledMessage", lambda _screen, _started: Paste(""))
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press_at_once("a", "b")
        await hand.until(lambda: "mail.example.netab" in hand.row("SMTP Host"))


async def test_a_password_typed_ahead_goes_to_who_asks_for_it(tmp_path: Path) -> None:
    check = FakeCheck()
    text = SAMPLE.replace('"hunter2hunter2"', "{ ask = true }")
    async with form_on(text, tmp_path, check=check) as hand:
        await hand.press_at_once("f5", *"swordfish", "enter", "down", "9")
        await hand.until(lambda: "PASSED" in hand.screen)
        assert hand.row("SMTP Host").endswith("mail.example.net")
        assert "25879" in hand.row("SMTP Port")
    assert check.requests[0].secret == "swordfish"


async def test_escape_behind_the_key_that_tests_stops_the_test(tmp_path: Path) -> None:
    check = FakeCheck(hangs=True)
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.press_at_once("f5", "escape")
        await hand.until(lambda: "Stopped" in hand.screen)
    assert check.closed == 1


@pytest.mark.usefixtures("patience")
async def test_letters_behind_space_on_a_choice_filter_its_list(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press_at_once(*["down"] * 8, "space", *"oauthb", "enter", "up", "right", "down")
        await hand.until(lambda: "‹oauthbearer›" in hand.row("Authentication Type"))
        assert "‹keyring›" in hand.row("Kept in")
        assert hand.row("Authentication Type").startswith(">")


@pytest.mark.usefixtures("patience")
async def test_keys_behind_tab_in_a_path_wait_for_its_completion(tmp_path: Path) -> None:
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs" / "ca.pem").touch()
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("Kept in")
        keys = ("f", "up", *"ce", "tab", "c", "tab", "tab", "tab", "p")
        await hand.press_at_once(*keys)
        await hand.until(lambda: "‹plain›" in hand.row("Authentication Type"))
        assert hand.row("SMTP Password").endswith("certs/ca.pem")
        assert hand.row("Authentication Type").startswith(">")


@pytest.mark.usefixtures("patience")
async def test_letters_behind_escape_from_the_log_are_typed_nowhere(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press_at_once("down", "f6", "escape", *"dttT", "enter", "1", "down", "x")
        await hand.until(lambda: "tickets.example.orgx" in hand.row("Domain"))
        assert "25871" in hand.row("SMTP Port")


async def test_a_paste_is_no_letter_to_go_to(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f11")
        hand.pilot.app.post_message(Paste("zz"))
        await settle(hand.pilot.app)
        assert "zz" not in hand.screen
        assert "Which letter?" not in hand.screen
