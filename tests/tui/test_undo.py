"""Undo and redo: of values, choices, the password and its place, and fixes; told in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.tui.commands import FormCommand, configurable
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.undo import UndoStack
from tests.tui.driving import SAMPLE, form_on

FILE = {"host": "mail.example.net", "encryption": "TLS", "password": "hunter2hunter2"}


def command(action: str) -> FormCommand:
    return next(one for one in configurable() if one.action == action)


class TestHistory:
    def test_what_is_typed_in_a_field_is_one_step_until_it_is_left(self) -> None:
        draft, history = SettingsDraft(FILE), UndoStack()
        for text in ("mail.example.ne", "mail.example.n", "mail.example.nx"):
            history.type(draft, "host", text)
        history.close()
        history.type(draft, "host", "other")
        history.undo(draft)
        assert draft.text("host") == "mail.example.nx"
        history.undo(draft)
        assert draft.text("host") == "mail.example.net"
        assert history.undo(draft) is None

    def test_what_was_typed_and_deleted_is_no_step(self) -> None:
        draft, history = SettingsDraft(FILE), UndoStack()
        history.type(draft, "host", "mail.example.netx")
        assert history
        history.type(draft, "host", "mail.example.net")
        assert not history

    def test_a_step_is_made_again_until_something_else_is_done(self) -> None:
        draft, history = SettingsDraft(FILE), UndoStack()
        history.apply(draft, {"encryption": "ssl"}, at="encryption")
        history.apply(draft, {"encryption": "none"}, at="encryption")
        history.undo(draft)
        history.undo(draft)
        report = history.redo(draft)
        assert report
        assert report[0] == "Redone: Encryption Type is ssl."
        history.type(draft, "host", "x")
        assert history.redo(draft) is None

    def test_the_password_goes_back_and_no_word_tells_it(self) -> None:
        draft, history = SettingsDraft(FILE), UndoStack()
        history.type(draft, "password", "s")
        history.type(draft, "password", "swordfish")
        history.apply(draft, {}, draft.password.reset, at="kept")
        report = history.undo(draft)
        assert report
        assert report[0] == "Undone: SMTP Password is kept in: this file again."
        assert draft.password.secret() == "swordfish"
        report = history.undo(draft)
        assert report
        assert report[0] == "Undone: SMTP Password is as it was before."
        assert draft.password.secret() == "hunter2hunter2"
        assert not draft.changed
        assert "swordfish" not in repr(history.__dict__)

    def test_a_password_that_was_saved_is_no_step_any_more(self) -> None:
        draft, history = SettingsDraft(FILE), UndoStack()
        history.apply(draft, {"encryption": "ssl"}, at="encryption")
        history.type(draft, "password", "swordfish")
        draft.rebase({**FILE, "encryption": "ssl", "password": "swordfish"})
        history.keep_to(draft.password)
        assert history.undo(draft) == ("Undone: Encryption Type is tls again.", "encryption")
        assert not history


@pytest.mark.parametrize("undo", command("undo").default_keys)
@pytest.mark.parametrize("redo", command("redo").default_keys)
async def test_all_kinds_of_changes_go_back_and_forth(tmp_path: Path, undo: str, redo: str) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.type("xy")
        await hand.press("down", "9", "down", "down", "right")
        await hand.go_to("Kept in")
        await hand.press("e")
        rows = ("SMTP Host", "SMTP Port", "Encryption Type", "Kept in")
        after = [hand.row(label)[1:] for label in rows]
        told = []
        for _ in rows:
            await hand.press(undo)
            told.append(next(line for line in hand.lines if "Undone: " in line).strip())
        assert "modified" not in hand.lines[0]
        assert "‹this file›" in hand.row("Kept in")
        assert told[1:] == [
            "Undone: Encryption Type is tls again.",
            "Undone: SMTP Port is 2587 again.",
            "Undone: SMTP Host is mail.example.net again.",
        ]
        assert hand.row("SMTP Host").startswith(">")
        await hand.press(undo)
        assert "There is nothing to undo." in hand.screen
        for _ in rows:
            await hand.press(redo)
        assert [hand.row(label)[1:] for label in rows] == after
        assert "Redone: SMTP Password is kept in: env" in hand.screen
        await hand.press(redo)
        assert "nothing to redo" in hand.screen


async def test_a_field_that_is_folded_away_unfolds(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("More")
        await hand.press("right", "down", "down")
        await hand.type("9")
        await hand.go_to("More")
        await hand.press("left")
        assert not hand.row("Timeout")
        await hand.press("f4")
        await hand.until(lambda: hand.row("Timeout").startswith(">"))


async def test_typing_goes_on_where_undo_left_off(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.type("x")
        await hand.press("f4")
        await hand.type("y")
        assert hand.row("SMTP Host").rstrip().endswith("mail.example.nety")
        assert "F4 Undo" in hand.hints
