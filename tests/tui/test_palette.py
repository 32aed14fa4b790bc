"""The menu of commands and fields, and the letters that lead to fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.providers import presets_with
from smtp_tui.settings.fields import FIELDS
from smtp_tui.tui.commands import COMMANDS, LOG_COMMANDS
from smtp_tui.tui.dialogs.help_and_palette import palette_entries, palette_list
from smtp_tui.tui.form.form import letters, letters_of
from tests.table import table
from tests.tui.driving import SAMPLE, FakeCheck, form_on

KEYS = next(one for one in COMMANDS if one.action == "commands").default_keys
JUMPS = next(one for one in COMMANDS if one.action == "jump").default_keys


def titles(text: str) -> list[str]:
    return [one.title for one in palette_list().found(text)]


class TestOffers:
    def test_every_command_and_every_field_is_offered(self) -> None:
        offered = {one.what for one in palette_entries()}
        assert {field.key for field in FIELDS} <= offered
        told = [one for one in (*COMMANDS, *LOG_COMMANDS) if one.help and one.action != "commands"]
        assert set(told) <= offered
        assert all(one.title and one.help and one.keys for one in palette_entries())

    @table(
        ("text", "first"),
        [
            ("te", "Test"),
            ("sav", "Save"),
            ("user", "Go to SMTP Username"),
            ("ca_f", "Go to CA File"),
            ("go por", "Go to SMTP Port"),
            ("qui", "Quit"),
            ("SHELL", "Suspend"),
        ],
    )
    def test_a_few_letters_find_it(self, text: str, first: str) -> None:
        assert titles(text)[0] == first

    @table(
        ("text", "first"),
        [
            *(("exit", "Quit"), ("close", "Quit"), ("gmail", "Presets"), ("outlook", "Presets")),
            *(("ses", "Presets"), ("backup", "Backup"), ("theme", "Theme"), ("dark", "Theme")),
            *(("light", "Theme"), ("clipboard", "Copy"), ("yank", "Copy"), ("dkim", "DNS")),
            *(("spf", "DNS"), ("dmarc", "DNS"), ("password", "Go to SMTP Password")),
            *(("keyring", "Go to Kept in"), ("ssl", "Go to Encryption Type")),
        ],
    )
    def test_words_of_other_programs_find_it(self, text: str, first: str) -> None:
        assert titles(text)[0] == first

    def test_the_providers_that_find_the_presets_are_those_of_the_data(self) -> None:
        words = next(one for one in COMMANDS if one.action == "presets").synonyms.split()
        known = presets_with(Path("/nowhere")).providers
        texts = {one.id: f"{one.id} {one.name} {' '.join(one.hosts)}".casefold() for one in known}
        assert not [word for word in words if not any(word in text for text in texts.values())]
        unfound = [key for key, text in texts.items() if not any(word in text for word in words)]
        assert not unfound

    def test_keys_and_what_it_does_are_found_too(self) -> None:
        assert "Test" in titles("f5")
        assert titles("mailbox of nobody") == []
        assert len(titles("")) == len(palette_entries())


class TestPalette:
    @pytest.mark.parametrize("key", KEYS)
    async def test_it_opens_by_each_key_and_does_a_command(self, tmp_path: Path, key: str) -> None:
        check = FakeCheck()
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            if len(key) == 1:
                await hand.go_to("Encryption Type")
            await hand.press(key)
            assert "> Test " in hand.screen
            assert " F5" in hand.screen
            await hand.type("tes")
            await hand.press("enter")
            await hand.until(lambda: "PASSED" in hand.screen)
        assert len(check.requests) == 1

    async def test_the_entry_shows_the_synonym_that_matched(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.press("ctrl+p")
            await hand.type("exi")
            (line,) = [line for line in hand.lines if line.startswith(" > Quit")]
            assert line.rstrip().endswith(" exit  F10")
            assert "1 of 1" in hand.screen
            assert "Esc Clear" in hand.hints
            await hand.press("backspace", "backspace", "backspace")
            await hand.type("quit")
            assert " exit " not in hand.screen

    async def test_backup_opens_the_difference_with_it(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.type("x")
            await hand.press("ctrl+p")
            await hand.type("backup")
            await hand.press("enter")
            await hand.until(lambda: "B Backup: yes" in hand.screen)
            await hand.press("f2")
            await hand.until(lambda: "Saved" in hand.screen)
            assert (tmp_path / "mail.toml~").read_text() == SAMPLE

    async def test_the_theme_changes_for_the_session(self, tmp_path: Path) -> None:
        def colours() -> set[str]:
            strips = hand.pilot.app.screen._compositor.render_strips()
            styles = [segment.style for strip in strips for segment in strip]
            return {style.color.name for style in styles if style and style.color}

        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.type("x")
            assert "cyan" in colours()
            await hand.press("alt+t")
            assert "cyan" not in colours()
            assert "blue" in colours()
            await hand.press("alt+t")
            assert "cyan" in colours()

    async def test_a_colon_in_a_text_is_a_colon(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.type(":?")
            assert hand.row("SMTP Host").endswith("mail.example.net:?")

    async def test_it_goes_to_a_folded_field(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.press("ctrl+p")
            await hand.type("go time")
            assert "Go to Timeout" in hand.screen
            await hand.press("enter")
            await hand.until(lambda: hand.row("Timeout").startswith(">"))

    async def test_arrows_choose_and_escape_steps_back(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.press("ctrl+p", "down", "down", "up")
            assert "> Fix " in hand.screen
            await hand.press("up", "up")
            assert "> Go to Protocol" in hand.screen
            await hand.type("zzz")
            assert "No command or field matches." in hand.screen
            await hand.press("enter", "escape")
            assert hand.row("SMTP Host").startswith(">SMTP Host            mail.example.net")

    @pytest.mark.parametrize("size", [(60, 20), (80, 24), (200, 60), (40, 10)])
    async def test_it_fits_any_size(self, tmp_path: Path, size: tuple[int, int]) -> None:
        async with form_on(SAMPLE, tmp_path, size=size) as hand:
            await hand.press("f12")
            assert all(len(line) == size[0] for line in hand.lines)
            assert "> Test" in hand.screen
            assert " F5" in hand.screen
            assert "Esc Back" in hand.screen
            await hand.resize(80, 24)
            assert "> Test" in hand.screen

    async def test_undo_by_name(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.type("x")
            await hand.press("ctrl+p")
            await hand.type("undo")
            await hand.press("enter")
            await hand.until(lambda: "Undone: SMTP Host" in hand.screen)

    async def test_a_command_of_the_log_goes_there(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.press("ctrl+p")
            await hand.type("report")
            await hand.press("enter")
            await hand.until(lambda: "No test has finished yet" in hand.screen)


class TestJump:
    def test_each_row_has_a_letter_of_its_own(self) -> None:
        by_topic = letters()
        assert {field.key for field in FIELDS} | {"kept", "more"} == set(by_topic)
        assert len(set(by_topic.values())) == len(by_topic)
        assert (by_topic["host"], by_topic["port"], by_topic["more"]) == ("h", "p", "m")

    def test_a_name_whose_letters_are_taken_gets_another(self) -> None:
        assert letters_of(["ab", "ba", "aab"]) == {"ab": "a", "ba": "b", "aab": "c"}

    @pytest.mark.parametrize("key", JUMPS)
    async def test_two_keys_lead_to_any_field(self, tmp_path: Path, key: str) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            for field in FIELDS:
                await hand.press(key, letters()[field.key])
                await hand.until(lambda: hand.row(field.label).startswith(">"))  # noqa: B023
            assert "modified" not in hand.lines[0]

    async def test_the_letters_stand_at_the_labels(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.go_to("More")
            await hand.press("left", "f11")
            assert "H SMTP Host" in hand.screen
            assert "P SMTP Port" in hand.screen
            assert "│ Which letter? Also:" in hand.screen
            for field in FIELDS:
                assert f"{letters()[field.key].upper()} {field.label}" in hand.screen
            await hand.press("escape")
            assert "Which letter" not in hand.screen
            assert hand.row("More").startswith(">More")

    async def test_they_stay_in_view_in_another_size(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.press("f11")
            for size in ((60, 20), (80, 20), (120, 36)):
                await hand.resize(*size)
                await hand.until(lambda: "Q Protocol" in " ".join(hand.screen.split()))

    async def test_where_there_is_no_sidebar_the_message_tells_them(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, size=(60, 20)) as hand:
            await hand.press("f11")
            assert "Which letter? F From, I Timeout" in hand.screen
            assert "Q\n Protocol" in hand.screen

    async def test_a_key_that_is_no_letter_of_theirs_goes_nowhere(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.press("f11", "1", "x")
            assert hand.row("SMTP Host").endswith("mail.example.netx")

    async def test_from_the_log_it_leads_to_the_form(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, size=(60, 20)) as hand:
            await hand.press("f6", "f11", "D")
            assert hand.row("Domain").startswith(">")
