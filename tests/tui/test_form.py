"""Editing by keys: what the form shows, what it writes, and what it leaves alone."""

from __future__ import annotations

from difflib import ndiff
from pathlib import Path

import pytest

from tests.tui.driving import SAMPLE, FakeCheck, FakeKeyring, form_on


def changed_lines(before: str, after: str) -> list[str]:
    return [line for line in ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


async def test_editing_the_port_changes_one_line(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("SMTP Port")
        await hand.press("ctrl+u")
        await hand.type("587")
        assert "submission" in hand.row("SMTP Port")
        assert "modified" in hand.lines[0]
        await hand.press("f2")
        await hand.until(lambda: "Saved SMTP Port" in hand.screen)
        assert "modified" not in hand.lines[0]
        after = hand.file.read_text("utf-8")
    assert changed_lines(SAMPLE, after) == ["- port = 2587", "+ port = 587"]


async def test_a_wrong_port_stays_and_says_why(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("SMTP Port")
        await hand.type("999")
        await hand.press("down")
        assert hand.row("SMTP Port").startswith("!SMTP Port            2587999")
        await hand.press("f2")
        await hand.until(lambda: "use a number from 1 to 65535." in hand.screen)
        assert "Not saved. SMTP Port '2587999' is not a port;" in hand.screen
        assert hand.row("SMTP Port").startswith(">")
        assert hand.file.read_text("utf-8") == SAMPLE
        await hand.press("backspace", "backspace", "backspace")
        assert "modified" not in hand.lines[0]


async def test_a_problem_is_told_when_the_hand_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with form_on(SAMPLE, tmp_path, size=(160, 30)) as hand:
        await hand.go_to("SMTP Port")
        await hand.press("x")
        assert "not a port" not in hand.row("SMTP Port")
        await hand.until(lambda: "not a port" in hand.row("SMTP Port"))


async def test_every_default_is_told_from_what_is_set(tmp_path: Path) -> None:
    text = (
        '[smtp]\nhost = "mail.example.net"\nport = 587\nencryption = "TLS"\n'
        'username = "tickets@example.net"\npassword = "hunter2hunter2"\n'
    )
    async with form_on(text, tmp_path) as hand:
        assert "‹tls›" in hand.row("Encryption Type")
        assert "(no)" in hand.row("Start TLS Auto")
        assert "(peer)" in hand.row("OpenSSL Verify Mode")
        assert "(auto)" in hand.row("Authentication")
        assert "FQDN" in hand.row("Domain")


async def test_equal_meaning_is_shown_and_not_touched(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        assert "‹tls›" in hand.row("Encryption Type")
        await hand.go_to("Encryption Type")
        await hand.press("right", "left")
        assert "modified" not in hand.lines[0]


async def test_choices_by_arrows_letters_and_back_to_the_default(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("Authentication Type")
        await hand.press("s")
        assert "‹scram-sha-256›" in hand.row("Authentication")
        await hand.press("s")
        assert "‹scram-sha-1›" in hand.row("Authentication")
        await hand.press("left", "left")
        assert "‹auto›" in hand.row("Authentication")
        assert "(auto)" not in hand.row("Authentication")
        await hand.press("delete")
        assert "(auto)" in hand.row("Authentication")
        # As many of the words as fit.
        row = hand.row("Authentication")
        assert row.endswith("… plain login cram-md5 (auto) …")
        await hand.press("f2")
        await hand.until(lambda: "Saved" in hand.screen)
        assert "authentication" not in hand.file.read_text("utf-8")


async def test_defaults_are_shown_and_stay_absent(tmp_path: Path) -> None:
    text = '[smtp]\nhost = "mail.example.net"\n'
    async with form_on(text, tmp_path) as hand:
        assert "587  (default)" in hand.row("SMTP Port")
        assert "FQDN" in hand.row("Domain")
        assert "(none)" in hand.row("Authentication")
        await hand.go_to("Encryption Type")
        await hand.press("right")
        assert "465  (default)" in hand.row("SMTP Port")
        await hand.go_to("SMTP Username")
        await hand.type("me")
        assert "(auto)" in hand.row("Authentication")
        await hand.press("f2")
        await hand.until(lambda: "Saved Encryption Type, SMTP Username" in hand.screen)
        assert hand.file.read_text("utf-8") == text + 'encryption = "ssl"\nusername = "me"\n'


async def test_clearing_a_text_removes_its_key(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("Domain")
        await hand.press("ctrl+u", "ctrl+o")
        await hand.until(lambda: "Saved Domain" in hand.screen)
        assert changed_lines(SAMPLE, hand.file.read_text("utf-8")) == [
            '- domain = "tickets.example.org"'
        ]


async def test_a_new_file_is_made_on_save(tmp_path: Path) -> None:
    async with form_on(None, tmp_path) as hand:
        assert "new file" in hand.lines[0]
        await hand.type("mail.example.net")
        assert not hand.file.exists()
        await hand.press("f2")
        await hand.until(lambda: "Saved SMTP Host" in hand.screen)
        assert hand.file.read_text("utf-8").strip() == '[smtp]\nhost = "mail.example.net"'


async def test_a_file_changed_by_somebody_else_is_told(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.type("x")
        hand.file.write_text(SAMPLE + "# theirs\n", encoding="utf-8")
        await hand.press("f2")
        await hand.until(lambda: "was changed by another program" in hand.screen)
        assert "+# theirs" in hand.screen
        await hand.press("escape")
        await hand.until(lambda: "Nothing was saved" in hand.screen)
        assert "modified" in hand.lines[0]
        assert hand.file.read_text("utf-8").endswith("# theirs\n")


async def test_keys_typed_ahead_reach_the_right_field(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("tab", "9", "down", "x", "up", "up", "y")
        assert "25879" in hand.row("SMTP Port")
        assert "tickets.example.orgx" in hand.row("Domain")
        assert "mail.example.nety" in hand.row("SMTP Host")


async def test_folded_fields_unfold(tmp_path: Path) -> None:
    async with form_on(SAMPLE + "timeout = 12\n", tmp_path) as hand:
        assert "1 set" in hand.row("More")
        await hand.go_to("More")
        await hand.press("right", "down", "down")
        assert hand.row("Timeout").startswith(">Timeout              12  seconds")
        await hand.press("up", "up", "enter")
        assert not hand.row("Timeout")


async def test_hostile_text_in_the_file_is_inert(tmp_path: Path) -> None:
    text = '[smtp]\nhost = "a\\u001b]0;pwned\\u0007[red]b\\u202ec"\nport = 25\n'
    async with form_on(text, tmp_path) as hand:
        assert "\x1b" not in hand.screen
        assert "\u202e" not in hand.screen
        assert "\\x1b]0;pwned\\x07[red]" in hand.screen
        await hand.press("home", "right", "x")
        assert "ax\\x1b]0;" in hand.row("SMTP Host")
        assert hand.form_screen.form.draft.text("host") == "ax\x1b]0;pwned\x07[red]b\u202ec"


class TestPassword:
    async def test_a_literal_is_never_shown(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.go_to("SMTP Password")
            assert "••••••••" in hand.row("SMTP Password")
            await hand.type("xyzzyx")
            assert hand.row("SMTP Password").endswith("••••••")
            picture = hand.pilot.app.export_screenshot()
            assert "hunter2" not in picture + repr(hand.form_screen.form.draft.password)
            assert "xyzzyx" not in picture
            await hand.press("f2")
            await hand.until(lambda: "Saved SMTP Password" in hand.screen)
            assert 'password = "xyzzyx"' in hand.file.read_text("utf-8")

    async def test_moving_to_the_keyring_stores_first(self, tmp_path: Path) -> None:
        keyring = FakeKeyring()
        async with form_on(SAMPLE, tmp_path, keyring=keyring) as hand:
            await hand.go_to("Kept in")
            await hand.press("k", "f2")
            await hand.until(lambda: "Moved the password to the keyring" in hand.screen)
            assert keyring.stored == {
                ("smtp-tui mail.example.net", "tickets@example.net"): "hunter2hunter2"
            }
            assert 'password = {keyring = "smtp-tui mail.example.net"}' in hand.file.read_text(
                "utf-8"
            ).replace("{ ", "{").replace(" }", "}")

    async def test_a_keyring_that_fails_is_told_and_nothing_is_claimed(
        self, tmp_path: Path
    ) -> None:
        keyring = FakeKeyring("the keyring is locked")
        async with form_on(SAMPLE, tmp_path, keyring=keyring) as hand:
            await hand.go_to("Kept in")
            await hand.press("right")
            await hand.until(lambda: "The keyring is locked" in hand.screen)
            await hand.press("up")
            await hand.type("fresh")
            await hand.go_to("SMTP Port")
            await hand.type("9")
            await hand.press("backspace", "backspace", "f2")
            await hand.until(lambda: "NOT saved" in hand.screen)
            assert "the keyring is locked" in hand.screen
            assert "Saved SMTP Port" in hand.screen
            assert "modified" in hand.lines[0]
            assert "•••••  ? no usable keyring" in hand.row("SMTP Password")
            after = hand.file.read_text("utf-8")
            assert changed_lines(SAMPLE, after) == ["- port = 2587", "+ port = 258"]

    async def test_a_test_uses_what_was_typed(self, tmp_path: Path) -> None:
        check = FakeCheck()
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await hand.go_to("Kept in")
            await hand.press("k", "up")
            await hand.type("typed")
            await hand.press("f5")
            await hand.until(lambda: "PASSED" in hand.screen)
        assert check.requests[0].secret == "typed"
        assert "typed" not in repr(check.requests[0])

    async def test_places_are_words(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.go_to("Kept in")
            await hand.press("e", "up")
            await hand.type("SMTP_PW")
            assert "SMTP_PW" in hand.row("SMTP Password")
            await hand.press("f2")
            await hand.until(lambda: "Continue?" in hand.screen)
            assert "SMTP_PW is not set" in hand.screen
            await hand.press("y")
            await hand.until(lambda: "Removed the password from mail.toml" in hand.screen)
            assert "SMTP_PW" in hand.file.read_text("utf-8")
            assert "hunter2" not in hand.file.read_text("utf-8")

    async def test_delete_removes_the_password_of_the_file(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.go_to("SMTP Password")
            await hand.press("delete")
            assert "none" in hand.row("SMTP Password")
            await hand.press("f2")
            await hand.until(lambda: "Removed the password from mail.toml" in hand.screen)
            assert "password" not in hand.file.read_text("utf-8")


async def test_a_value_is_whole_again_when_the_window_grows(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        before = hand.row("SMTP Host")
        await hand.resize(20, 5)
        await hand.resize(80, 24)
        assert hand.row("SMTP Host") == before
