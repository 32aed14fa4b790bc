"""The help: it opens at the place one is at, is searched as one types, and runs what is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.config.preferences import Preferences
from smtp_tui.tui.dialog_commands import DIALOG_COMMANDS
from smtp_tui.tui.dialogs.help_and_palette import help_entries
from smtp_tui.tui.messages import texts_of
from tests.tui.driving import SAMPLE, FakeCheck, Hand, form_on


def test_every_dialog_with_commands_has_a_place_in_the_help() -> None:
    titles = texts_of("help-places")
    for place, own in DIALOG_COMMANDS.items():
        first = help_entries(place)[: len(own)]
        assert [entry.what for entry in first] == list(own)
        assert titles[place]


FIND = "Find  a few letters of a key"


def first_place(hand: Hand) -> str:
    """The heading above the first line of the help."""
    line = next(number for number, line in enumerate(hand.lines) if FIND in line)
    return hand.lines[line + 1].strip()


async def test_in_the_form_it_opens_at_the_form(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f1")
        assert first_place(hand) == "In the form"
        assert "In the form and the log" in hand.screen


async def test_in_the_log_it_opens_at_the_log(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("f6", "f1")
        assert first_place(hand) == "In the log"
        await hand.press("escape")
        assert "F6" in hand.hints


DIALOGS = [
    (("alt+i",), "Import the settings", "In the import"),
    (("alt+x", "enter"), "The settings for", "In the export"),
    (("alt+p",), "The settings of a mail provider", "In the list of providers"),
    (("alt+s",), "Find the settings", "In the search for settings"),
    (("f7",), "Send a test message", "In a test message"),
    (("alt+d",), "Saving changes nothing", "In the diff before saving"),
    (("alt+a",), "Which program does", "In every dialog"),
    (("ctrl+p",), "a few letters of a command", "In every dialog"),
    (("x", "f10"), "does not contain your changes", "In every dialog"),
]


async def appears(hand: Hand, text: str) -> None:
    """Wait for a text."""
    await hand.until(lambda: text in hand.screen)


async def disappears(hand: Hand, text: str) -> None:
    """Wait until a text is gone."""
    await hand.until(lambda: text not in hand.screen)


async def test_in_a_dialog_it_opens_at_the_dialog(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        for keys, shown, place in DIALOGS:
            await hand.press(*keys)
            await appears(hand, shown)
            assert "F1 Help" in hand.screen
            await hand.press("f1")
            assert first_place(hand) == place
            await hand.press("f1")
            assert shown in hand.screen
            await hand.press("escape")
            await disappears(hand, shown)


@pytest.mark.parametrize("leave", ["f10", "ctrl+x"])
async def test_f10_closes_every_dialog_and_changes_nothing(tmp_path: Path, leave: str) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        for keys, shown, _ in DIALOGS:
            await hand.press(*keys)
            await appears(hand, shown)
            await hand.press(leave)
            await disappears(hand, shown)
            assert hand.row("SMTP Host").startswith(">")
            assert ("modified" in hand.lines[0]) == ("x" in keys)


@pytest.mark.parametrize(("key", "shown"), [("alt+n", "What DNS says"), ("f1", "edit, explain")])
async def test_enter_closes_no_page(tmp_path: Path, key: str, shown: str) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press(key)
        await hand.until(lambda: shown in hand.screen)
        await hand.press_at_once("enter", "z")
        assert shown in hand.screen
        await hand.press("f10")
        await hand.until(lambda: shown not in hand.screen)
        assert "modified" not in hand.lines[0]


async def test_a_chosen_key_of_the_help_works_in_dialogs_too(tmp_path: Path) -> None:
    preferences = Preferences(keys={"help": ("alt+h",)})
    async with form_on(SAMPLE, tmp_path, preferences=preferences) as hand:
        await hand.press("f7")
        await hand.until(lambda: "Send a test message" in hand.screen)
        assert "Alt+H Help" in hand.screen
        await hand.press("alt+h")
        assert first_place(hand) == "In a test message"


async def test_letters_search_and_enter_runs(tmp_path: Path) -> None:
    check = FakeCheck()
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.press("f1")
        assert not hand.hints.strip().startswith("Enter Run")
        await hand.type("test the sett")
        assert "> F5 ^T" in hand.screen
        assert "F2 ^O" not in hand.screen
        assert hand.hints.strip().startswith("Enter Run")
        await hand.press("enter")
        await hand.until(lambda: "PASSED" in hand.screen)
    assert len(check.requests) == 1


async def test_a_dialog_runs_its_own_commands_only(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("alt+x", "enter")
        await hand.until(lambda: "The settings for" in hand.screen)
        await hand.press("f1")
        await hand.type("f5 ^t")
        assert "> F5 ^T" in hand.screen
        await hand.press("enter")
        assert "Find  f5 ^t" in hand.screen
        await hand.press("escape")
        await hand.type("choose the program from")
        await hand.press("enter")
        await hand.until(lambda: "Which program needs the settings?" in hand.screen)


async def test_what_was_typed_in_a_dialog_is_still_there(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f7")
        await hand.until(lambda: "Send a test message" in hand.screen)
        await hand.type("me@example.org")
        await hand.press("f1", "escape")
        assert "me@example.org" in hand.screen
        await hand.type("x")
        assert "me@example.orgx" in hand.screen
