"""Fixes, saves, searches and ends of the form line by line: it asks wherever the form does."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.verdict import Fix, Verdict
from smtp_tui.discovery.search import DiscoveryOptions
from smtp_tui.discovery.steps import DiscoveryQuery, Step
from smtp_tui.smtp.events import Event
from smtp_tui.tui.linear.saving import ConsoleWaits
from smtp_tui.tui.model import server_search
from tests.tui.driving import (
    DIALOGUE,
    PASSED,
    SAMPLE,
    FakeCheck,
    FakeKeyring,
    failed,
    keyring_is,
)
from tests.tui.fixes import (
    AUTHORITY,
    ELSEWHERE,
    ENCRYPTION,
    LEAF,
    NAME,
    OPEN,
    PASSWORD,
    ROOT,
    certificates,
    failing,
    script,
)
from tests.tui.linear_console import CTRL_C, CTRL_D, NO_MORE_ANSWERS, answered
from tests.tui.test_discover import STEPS
from tests.tui.test_password_risk import COMMAND, let_others_write

TWO_TABLES = '[a]\nhost = "a.example"\nport = 1\n[b]\nhost = "b.example"\nport = 2\n'


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").mkdir()
    monkeypatch.setitem(os.environ, "XDG_STATE_HOME", str(tmp_path / "state"))


class TwoTests:
    """A check that fails with these fixes, and passes the second time."""

    def __init__(self, *fixes: Fix, **more: object) -> None:
        self.requests: list[CheckRequest] = []
        self._fixes = fixes
        self._chain = (LEAF, ROOT)

    async def __call__(self, request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
        self.requests.append(request)
        first = script(failing(*self._fixes), *self._chain)
        for item in first if len(self.requests) == 1 else (*DIALOGUE, PASSED):
            yield item


class TestFixes:
    def test_the_best_is_applied_and_tested(self, tmp_path: Path) -> None:
        check = TwoTests(ENCRYPTION, ELSEWHERE)
        ended = answered(tmp_path, ":test", ":fix", ":save", ":quit", runner=check)
        assert ":fix sets Encryption Type to ssl and tests again. :fixes lists both." in ended.plain
        assert "PASSED: the login works.\n:save saves Encryption Type (tls -> ssl) to" in ended.text
        assert "Changed, not saved yet: Encryption Type ssl. :undo undoes it." in ended.text
        assert check.requests[1].values["encryption"] == "ssl"
        assert 'encryption = "ssl"' in ended.saved

    def test_another_is_chosen(self, tmp_path: Path) -> None:
        check = TwoTests(ENCRYPTION, ELSEWHERE)
        ended = answered(tmp_path, ":test", ":fixes", "2", ":quit", "d", runner=check)
        assert "  2 SMTP Port: 2587 -> 587. Tried: it works." in ended.text
        assert check.requests[1].values["port"] == 587
        answers = ":test", ":fixes", "3", "", ":quit"
        ended = answered(tmp_path, *answers, runner=TwoTests(ENCRYPTION, ELSEWHERE))
        assert "3 is not one of the answers." in ended.text

    def test_one_that_only_the_admin_knows_is_asked_for(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":test", ":fix", "new", ":quit", "d", runner=TwoTests(PASSWORD))
        assert "SMTP Password: Only you know the right one." in ended.text
        assert ended.console.unechoed == ["new"]

    @pytest.mark.parametrize("answer", ["", "n", "x", CTRL_C, CTRL_D])
    def test_trust_needs_a_yes(self, tmp_path: Path, answer: str) -> None:
        check = TwoTests(NAME)
        ended = answered(tmp_path, ":test", ":fix", answer, ":quit", runner=check)
        assert "Accept mx.example.net as mail.example.net?" in ended.text
        assert "  Names: mx.example.net" in ended.text
        assert "Nothing has changed." in ended.text
        assert len(check.requests) == 1

    def test_trust_that_gets_its_yes(self, tmp_path: Path) -> None:
        check = TwoTests(AUTHORITY)
        answers = ":test", ":fixes", "2", "y", ":save", ":quit"
        ended = answered(tmp_path, *answers, runner=check)
        (file,) = certificates(tmp_path)
        assert check.requests[1].values["ca_file"] == file.name
        assert f'ca_file = "{file.name}"' in ended.saved

    def test_a_file_of_the_admins_own_is_asked_for(self, tmp_path: Path) -> None:
        answers = ":test", ":fix", "my-ca.pem", ":save", ":quit"
        ended = answered(tmp_path, *answers, runner=TwoTests(AUTHORITY))
        assert "\nCA File: Type the path of the file. " in ended.text
        assert "13 CA File [the system's" in ended.text
        assert 'ca_file = "my-ca.pem"' in ended.saved

    def test_the_way_back_to_what_passed_comes_first(self, tmp_path: Path) -> None:
        check = FakeCheck()

        def fail() -> None:
            check.script = script(failing(ENCRYPTION))

        answers = ":test", "", "587", fail, ":test", ":fix", ":quit"
        ended = answered(tmp_path, *answers, runner=check)
        assert ":fix goes back to what passed at " in ended.plain
        assert [str(request.values["port"]) for request in check.requests] == [
            "2587",
            "587",
            "2587",
        ]

    def test_the_field_at_fault_is_marked(self, tmp_path: Path) -> None:
        check = FakeCheck((*DIALOGUE, failed("auth-mechanism-not-offered")))
        answers = ":test", ":authentication", ":list", "login", ":list", ":quit", "d"
        ended = answered(tmp_path, *answers, runner=check)
        assert "9 Authentication Type [plain; ! not offered]: :list" in ended.text
        assert ended.text.count(" 9 Authentication Type: plain  ! not offered\n") == 1

    def test_what_weakens_is_never_the_first(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":test", ":fix", ":quit", runner=TwoTests(OPEN))
        assert "smtp-tui knows no safe fix for this failure." in ended.text

    def test_after_a_change_it_is_tested_first(self, tmp_path: Path) -> None:
        answers = ":test", "mx.example.org", ":fix", ":undo", ":fix", ":quit", "d"
        check = TwoTests(ENCRYPTION)
        ended = answered(tmp_path, *answers, runner=check)
        assert "Test again first: :test." in ended.text
        # An undone change is no change.
        assert check.requests[1].values["encryption"] == "ssl"


def test_the_arrival_of_a_message_is_proven(tmp_path: Path) -> None:
    check = FakeCheck()
    answers = (
        *(":send me@example.org", "", "", "", "", "p"),
        *("imap.example.org", "imaps://me@imap.example.org", "hunter22", ":quit"),
    )
    ended = answered(tmp_path, *answers, runner=check)
    assert "! The address of the mailbox must begin with imaps:// or imap://." in ended.text
    assert "hunter22" not in ended.text
    (request,) = check.requests
    assert request.prove
    assert (str(request.prove.address), request.prove.secret) == (
        "me at imap.example.org",
        "hunter22",
    )


class TestQuestions:
    def test_a_command_that_others_can_write(self, tmp_path: Path) -> None:
        check = FakeCheck()
        (tmp_path / "mail.toml").write_text(COMMAND, encoding="utf-8")
        let_others_write(tmp_path)
        answers = ":test", "n", ":test", "", ":test", "y", ":test", ":quit"
        ended = answered(tmp_path, *answers, text=None, runner=check)
        assert ended.plain.count("run the command touch") == 3
        assert len(check.requests) == 2

    def test_an_unencrypted_password(self, tmp_path: Path) -> None:
        check = FakeCheck((*DIALOGUE, failed("auth-needs-encryption")))
        ended = answered(tmp_path, ":test", "", ":test", "y", ":quit", runner=check)
        assert "Send the password unencrypted, just this once?" in ended.text
        allowed = [request.allow_clear_password for request in check.requests]
        assert allowed == [False, False, True]

    def test_a_command_at_a_question_goes_back_and_runs(self, tmp_path: Path) -> None:
        check = FakeCheck()
        answers = "", "587", ":send me@example.org", "", ":save", ":diff", ":quit"
        ended = answered(tmp_path, *answers, runner=check)
        assert (ended.status, check.requests) == (0, [])
        assert "Nothing was sent." in ended.text
        assert "port = 587" in ended.saved

    def test_a_subject_may_look_like_a_command(self, tmp_path: Path) -> None:
        check = FakeCheck()
        answers = ":send me@example.org", "", "", "\\:save", "", "y", ":quit"
        answered(tmp_path, *answers, runner=check)
        (request,) = check.requests
        assert request.mail is not None
        assert request.mail.subject == ":save"

    @pytest.mark.parametrize("way_out", ["<", ":list", CTRL_C])
    def test_a_message_that_is_given_up(self, tmp_path: Path, way_out: str) -> None:
        check = FakeCheck()
        answers = ":send me@example.org", "not an address", way_out, ":send", "", "", "", "", "y"
        ended = answered(tmp_path, *answers, ":quit", runner=check)
        assert "Nothing was sent." in ended.text
        # An address that was rejected does not replace the one before.
        assert ended.text.count("From [tickets@example.net]: ") == 3
        assert "To [me@example.org]: " in ended.text
        (request,) = check.requests
        assert request.mail is not None
        assert request.mail.recipients[0].address == "me@example.org"

    def test_a_message(self, tmp_path: Path) -> None:
        check = FakeCheck()
        to = "a@example.org, b@example.org"
        ended = answered(tmp_path, ":send", "", "nobody", to, "", "", "y", ":quit", runner=check)
        assert "From [tickets@example.net]: " in ended.text
        assert "To [required]: nobody" in ended.text
        mail = check.requests[0].mail
        assert mail is not None
        assert [recipient.address for recipient in mail.recipients] == [
            "a@example.org",
            "b@example.org",
        ]
        assert mail.body
        # What was typed is still there.
        answers = ":send", "", "a@example.org", CTRL_C, ":send", "", "", "", "", "a", ":quit"
        check = FakeCheck()
        answered(tmp_path, *answers, runner=check)
        (request,) = check.requests
        assert request.mail is not None
        assert request.mail.body is None


class TestSaving:
    def test_nothing_to_save(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":save", ":quit")
        assert "There is nothing to save: the file is up to date." in ended.text

    @pytest.mark.parametrize("answer", ["", "x", CTRL_C, CTRL_D])
    def test_a_difference_is_saved_only_with_a_yes(self, tmp_path: Path, answer: str) -> None:
        ended = answered(tmp_path, "", "587", ":diff", answer, "", ":quit", "", ":quit", "d")
        assert "-port = 2587\n+port = 587\n" in ended.text
        assert ended.saved == SAMPLE

    def test_a_difference_that_is_saved(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, "", "587", ":diff", "b", ":quit")
        assert "port = 587" in ended.saved
        assert (tmp_path / "mail.toml~").read_text("utf-8") == SAMPLE
        answered(tmp_path, "", "587", ":diff", "p", ":quit")
        assert (tmp_path / "mail.toml").stat().st_mode & 0o777 == 0o600

    def test_a_new_table_is_shown_first(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, "a.example", ":save", "y", ":quit", text="x = 1\n")
        assert "no SMTP table yet" in ended.plain
        assert "The file has no SMTP table yet: saving adds [smtp]." in ended.text
        assert ended.saved == 'x = 1\n\n[smtp]\nhost = "a.example"\n'

    def test_a_new_file(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, "a.example", ":save", ":quit", text=None)
        assert "new file." in ended.plain
        assert ended.saved == '[smtp]\nhost = "a.example"\n'

    @pytest.mark.parametrize(("answer", "is_made"), [("", False), ("n", False), ("y", True)])
    def test_a_new_folder(self, tmp_path: Path, answer: str, *, is_made: bool) -> None:
        folder = tmp_path / "new"
        answers = "a.example", ":save", answer, ":quit", "d"
        answered(folder, *answers, text=None)
        assert folder.exists() is is_made

    def test_changes_are_asked_about_at_the_end(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, "", "587", ":quit", "", CTRL_D, "s")
        assert ended.plain.count("mail.toml does not contain your changes yet: SMTP Port.") == 2
        assert (ended.status, "port = 587" in ended.saved) == (0, True)

    def test_a_file_that_was_removed(self, tmp_path: Path) -> None:
        file = tmp_path / "mail.toml"
        answers = "", "587", file.unlink, ":save", "n", ":save", "y", ":quit"
        ended = answered(tmp_path, *answers)
        assert "mail.toml was deleted after smtp-tui read it." in ended.plain
        assert "port = 587" in ended.saved

    def test_a_file_that_was_changed(self, tmp_path: Path) -> None:
        file = tmp_path / "mail.toml"

        def change() -> None:
            file.write_text(SAMPLE.replace("mail.example.net", "other.example.net"), "utf-8")

        ended = answered(tmp_path, "", "587", change, ":save", "", ":save", "m", ":quit")
        assert "mail.toml was changed by another program" in ended.plain
        assert '+host = "other.example.net"' in ended.text
        assert 'host = "other.example.net"' in ended.saved
        assert "port = 587" in ended.saved

    @pytest.mark.parametrize(("whose", "port"), [("f", "25"), ("h", "587")])
    def test_a_field_that_was_changed_here_and_there(
        self, tmp_path: Path, whose: str, port: str
    ) -> None:
        file = tmp_path / "mail.toml"

        def change() -> None:
            file.write_text(SAMPLE.replace("2587", "25"), "utf-8")

        # Enter chooses nothing.
        answers = "", "587", change, ":save", "m", "", ":save", "m", whose, ":quit"
        ended = answered(tmp_path, *answers)
        assert "port was 2587, is 25 in the file now, and 587 here." in ended.plain
        assert f"port = {port}\n" in ended.saved

    def test_enter_at_the_first_of_several_conflicts_goes_back(self, tmp_path: Path) -> None:
        file = tmp_path / "mail.toml"

        def change() -> None:
            new = SAMPLE.replace("2587", "25").replace("mail.example.net", "new.example.net")
            file.write_text(new, "utf-8")

        answers = "other.example.net", "587", change, ":save", "m", "", ":quit", "d"
        ended = answered(tmp_path, *answers)
        assert ended.status == 0
        assert ended.plain.count(" in the file now, and ") == 1

    def test_a_file_is_loaded_again(self, tmp_path: Path) -> None:
        file = tmp_path / "mail.toml"

        def change() -> None:
            file.write_text(SAMPLE.replace("2587", "25"), "utf-8")

        # What is loaded again is not saved: one does not leave yet.
        answers = "", "587", change, ":save", "r", "", ":quit", "s", "r", "y", ":list", ":quit"
        ended = answered(tmp_path, *answers)
        assert "This discards your changes: SMTP Port. Discard them?" in ended.plain
        assert "  2 SMTP Port: 25," in ended.text

    def test_the_mode(self, tmp_path: Path) -> None:
        answered(tmp_path, ":quit")
        (tmp_path / "mail.toml").chmod(0o644)
        ended = answered(tmp_path, ":private", ":private", ":quit", text=None)
        assert "Only its owner can read the file now (mode 0600)." in ended.text
        assert ended.file.stat().st_mode & 0o777 == 0o600
        assert "Only its owner can already read the file" in ended.text

    def test_a_keyring_that_does_not_answer(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Silent(FakeKeyring):
            async def store(self, service: str, account: str, secret: str) -> None:
                for _ in range(3):  # the line about the wait comes first
                    await asyncio.sleep(0)
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.Event().wait()

        monkeypatch.setattr(ConsoleWaits, "SLOW", 0.0)
        with keyring_is(Silent()):
            ended = answered(tmp_path, ":kept", "keyring", ":save", ":quit", "d")
        assert "Waiting for the keyring. Ctrl+C stops waiting; then nothing is saved." in ended.text
        assert "Stopped. Nothing was saved" in ended.text
        assert ended.saved == SAMPLE

    def test_after_the_write_a_wait_does_not_say_that_nothing_is_saved(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Slow(FakeKeyring):
            async def forget(self, service: str, account: str) -> None:
                for _ in range(3):  # the line about the wait comes first
                    await asyncio.sleep(0)
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.Event().wait()

        keyring = Slow()
        keyring.stored["mail", "old"] = "wonderland"
        text = '[smtp]\nhost = "a.example"\nusername = "old"\npassword = { keyring = "mail" }\n'
        monkeypatch.setattr(ConsoleWaits, "SLOW", 0.0)
        with keyring_is(keyring):
            ended = answered(tmp_path, ":username", "new", ":save", "y", ":quit", text=text)
        waiting = ended.plain.partition(
            "Waiting for the removal of the keyring's entry mail of old"
        )
        assert waiting[2].startswith(". Ctrl+C stops waiting; the file is saved.")
        assert 'username = "new"' in ended.saved


class TestEnds:
    def test_ctrl_c_says_how_to_quit(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, CTRL_C, "", CTRL_C, CTRL_D)
        assert ended.text.count(":quit leaves, and so does Ctrl+D.") == 2
        assert ended.status == 0

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_keeps_the_changes(self, tmp_path: Path, number: int) -> None:
        def end() -> None:
            os.kill(os.getpid(), number)

        ended = answered(tmp_path, "", "587", end)
        assert ended.status == 128 + number
        assert ended.reports == [
            "your unsaved changes are kept, without passwords; open the file again to restore them"
        ]
        assert ended.saved == SAMPLE
        ended = answered(tmp_path, "", ":quit")
        assert "There are unsaved changes from " in ended.plain
        # Nothing else has them: one letter does not discard them, and a command asks later.
        ended = answered(tmp_path, "d", "", "", ":quit")
        assert "Discard the kept changes for good? There is no other copy." in ended.plain
        assert answered(tmp_path, ":quit").status == 0
        ended = answered(tmp_path, "r", ":save", ":quit")
        assert "Restored, not saved yet: SMTP Port." in ended.text
        assert "port = 587" in ended.saved
        assert "unsaved changes" not in answered(tmp_path, ":quit", text=None).text

    def test_the_demo_keeps_nothing(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, "", "587", is_demo=True)
        assert (ended.status, ended.reports) == (NO_MORE_ANSWERS, [])


class TestTables:
    def test_one_is_chosen(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, "2", ":quit", text=TWO_TABLES, table=None)
        assert "  1 a: a.example 1" in ended.text
        assert "or Enter to leave: " in ended.text
        assert "1 SMTP Host [b.example]: " in ended.text
        assert answered(tmp_path, "", text=TWO_TABLES, table=None).status == 0

    def test_one_is_chosen_by_its_name(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, "b", ":quit", text=TWO_TABLES, table=None)
        assert "1 SMTP Host [b.example]: " in ended.text

    def test_another_is_gone_to(self, tmp_path: Path) -> None:
        answers = "c.example", ":tables", "2", "", ":tables", "2", "s", "", ":quit"
        ended = answered(tmp_path, *answers, text=TWO_TABLES, table="a")
        assert "  1 a (this one): a.example 1" in ended.text
        assert "1, 2 or Enter to go back: " in ended.text
        assert "1 SMTP Host [b.example]: " in ended.text
        assert 'host = "c.example"' in ended.saved

    def test_all_are_tested_and_one_is_opened_with_its_log(self, tmp_path: Path) -> None:
        text = f'{TWO_TABLES}[c]\nport = 3\nencryption = "tls"\nusername = "me"\n'
        check = FakeCheck((*DIALOGUE, failed("auth-rejected")))
        answers = ":all", ":tables", "2", ":log", ":fix", ":quit"
        ended = answered(tmp_path, *answers, text=text, table="a", runner=check)
        assert "  a, a.example 1: FAILED at login: " in ended.text
        assert "  b, b.example 2: FAILED at login: " in ended.text
        assert "   0.100 -> EHLO tickets.example.org\n" in ended.text.partition(":log")[2]
        assert [request.table for request in check.requests] == ["a", "b"]

    def test_all_are_tested_as_the_file_has_them_now(self, tmp_path: Path) -> None:
        check = FakeCheck()

        def change() -> None:
            new = TWO_TABLES.replace("b.example", "new.example").replace("[a]", "[c]")
            (tmp_path / "mail.toml").write_text(new, "utf-8")

        answers = ":list", change, ":all", ":quit"
        ended = answered(tmp_path, *answers, text=TWO_TABLES, table="a", runner=check)
        hosts = [request.values["host"] for request in check.requests]
        assert hosts == ["new.example", "a.example"]
        assert "  a: The file no longer has this table." in ended.text

    def test_there_is_no_other(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":tables", ":quit")
        assert "This file has one SMTP table." in ended.text


class TestSearch:
    def test_a_server_is_found_and_used(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = []

        async def search(
            query: DiscoveryQuery, _options: DiscoveryOptions
        ) -> AsyncGenerator[Step, None]:
            asked.append(query.name)
            for step in STEPS:
                yield step

        monkeypatch.setattr(server_search, "discover", search)
        answers = ":discover", "", "1", ":save", ":discover", "", "1", ":quit"
        ended = answered(tmp_path, *answers)
        assert asked == ["example.net", "example.net"]
        # The second time, the host stays the same.
        told = "The password stays, and the next test would send it to mail.example.org."
        assert ended.plain.count(told) == 1
        assert "Search for [tickets@example.net]: " in ended.text
        assert "FOUND " in ended.text
        assert "port = 465" in ended.saved
        ended = answered(tmp_path, ":discover a..b", ":discover", CTRL_C, ":quit")
        assert "This is not an address, a domain or a host" in ended.text
        assert len(asked) == 2

    def test_the_demo_asks_nobody(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":discover example.org", ":quit", is_demo=True)
        assert "The demo contacts no other machine" in ended.text

    def test_a_provider(self, tmp_path: Path) -> None:
        answers = ":presets gmail", "1", "1", ":save", ":quit"
        ended = answered(tmp_path, *answers)
        assert "smtp.gmail.com" in ended.saved
        ended = answered(tmp_path, ":presets", ":presets", "<", ":quit")
        assert "No provider matches." not in ended.text
        ended = answered(tmp_path, ":presets", "", ":presets no such", ":presets", "e", ":quit")
        assert ended.text.count("No provider matches.") == 2
        assert "providers match. Type more letters." in ended.text


@pytest.mark.parametrize("columns", [30, 60, 79])
def test_no_line_is_too_long_and_none_moves_the_cursor(tmp_path: Path, columns: int) -> None:
    check = TwoTests(ENCRYPTION, NAME)
    commands = ":test", ":fixes", "2", "n", ":help", "?", "??", ":list", ":log", ":quit"
    ended = answered(tmp_path, *commands, runner=check, columns=columns)
    assert set(filter(lambda char: not char.isprintable(), ended.text)) == {"\n"}
    long = [line for line in ended.text.splitlines() if len(line) > columns]
    # A prompt has no end, and a path or hash stays whole.
    room = columns - len("   0.150  * ")
    assert [line for line in long if ": " not in line and len(line.split()[-1]) <= room] == []
