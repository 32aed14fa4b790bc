"""The form line by line: it asks for each field, and its commands do what the form's keys do."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.fields import FIELDS
from smtp_tui.smtp.events import Event, WarningId
from smtp_tui.tui.linear.commands import COMMANDS
from smtp_tui.tui.linear.rows import KEYS, label_of
from tests.table import table
from tests.tui.driving import (
    DIALOGUE,
    PASSED,
    SAMPLE,
    FakeCheck,
    FakeKeyring,
    failed,
    keyring_is,
    said,
)
from tests.tui.linear_console import CTRL_C, answered

SECRET = "hunter2hunter2"


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "XDG_STATE_HOME", str(tmp_path / "state"))


class TestFields:
    def test_each_is_asked_for_in_the_order_of_the_form(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, *[""] * 10, "y", *[""] * 12, ":quit")
        assert ended.status == 0
        prompts = re.findall(r"^(\d+) (.+?) \[", ended.text, re.MULTILINE)
        labels = [label.removesuffix(", not echoed") for _, label in prompts]
        assert labels == [label_of(key) for key in KEYS]
        assert [int(number) for number, _ in prompts] == [*range(1, 23)]
        assert "2 SMTP Port [2587]: " in ended.text
        assert "10 OpenSSL Verify Mode [peer (default)]: " in ended.text
        assert "12 Timeout [30 seconds (default)]: " in ended.text
        assert ended.saved == SAMPLE

    def test_those_that_are_rarely_needed_can_be_left_out(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, *[""] * 10, "", ":quit")
        assert "More settings, such as From, Timeout, CA File; 0 set." in ended.text
        assert "11 From" not in ended.text
        assert "Command or field" in ended.text

    def test_a_value_a_default_and_back(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, "mx.example.org", "<", "", "-", ":save", ":quit")
        assert "1 SMTP Host [mx.example.org]: " in ended.text
        assert "SMTP Port: 587, submission (default)" in ended.text
        assert ended.saved == SAMPLE.replace("mail.example.net", "mx.example.org").replace(
            "port = 2587\n", ""
        )

    def test_a_wrong_value_is_asked_for_again(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, "", "70000", "465", ":save", ":quit")
        assert "! SMTP Port " in ended.text
        assert ended.text.count("2 SMTP Port [2587]: ") == 2
        assert "port = 465" in ended.saved

    @table("typed", ["3", "ssl", "SMTPS", "s"])
    def test_a_choice_by_number_name_or_start(self, tmp_path: Path, typed: str) -> None:
        ended = answered(tmp_path, ":encryption", typed, ":save", ":quit")
        assert 'encryption = "ssl"' in ended.saved

    @table("typed", ["4", "0", "sl", "tlss"])
    def test_what_is_no_choice_is_asked_for_again(self, tmp_path: Path, typed: str) -> None:
        ended = answered(tmp_path, ":encryption", typed, ":quit")
        assert "! Encryption Type is one of: none, tls, ssl. ? explains them." in ended.text

    def test_a_switch(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":encryption", "none", "yes", ":save", ":quit")
        assert "starttls_auto = true" in ended.saved

    @table("typed", [":3", ":domain", ":Domain"])
    def test_a_field_is_gone_to(self, tmp_path: Path, typed: str) -> None:
        ended = answered(tmp_path, typed, ":quit")
        assert ended.text.splitlines()[-1].startswith("3 Domain [tickets.example.org]: ")

    def test_one_that_is_rarely_needed_is_gone_to(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":timeout", "20", ":save", ":quit")
        assert "timeout = 20" in ended.saved

    def test_a_backslash_makes_a_value_of_a_command(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":username", r"\:test", ":username", r"\user", ":save", ":quit")
        assert "6 SMTP Username [:test]: " in ended.text
        assert r'username = "\\user"' in ended.saved or r"username = '\user'" in ended.saved

    def test_its_explanation_and_its_whole_page(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":encryption", "?", "??", ":quit")
        assert "4 Encryption Type [tls]: ?\nEncryption Type: " in ended.text
        assert "\n2 tls: starts in plain text" in ended.text
        assert "\nNow: Encrypted from STARTTLS on" in ended.text
        assert "\nOften misread\n" in ended.text
        assert "`" not in ended.text

    def test_advice_comes_with_the_change_that_brings_it(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, "", "465", ":quit", "d")
        after = ended.text.partition("2 SMTP Port [2587]: 465\n")[2]
        assert after.startswith("! Encryption Type: Port 465 expects implicit TLS")
        ended = answered(tmp_path, "", "465", "", ":quit", "d")
        assert ended.text.count("! Encryption Type: ") == 1

    def test_a_line_with_an_arrow_key_is_not_a_value(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, "mx\x1b[D", ":quit")
        assert "That line contains control characters" in ended.text
        assert "\x1b" not in ended.text.replace("mx\x1b[D", "")
        assert ended.status == 0

    def test_a_line_that_cannot_be_decoded_is_not_a_value(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, "m\N{REPLACEMENT CHARACTER}ller", ":save", ":quit")
        assert "this terminal's encoding cannot decode. Type it again." in ended.plain
        assert ended.saved == SAMPLE

    def test_what_the_application_cannot_express_is_passed_over(self, tmp_path: Path) -> None:
        text = '[smtp_options]\nserver = "mail.example.net"\nport = 587\n'
        dialect = "lldap"
        ended = answered(tmp_path, *[""] * 9, ":quit", text=text, dialect=dialect)
        assert "lldap keys." in ended.plain
        assert "] cannot be set here. " in ended.plain


class TestPassword:
    def test_it_is_neither_echoed_nor_shown(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":password", " new secret ", ":list", ":diff", "y", ":quit")
        assert ended.console.unechoed == [" new secret "]
        assert "SMTP Password: 12 characters, not saved yet." in ended.text
        assert "typed, not saved yet" in ended.text
        assert "new secret" not in ended.text
        assert SECRET not in ended.text
        assert 'password = " new secret "' in ended.saved

    def test_commands_work_at_its_prompt(self, tmp_path: Path) -> None:
        check = FakeCheck()
        answers = ":password", ":test", "?", r"\?", "<", ":nothing", ":save", ":quit"
        ended = answered(tmp_path, *answers, runner=check)
        assert len(check.requests) == 1
        assert "SMTP Password: The password" in ended.text
        # A password that looks like a command that does not exist is one.
        assert 'password = ":nothing"' in ended.saved
        ended = answered(tmp_path, ":password", r"\?", ":save", ":quit")
        assert 'password = "?"' in ended.saved

    def test_it_is_removed(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":password", "-", ":save", ":quit")
        assert "SMTP Password: none" in ended.text
        assert "password =" not in ended.saved

    def test_it_goes_to_a_variable(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":kept", "env", "MAIL_PW", "", ":save", "y", ":quit")
        assert "7 SMTP Password, kept in: env [the variable's name]: MAIL_PW" in ended.text
        assert 'password = { env = "MAIL_PW" }' in ended.saved

    def test_it_goes_to_the_keyring(self, tmp_path: Path) -> None:
        keyring = FakeKeyring()
        with keyring_is(keyring):
            ended = answered(tmp_path, ":kept", "keyring", ":save", ":quit")
        assert keyring.stored == {("smtp-tui mail.example.net", "tickets@example.net"): SECRET}
        assert "keyring" in ended.saved
        assert SECRET not in ended.saved

    def test_a_keyring_that_cannot_be_used_is_named_at_once(self, tmp_path: Path) -> None:
        with keyring_is(FakeKeyring("no keyring here")):
            ended = answered(tmp_path, ":kept", "keyring", ":quit", "d")
        assert "? SMTP Password: No keyring here." in ended.text

    def test_it_is_asked_for_at_the_test(self, tmp_path: Path) -> None:
        check = FakeCheck()
        text = SAMPLE.replace(f'"{SECRET}"', "{ ask = true }")
        ended = answered(tmp_path, ":test", "typed", ":quit", text=text, runner=check)
        assert check.requests[0].secret == "typed"
        assert ended.console.unechoed == ["typed"]
        # One goes back past what cannot be set.
        ended = answered(tmp_path, ":username", "", "<", ":quit", text=text)
        assert "7 SMTP Password [smtp-tui asks at each test]\n" in ended.text
        assert ended.text.count("6 SMTP Username [") == 2
        ended = answered(tmp_path, ":test", CTRL_C, ":quit", text=text, runner=check)
        assert "Not tested: no password was given." in ended.text
        assert len(check.requests) == 1


class TestCommands:
    def test_each_is_in_the_help_and_at_the_last_prompt(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":help", *[""] * 11, "?", ":quit")
        for command in COMMANDS:
            assert f"  :{command.name}  " in ended.text
            assert f":{command.name}" in ended.text.partition("(? lists): ?")[2]

    def test_one_that_does_not_exist(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":frob", ":quit")
        assert "There is no command or field :frob. :help lists them." in ended.text

    def test_no_text_names_a_key(self, tmp_path: Path) -> None:
        check = FakeCheck((*DIALOGUE, failed("auth-rejected")))
        answers = ":fix", ":log", ":test", ":fix", "mx.example.org", ":fix", ":undo", ":quit"
        ended = answered(tmp_path, *answers, runner=check)
        assert ":test starts a test." in ended.text
        assert re.findall(r"\bF\d+\b|\bAlt\+", ended.text) == []

    def test_test_writes_the_dialogue_and_the_verdict(self, tmp_path: Path) -> None:
        check = FakeCheck()
        ended = answered(tmp_path, "mx.example.org", ":test", ":log", ":quit", "d", runner=check)
        assert check.requests[0].values["host"] == "mx.example.org"
        dialogue = "   0.100 <- 220 mail.example.net ESMTP\n   0.100 -> EHLO tickets.example.org\n"
        assert ended.text.count(f"{dialogue}PASSED: the login works.\n") == 2
        # Back at the field where one was.
        assert "2 SMTP Port [2587]: :log" in ended.text

    def test_what_a_server_says_stays_as_it_is(self, tmp_path: Path) -> None:
        check = FakeCheck((said("F9 10:F9:2F F5, Alt+D"), PASSED))
        ended = answered(tmp_path, ":test", ":quit", runner=check)
        assert "<- 220 F9 10:F9:2F F5, Alt+D\n" in ended.text

    def test_warnings_are_explained_at_once(self, tmp_path: Path) -> None:
        verdict = replace(
            PASSED,
            warnings=(WarningId.CERTIFICATE_EXPIRES_SOON,),
            warning_texts=("Five days are left.",),
            also_texts=("It is weak.",),
        )
        check = FakeCheck((*DIALOGUE, verdict))
        ended = answered(tmp_path, ":test", ":quit", runner=check)
        assert "\nAlso: It is weak.\n? Five days are left.\n" in ended.text
        assert "Warnings" not in ended.text

    def test_what_cannot_be_tested_is_gone_to(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":test", "mx.example.org", ":quit", "d", text="[smtp]\n")
        assert "Not tested. SMTP Host " in ended.text
        assert ended.text.count("1 SMTP Host [required]: ") == 2

    def test_undo_and_redo(self, tmp_path: Path) -> None:
        answers = "mx.example.org", ":undo", ":redo", ":undo", ":undo", ":quit"
        ended = answered(tmp_path, *answers)
        assert "Undone: SMTP Host is mail.example.net again." in ended.text
        assert "Redone: SMTP Host is mx.example.org." in ended.text
        assert "There is nothing to undo." in ended.text

    def test_list_marks_what_is_changed(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, "mx.example.org", ":list", ":quit", "d")
        assert "\n* 1 SMTP Host: mx.example.org\n" in ended.text
        assert "\n  3 Domain: tickets.example.org\n" in ended.text
        assert len(re.findall(r"^[* ] ?\d+ ", ended.text, re.MULTILINE)) == len(FIELDS) + 1

    def test_the_same_test_with_other_programs(self, tmp_path: Path) -> None:
        ended = answered(tmp_path, ":same", ":quit")
        assert "swaks" in ended.text
        assert SECRET not in ended.text

    def test_an_error_of_ours_loses_nothing(self, tmp_path: Path) -> None:
        async def broken(_request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
            for event in DIALOGUE:
                yield event
                raise ZeroDivisionError

        ended = answered(tmp_path, "mx.example.org", ":test", ":save", ":quit", runner=broken)
        assert "A bug in smtp-tui: " in ended.text
        assert "mx.example.org" in ended.saved
