"""Files of other applications in the form: their words, their defaults, what they cannot say."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.config.document import Document
from smtp_tui.config.errors import NotExpressibleError
from smtp_tui.tui.model.file_context import OpenFileContext
from smtp_tui.tui.model.password import EXAMPLES
from tests.config import dialect_samples
from tests.config.dialect_samples import HIMALAYA, KAPACITOR, LLDAP, Sample
from tests.tui.driving import FakeCheck, form_on

SAMPLES = [one for one in vars(dialect_samples).values() if isinstance(one, Sample)]
WIDE = (200, 60)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.dialect)
async def test_each_opens_and_saves_one_change(tmp_path: Path, sample: Sample) -> None:
    async with form_on(sample.text, tmp_path, size=WIDE, table=sample.table) as hand:
        assert "modified" not in hand.lines[0]
        assert len(hand.lines[0].split(" · ")) >= 3
        draft = hand.form_screen.form.draft
        for key, value in sample.values.items():
            assert str(draft.raw(key)) == str(value), key
        for key, value in sample.defaults.items():
            assert draft.raw(key) is None
            assert str(draft.values()[key]) == str(value), key
        await hand.go_to("SMTP Host")
        await hand.press("ctrl+u")
        await hand.type("new.example.org")
        await hand.press("f2")
        await hand.until(lambda: "Saved SMTP Host" in hand.screen)
        assert "new.example.org" in hand.file.read_text("utf-8")
        assert "new.example.org" in hand.row("SMTP Host")


async def test_what_cannot_be_said_is_grey_and_cannot_be_edited(tmp_path: Path) -> None:
    async with form_on(LLDAP.text, tmp_path, size=WIDE, table=LLDAP.table) as hand:
        assert "lldap always checks the certificate." in hand.row("OpenSSL Verify Mode")
        await hand.go_to("OpenSSL Verify Mode")
        assert "Cannot be set here: lldap always checks" in hand.screen
        await hand.press("left", "right", "space", "n", "delete")
        await hand.go_to("Domain")
        await hand.type("x")
        await hand.press("backspace", "delete")
        assert "modified" not in hand.lines[0]
        assert "lldap has no setting for it" in hand.row("Domain")


async def test_a_default_of_the_application_is_no_value_of_the_file(tmp_path: Path) -> None:
    check = FakeCheck()
    async with form_on(LLDAP.text, tmp_path, size=WIDE, table=LLDAP.table, check=check) as hand:
        assert "587  (app's default)" in hand.row("SMTP Port")
        await hand.go_to("SMTP Port")
        beside = [line.split("│")[-1].strip() for line in hand.lines if "│" in line]
        assert "lldap uses 587" in " ".join(beside)
        await hand.type("587")
        assert "modified" not in hand.lines[0]
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
    assert check.requests[0].values["port"] in (587, "587")


async def test_defaults_follow_what_is_edited_before_it_is_saved(tmp_path: Path) -> None:
    async with form_on(KAPACITOR.text, tmp_path, table=KAPACITOR.table) as hand:
        assert "(none)" in hand.row("Encryption Type")
        await hand.go_to("SMTP Port")
        await hand.press("ctrl+u")
        await hand.type("465")
        await hand.press("down")
        await hand.until(lambda: "(ssl)" in hand.row("Encryption Type"))
        await hand.press("f2")
        await hand.until(lambda: "Saved SMTP Port" in hand.screen)
        assert "  port = 465\n" in hand.file.read_text("utf-8")


async def test_a_value_that_it_cannot_say_is_told_when_the_hand_rests(tmp_path: Path) -> None:
    async with form_on(KAPACITOR.text, tmp_path, table=KAPACITOR.table) as hand:
        await hand.go_to("Encryption Type")
        await hand.press("t", "down")
        await hand.until(lambda: hand.row("Encryption Type").startswith("!"))
        await hand.press("f2")
        await hand.until(lambda: "Not saved" in hand.screen)
        assert hand.row("Encryption Type").startswith(">")
        assert hand.file.read_text("utf-8") == KAPACITOR.text


async def test_the_only_place_of_a_password_is_grey(tmp_path: Path) -> None:
    async with form_on(LLDAP.text, tmp_path, table=LLDAP.table) as hand:
        assert " ".join(hand.row("Kept in").split()) == "Kept in this file lldap has no other."
        await hand.go_to("Kept in")
        await hand.press("k", "right", "space", "delete")
        assert "modified" not in hand.lines[0]
        await hand.go_to("SMTP Password")
        await hand.type("another")
        await hand.until(lambda: "modified" in hand.lines[0])
        assert "lldap has no other." in hand.row("Kept in")


async def test_where_a_list_has_no_room_for_the_reason_the_form_tells_it(tmp_path: Path) -> None:
    async with form_on(HIMALAYA.text, tmp_path, size=(60, 14), table=HIMALAYA.table) as hand:
        await hand.go_to("Kept in")
        await hand.press("space", "tab", "enter")
        await hand.until(lambda: "keyring cannot be chosen here" in hand.screen)
        assert "modified" not in hand.lines[0]


async def test_places_that_it_cannot_say_are_passed_over_and_tell_why(tmp_path: Path) -> None:
    async with form_on(HIMALAYA.text, tmp_path, size=WIDE, table=HIMALAYA.table) as hand:
        await hand.go_to("Kept in")
        assert "Unavailable: keyring, env, file, oauth, ask" in hand.screen
        for letter, place in ("k", "keyring"), ("e", "env"), ("a", "ask"):
            await hand.press(letter)
            assert f"{place} cannot be chosen here: himalaya reads a" in hand.screen
        assert "modified" not in hand.lines[0]
        await hand.press("right")
        assert "‹command›" in hand.row("Kept in")
        await hand.press("right")
        await hand.until(lambda: "ask cannot be chosen here" in hand.screen)
        await hand.press("left")
        assert "‹this file›" in hand.row("Kept in")
        await hand.press("space", "down", "enter")
        assert "himalaya reads a password only from" in hand.screen
        await hand.press("escape")
        assert "‹this file›" in hand.row("Kept in")
        await hand.press("space", *"comm", "enter")
        assert "‹command›" in hand.row("Kept in")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.dialect)
def test_what_is_grey_is_what_saving_would_refuse(tmp_path: Path, sample: Sample) -> None:
    file = tmp_path / "app.toml"
    file.write_text(sample.text, "utf-8")
    document = Document.open(file)

    def is_refused(raw: object) -> bool:
        try:
            document.changed(sample.table, {"password": raw})
        except NotExpressibleError:
            return True
        return False

    free = tuple(kind for kind, raw in EXAMPLES.items() if not is_refused(raw))
    assert OpenFileContext(document, sample.table).draft().places == free


async def test_the_limit_is_told_where_there_is_no_sidebar(tmp_path: Path) -> None:
    async with form_on(LLDAP.text, tmp_path, size=(60, 20), table=LLDAP.table) as hand:
        await hand.go_to("OpenSSL Verify Mode")
        assert hand.lines[-2].strip() == "lldap always checks the certificate."


async def test_a_table_where_a_text_belongs_shows_no_secret(tmp_path: Path) -> None:
    text = (
        '[smtp]\nhost = { name = "a", password = "hunter2!" }\ndomain = ["hunter2!"]\nport = 25\n'
    )
    async with form_on(text, tmp_path, size=WIDE) as hand:
        assert "hunter2!" not in hand.screen
        assert "{ … }" in hand.row("SMTP Host")
        assert "modified" not in hand.lines[0]
        await hand.go_to("Domain")
        await hand.go_to("SMTP Host")
        assert "hunter2!" not in hand.screen
        await hand.press("ctrl+u")
        await hand.type("a.example")
        await hand.press("escape")
        assert "hunter2!" not in hand.screen
