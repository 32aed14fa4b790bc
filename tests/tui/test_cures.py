"""From a failed test to one that passes by a key, and back: against a fake check."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.verdict import Fix, Verdict
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Event, Stage
from smtp_tui.tui.commands import COMMANDS
from tests.tui.driving import DIALOGUE, PASSED, SAMPLE, FakeCheck, Hand, form_on
from tests.tui.fixes import (
    AUTHORITY,
    ELSEWHERE,
    ENCRYPTION,
    LEAF,
    NAME,
    OPEN,
    PASSWORD,
    PIN,
    ROOT,
    certificates,
    failing,
    script,
)

Script = Sequence[Event | Verdict]


@dataclass
class FakeChecks:
    """Plays a script for each check, the last one again and again."""

    scripts: Sequence[Script]
    requests: list[CheckRequest] = field(default_factory=list)

    async def __call__(self, request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
        number = min(len(self.requests), len(self.scripts) - 1)
        self.requests.append(request)
        for event in self.scripts[number]:
            yield event


def once(*fixes: Fix, chain: Sequence[Certificate] = ()) -> FakeChecks:
    """A check that fails with these fixes, and then passes."""
    return FakeChecks([script(failing(*fixes), *chain), (*DIALOGUE, PASSED)])


async def fail(hand: Hand) -> None:
    await hand.press("f5")
    await hand.until(lambda: "FAILED" in hand.screen)
    await hand.until(lambda: not hand.form_screen.test_pane.is_busy)


async def passes(hand: Hand) -> None:
    await hand.until(lambda: "PASSED" in hand.screen)


@pytest.mark.parametrize("key", ["f9", "ctrl+r"])
async def test_one_key_cures_and_tests_again(tmp_path: Path, key: str) -> None:
    check = once(ENCRYPTION)
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        assert "Fix" not in hand.hints
        await fail(hand)
        assert "F9 sets Encryption Type to ssl and tests again." in hand.screen
        assert hand.hints.startswith(" F9 Fix  F8 Fixes ")
        await hand.press(key)
        await passes(hand)
        assert "‹ssl›" in hand.row("Encryption Type")
        assert hand.row("Encryption Type").startswith("*")
        assert "modified" in hand.lines[0]
        assert " F2 saves Encryption Type (tls -> ssl) to mail.toml." in hand.screen
        assert hand.hints.startswith(" F2 Save  F4 Undo  F5 Test ")
        assert hand.file.read_text("utf-8") == SAMPLE
    assert [request.values["encryption"] for request in check.requests] == ["TLS", "ssl"]


@pytest.mark.parametrize("key", ["f4", "ctrl+underscore"])
async def test_undo_takes_the_whole_fix_back_and_nothing_else(tmp_path: Path, key: str) -> None:
    async with form_on(SAMPLE, tmp_path, check=once(ELSEWHERE)) as hand:
        await fail(hand)
        await hand.press("f9")
        await passes(hand)
        assert " 587" in hand.row("SMTP Port")
        await hand.press(key)
        assert "2587" in hand.row("SMTP Port")
        assert "Undone: SMTP Port is 2587 again, Encryption Type is tls again." in hand.screen
        assert "F5 tests again: this was before your last change." in hand.screen
        assert "Undo" not in hand.hints
        assert "modified" not in hand.lines[0]


async def test_fail_fix_fail_fix_undo_undo(tmp_path: Path) -> None:
    scripts = [script(failing(ELSEWHERE)), script(failing(ENCRYPTION)), (*DIALOGUE, PASSED)]
    check = FakeChecks(scripts)
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await fail(hand)
        await hand.press("f9")
        await hand.until(lambda: len(check.requests) == 2 and "F9 sets Encr" in hand.screen)
        await hand.until(lambda: not hand.form_screen.test_pane.is_busy)
        await hand.press("f9")
        await passes(hand)
        told = [
            (request.values["port"], request.values["encryption"]) for request in check.requests
        ]
        assert told == [(2587, "TLS"), (587, "TLS"), (587, "ssl")]
        await hand.press("f4")
        assert "‹tls›" in hand.row("Encryption Type")
        assert " 587" in hand.row("SMTP Port")
        await hand.press("f4")
        assert "2587" in hand.row("SMTP Port")
        assert "modified" not in hand.lines[0]


async def test_a_fix_is_for_what_was_tested(tmp_path: Path) -> None:
    check = once(ENCRYPTION)
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.press("f9")
        assert "no test has failed" in hand.screen
        await fail(hand)
        await hand.type("x")
        assert "Fix" not in hand.hints
        assert "F9 sets" not in hand.screen
        for key in ("f9", "f8"):
            await hand.press(key)
            assert "Test again first: F5" in hand.screen
        assert "‹tls›" in hand.row("Encryption Type")
    assert len(check.requests) == 1


async def test_what_is_typed_while_a_test_runs_outdates_it(tmp_path: Path) -> None:
    check = FakeCheck(script(failing(ENCRYPTION)), hangs=True)
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: bool(check.requests))
        await hand.type("x")
        check.release()
        await hand.until(lambda: "FAILED" in hand.screen)
        assert "this was before your last change." in hand.screen
        await hand.press("f9")
        assert "Test again first: F5" in hand.screen


async def test_a_failure_without_a_fix_says_so(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, check=once()) as hand:
        await fail(hand)
        await hand.press("f9")
        assert "smtp-tui knows no safe fix" in hand.screen


class TestList:
    async def test_arrows_choose_and_enter_cures(self, tmp_path: Path) -> None:
        check = once(PASSWORD, ENCRYPTION, OPEN)
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await fail(hand)
            assert "F9 goes to SMTP Password. F8 lists all 3." in hand.screen
            await hand.press("f8")
            assert "> SMTP Password: type it yourself" in hand.screen
            assert "   OpenSSL Verify Mode: peer -> none\n   WEAKENS, asks first. " in hand.screen
            await hand.press("down")
            assert "> Encryption Type: tls -> ssl" in hand.screen
            assert "> SMTP Password" not in hand.screen
            await hand.press("enter")
            await passes(hand)
        assert check.requests[-1].values["encryption"] == "ssl"

    @pytest.mark.parametrize("key", ["escape", "f8", "ctrl+f"])
    async def test_escape_steps_back(self, tmp_path: Path, key: str) -> None:
        check = once(ENCRYPTION)
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await fail(hand)
            await hand.press("ctrl+f")
            assert "Possible fixes" in hand.screen
            await hand.press(key)
            assert "Possible fixes" not in hand.screen
            assert "‹tls›" in hand.row("Encryption Type")
        assert len(check.requests) == 1

    @pytest.mark.parametrize("size", [(80, 24), (60, 20), (40, 10), (140, 40)])
    async def test_the_chosen_one_is_in_sight(self, tmp_path: Path, size: tuple[int, int]) -> None:
        fixes = [
            Fix(field="timeout", value=number, why="because " * 20) for number in range(40, 48)
        ]
        async with form_on(SAMPLE, tmp_path, check=once(*fixes), size=size) as hand:
            await fail(hand)
            await hand.press("f8")
            for key, numbers in (("down", range(40, 48)), ("up", range(47, 39, -1))):
                for number in numbers:
                    assert f"> Timeout: 30 -> {number}" in hand.screen
                    assert "Enter Apply" in hand.screen
                    if number != numbers[-1]:
                        await hand.press(key)

    async def test_what_only_the_admin_knows_is_a_place_to_go(self, tmp_path: Path) -> None:
        folded = Fix(field="client_certificate", value=None, why="It lets in only \x1bmachines.")
        check = once(folded, PASSWORD)
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await fail(hand)
            await hand.press("f9")
            assert hand.row("Client Certificate").startswith(">")
            assert "Client Certificate: It lets in only \\x1bmachines." in hand.screen
            assert "modified" not in hand.lines[0]
            await hand.press("f8", "down", "enter")
            assert hand.row("SMTP Password").startswith(">")
            assert "Only you know the right one." in hand.screen
            await hand.type("new")
            await hand.press("f5")
            await passes(hand)
        assert [request.secret for request in check.requests] == ["hunter2hunter2", "new"]


class TestTrust:
    @pytest.mark.parametrize("fix", [NAME, PIN, OPEN])
    async def test_no_key_but_yes_trusts(self, tmp_path: Path, fix: Fix) -> None:
        check = once(PASSWORD, fix, chain=[LEAF, ROOT])
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await fail(hand)
            for key in ("enter", "escape", "n", "space", "f9"):
                await hand.press("f8", "down", "enter")
                assert "Y Yes" in hand.screen, key
                await hand.press(key)
                assert len(check.requests) == 1, key
                await hand.press("escape", "escape")
                assert "modified" not in hand.lines[0], key
                assert "Y Yes" not in hand.screen
        assert len(check.requests) == 1

    async def test_yes_trusts(self, tmp_path: Path) -> None:
        check = once(NAME, chain=[LEAF])
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await fail(hand)
            await hand.press("f9")
            assert "Accept mx.example.net as mail.example.net?" in hand.screen
            await hand.press("y")
            await passes(hand)
        assert check.requests[-1].values["server_name"] == "mx.example.net"

    async def test_no_leads_back_to_the_list(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=once(ENCRYPTION, OPEN)) as hand:
            await fail(hand)
            await hand.press("f8", "down", "enter", "n")
            await hand.until(lambda: "> OpenSSL Verify Mode" in hand.screen)
            await hand.press("escape")
            await hand.until(lambda: "Possible fixes" not in hand.screen)

    async def test_a_key_pins_where_there_is_something_to_pin(self, tmp_path: Path) -> None:
        check = once(NAME, PIN, chain=[LEAF])
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await fail(hand)
            await hand.press("f8")
            assert "P Pin certificate" in hand.screen
            assert "Save CA" not in hand.screen
            await hand.press("c")
            assert "Possible fixes" in hand.screen
            await hand.press("p")
            assert "Pin this certificate?" in hand.screen
            await hand.resize(60, 20)
            lines = [line.strip() for line in hand.lines]
            hashed = [line for line in lines if re.fullmatch(r"(SHA-256 +)?(\w\w:?){8}", line)]
            assert len(hashed) == 4  # each breaks between groups
            await hand.press("Y")
            await passes(hand)
        assert check.requests[-1].values["tls_fingerprint"] == LEAF.fingerprint

    async def test_a_ca_is_saved_beside_the_settings(self, tmp_path: Path) -> None:
        check = once(AUTHORITY, PIN, chain=[LEAF, ROOT])
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await fail(hand)
            await hand.press("f8")
            assert "CA File: the system's -> mail.example.net-acme-ca.pem" in hand.screen
            await hand.press("c")
            assert not certificates(tmp_path)
            await hand.press("y")
            await passes(hand)
            file = tmp_path / "mail.example.net-acme-ca.pem"
            assert file.read_text("ascii") == ssl.DER_cert_to_PEM_cert(ROOT.der)
            assert "F2 saves CA File (the system's -> mail.example.net-acme" in hand.screen
            await hand.press("f2")
            await hand.until(lambda: "Saved" in hand.screen)
            assert f'ca_file = "{file.name}"' in hand.file.read_text("utf-8")
            await hand.press("f4")
            stays = f"Undone: CA File is the system's again. {file.name} stays"
            await hand.until(lambda: stays in " ".join(hand.screen.split()))
            assert file.exists()
        assert check.requests[-1].values["ca_file"] == file.name

    async def test_the_admins_own_ca_file_comes_first(self, tmp_path: Path) -> None:
        for name in ("corporate-ca.pem", "corporate-old.pem"):
            (tmp_path / name).write_text("x", encoding="utf-8")
        check = once(AUTHORITY, PIN, OPEN, chain=[LEAF, ROOT])
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await fail(hand)
            assert " F9 goes to CA File: name the file with your CA's certificate." in hand.screen
            await hand.press("f9")
            await hand.until(lambda: hand.row("CA File").startswith(">"))
            await hand.until(lambda: "corporate-old.pem" in hand.screen)
            assert "Type the path of the file; Tab completes it." in hand.screen
            await hand.type("corp")
            await hand.press("tab")
            await hand.until(lambda: "corporate-" in hand.row("CA File"))
            await hand.type("c")
            await hand.press("tab")
            await hand.until(lambda: "corporate-ca.pem" in hand.row("CA File"))
            await hand.press("f5")
            await passes(hand)
        assert check.requests[-1].values["ca_file"] == "corporate-ca.pem"

    async def test_its_folder_is_made_only_after_a_yes(self, tmp_path: Path) -> None:
        check = once(AUTHORITY, chain=[LEAF, ROOT])
        folder = tmp_path / "nodir"
        async with form_on(None, folder, check=check) as hand:
            await hand.type("h")
            await fail(hand)
            await hand.press("f8", "c", "y")
            await hand.until(lambda: "Y Create it" in hand.screen)
            await hand.press("n")
            await hand.until(lambda: "Y Create it" not in hand.screen)
            assert not folder.exists()
            await hand.press("c", "y")
            await hand.until(lambda: "Y Create it" in hand.screen)
            await hand.press("y")
            await passes(hand)
            assert len(certificates(folder)) == 1

    async def test_for_a_new_file_it_is_saved_where_that_will_be(self, tmp_path: Path) -> None:
        check = once(AUTHORITY, chain=[LEAF, ROOT])
        folder = tmp_path / "etc"
        folder.mkdir()
        async with form_on(None, folder, check=check) as hand:
            await hand.type("h")
            await fail(hand)
            await hand.press("f8", "c", "y")
            await passes(hand)
        assert [file.name for file in folder.iterdir()] == ["h-acme-ca.pem"]

    async def test_what_cannot_be_saved_changes_nothing(self, tmp_path: Path) -> None:
        check = once(AUTHORITY, chain=[LEAF, ROOT])
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await fail(hand)
            await hand.press("f8", "c")
            hand.form_screen._document.path = tmp_path / "mail.toml" / "x.toml"
            await hand.press("y")
            await hand.until(lambda: "Not trusted:" in hand.screen)
            assert "modified" not in hand.lines[0]
        assert len(check.requests) == 1


class TestMail:
    async def test_no_fix_sends_a_message(self, tmp_path: Path) -> None:
        sender = Fix(field="from", value="tickets@example.net", why="Its own address.")
        refused = failing(sender, cause="sender-refused", stage=Stage.ENVELOPE)
        check = FakeChecks([script(refused), (*DIALOGUE, PASSED)])
        async with form_on(SAMPLE + 'from = "app@example.org"\n', tmp_path, check=check) as hand:
            await hand.press("f7")
            await hand.type("a@b.example")
            await hand.press("f2")
            await hand.until(lambda: "FAILED" in hand.screen)
            await hand.until(lambda: not hand.form_screen.test_pane.is_busy)
            assert "asks again without a message" in hand.screen
            await hand.press("f9")
            await passes(hand)
            await hand.press("f7")
            assert "tickets@example.net" in hand.screen
        first, second = (request.mail for request in check.requests)
        assert first
        assert second
        assert first.body is not None
        assert (second.body, second.sender) == (None, None)
        assert second.recipients == first.recipients
        assert check.requests[1].values["from"] == "tickets@example.net"


def test_every_key_does_one_thing() -> None:
    keys = [key for one in COMMANDS for key in one.default_keys]
    assert len(keys) == len(set(keys))
    assert not {"ctrl+a", "ctrl+b", "ctrl+q"} & set(keys)
