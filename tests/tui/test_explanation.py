"""The explanation at full size, and the sidebar that follows the focus after a rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smtp_tui.tui import sidebar
from smtp_tui.tui.dialogs.explain_error import ExplainErrorScreen
from smtp_tui.tui.dialogs.explanation import ExplanationScreen
from tests.tui.driving import DIALOGUE, SAMPLE, FakeCheck, Hand, failed, form_on
from tests.tui.fixes import ENCRYPTION
from tests.tui.test_cures import once

WRONG = failed("bad-credentials")


def title(hand: Hand) -> str:
    """The reversed title of the page, with the sentence next to it."""
    return hand.lines[1].strip()


async def fail(hand: Hand) -> None:
    await hand.press("f5")
    await hand.until(lambda: "FAILED" in hand.screen)


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (60, 20)])
async def test_one_key_explains_the_field_at_full_size(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with form_on(SAMPLE, tmp_path, size=size) as hand:
        await hand.go_to("Authentication Type")
        await hand.press("f3")
        assert isinstance(hand.pilot.app.screen, ExplanationScreen)
        assert title(hand).startswith("Authentication Type   How to log in")
        assert "Leave it at auto" in hand.screen
        assert "mail.toml · smtp" in hand.lines[0]
        assert "Tab Next field" in hand.hints
        assert "F9" not in hand.hints
        await hand.press("f3")
        assert hand.row("Authentication Type").startswith(">")


async def test_choices_stand_in_a_column_where_there_is_room(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(100, 40)) as hand:
        await hand.go_to("Authentication Type")
        assert "- plain: sends username" in hand.screen
        await hand.press("f3")
        assert re.search(r"^ plain {5,}sends username", hand.screen, re.M)
        assert re.search(r"^ scram-sha-256, scram-sha-1  the password", hand.screen, re.M)


async def test_tab_turns_to_the_next_field_and_leads_there(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(80, 25)) as hand:
        await hand.press("f3", "tab", "pagedown")
        assert title(hand).startswith("SMTP Port")
        await hand.press("tab")
        assert title(hand).startswith("Domain")
        assert "EHLO" in hand.screen
        await hand.press("shift+tab", "shift+tab", "shift+tab")
        assert title(hand).startswith("Protocol")
        await hand.press("escape")
        assert hand.row("Protocol").startswith(">")


async def test_the_page_of_a_field_has_the_failed_test(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, check=FakeCheck((*DIALOGUE, WRONG))) as hand:
        await fail(hand)
        await hand.press("f3")
        assert "The last test" in hand.screen
        assert "FAILED at login: It failed with bad-credentials." in hand.screen


async def test_the_page_applies_the_fix(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, check=once(ENCRYPTION)) as hand:
        await fail(hand)
        await hand.press("f3", "f9")
        await hand.until(lambda: "PASSED" in hand.screen)
        assert "‹ssl›" in hand.row("Encryption Type")


async def test_in_the_log_it_is_the_last_test(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, check=FakeCheck((*DIALOGUE, WRONG))) as hand:
        await fail(hand)
        await hand.press("f6", "f3")
        assert title(hand) == "The last test"
        assert "FAILED at login: It failed with bad-credentials." in hand.screen
        assert "Tab Next field" not in hand.hints
        await hand.press("escape")
        assert hand.form_screen.focused is hand.form_screen.test_pane.log_view


async def test_a_letter_leads_on_to_errors_of_other_programs(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f3", "e")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, ExplainErrorScreen))


async def test_the_help_opens_at_the_keys_of_the_page(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f3", "f1")
        assert "In the explanation" in hand.screen


async def test_the_sidebar_follows_after_a_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidebar, "REST", 60)
    async with form_on(SAMPLE, tmp_path) as hand:
        with monkeypatch.context() as patch:
            patch.setattr("tests.tui.driving.MainScreen.follow_now", lambda _screen: None)
            await hand.press("down")
            assert hand.row("SMTP Port").startswith(">")
            assert "│ SMTP Host" in hand.screen
        await hand.press("pagedown", "pageup")
        assert "│ SMTP Port" in hand.screen


async def test_nothing_moves_on_tab_but_the_labels_and_the_sidebar(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(80, 25)) as hand:
        before = [line.partition("│") for line in hand.lines]
        await hand.press("tab", "tab", "tab")
        after = [line.partition("│") for line in hand.lines]
        assert [left[1:] for left, *_ in before] == [left[1:] for left, *_ in after]
        steps = next(at for at, row in enumerate(before) if row[2].startswith(" Next"))
        assert before[steps:] == after[steps:]


async def test_the_place_of_the_password_is_explained_as_it_is_chosen(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("Kept in")
        await hand.press("f")
        await hand.until(lambda: "│ file: another file. Its" in hand.screen)
        await hand.press("e")
        await hand.until(lambda: "│ env: an environment" in hand.screen)
