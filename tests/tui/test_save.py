"""To save with open eyes: the diff, a file changed meanwhile, in place, backup, mode."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from tests.tui.driving import SAMPLE, FakeKeyring, Hand, form_on

SECRET = "hunter2hunter2"
DIFF = "What saving changes in mail.toml"
THEIRS = "was changed by another program"
GONE = "was deleted after smtp-tui read it"


async def change_port(hand: Hand, to: str = "587") -> None:
    await hand.go_to("SMTP Port")
    await hand.press("ctrl+u")
    await hand.type(to)


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


class TestDiff:
    async def test_it_shows_signs_and_no_secret_and_saves(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await change_port(hand)
            await hand.press("alt+d")
            await hand.until(lambda: DIFF in hand.screen)
            assert "-port = 2587" in hand.screen
            assert "+port = 587" in hand.screen
            assert "+++" not in hand.screen
            assert SECRET not in hand.pilot.app.export_screenshot()
            assert hand.file.read_text("utf-8") == SAMPLE
            await hand.press("f2")
            await hand.until(lambda: "Saved SMTP Port" in hand.screen)
            assert "port = 587\n" in hand.file.read_text("utf-8")

    async def test_a_new_password_is_hidden_on_both_sides(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
            await hand.go_to("SMTP Password")
            await hand.type("correcthorse")
            await hand.press("alt+d")
            await hand.until(lambda: DIFF in hand.screen)
            assert '-password = "********"' in hand.screen
            assert '+password = "********"' in hand.screen
            assert "correcthorse" not in hand.pilot.app.export_screenshot()

    async def test_stepping_back_changes_nothing(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await change_port(hand)
            await hand.press("insert")
            await hand.until(lambda: DIFF in hand.screen)
            await hand.press("q", "y", "escape")
            await hand.until(lambda: DIFF not in hand.screen)
            assert hand.file.read_text("utf-8") == SAMPLE
            assert "modified" in hand.lines[0]

    async def test_it_scrolls_both_ways(self, tmp_path: Path) -> None:
        text = SAMPLE + f'reply = "{"long " * 40}end"\n'
        async with form_on(text, tmp_path, size=(60, 20)) as hand:
            await hand.go_to("Authentication Type")
            await hand.press("delete", "alt+d")
            await hand.until(lambda: DIFF in hand.screen)
            assert "@@ -6,5 +6,4 @@" in hand.screen
            await hand.press("end")
            await hand.press(*["right"] * 20)
            assert 'end"' in hand.screen

    async def test_a_wrong_value_is_told_at_its_field(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await change_port(hand, "x")
            await hand.press("up", "alt+d")
            await hand.until(lambda: "nothing to show" in hand.screen)
            assert hand.row("SMTP Port").startswith(">")

    async def test_a_backup_on_request(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await change_port(hand)
            await hand.press("alt+d")
            await hand.until(lambda: DIFF in hand.screen)
            await hand.press("b")
            assert "Backup: yes" in hand.hints
            await hand.press("f2")
            await hand.until(lambda: "Saved SMTP Port" in hand.screen)
            assert (tmp_path / "mail.toml~").read_text("utf-8") == SAMPLE

    async def test_no_backup_keeps_a_secret_that_leaves(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.go_to("Kept in")
            await hand.press("k", "alt+d")
            await hand.until(lambda: DIFF in hand.screen)
            await hand.press("b")
            assert "Backup: no" in hand.hints
            assert "No backup" in hand.screen
            await hand.press("f2")
            await hand.until(lambda: "Moved the password to the keyring" in hand.screen)
            assert not (tmp_path / "mail.toml~").exists()

    async def test_an_old_backup_with_the_secret_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "mail.toml~").write_text(SAMPLE, "utf-8")
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.go_to("Kept in")
            await hand.press("k", "f2")
            await hand.until(lambda: "mail.toml~ still contains it" in hand.screen)


class TestChangedOnDisk:
    async def test_merge_keeps_both(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await change_port(hand)
            theirs = SAMPLE.replace("tickets.example.org", "other.example.org")
            hand.file.write_text(theirs, "utf-8")
            await hand.press("f2")
            await hand.until(lambda: THEIRS in hand.screen)
            assert '+domain = "other.example.org"' in hand.screen
            assert hand.file.read_text("utf-8") == theirs
            await hand.press("m")
            await hand.until(lambda: "Saved SMTP Port" in hand.screen)
            assert hand.file.read_text("utf-8") == theirs.replace("2587", "587")
            assert "other.example.org" in hand.row("Domain")
            assert "modified" not in hand.lines[0]

    @pytest.mark.parametrize(("key", "port"), [("f", "587"), ("right", "587"), ("left", "2525")])
    async def test_a_conflict_is_decided(self, tmp_path: Path, key: str, port: str) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await change_port(hand)
            hand.file.write_text(SAMPLE.replace("2587", "2525"), "utf-8")
            await hand.press("f2")
            await hand.until(lambda: THEIRS in hand.screen)
            await hand.press("m")
            await hand.until(lambda: "Which value do you want" in hand.screen)
            assert (
                "SMTP Port was 2587. It is 2525 in the file now, and 587 in the form."
                in hand.screen
            )
            assert "Left chooses the file's, Right the form's" in " ".join(hand.screen.split())
            assert re.search(r"SMTP Port +2525 +587 +not chosen yet", hand.screen)
            await hand.press("f2")
            assert "Choose a value for each field" in hand.screen
            if key == "f":
                await hand.press("f", "f", "f2")  # file, then form
            else:
                await hand.press(key)
                chosen = r"2525 +‹587›" if key == "right" else r"‹2525› +587"
                assert re.search(rf"SMTP Port +{chosen}", hand.screen)
                assert "not chosen" not in hand.screen
                await hand.press("f2")
            await hand.until(lambda: "Which value do you want" not in hand.screen)
            await hand.until(lambda: "modified" not in hand.lines[0])
            assert f"port = {port}\n" in hand.file.read_text("utf-8")

    async def test_secrets_in_conflict_are_hidden(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.go_to("SMTP Password")
            await hand.type("ourswordours")
            hand.file.write_text(SAMPLE.replace(SECRET, "theirwordtheir"), "utf-8")
            await hand.press("f2")
            await hand.until(lambda: THEIRS in hand.screen)
            pictures = hand.pilot.app.export_screenshot()
            await hand.press("m")
            await hand.until(lambda: "Which value do you want" in hand.screen)
            pictures += hand.pilot.app.export_screenshot()
            for secret in (SECRET, "ourswordours", "theirwordtheir"):
                assert secret not in pictures
            await hand.press("left", "right", "f2")
            await hand.until(lambda: "Saved SMTP Password" in hand.screen)
            assert 'password = "ourswordours"' in hand.file.read_text("utf-8")

    async def test_reload_asks_before_it_drops(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await change_port(hand)
            theirs = SAMPLE.replace("tickets.example.org", "other.example.org")
            hand.file.write_text(theirs, "utf-8")
            await hand.press("f2")
            await hand.until(lambda: THEIRS in hand.screen)
            await hand.press("r")
            await hand.until(lambda: "discards your changes: SMTP Port" in hand.screen)
            await hand.press("escape")
            await hand.until(lambda: "Nothing was saved" in hand.screen)
            assert "587" in hand.row("SMTP Port")
            await hand.press("f2")
            await hand.until(lambda: THEIRS in hand.screen)
            await hand.press("r")
            await hand.until(lambda: "discards your changes" in hand.screen)
            await hand.press("d")
            await hand.until(lambda: "Reloaded" in hand.screen)
            assert "2587" in hand.row("SMTP Port")
            assert "other.example.org" in hand.row("Domain")
            assert hand.file.read_text("utf-8") == theirs

    async def test_a_reload_is_no_save_and_one_does_not_leave(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await change_port(hand)
            hand.file.write_text(SAMPLE + "# theirs\n", "utf-8")
            await hand.press("f10")
            await hand.until(lambda: "your changes yet" in hand.screen)
            await hand.press("s")
            await hand.until(lambda: THEIRS in hand.screen)
            await hand.press("r")
            await hand.until(lambda: "discards your changes" in hand.screen)
            await hand.press("d")
            await hand.until(lambda: "Reloaded" in hand.screen)
            assert "2587" in hand.row("SMTP Port")

    async def test_nothing_goes_to_the_keyring_before(self, tmp_path: Path) -> None:
        keyring = FakeKeyring()
        async with form_on(SAMPLE, tmp_path, keyring=keyring) as hand:
            await hand.go_to("Kept in")
            await hand.press("k")
            hand.file.write_text(SAMPLE + "# theirs\n", "utf-8")
            await hand.press("f2")
            await hand.until(lambda: THEIRS in hand.screen)
            assert keyring.stored == {}
            await hand.press("m")
            await hand.until(lambda: "Moved the password to the keyring" in hand.screen)
            assert list(keyring.stored.values()) == [SECRET]
            assert SECRET not in hand.file.read_text("utf-8")

    async def test_the_diff_shows_theirs_first(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            hand.file.write_text(SAMPLE.replace("2587", "25"), "utf-8")
            await hand.press("alt+d")
            await hand.until(lambda: THEIRS in hand.screen)
            assert "Merge" not in hand.hints
            await hand.press("m", "r")
            await hand.until(lambda: "Reloaded" in hand.screen)
            assert "25" in hand.row("SMTP Port")
            assert "2587" not in hand.row("SMTP Port")


class TestGone:
    async def test_it_is_made_anew_with_all_that_it_held(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await change_port(hand)
            hand.file.unlink()
            await hand.press("f2")
            await hand.until(lambda: GONE in hand.screen)
            await hand.press("escape")
            await hand.until(lambda: "Nothing was saved" in hand.screen)
            assert "modified" in hand.lines[0]
            assert not hand.file.exists()
            await hand.press("f2")
            await hand.until(lambda: GONE in hand.screen)
            await hand.press("m")
            await hand.until(lambda: "Saved SMTP Port" in hand.screen)
            assert hand.file.read_text("utf-8") == SAMPLE.replace("2587", "587")
            assert mode_of(hand.file) == 0o600

    async def test_without_a_change_too_and_its_folder_along(self, tmp_path: Path) -> None:
        folder = tmp_path / "etc"
        folder.mkdir()
        async with form_on(SAMPLE, folder) as hand:
            hand.file.unlink()
            folder.rmdir()
            await hand.press("f2")
            await hand.until(lambda: "Create folder and file" in hand.screen)
            await hand.press("m")
            await hand.until(lambda: "Saved" in hand.screen)
            assert hand.file.read_text("utf-8") == SAMPLE

    async def test_the_diff_shows_the_whole_of_it(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, size=(80, 30)) as hand:
            await change_port(hand)
            hand.file.unlink()
            await hand.press("alt+d")
            await hand.until(lambda: GONE in hand.screen)
            await hand.press("m")
            await hand.until(lambda: DIFF in hand.screen)
            assert "+# The ticket system's mail" in hand.screen
            assert "-port" not in hand.screen
            assert SECRET not in hand.pilot.app.export_screenshot()
            await hand.press("f2")
            await hand.until(lambda: "Saved SMTP Port" in hand.screen)
            assert hand.file.read_text("utf-8") == SAMPLE.replace("2587", "587")

    async def test_another_one_that_came_meanwhile_is_not_written_over(
        self, tmp_path: Path
    ) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await change_port(hand)
            hand.file.unlink()
            await hand.press("f2")
            await hand.until(lambda: GONE in hand.screen)
            hand.file.write_text("# theirs\n" + SAMPLE, "utf-8")
            await hand.press("m")
            await hand.until(lambda: THEIRS in hand.screen)
            await hand.press("m")
            await hand.until(lambda: "Saved SMTP Port" in hand.screen)
            there = hand.file.read_text("utf-8")
            assert there == "# theirs\n" + SAMPLE.replace("2587", "587")


class TestInPlace:
    async def test_only_a_yes_overwrites(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            os.link(hand.file, tmp_path / "other name")
            await change_port(hand)
            await hand.press("f2")
            await hand.until(lambda: "Overwrite the file in place?" in hand.screen)
            assert "other hard links" in hand.screen
            await hand.press("enter")
            await hand.until(lambda: "Nothing was saved" in hand.screen)
            assert hand.file.read_text("utf-8") == SAMPLE
            await hand.press("f2")
            await hand.until(lambda: "Overwrite the file in place?" in hand.screen)
            await hand.press("y")
            await hand.until(lambda: "written in place" in hand.screen)
            assert "port = 587\n" in (tmp_path / "other name").read_text("utf-8")


class TestMode:
    async def test_a_password_that_others_can_read_is_told_and_mended(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "smtp_tui.config.file_access.readable_by_others",
            lambda path: mode_of(path) & stat.S_IROTH,
        )
        async with form_on(SAMPLE, tmp_path) as hand:
            hand.file.chmod(0o644)
            await hand.go_to("SMTP Password")
            await hand.type("x")
            await hand.press("f2")
            await hand.until(lambda: "Saved SMTP Password" in hand.screen)
            assert "? readable by all" in hand.row("SMTP Password")
            assert "Alt+M" in hand.screen
            await hand.press("alt+m")
            await hand.until(lambda: "Only its owner can read the file now" in hand.screen)
            assert mode_of(hand.file) == 0o600
            assert "readable" not in hand.row("SMTP Password")
            await hand.press("alt+m")
            await hand.until(lambda: "already" in hand.screen)
            hand.file.chmod(0o640)  # the group is somebody else too
            await hand.press("alt+m")
            await hand.until(lambda: mode_of(hand.file) == 0o600)

    async def test_it_is_set_when_saving(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "smtp_tui.config.file_access.readable_by_others",
            lambda path: mode_of(path) & stat.S_IROTH,
        )
        file = tmp_path / "mail.toml"
        file.touch(0o644)
        async with form_on(SAMPLE, tmp_path) as hand:
            await change_port(hand)
            await hand.press("alt+d")
            await hand.until(lambda: DIFF in hand.screen)
            assert "Every user of this machine can read the file" in hand.screen
            await hand.press("p", "f2")
            await hand.until(lambda: "only its owner can read the file now" in hand.screen)
            assert mode_of(file) == 0o600


class TestPipes:
    """What never answers keeps nobody from working on, nor from leaving."""

    async def test_a_file_that_became_a_pipe_is_waited_for_no_longer_than_wanted(
        self, tmp_path: Path
    ) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await change_port(hand)
            hand.file.unlink()
            os.mkfifo(hand.file)
            silent = os.open(hand.file, os.O_RDWR)  # somebody who has it open, and writes nothing
            try:
                for key in ("f2", "alt+d"):
                    await hand.press(key)
                    await hand.until(lambda: "Waiting for the file. Esc stops" in hand.screen)
                    await hand.press("escape")
                    await hand.until(lambda: "Nothing was saved" in hand.screen)
            finally:
                os.close(silent)

    async def test_a_backup_that_is_a_pipe_is_not_read(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "mail.toml~")
        keyring = FakeKeyring()
        async with form_on(SAMPLE, tmp_path, keyring=keyring) as hand:
            await hand.go_to("Kept in")
            await hand.press("k", "f2")
            await hand.until(lambda: "Moved the password to the keyring" in hand.screen)
        assert list(keyring.stored.values()) == [SECRET]
