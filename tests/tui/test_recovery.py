"""What was not saved when the form was ended is offered once, without its password."""

from __future__ import annotations

import os
import time
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from smtp_tui.config.document import Document
from smtp_tui.tui.controllers.recovery import CrashRecovery
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.recovery import (
    RecoveredChanges,
    load_recovery,
    recovery_question,
    restore_changes,
    save_recovery,
)
from smtp_tui.tui.model.undo import UndoStack
from tests.tui.driving import SAMPLE, form_on


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "XDG_STATE_HOME", str(tmp_path / "state"))


def files(folder: Path) -> list[Path]:
    return sorted((folder / "state").rglob("*.json"))


def kept(
    folder: Path, place: dict[str, object] | None = None, **values: object
) -> RecoveredChanges:
    return RecoveredChanges(
        file=os.path.realpath(folder / "mail.toml"),
        table="smtp",
        moment=time.time(),
        values=values,
        place=place,
        had_secret=place is not None,
    )


def test_a_typed_password_is_never_written(tmp_path: Path) -> None:
    file = tmp_path / "mail.toml"
    file.write_text(SAMPLE, encoding="utf-8")
    draft = SettingsDraft(Document.open(file).values("smtp"))
    form = MagicMock(draft=draft)
    recovery = CrashRecovery(MagicMock(form=form, document=Document.open(file), table="smtp"))
    assert not recovery.keep_changes()
    draft.password.type("swordfish")
    draft.edit("port", "465")
    assert recovery.keep_changes()
    (written,) = files(tmp_path)
    assert "swordfish" not in written.read_text()
    assert "hunter2" not in written.read_text()
    found = load_recovery(os.path.realpath(file), "smtp")
    assert found
    assert (found.values, found.place, found.had_secret) == ({"port": "465"}, None, True)


def test_the_offer_names_time_and_fields() -> None:
    noon = time.mktime((2026, 11, 24, 14, 2, 0, 0, 0, -1))
    unsaved = RecoveredChanges(
        file="f", table="smtp", moment=noon, values={"host": "a", "x": 1}, place={"env": "A"}
    )
    assert recovery_question(unsaved, noon + 60) == (
        "There are unsaved changes from 14:02: SMTP Host, SMTP Password."
    )
    assert recovery_question(unsaved, noon + 90_000).startswith(
        "There are unsaved changes from 2026-11-24 14:02"
    )


async def test_they_are_taken_back_with_the_place_of_the_password(tmp_path: Path) -> None:
    save_recovery(kept(tmp_path, {"env": "MAIL_PW"}, host="b.example", timeout="12"))
    async with form_on(SAMPLE, tmp_path, keeps_changes=True) as hand:
        await hand.until(lambda: "R Restore them" in hand.screen)
        await hand.press("R")
        await hand.until(lambda: "Restored" in hand.screen)
        assert "b.example" in hand.row("SMTP Host")
        assert "‹env›" in hand.row("Kept in")
        assert "MAIL_PW" in hand.row("SMTP Password")
        assert "1 set" in hand.row("More")
        assert "type it again" in hand.screen
        assert not files(tmp_path)
        await hand.press("f4", "f4")
        assert "modified" not in hand.lines[0]


def test_the_very_keyring_entry_is_taken_back(tmp_path: Path) -> None:
    draft = SettingsDraft({"host": "a.example", "username": "joe", "password": "hunter2hunter2"})
    restore_changes(kept(tmp_path, {"keyring": "corp-mail"}), draft, UndoStack())
    assert draft.password.raw() == {"keyring": "corp-mail"}


async def test_they_are_dropped(tmp_path: Path) -> None:
    save_recovery(kept(tmp_path, host="b.example"))
    async with form_on(SAMPLE, tmp_path, keeps_changes=True) as hand:
        await hand.until(lambda: "D Discard them" in hand.screen)
        await hand.press("d")
        await hand.until(lambda: "Discard the kept changes for good?" in hand.screen)
        await hand.press("enter")
        await hand.until(lambda: "D Discard them" in hand.screen)
        assert files(tmp_path)
        await hand.press("d", "y")
        await hand.until(lambda: not files(tmp_path))
        assert "modified" not in hand.lines[0]


async def test_later_is_later(tmp_path: Path) -> None:
    save_recovery(kept(tmp_path, host="b.example"))
    for _ in range(2):
        async with form_on(SAMPLE, tmp_path, keeps_changes=True) as hand:
            await hand.until(lambda: "Esc Later" in hand.screen)
            await hand.press("escape")
            await hand.until(lambda: "Later" not in hand.screen)
            assert "mail.example.net" in hand.row("SMTP Host")


async def test_what_the_file_says_by_now_is_not_offered(tmp_path: Path) -> None:
    save_recovery(kept(tmp_path, port="2587", starttls_auto=False, nonsense=1))
    async with form_on(SAMPLE + "starttls_auto = false\n", tmp_path, keeps_changes=True) as hand:
        await hand.until(lambda: not files(tmp_path))
        assert "unsaved changes from" not in hand.screen
