"""What passed in a session comes back; and a verdict is about values, not about edits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import Stage
from smtp_tui.tui.dialogs.tables import TablePicker
from smtp_tui.tui.model.draft import PASSWORD, SettingsDraft
from smtp_tui.tui.model.fixes import (
    FixKind,
    available_fixes,
    describe_fix,
    format_done,
    restore_proposal,
)
from smtp_tui.tui.model.mail_draft import MailDraft, MailField, sender_of
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.model.session import (
    TESTS_KEPT,
    CompletedTest,
    LastTest,
    PassedState,
    SessionMemory,
    last_test,
    verdict_line,
)
from smtp_tui.tui.model.trust_text import trust_text
from smtp_tui.tui.model.undo import UndoStack
from tests.table import table
from tests.tui.driving import DIALOGUE, PASSED, SAMPLE, FakeKeyring, Hand, failed, form_on
from tests.tui.fixes import ENCRYPTION, OPEN, failing, script
from tests.tui.test_cures import FakeChecks, fail, passes

FILE = {"host": "mail.example.net", "port": 2587, "encryption": "tls", "password": "hunter2hunter2"}
NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def in_title(hand: Hand, table: str) -> bool:
    return f"· {table}" in hand.lines[0]


def completed(draft: SettingsDraft, verdict: Verdict = PASSED) -> CompletedTest:
    settings = parse_settings(draft.values()).settings
    assert settings
    request = CheckRequest(values=draft.values(), base=Path("/"), secret="hunter2hunter2")
    return CompletedTest(request, settings, DIALOGUE, verdict, NOON, draft.snapshot())


class TestSnapshot:
    def test_it_differs_by_meaning(self) -> None:
        draft = SettingsDraft(FILE)
        tested = draft.snapshot()
        draft.edit("port", "2587")
        draft.edit("encryption", "STARTTLS")
        assert draft.differing(tested) == ()
        draft.edit("port", "587")
        draft.password.type("other")
        assert draft.differing(tested) == ("port", PASSWORD)

    def test_a_password_that_only_moves_is_the_same(self) -> None:
        draft = SettingsDraft(FILE)
        tested = draft.snapshot()
        draft.password.move_to(PasswordLocation.KEYRING)
        assert draft.differing(tested) == ()

    def test_a_password_that_was_saved_over_comes_back(self) -> None:
        draft = SettingsDraft(FILE)
        tested = draft.snapshot()
        draft.rebase({**FILE, "password": "a wrong one"})
        draft.restore(draft.state_to_return_to(tested))
        assert draft.values()[PASSWORD] == "hunter2hunter2"

    def test_that_there_was_none_comes_back_too(self) -> None:
        given = {key: raw for key, raw in FILE.items() if key != PASSWORD}
        draft = SettingsDraft(given)
        passed = PassedState(draft.snapshot(), NOON)
        draft.password.type("hunter2hunter2")
        draft.rebase({**given, "password": "hunter2hunter2"})  # as saving does
        proposal = restore_proposal(passed, draft)
        assert proposal
        assert "(no SMTP Password)" in describe_fix(proposal, "auth-not-offered")
        draft.restore(proposal.state)
        assert draft.values().get(PASSWORD) is None
        assert draft.changed == (PASSWORD,)

    @table(
        "source",
        [
            "hunter2hunter2",
            {"keyring": "corp-mail"},
            {"env": "SMTP_PASSWORD"},
            {"file": "password.txt"},
            {"command": ["pass", "show", "the mail"]},
            {"ask": True},
        ],
    )
    @table("now", ["another one", {"keyring": "other"}, {"ask": True}])
    def test_the_very_source_comes_back(self, source: object, now: object) -> None:
        draft = SettingsDraft({**FILE, "username": "joe", "password": source})
        tested, values = draft.snapshot(), draft.values()
        draft.rebase({**FILE, "username": "joe", "password": now})
        draft.restore(draft.state_to_return_to(tested))
        assert draft.values() == values
        assert draft.differing(tested) == ()
        assert not draft.password.moves
        assert not draft.problems()

    def test_no_repr_shows_a_password(self) -> None:
        draft = SettingsDraft(FILE)
        session = SessionMemory()
        session.add("smtp", completed(draft))
        passed = session.passed("smtp")
        assert passed
        draft.edit("port", "1")
        proposal = restore_proposal(passed, draft)
        shown = repr((draft.snapshot(), session.tests("smtp"), passed, proposal))
        assert "hunter2" not in shown


class TestMemory:
    def test_it_keeps_the_last_tests_of_each_table(self) -> None:
        session, draft = SessionMemory(), SettingsDraft(FILE)
        for _ in range(TESTS_KEPT + 2):
            session.add("a", completed(draft))
        session.add("b", completed(draft, failed("auth-rejected")))
        assert [len(session.tests(table)) for table in "abc"] == [TESTS_KEPT, 1, 0]
        assert verdict_line(session.tests("b")[0].verdict) == "FAILED at login: login rejected"
        assert session.passed("b") is None

    def test_what_was_tested_counts_for_what_was_saved(self) -> None:
        session, draft = SessionMemory(), SettingsDraft(FILE)
        draft.password.move_to(PasswordLocation.KEYRING)
        session.add("a", completed(draft))
        saved = draft.copy()
        draft.rebase({**FILE, "password": {"keyring": "smtp-tui:mail.example.net"}})
        passed = session.passed("a")
        assert passed
        assert draft.differing(passed.draft) == (PASSWORD,)
        session.follow_save("a", saved, draft.snapshot())
        passed = session.passed("a")
        assert passed
        assert draft.differing(passed.draft) == ()
        assert draft.differing(session.tests("a")[0].draft) == ()

    def test_no_way_leads_back_to_a_keyring_entry_that_saving_has_moved(self) -> None:
        file = {**FILE, "username": "joe", "password": {"keyring": "corp-mail"}}
        session, draft = SessionMemory(), SettingsDraft(file)
        session.add("a", completed(draft))
        draft.edit("username", "jane")
        saved = draft.copy()
        draft.rebase({**file, "username": "jane"})
        session.follow_save("a", saved, draft.snapshot())
        assert session.passed("a") is None


class TestRestore:
    def passed(self, **values: object) -> PassedState:
        return PassedState(SettingsDraft({**FILE, **values}).snapshot(), NOON)

    def test_it_is_first_after_a_failure_only(self) -> None:
        draft, passed = SettingsDraft({**FILE, "port": 1}), self.passed()
        done = completed(draft, failing(ENCRYPTION))
        last = LastTest(done, is_stale=False)
        kinds = [fix.kind for fix in available_fixes(last, draft, passed)]
        assert kinds == [FixKind.RESTORE, FixKind.SET]
        stale = LastTest(done, is_stale=True)
        assert [fix.kind for fix in available_fixes(stale, draft, passed)] == [FixKind.RESTORE]
        won = LastTest(completed(draft), is_stale=False)
        assert available_fixes(won, draft, passed) == ()
        same = SettingsDraft(FILE)
        assert [fix.kind for fix in available_fixes(last, same, passed)] == [FixKind.SET]

    def test_all_of_it_is_one_step(self) -> None:
        draft, history = SettingsDraft(FILE), UndoStack()
        passed = self.passed()
        draft.restore({"port": 1, "encryption": "ssl", "username": "me"})
        draft.password.type("wrong")
        proposal = restore_proposal(passed, draft)
        assert proposal
        history.apply(draft, proposal.state)
        assert draft.differing(passed.draft) == ()
        undone = history.undo(draft)
        assert undone
        assert "SMTP Password is as it was before" in undone[0]
        assert (draft.text("port"), draft.password.text) == ("1", "wrong")
        assert not history

    def test_it_asks_where_less_is_protected(self) -> None:
        draft = SettingsDraft(FILE)
        weaker = restore_proposal(self.passed(openssl_verify_mode="none"), draft)
        assert weaker
        assert weaker.asks
        assert "protect less" in weaker.fix.why
        other = restore_proposal(self.passed(port=587), draft)
        assert other
        assert not other.asks

    def test_what_protects_less_comes_after_a_safe_fix(self) -> None:
        draft = SettingsDraft(FILE)
        last = LastTest(completed(draft, failing(ENCRYPTION, OPEN)), is_stale=False)
        weaker = self.passed(openssl_verify_mode="none")
        kinds = [fix.kind for fix in available_fixes(last, draft, weaker)]
        assert kinds == [FixKind.SET, FixKind.RESTORE, FixKind.ASK]

    @table(
        ("key", "assumed", "now"),
        [
            ("encryption", "none", "tls"),
            ("openssl_verify_mode", "none", "peer"),
            ("tls_minimum", "1.1", "1.2"),
            ("starttls_auto", None, True),
            ("tls_fingerprint", None, "ab" * 32),
            ("tls_minimum", None, "1.3"),
        ],
    )
    def test_an_absent_value_counts_as_what_protects_without_it(
        self, key: str, assumed: object, now: object
    ) -> None:
        file: dict[str, object] = {"host": "h.example", "port": 25}
        if key == "starttls_auto":
            file["encryption"] = "none"
        draft = SettingsDraft(file, assumed={} if assumed is None else {key: assumed})
        passed = PassedState(draft.snapshot(), NOON)
        draft.edit("host", "other.example")
        draft.edit("username", "joe")
        draft.edit(key, now)
        proposal = restore_proposal(passed, draft)
        assert proposal
        assert proposal.asks
        assert next(iter(proposal.state)) == key
        value = assumed or {"starttls_auto": "no", "tls_minimum": "1.2"}.get(key, "none")
        shown = f"{BY_KEY[key].label} {value} by default"
        assert (shown if key != "tls_fingerprint" else "no TLS Fingerprint") in describe_fix(
            proposal, None
        )
        # Each field and its values stand in the question, what weakens first.
        facts = dict(trust_text(proposal, (), draft).facts)
        assert facts["SMTP Host"] == "other.example -> h.example"
        assert next(iter(facts)) == BY_KEY[key].label
        draft.restore(proposal.state)
        assert restore_proposal(passed, draft) is None

    def test_the_way_back_to_more_protection_asks_nothing(self) -> None:
        draft = SettingsDraft(
            {**FILE, "openssl_verify_mode": "none"}, assumed={"tls_minimum": "1.0"}
        )
        passed = self.passed()
        proposal = restore_proposal(passed, draft)
        assert proposal
        assert not proposal.asks

    def test_only_what_the_file_lacks_is_not_saved_yet(self) -> None:
        draft = SettingsDraft(FILE)
        passed = PassedState(draft.snapshot(), NOON)
        draft.edit("port", "1")
        proposal = restore_proposal(passed, draft)
        assert proposal
        draft.restore(proposal.state)
        told = format_done(proposal.state, draft)
        assert told == "Back to the values in the file: SMTP Port 2587. F4 undoes it."
        draft.edit("port", "1")
        assert format_done({"port": "1"}, draft).startswith("Changed, not saved yet: SMTP Port 1.")

    @pytest.mark.parametrize(("typed", "marked"), [("", True), ("other@b.example", False)])
    def test_a_rejected_sender_is_marked_where_it_stands(self, typed: str, *, marked: bool) -> None:
        draft, mail = SettingsDraft({**FILE, "from": "a@b.example"}), MailDraft()
        mail.follow(sender_of(draft).text)
        mail.type(MailField.TO, "c@d.example")
        if typed:
            mail.type(MailField.FROM, typed)
        done = completed(draft, failed("sender-refused", Stage.ENVELOPE))
        request = replace(done.request, mail=mail.mail(sends=True))
        last = last_test(replace(done, request=request), draft)
        assert last
        assert ("from" in last.faults) is marked
        assert "from" in last.mail_faults


async def test_what_passed_comes_back_by_one_key(tmp_path: Path) -> None:
    check = FakeChecks([(*DIALOGUE, PASSED), script(failing(ENCRYPTION)), (*DIALOGUE, PASSED)])
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.press("f5")
        await passes(hand)
        await hand.go_to("SMTP Port")
        await hand.press("ctrl+u")
        await hand.type("25")
        await fail(hand)
        clock = f"{datetime.now(UTC).astimezone():%H:}"
        assert f"F9 goes back to what passed at {clock}" in hand.screen
        assert "(SMTP Port 2587) and tests again." in hand.screen
        await hand.press("f8")
        assert "> Back to what passed at" in hand.screen
        await hand.press("escape", "f9")
        await passes(hand)
        assert "2587" in hand.row("SMTP Port")
        assert "Nothing to save." in hand.screen
        await hand.press("f4")
        assert " 25" in hand.row("SMTP Port")
    assert [request.values["port"] for request in check.requests] == [2587, "25", 2587]


async def test_it_outlives_a_change_of_the_table(tmp_path: Path) -> None:
    both = SAMPLE + '[other.smtp]\nhost = "b.example"\nport = 25\nencryption = "none"\n'
    check = FakeChecks([(*DIALOGUE, PASSED), script(failing(ENCRYPTION))])
    async with form_on(both, tmp_path, check=check) as hand:
        await hand.press("f5")
        await passes(hand)
        for table in ("other.smtp", "smtp"):
            await hand.press("alt+o")
            await hand.until(lambda: isinstance(hand.pilot.app.screen, TablePicker))
            await hand.press("down" if table == "other.smtp" else "up", "enter")
            await hand.until(partial(in_title, hand, table))
        await hand.type("x")
        await fail(hand)
        assert "F9 goes back to what passed at" in hand.screen


async def test_undo_makes_a_verdict_fresh_again(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, check=FakeChecks([script(failing(ENCRYPTION))])) as hand:
        await fail(hand)
        await hand.type("x")
        assert "F5 tests again: this was before your last change." in hand.screen
        assert "Fix" not in hand.hints
        await hand.press("f4")
        assert "before your last change" not in hand.screen
        assert "F9 sets Encryption Type to ssl and tests again." in hand.screen
        assert "Fix" in hand.hints


async def test_a_field_at_fault_is_marked_until_a_value_changes(tmp_path: Path) -> None:
    verdict = failed("starttls-not-offered", Stage.TLS)
    async with form_on(SAMPLE, tmp_path, check=FakeChecks([script(verdict)])) as hand:
        await fail(hand)
        assert "! no STARTTLS" in hand.row("Encryption Type")
        await hand.type("x")
        assert "no STARTTLS" not in hand.row("Encryption Type")
        await hand.press("f4")
        assert "! no STARTTLS" in hand.row("Encryption Type")
        await hand.press("f5")
        await hand.until(lambda: not hand.form_screen.test_pane.is_busy)
        assert "! no STARTTLS" in hand.row("Encryption Type")


async def test_there_are_never_two_verdicts(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f5")
        await passes(hand)
        await hand.go_to("SMTP Port")
        await hand.type("x")
        await hand.press("f5")
        assert "Not tested. SMTP Port" in " ".join(hand.screen.split())
        assert "PASSED:" not in hand.screen
        await hand.press("f4")
        await hand.until(lambda: "PASSED" in hand.screen)
        assert "before your last change" not in hand.screen


async def test_after_a_pass_it_follows_what_there_is_to_save(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f5")
        await passes(hand)
        assert "Nothing to save." in hand.screen
        await hand.go_to("SMTP Port")
        await hand.press("ctrl+u")
        await hand.type("587")
        assert "F2 saves SMTP Port (2587 -> 587) to mail.toml." in hand.screen
        await hand.press("f5")
        await hand.until(lambda: not hand.form_screen.test_pane.is_busy)
        assert " F2 saves SMTP Port (2587 -> 587) to mail.toml." in hand.screen
        await hand.press("f2")
        await hand.until(lambda: "Saved SMTP Port to mail.toml" in hand.screen)
        assert "Nothing to save." not in hand.screen
        rows = [line.strip() for line in hand.lines]
        passed = next(at for at, row in enumerate(rows) if row.startswith("PASSED:"))
        assert rows[passed + 1] == "Saved SMTP Port to mail.toml."
        await hand.type("1")
        assert "Saved SMTP Port" not in hand.screen


async def test_a_password_saved_to_a_keyring_stays_tested(tmp_path: Path) -> None:
    keyring = FakeKeyring()
    async with form_on(SAMPLE, tmp_path, keyring=keyring) as hand:
        await hand.go_to("Kept in")
        await hand.press("k")
        await hand.press("f5")
        await passes(hand)
        await hand.press("f2")
        await hand.until(lambda: "modified" not in hand.lines[0])
        assert keyring.stored
        assert "before your last change" not in hand.screen


async def test_a_test_takes_the_old_message_away(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f4")
        assert "There is nothing to undo." in hand.screen
        await hand.press("f5")
        await passes(hand)
        assert "There is nothing to undo." not in hand.screen
