"""A file without an SMTP table gets one; no folder is made without a yes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from smtp_tui.config.document import Document
from smtp_tui.tui.app import SmtpApp
from smtp_tui.tui.model.recovery import RecoveredChanges, save_recovery
from tests.tui.driving import FakeCheck, Hand, form_on, settle

TUWUNEL = """\
[global]
server_name = "example.org"
#[global.smtp]
#connection_uri = "smtp://"
#sender = ""
"""
NO_TABLE = "no SMTP table yet"


@pytest.mark.parametrize("text", ["", "# nothing here\n", '[database]\nurl = "x"\n'])
async def test_saving_shows_the_new_table_first_and_then_adds_it(tmp_path: Path, text: str) -> None:
    async with form_on(text, tmp_path) as hand:
        assert NO_TABLE in hand.lines[0]
        await hand.type("mail.example.net")
        await hand.press("f2")
        await hand.until(lambda: "saving adds [smtp]" in hand.screen)
        assert '+host = "mail.example.net"' in hand.screen
        assert hand.file.read_text("utf-8") == text
        await hand.press("f2")
        await hand.until(lambda: "Saved SMTP Host" in hand.screen)
        assert NO_TABLE not in hand.lines[0]
        saved = hand.file.read_text("utf-8")
        assert saved.startswith(text)
        assert tomllib.loads(saved)["smtp"] == {"host": "mail.example.net"}


async def test_stepping_back_from_the_difference_adds_nothing(tmp_path: Path) -> None:
    async with form_on("", tmp_path) as hand:
        await hand.type("mail.example.net")
        await hand.press("f2")
        await hand.until(lambda: "saving adds [smtp]" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "saving adds" not in hand.screen)
        assert hand.file.read_text("utf-8") == ""
        assert f"{NO_TABLE}, modified" in hand.lines[0]


async def test_leaving_can_save_a_new_table_too(tmp_path: Path) -> None:
    async with form_on("", tmp_path) as hand:
        await hand.type("mail.example.net")
        await hand.press("f10")
        await hand.until(lambda: "your changes yet" in hand.screen)
        await hand.press("s")
        await hand.until(lambda: "saving adds [smtp]" in hand.screen)
        await hand.press("f2")
        await hand.until(lambda: 'host = "mail' in hand.file.read_text("utf-8"))


async def test_a_section_commented_out_is_added_in_the_applications_words(tmp_path: Path) -> None:
    file = tmp_path / "tuwunel.toml"
    file.write_text(TUWUNEL, encoding="utf-8")
    document = Document.open(file)
    app = SmtpApp(
        document,
        document.new_table(),
        runner=FakeCheck(),
        keeps_changes=False,
    )
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot.app)
        hand = Hand(pilot, file)
        assert "tuwunel" in hand.lines[0]
        assert NO_TABLE in hand.lines[0]
        await hand.type("mail.example.net")
        await hand.press("f2")
        await hand.until(lambda: "saving adds [global.smtp]" in hand.screen)
        await hand.press("f2")
        await hand.until(lambda: "Saved SMTP Host" in hand.screen)
    saved = file.read_text("utf-8")
    assert tomllib.loads(saved)["global"]["smtp"].keys() == {"connection_uri"}
    assert all(line in saved.splitlines() for line in TUWUNEL.splitlines())


@pytest.mark.parametrize(("key", "is_made"), [("n", False), ("escape", False), ("y", True)])
async def test_a_folder_is_made_only_after_a_yes(
    tmp_path: Path, key: str, *, is_made: bool
) -> None:
    folder = tmp_path / "deep" / "nodir"
    async with form_on(None, folder) as hand:
        assert "new file" in hand.lines[0]
        await hand.type("mail.example.net")
        await hand.press("f2")
        await hand.until(
            lambda: "not exist. Create it (mode 0700)?" in " ".join(hand.screen.split())
        )
        assert not folder.parent.exists()
        await hand.press(key)
        done = "Saved SMTP Host" if is_made else "Not saved: the folder does not exist."
        await hand.until(lambda: done in hand.screen)
        assert folder.parent.exists() == is_made
        assert folder.is_dir() == is_made


async def test_the_export_asks_before_it_makes_a_folder(tmp_path: Path) -> None:
    async with form_on('[smtp]\nhost = "mail.example.net"\n', tmp_path) as hand:
        await hand.press("alt+x", "enter")
        await hand.until(lambda: "The settings for" in hand.screen)
        await hand.press("o")
        await hand.until(lambda: "readable only by you" in hand.screen)
        await hand.press("ctrl+u")
        await hand.type(str(tmp_path / "nodir" / "mail.env"))
        await hand.press("enter")
        await hand.until(lambda: "Y Create it" in hand.screen)
        await hand.press("n")
        await hand.until(lambda: "Y Create it" not in hand.screen)
        assert not (tmp_path / "nodir").exists()
        await hand.press("enter")
        await hand.until(lambda: "Y Create it" in hand.screen)
        await hand.press("y")
        await hand.until(lambda: (tmp_path / "nodir" / "mail.env").exists())


async def test_a_password_file_asks_before_it_makes_a_folder(tmp_path: Path) -> None:
    text = '[smtp]\nhost = "mail.example.net"\nusername = "me"\npassword = "hunter2hunter2"\n'
    async with form_on(text, tmp_path) as hand:
        await hand.go_to("Kept in")
        await hand.press("f")
        await hand.press("up")
        await hand.type("nodir/secret")
        await hand.press("f2")
        await hand.until(lambda: "Y Create it" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "Nothing was saved" in hand.screen)
        assert not (tmp_path / "nodir").exists()
        assert hand.file.read_text("utf-8") == text
        await hand.press("f2")
        await hand.until(lambda: "Y Create it" in hand.screen)
        await hand.press("y")
        await hand.until(lambda: "Moved the password to" in hand.screen)
        assert (tmp_path / "nodir" / "secret").read_text("utf-8") == "hunter2hunter2\n"


def test_unsaved_changes_make_no_home(tmp_path: Path) -> None:
    unsaved = RecoveredChanges(file="/x", table="smtp", moment=1.0, values={"port": 25})
    missing, home = tmp_path / "none" / "home", tmp_path / "home"
    assert not save_recovery(unsaved, {"HOME": str(missing)})
    assert not missing.parent.exists()
    home.mkdir()
    assert save_recovery(unsaved, {"HOME": str(home)})


async def test_what_another_program_wrote_meanwhile_keeps_no_table_away(tmp_path: Path) -> None:
    async with form_on("", tmp_path) as hand:
        await hand.type("mail.example.net")
        hand.file.write_text('[database]\nurl = "x"\n', encoding="utf-8")
        await hand.press("f2")
        await hand.until(lambda: "changed by another program" in hand.screen)
        await hand.press("m")
        await hand.until(lambda: "saving adds [smtp]" in hand.screen)
        await hand.press("f2")
        await hand.until(lambda: "Saved SMTP Host" in hand.screen)
    assert tomllib.loads(hand.file.read_text("utf-8")) == {
        "database": {"url": "x"},
        "smtp": {"host": "mail.example.net"},
    }


async def test_without_a_change_no_table_is_promised(tmp_path: Path) -> None:
    async with form_on("", tmp_path) as hand:
        await hand.press("alt+d")
        await hand.until(lambda: "Saving changes nothing in the file." in hand.screen)
        assert "saving adds" not in hand.screen
        await hand.press("escape", "f2")
        await hand.until(lambda: "nothing to save" in hand.screen)
        assert hand.file.read_text("utf-8") == ""


async def test_keys_that_are_added_beside_unknown_ones_are_named(tmp_path: Path) -> None:
    text = '[smtp]\nhost = "mail.example.org"\nauth_protocol = "login"\ntls_enabled = true\n'
    async with form_on(text, tmp_path) as hand:
        await hand.go_to("Encryption Type")
        await hand.press("right", "alt+d")
        await hand.until(lambda: '+encryption = "ssl"' in hand.screen)
        told = "Keys that smtp-tui does not know stay as they are: auth_protocol, tls_enabled."
        assert told in " ".join(hand.screen.split())
