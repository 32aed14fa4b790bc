"""A verdict in words: what happened, what to do, then the rest."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from smtp_tui import diagnosis
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.verdict import Recipient, TlsSummary
from smtp_tui.smtp.events import AuthStarted, Stage, WarningId
from smtp_tui.smtp.replies import Reply
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.fixes import fix_proposals
from smtp_tui.tui.model.verdict_text import (
    changes_to_save,
    verdict_lines,
    verdict_text,
    with_labels,
)
from smtp_tui.tui.test_pane.verdict import cut_at_clause
from tests.diagnosis.examples import connected, facts_of, finished, settings
from tests.tui.driving import DIALOGUE, PASSED, SAMPLE, FakeCheck, failed, form_on
from tests.tui.fixes import ENCRYPTION, LEAF, PASSWORD, certificate, failing

DIAGNOSIS = Path(diagnosis.__file__).parent
FILE = {"host": "mail.example.net", "port": 587, "password": "hunter2hunter2"}
NAMES = ("a.example", "b.example", "c.example")


class TestAction:
    def test_the_first_fix_is_what_to_do(self) -> None:
        verdict = failing(ENCRYPTION, PASSWORD)
        text = verdict_text(verdict, None, fix_proposals(verdict, ()))
        assert (text.key, text.action) == ("F9", "sets Encryption Type to ssl and tests again.")
        assert text.others == "F8 lists both."

    def test_the_reason_of_a_fix_comes_before_the_cure(self) -> None:
        verdict = replace(failing(ENCRYPTION), cure="Set encryption.", why="It speaks TLS.")
        text = verdict_text(verdict, None, fix_proposals(verdict, ()))
        assert [line.text for line in text.more] == ["It speaks TLS.", "Set Encryption Type."]

    def test_without_a_fix_the_cure_begins(self) -> None:
        verdict = failed("server-closed", cure="Look in `the log`. Then try again.", why="Perhaps.")
        text = verdict_text(verdict)
        assert (text.key, text.action) == ("", "Look in `the log`.")
        assert [line.text for line in text.more] == ["Then try again.", "Perhaps."]

    def test_what_was_tried_in_vain_is_nothing_to_do(self) -> None:
        cure = "smtp-tui also tried port 465 (ssl), without success. Ask the server's admin."
        text = verdict_text(failed("connection-refused", cure=cure))
        assert text.action == "Ask the server's admin."
        assert text.more[0].text == "smtp-tui also tried port 465 (ssl), without success."

    def test_for_other_values_the_test_comes_first(self) -> None:
        text = verdict_text(failed("server-closed", cure="Look."), is_stale=True)
        assert (text.key, text.action) == (
            "F5",
            "tests again: this was before your last change.",
        )
        assert [line.text for line in text.more] == ["Look."]


class TestSaving:
    def test_after_a_pass_it_says_what_saving_writes(self) -> None:
        draft = SettingsDraft(FILE)
        assert verdict_text(PASSED).action == "Nothing to save."
        draft.edit("port", "465")
        text = verdict_text(PASSED, saves=changes_to_save(draft, "mail.toml"))
        assert (text.key, text.action) == ("F2", "saves SMTP Port (587 -> 465) to mail.toml.")

    def test_several_are_named_and_the_rest_counted(self) -> None:
        draft = SettingsDraft(FILE)
        draft.restore({"port": 465, "encryption": "ssl", "username": "me", "timeout": 5})
        draft.password.type("hunter3hunter3")
        told = changes_to_save(draft, "mail.toml")
        assert told == ("saves SMTP Port, Encryption Type, SMTP Username and 2 more to mail.toml.")

    def test_what_cannot_be_saved_is_not_promised(self) -> None:
        draft = SettingsDraft(FILE)
        draft.restore({"port": "wrong", "encryption": "ssl"})
        assert changes_to_save(draft, "mail.toml") == ""

    def test_no_password_is_shown(self) -> None:
        draft = SettingsDraft(FILE)
        draft.password.type("hunter3hunter3")
        assert changes_to_save(draft, "mail.toml") == "saves SMTP Password to mail.toml."

    def test_an_untested_change_is_saved_after_a_test(self) -> None:
        text = verdict_text(PASSED, saves="saves SMTP Port to mail.toml.", is_stale=True)
        assert text.key == "F5"
        assert text.more[0].text == "F2 saves SMTP Port to mail.toml."


class TestHappened:
    def test_the_first_row_is_one_sentence(self) -> None:
        summary = "The server accepted the message, as 4aBcDe. This does not prove delivery."
        text = verdict_text(replace(PASSED, summary=summary))
        assert text.happened == "the server accepted the message, as 4aBcDe."
        assert text.more[-1].text == "This does not prove delivery."
        assert (
            "prove delivery"
            in verdict_text(replace(PASSED, summary=summary), is_whole=True).happened
        )

    def test_that_there_was_no_login_is_never_cut(self) -> None:
        verdict = diagnose(settings(), facts_of(*connected(), finished(Stage.EHLO)), 1.0)
        (shorter,) = verdict_text(verdict).shorter
        assert shorter == "the server answers correctly, inside TLSv1.3; there was no login."


class TestRest:
    def test_a_message_that_may_be_on_its_way_comes_first(self) -> None:
        verdict = replace(
            failed("server-closed", Stage.MESSAGE, cure="Look in its log. Wait."),
            warnings=(WarningId.PIPELINING_SUSPECT, WarningId.DELIVERY_UNKNOWN),
            warning_texts=("A filter.", "It may be delivered."),
            recipients=tuple(Recipient(address=a, code=550, text="No") for a in ("a@b", "c@d")),
        )
        lines = [str(line) for line in verdict_text(verdict).more]
        assert lines[:3] == ["It may be delivered.", "a@b: 550 No", "c@d: 550 No"]
        assert lines[-1] == "Warnings: pipelining not working"

    def test_of_a_certificate_one_name_is_shown_and_the_hash_in_groups(self) -> None:
        shown = certificate("CN=a.example", *NAMES)
        verdict = replace(
            failed(
                "certificate-expired",
                Stage.TLS,
                summary="It is for a.example, b.example, c.example.",
                cure=f"Compare {LEAF.fingerprint}.",
            ),
            tls=TlsSummary(certificate=replace(shown, sha256=LEAF.sha256)),
        )
        text = verdict_text(verdict)
        assert text.happened == "It is for a.example and 2 more."
        assert text.action == f"Compare {LEAF.fingerprint[:11]}:…."
        # The page of the last test and the saved dialogue have them all.
        whole = verdict_text(verdict, is_whole=True)
        assert "b.example" in whole.happened
        assert LEAF.fingerprint[-23:] in whole.action
        assert "b.example" in verdict_lines(verdict, None)[0].text

    def test_words_of_a_server_are_inert(self) -> None:
        verdict = failed("x", summary="It said \x1b[31m.", cure="Do \x9b. More \x1b.", why="\u202e")
        text = verdict_text(verdict)
        shown = text.happened + text.action + "".join(map(str, text.more))
        assert not set("\x1b\x9b\u202e") & set(shown)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("The port is silent.", 40, "The port is silent."),
        ("The port is silent, and so is the host.", 30, "The port is silent."),
        # The first clause is never cut: it takes a second row.
        ("Nothing is listening on port 2525: refused.", 20, "Nothing is listening on port 2525."),
        ("The port answers: 220 mail.example.net", 24, "The port answers."),
        ("The port answers (it speaks IMAP): * OK", 24, "The port answers."),
        ("The port answers (offered: LOGIN PLAIN) at once", 28, "The port answers."),
        # A clause that is too short leaves the row empty.
        ("No: the port answers nothing, and more", 24, "No: the port answers nothing."),
        ("一二三四五, 六七八九十", 16, "一二三四五."),
        ("Unbroken", 5, "Unbroken"),
    ],
)
def test_a_row_ends_at_a_clause(text: str, width: int, shown: str) -> None:
    assert cut_at_clause(text, width) == shown


def test_a_passed_login_leaves_out_the_mechanism_first() -> None:
    end = finished(Stage.AUTH)
    login = AuthStarted(seconds=0.3, mechanism="PLAIN", reason="")
    tested = settings(username="alice", authentication="plain", password="hunter2hunter2")
    text = verdict_text(diagnose(tested, facts_of(*connected(), login, end), 1.0))
    assert " with PLAIN, " in text.happened
    assert text.shorter == (
        text.happened.replace(" with PLAIN", ""),
        "logged in as alice, inside TLSv1.3.",
    )


def test_a_rejection_leaves_out_the_reply_first() -> None:
    summary = "The server rejects username or password: 535 5.7.8 Error: no: a b c."
    verdict = replace(failed("auth-rejected", summary=summary), reply=Reply(535, (b"Error",)))
    assert verdict_text(verdict).shorter == ("the server rejects username or password.",)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Set host to the mail server's name.", "Set SMTP Host to the mail server's name."),
        ("Check host and port.", "Check SMTP Host and SMTP Port."),
        ("set ca_file to it (ca_file replaces it)", "set CA File to it (CA File replaces it)"),
        (
            "Set username to apikey, and password to a key.",
            "Set SMTP Username to apikey, and SMTP Password to a key.",
        ),
        ("The host is up; a username is set.",) * 2,
        ("Use port 465 (ssl): it works.",) * 2,
        ("Use encryption none only here.", "Use Encryption Type none only here."),
        ("no_such_key stays", "no_such_key stays"),
        ("Nothing reads /etc/ssl/ca_file.pem or ca_file.pem.",) * 2,
        ("It says server_name=foo: use from another host.",) * 2,
        ("Here ends tls_fingerprint.", "Here ends TLS Fingerprint."),
    ],
)
def test_keys_to_set_are_named_by_their_labels(text: str, shown: str) -> None:
    assert with_labels(text) == shown


NO_KEY = {
    # What the form has no key for is named as it is on the command line.
    *("auth-needs-encryption", "delivery-deferred", "delivery-unfinished"),
    *("delivery-log-unreadable", "delivery-log-elsewhere", "arrival-not-seen"),
}


@pytest.mark.parametrize("file", ["causes", "warnings", "oauth-errors", "tokens"])
def test_cures_name_keys_and_no_command_lines(file: str) -> None:
    whole = tomllib.loads((DIAGNOSIS / f"{file}.toml").read_text())
    entries = whole["error"] if file == "oauth-errors" else whole.items()
    for entry in entries:
        name, texts = entry if isinstance(entry, tuple) else ("", entry)
        cure = with_labels(texts.get("cure", "")) if isinstance(texts, dict) else ""
        assert "smtp-tui login" not in cure
        assert "smtp-tui explain KEY" not in cure
        assert name in NO_KEY or not re.search(r" --[a-z]", cure), cure


async def test_code_in_a_reason_is_bold(tmp_path: Path) -> None:
    verdict = failed("server-closed", cure="Run `date -u`.", why="It says `wrong version number`.")
    async with form_on(SAMPLE, tmp_path, check=FakeCheck((*DIALOGUE, verdict))) as hand:
        await hand.press("f5")
        await hand.until(lambda: "It says wrong version number." in hand.screen)
        assert "Run date -u." in hand.screen


def test_what_the_stage_says_already_is_left_out_first() -> None:
    summary = "No login is possible here: the server offers no AUTH on this connection."
    shorter = verdict_text(failed("auth-not-offered", summary=summary)).shorter
    assert shorter == ("the server offers no AUTH on this connection.",)
