"""Which keys commands have: the usual ones, and those that an admin chose."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from smtp_tui.config.preferences import Preferences
from smtp_tui.tui.commands import COMMANDS, LOG_COMMANDS, FormCommand, key_name, key_names
from smtp_tui.tui.custom_keys import CustomKeyBindings, configured_keymap, key_from
from smtp_tui.tui.dialog_commands import ERROR_COMMANDS, FIX_COMMANDS, MAIL_COMMANDS
from smtp_tui.tui.dialogs.explanation import ExplanationScreen
from smtp_tui.tui.test_pane.pane import DnsOptions
from tests.table import table
from tests.tui.driving import SAMPLE, FakeCheck, failed, form_on
from tests.tui.fixes import ENCRYPTION

EVERY = (*COMMANDS, *LOG_COMMANDS, *MAIL_COMMANDS, *FIX_COMMANDS, *ERROR_COMMANDS)
# What multiplexers, flow control and interrupts take before a program sees it.
SWALLOWED = {f"ctrl+{letter}" for letter in "abcqs"}
# What a serial line in a multiplexer passes on: control characters, Escape and what follows it.
SURVIVES = re.compile(r"ctrl\+([d-pr-rt-z]|underscore|backslash)|alt\+[a-z]|escape|enter|.")


def choice(**wanted: list[str]) -> CustomKeyBindings:
    return configured_keymap(wanted)


@table("command", EVERY, ids=lambda one: f"{one.action}-{one.default_keys[0]}")
def test_each_command_has_a_key_that_survives(command: FormCommand) -> None:
    if command.action != "how_to_quit":
        # Flow control may swallow Ctrl+S, so it is never shown and never the only key.
        assert not SWALLOWED & {*command.default_keys} - {"ctrl+s"}
        assert "ctrl+s" not in command.default_keys[:2]
        assert any(SURVIVES.fullmatch(key) for key in command.default_keys)


def test_no_key_has_two_commands() -> None:
    keys = [key for one in COMMANDS for key in one.default_keys]
    assert len(set(keys)) == len(keys)
    keys = [key for one in LOG_COMMANDS for key in one.default_keys]
    assert len(set(keys)) == len(keys)


@table(
    ("text", "key", "name"),
    [
        ("F5", "f5", "F5"),
        ("Ctrl+T", "ctrl+t", "^T"),
        ("^t", "ctrl+t", "^T"),
        ("C-t", "ctrl+t", "^T"),
        ("ctrl+_", "ctrl+underscore", "^_"),
        ("^\\", "ctrl+backslash", "^\\"),
        ("Ctrl+Space", "ctrl+@", "^Spc"),
        ("M-e", "alt+e", "Alt+E"),
        ("Alt+E", "alt+e", "Alt+E"),
        ("Ins", "insert", "Ins"),
        ("r", "r", "R"),
        ("R", "R", "Shift+R"),
        ("Shift+R", "R", "Shift+R"),
        ("s-r", "R", "Shift+R"),
        ("?", "?", "?"),
    ],
)
def test_keys_are_read_as_people_write_them(text: str, key: str, name: str) -> None:
    assert key_from(text) == key
    assert key_name(key) == name


def test_in_a_sentence_control_is_spelled() -> None:
    assert key_names("leave") == "F10 or Ctrl+X"


class TestChosen:
    def test_keys_are_taken(self) -> None:
        made = choice(test=["f12", "ctrl+]"], report=["x"])
        assert made.keys["test"] == ("f12", "ctrl+right_square_bracket")
        assert made.keys["report"] == ("x",)
        assert made.keys["commands"] == ("ctrl+p", ":")
        assert not made.problems

    @table(
        ("wanted", "problem"),
        [
            ({"tset": ["f5"]}, "there is no command tset"),
            ({"\x1b[31m": ["f5"]}, "there is no command \\x1b[31m"),
            ({"test": ["f55"]}, "test: f55 cannot be the key of a command"),
            ({"test": ["ctrl+shift+t"]}, "test: ctrl+shift+t cannot be the key"),
            ({"test": ["t"]}, "test: t is typed into fields"),
            ({"test": ["alt+f"]}, "test: alt+f moves by a word"),
            ({"test": ["alt+1"]}, "test: alt+1 cannot be"),
            ({"test": ["ctrl+i"]}, "test: ctrl+i is Backspace, Tab or Enter"),
            ({"test": ["ctrl+u"]}, "test: ctrl+u edits text"),
            ({"test": ["ctrl+c"]}, "test: ctrl+c shows how to quit"),
            ({"test": ["f5"], "save": ["F5"]}, "save: F5 already belongs to test"),
            ({"report": [","]}, "report: , cannot be"),
            ({"test": ["escape"]}, "test: escape cannot be"),
        ],
    )
    def test_what_cannot_be_is_told_and_the_rest_works(
        self, wanted: dict[str, list[str]], problem: str
    ) -> None:
        made = choice(**wanted, undo=["ctrl+^"])
        (told,) = made.problems
        assert told.startswith(problem)
        assert made.keys["undo"] == ("ctrl+circumflex_accent",)

    def test_no_command_loses_its_last_key(self) -> None:
        made = choice(test=["f2", "ctrl+o"])
        assert made.problems
        assert "save" not in made.keys
        assert not {"f2", "ctrl+o"} & set(made.keys["test"])


class TestInTheForm:
    async def test_chosen_keys_work_and_show(self, tmp_path: Path) -> None:
        keys = {"test": ("f2", "ctrl+space"), "report": ("x",), "help": ("f9",)}
        check = FakeCheck()
        form = form_on(SAMPLE, tmp_path, size=(80, 25), check=check, preferences=prefer(keys))
        async with form as hand:
            assert "F2 Test" in hand.hints
            assert "^O Save" in hand.hints
            assert re.search("F2 +run a test", hand.screen)
            await hand.press("f5")
            await hand.press("f2")
            await hand.until(lambda: "PASSED" in hand.screen)
            await hand.press("ctrl+@")
            await hand.until(lambda: len(check.requests) == 2)
            await hand.press("f6", "x")
            await hand.until(lambda: "Save a report" in hand.screen)
            await hand.press("escape", "escape", "f9")
            assert "  F2 ^Spc " in hand.screen
            await hand.press("pagedown")
            assert "  F9 " in hand.screen
            await hand.press("f9")
            assert hand.row("SMTP Host").startswith(">")
        assert len(check.requests) == 2

    async def test_problems_are_told_in_one_line_at_the_start(self, tmp_path: Path) -> None:
        preferences = Preferences(
            keys={"tset": ("f5",), "undo": ("f12",)}, problems=("the form has no colour",)
        )
        async with form_on(SAMPLE, tmp_path, preferences=preferences) as hand:
            told = "smtp-tui.toml: the form has no colour; there is no command tset"
            assert told in hand.screen
            await hand.type("x")
            await hand.press("f12")
            assert "Undone" in hand.screen

    async def test_the_next_form_has_the_usual_keys_again(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, preferences=prefer({"test": ("f12",)})) as hand:
            assert "F12 Test" in hand.hints
        async with form_on(SAMPLE, tmp_path, size=(100, 24)) as hand:
            assert "F5 ^T Test" in hand.hints


def prefer(keys: dict[str, tuple[str, ...]]) -> Preferences:
    return Preferences(keys=keys)


@pytest.mark.parametrize("key", ["f1", "ctrl+g", "?"])
async def test_help_is_complete_and_scrolls_at_80_by_24(tmp_path: Path, key: str) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("Encryption Type")
        await hand.press(key)
        seen = hand.screen
        for _ in range(12):
            assert all(len(line) == 80 for line in hand.lines)
            assert "Esc Back" in hand.lines[-1]
            await hand.press("pagedown")
            seen += hand.screen
        flat = re.sub(r"\s+", " ", seen)
        for command in EVERY:
            assert command.help in flat or len(command.help) > 55
        await hand.press("f1")
        assert hand.row("Encryption Type").startswith(">")


@pytest.mark.parametrize("key", ["f6", "ctrl+l"])
async def test_the_log_and_back(tmp_path: Path, key: str) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press(key)
        assert not hand.row("SMTP Host").startswith(">")
        await hand.press(key)
        assert hand.row("SMTP Host").startswith(">")


DOES = {
    "place": "Where do tests run?",
    "test": "PASSED",
    "fix": "no test has failed",
    "fixes": "no test has failed",
    "undo": "nothing to undo",
    "redo": "nothing to redo",
    "save": "nothing to save",
    "diff": "Saving changes nothing",
    "private": "Only its owner can read the file",
    "dialect": "Which program does the settings file",
    "tables": "This file has one SMTP table",
    "discover": "Find the settings for",
    "presets": "The settings of a mail provider",
    "import": "Import the settings",
    "export": "Which program needs the settings?",
    "domain": "contacts no other machine",
    "switch": "The log is empty",
    "commands": "a few letters",
    "jump": "Which letter",
    "help": "edit, explain and test SMTP settings",
    "explain": "E Explain an error",
    "error": "What does this error mean?",
    "send": "Send a test message",
    "redraw": "SMTP Host",
    "back": "",
    "theme": "Colours for a light background",
    "sign_in": "contacts no other machine",
    "peek": "Only a password that you type here can be shown",
    "suspend": "There is no shell here",
    "how_to_quit": "F10 or Ctrl+X quits",
}
"""What the screen says after each command, and so that it did what it is for."""

DOES_IN_LOG = {
    "find": "\n/",
    "next_match": "There is no search",
    "previous_match": "There is no search",
    "filter": "dialogue only",
    "wrap": "wrapped",
    "fold": "nothing to unfold",
    "earlier_test": "> ── test 1",
    "later_test": "> ── test 1",
    "compare": "nothing to compare",
    "copy": "Sent the line to the terminal",
    "copy_test": "Sent 4 lines to the terminal",
    "mark": "1 marked",
    "report": "Save a report",
    "save_text": "Save the dialogue",
    "same": "The same test with other programs",
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.action)
async def test_every_command_by_its_first_key(
    tmp_path: Path, command: FormCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smtp_tui.tui.app.has_shell", lambda: False)
    async with form_on(SAMPLE, tmp_path, lookup=DnsOptions(is_alone=True)) as hand:
        await hand.go_to("Encryption Type")
        await hand.press(command.default_keys[0])
        if command.action == "leave":
            await hand.until(lambda: hand.pilot.app.return_code == 0)
        else:
            await hand.until(lambda: DOES[command.action] in hand.screen)


@pytest.mark.parametrize("command", LOG_COMMANDS, ids=lambda one: one.action)
async def test_every_command_of_the_log_by_its_first_key(
    tmp_path: Path, command: FormCommand
) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("f6")
        assert DOES_IN_LOG[command.action] not in hand.screen
        await hand.press(command.default_keys[0])
        await hand.until(lambda: DOES_IN_LOG[command.action] in hand.screen)


async def test_a_letter_of_the_hints_counts_as_a_capital_too(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("f6", "F")
        assert "dialogue only" in hand.screen
        await hand.press("R", "down")
        await hand.until(lambda: "Save a report" in hand.screen)


async def test_a_capital_with_a_command_of_its_own_is_that_one(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        for _ in range(2):
            await hand.press("f5")
            await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("f6", "t", "t")
        assert "> ── test 1" in hand.screen
        await hand.press("T")
        assert "> ── test 2" in hand.screen


async def test_a_capital_is_typed_where_one_types(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("X")
        assert "mail.example.netX" in hand.row("SMTP Host")
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("f6", "/", "F")
        assert "/F" in hand.screen
        assert "dialogue only" not in hand.screen


async def test_every_key_of_a_command_does_what_its_first_key_does(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        for commands, way in ((COMMANDS, "down"), (LOG_COMMANDS, "f6")):
            await hand.press(way)
            bound = hand.form_screen.active_bindings.values()
            actions = {one.binding.key: one.binding.action for one in bound}
            for command in commands:
                keys = [NAMES.get(key, key) for key in command.default_keys]
                assert {actions.get(key) for key in keys} == {actions[keys[0]]}, keys


NAMES = {"?": "question_mark", ":": "colon", "/": "slash", "N": "N"}


@pytest.mark.parametrize(
    ("keys", "opens"),
    [
        ({"explain": ("f4",), "undo": ("f3",)}, ("f4",)),
        ({"help": ("f4",), "undo": ("f1",)}, ("f4",)),
        ({"commands": ("f4",), "undo": ("f12",)}, ("f4",)),
        ({"fixes": ("f4",), "undo": ("f8",)}, ("f5", "f4")),
        ({"import": ("f4",), "undo": ("alt+i",)}, ("f4",)),
    ],
)
async def test_the_chosen_key_that_opened_a_dialog_closes_it(
    tmp_path: Path, keys: dict[str, tuple[str, ...]], opens: tuple[str, ...]
) -> None:
    check = FakeCheck(script=[replace(failed("auth-rejected"), fixes=(ENCRYPTION,))])
    async with form_on(SAMPLE, tmp_path, check=check, preferences=prefer(keys)) as hand:
        await hand.press(*opens[:-1])
        await hand.until(lambda: len(opens) == 1 or "FAILED" in hand.screen)
        await hand.press(opens[-1])
        await hand.until(lambda: hand.pilot.app.screen is not hand.form_screen)
        await hand.press(opens[-1])
        await hand.until(lambda: hand.pilot.app.screen is hand.form_screen)


async def test_a_list_of_choices_has_the_chosen_key_of_the_explanation(tmp_path: Path) -> None:
    chosen = prefer({"explain": ("f4",), "undo": ("f3",)})
    async with form_on(SAMPLE, tmp_path, preferences=chosen) as hand:
        await hand.go_to("Authentication Type")
        await hand.press("space")
        assert "F4 Explain" in hand.hints
        await hand.press("f4")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, ExplanationScreen))
