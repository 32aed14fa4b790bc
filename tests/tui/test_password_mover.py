"""A password goes to another place: there first, read back, and only then away from here."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smtp_tui.config.errors import PasswordError
from smtp_tui.config.password_store import PasswordStore
from smtp_tui.tui.model.password import PasswordDraft, PasswordLocation
from smtp_tui.tui.model.save_text import password_sentence
from tests.servers.requirements import require
from tests.tui.driving import SAMPLE, FakeCheck, FakeKeyring, Hand, form_on

SECRET = "hunter2hunter2"
SERVICE, ACCOUNT = "smtp-tui mail.example.net", "tickets@example.net"
IN_KEYRING = SAMPLE.replace(f'"{SECRET}"', f'{{ keyring = "{SERVICE}" }}')
STOPPED = "Stopped. Nothing was saved"
CHILD = Path(__file__).with_name("keyring_child.py")


class OneThatForgets(FakeKeyring):
    """Takes a password, and does not give it back."""

    async def store(self, service: str, account: str, secret: str) -> None:
        raise PasswordError("the keyring accepted the password but does not return it")


class OneThatHangs(FakeKeyring):
    """Does what it `hangs` in only when it is let go."""

    def __init__(self, hangs: str = "store") -> None:
        super().__init__()
        self.hangs = hangs
        self.answer = asyncio.Event()

    async def store(self, service: str, account: str, secret: str) -> None:
        await self._hang("store")
        await super().store(service, account, secret)

    async def fetch(self, service: str, account: str) -> str:
        await self._hang("fetch")
        return await super().fetch(service, account)

    async def forget(self, service: str, account: str) -> None:
        await self._hang("forget")
        await super().forget(service, account)

    async def _hang(self, where: str) -> None:
        if where == self.hangs:
            await self.answer.wait()


async def keep_in(hand: Hand, letter: str, words: str = "") -> None:
    await hand.go_to("Kept in")
    await hand.press(letter)
    if words:
        await hand.press("up", "ctrl+u")
        await hand.type(words)


def text_of(hand: Hand) -> str:
    return hand.file.read_text("utf-8")


@pytest.mark.parametrize(
    ("location", "name", "is_stored", "wanted"),
    [
        ("keyring", "", True, "Moved the password to the keyring; FILE names its entry"),
        ("env", "PW", False, "Removed the password from FILE. It now comes from the environment"),
        ("command", "pass x", False, "Removed the password from FILE. It now comes from what the"),
        ("ask", "", False, "Removed the password from FILE. smtp-tui asks for it at each test"),
        ("this file", "", False, "Removed the password from FILE"),
    ],
)
def test_saving_says_where_the_password_is(
    tmp_path: Path, location: str, name: str, *, is_stored: bool, wanted: str
) -> None:
    password = PasswordDraft(SECRET, lambda: "mail.example.net")
    password.move_to(PasswordLocation(location))
    if name:
        password.type(name)
    elif location == "this file":
        password.erase()
    place = None
    if password.target is not None:
        place = PasswordStore(password.target, ACCOUNT, tmp_path, {})
    text = password_sentence(password, place, "mail.toml", is_stored=is_stored)
    wanted = wanted.replace("FILE", "mail.toml")
    assert text.startswith(wanted)
    # A password that was never in the file is not removed from it.
    old = PasswordDraft({"file": "old"}, lambda: "mail.example.net")
    old.move_to(PasswordLocation(location))
    text = password_sentence(old, place, "mail.toml", is_stored=is_stored)
    assert place is None or not text.startswith(("Moved", "Removed"))


class TestFromTheFile:
    async def test_to_a_file_of_its_own(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await keep_in(hand, "f", "secret")
            await hand.press("f2")
            await hand.until(lambda: "Moved the password to" in hand.screen)
            secret = tmp_path / "secret"
            moved = f"Moved the password to {secret} (mode 0600); mail.toml names the file."
            shown = hand.form_screen.message.blocks[0].spans[0][0]
            assert shown == moved
            # The step with the secret is forgotten.
            assert "Undo" not in hand.hints
            assert secret.read_text("utf-8") == f"{SECRET}\n"
            assert secret.stat().st_mode & 0o777 == 0o600
            assert SECRET not in text_of(hand)
            assert '"secret"' in text_of(hand)

    async def test_another_password_there_is_never_overwritten_unasked(
        self, tmp_path: Path
    ) -> None:
        other = tmp_path / "secret"
        other.write_text("otherpassword\n", "utf-8")
        async with form_on(SAMPLE, tmp_path) as hand:
            await keep_in(hand, "f", "secret")
            await hand.press("f2")
            await hand.until(lambda: "Another password is already in" in hand.screen)
            await hand.press("escape")
            await hand.until(lambda: "Nothing was saved" in hand.screen)
            assert SECRET in text_of(hand)
            await hand.press("f2")
            await hand.until(lambda: "Another password is already in" in hand.screen)
            await hand.press("u")
            await hand.until(lambda: "Removed the password from mail.toml" in hand.screen)
            assert other.read_text("utf-8") == "otherpassword\n"
            assert SECRET not in text_of(hand)

    async def test_a_file_that_holds_more_is_left_alone(self, tmp_path: Path) -> None:
        other = tmp_path / "notes"
        other.write_text("line\nline\n", "utf-8")
        async with form_on(SAMPLE, tmp_path) as hand:
            await keep_in(hand, "f", "notes")
            await hand.press("f2")
            await hand.until(lambda: "NOT saved" in hand.screen)
            assert other.read_text("utf-8") == "line\nline\n"
            assert SECRET in text_of(hand)

    async def test_a_keyring_that_does_not_give_it_back(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, keyring=OneThatForgets()) as hand:
            await keep_in(hand, "k")
            await hand.press("f2")
            await hand.until(lambda: "NOT saved" in hand.screen)
            assert text_of(hand) == SAMPLE

    @pytest.mark.parametrize(("letter", "words"), [("e", "SMTP_PW"), ("c", "false"), ("a", "")])
    async def test_it_leaves_for_nowhere_only_after_a_yes(
        self, tmp_path: Path, letter: str, words: str
    ) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await keep_in(hand, letter, words)
            await hand.press("f2")
            await hand.until(lambda: "Continue?" in hand.screen)
            await hand.press("n", "enter", "escape")
            await hand.until(lambda: "Nothing was saved" in hand.screen)
            assert text_of(hand) == SAMPLE
            await hand.press("f2")
            await hand.until(lambda: "Continue?" in hand.screen)
            await hand.press("y")
            await hand.until(lambda: "Removed the password from mail.toml" in hand.screen)
            assert SECRET not in text_of(hand)

    async def test_a_variable_that_has_it_is_not_asked_about(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SMTP_PW", SECRET)
        async with form_on(SAMPLE, tmp_path) as hand:
            await keep_in(hand, "e", "SMTP_PW")
            await hand.press("f2")
            await hand.until(lambda: "Removed the password" in hand.screen)
            assert SECRET not in text_of(hand)

    async def test_a_test_meanwhile_uses_the_one_that_is_there(self, tmp_path: Path) -> None:
        check = FakeCheck()
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await keep_in(hand, "f", "secret")
            await hand.press("f5")
            await hand.until(lambda: "PASSED" in hand.screen)
        assert check.requests[0].secret == SECRET


class TestFromElsewhere:
    async def test_from_the_keyring_to_this_file(self, tmp_path: Path) -> None:
        keyring = FakeKeyring(stored={(SERVICE, ACCOUNT): "from the keyring"})
        async with form_on(IN_KEYRING, tmp_path, keyring=keyring) as hand:
            await keep_in(hand, "t")
            assert "moves to this file" in hand.row("SMTP Password")
            await hand.press("f2")
            await hand.until(lambda: "Saved SMTP Password" in hand.screen)
            assert 'password = "from the keyring"' in text_of(hand)
            assert "old place still has a password" in hand.screen

    async def test_what_cannot_be_fetched_stays(self, tmp_path: Path) -> None:
        async with form_on(IN_KEYRING, tmp_path) as hand:
            await keep_in(hand, "t")
            await hand.press("f2")
            await hand.until(lambda: "NOT saved" in hand.screen)
            assert text_of(hand) == IN_KEYRING

    async def test_from_a_variable_to_the_keyring(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SMTP_PW", "from the variable")
        keyring = FakeKeyring()
        text = SAMPLE.replace(f'"{SECRET}"', '{ env = "SMTP_PW" }')
        async with form_on(text, tmp_path, keyring=keyring) as hand:
            await keep_in(hand, "k")
            await hand.press("f2")
            await hand.until(lambda: "Stored the password in the keyring" in hand.screen)
            assert keyring.stored == {(SERVICE, ACCOUNT): "from the variable"}


class TestUserName:
    @pytest.mark.parametrize(("key", "owner"), [("y", "ops"), ("n", ACCOUNT)])
    async def test_the_entry_follows_if_wanted(self, tmp_path: Path, key: str, owner: str) -> None:
        keyring = FakeKeyring(stored={(SERVICE, ACCOUNT): "secretword"})
        async with form_on(IN_KEYRING, tmp_path, keyring=keyring) as hand:
            await hand.go_to("SMTP Username")
            await hand.press("ctrl+u")
            await hand.type("ops")
            await hand.press("f2")
            await hand.until(lambda: "Move it" in hand.screen)
            await hand.press(key)
            await hand.until(lambda: "Saved SMTP Username" in hand.screen)
            assert keyring.stored == {(SERVICE, owner): "secretword"}
            assert ("type the password again" in " ".join(hand.screen.split())) == (key == "n")

    async def test_stepping_back_saves_nothing(self, tmp_path: Path) -> None:
        keyring = FakeKeyring(stored={(SERVICE, ACCOUNT): "secretword"})
        async with form_on(IN_KEYRING, tmp_path, keyring=keyring) as hand:
            await hand.go_to("SMTP Username")
            await hand.type("x")
            await hand.press("f2")
            await hand.until(lambda: "Move it" in hand.screen)
            await hand.press("escape")
            await hand.until(lambda: "Nothing was saved" in hand.screen)
            assert text_of(hand) == IN_KEYRING
            assert "modified" in hand.lines[0]


class TestSlowKeyring:
    async def test_it_freezes_neither_the_keys_nor_the_way_out(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, keyring=OneThatHangs()) as hand:
            await keep_in(hand, "k")
            await hand.press("f2")
            await hand.until(lambda: "Waiting for the keyring" in hand.screen)
            await hand.go_to("Domain")
            await hand.type("x")
            assert "tickets.example.orgx" in hand.row("Domain")
            await hand.press("f10")
            await hand.until(lambda: "your changes yet" in hand.screen)
            await hand.press("d")
            await hand.until(lambda: hand.pilot.app.return_code == 0)
            assert text_of(hand) == SAMPLE

    async def test_escape_ends_the_wait_to_store_it(self, tmp_path: Path) -> None:
        keyring = OneThatHangs()
        async with form_on(SAMPLE, tmp_path, keyring=keyring) as hand:
            await keep_in(hand, "k")
            await hand.press("f2")
            await hand.until(lambda: "Waiting for the keyring" in hand.screen)
            await hand.press("escape")
            await hand.until(lambda: STOPPED in hand.screen)
            assert "may still store the password" in hand.screen
            assert "‹keyring›" in hand.row("Kept in")
            assert "modified" in hand.lines[0]
            assert text_of(hand) == SAMPLE
            keyring.answer.set()
            await hand.press("f2")
            await hand.until(lambda: "Moved the password to the keyring" in hand.screen)
            assert text_of(hand) == IN_KEYRING

    async def test_escape_ends_the_wait_to_read_it(self, tmp_path: Path) -> None:
        keyring = OneThatHangs("fetch")
        keyring.stored[SERVICE, ACCOUNT] = SECRET
        async with form_on(IN_KEYRING, tmp_path, keyring=keyring) as hand:
            await keep_in(hand, "t")
            await hand.press("f2")
            await hand.until(lambda: "Waiting for the keyring" in hand.screen)
            await hand.press("escape")
            await hand.until(lambda: STOPPED in hand.screen)
            assert text_of(hand) == IN_KEYRING
            assert keyring.stored == {(SERVICE, ACCOUNT): SECRET}

    async def test_escape_ends_the_wait_for_a_command(self, tmp_path: Path) -> None:
        command = SAMPLE.replace(f'"{SECRET}"', '{ command = ["sleep", "60"] }')
        async with form_on(command, tmp_path) as hand:
            await keep_in(hand, "t")
            await hand.press("f2")
            await hand.until(lambda: "Waiting for the command" in hand.screen)
            await hand.press("escape")
            await hand.until(lambda: STOPPED in hand.screen)
            assert text_of(hand) == command

    async def test_what_was_saved_already_counts(self, tmp_path: Path) -> None:
        keyring = OneThatHangs("forget")
        keyring.stored[SERVICE, ACCOUNT] = SECRET
        async with form_on(IN_KEYRING, tmp_path, keyring=keyring) as hand:
            await hand.go_to("SMTP Username")
            await hand.type("x")
            await hand.press("f2")
            await hand.until(lambda: "Move the entry" in hand.screen)
            await hand.press("y")
            await hand.until(lambda: f"{ACCOUNT}x" in text_of(hand))
            await hand.press("escape")
            await hand.until(lambda: "Saved SMTP Username" in hand.screen)
            await hand.until(lambda: "may still exist" in hand.screen)
            assert "modified" not in hand.lines[0]

    async def test_what_is_typed_meanwhile_stays_an_edit(self, tmp_path: Path) -> None:
        keyring = OneThatHangs()
        async with form_on(SAMPLE, tmp_path, keyring=keyring) as hand:
            await keep_in(hand, "k")
            await hand.press("f2")
            await hand.until(lambda: "Waiting for the keyring" in hand.screen)
            await hand.go_to("SMTP Username")
            await hand.type("x")
            keyring.answer.set()
            await hand.until(lambda: "Moved the password to the keyring" in hand.screen)
            assert keyring.stored == {(SERVICE, ACCOUNT): SECRET}
            assert f'username = "{ACCOUNT}"\n' in text_of(hand)
            assert f"{ACCOUNT}x" in hand.row("SMTP Username")
            assert "modified" in hand.lines[0]


async def test_without_a_keyring_the_form_says_what_works_here(tmp_path: Path) -> None:
    trouble = "no keyring works here: none; keep the password elsewhere: in env or"
    async with form_on(SAMPLE, tmp_path, size=(120, 40), keyring=FakeKeyring(trouble)) as hand:
        await keep_in(hand, "k")
        await hand.until(lambda: "? no usable keyring" in hand.row("SMTP Password"))
        assert "No keyring works here" in hand.screen
        assert "Tried:" in hand.screen
        await hand.press("e")
        assert "no usable keyring" not in hand.row("SMTP Password")


def test_a_real_keyring_takes_it_and_follows_the_name(tmp_path: Path) -> None:
    programs = ("dbus-run-session", "gnome-keyring-daemon")
    missing = [name for name in programs if shutil.which(name) is None]
    require(f"{' and '.join(missing)} not found" if missing else None)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    ended = subprocess.run(
        ["dbus-run-session", "--", sys.executable, str(CHILD), str(tmp_path)],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ended.stdout.splitlines() == ["moved", "followed", "came back"], ended.stderr
