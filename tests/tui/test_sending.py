"""Sending a test message from the form: what is asked, what goes out, and what is told of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.events import Paste

from smtp_tui.checks.request import FollowRequest
from smtp_tui.diagnosis.verdict import Recipient, Verdict
from smtp_tui.smtp.events import DialogueNote, Event, MessageQueued, Stage, StageEntered, WarningId
from smtp_tui.smtp.message import BODY, SUBJECT
from smtp_tui.smtp.replies import Reply
from smtp_tui.tui.commands import COMMANDS
from smtp_tui.tui.dialog_commands import MAIL_COMMANDS
from smtp_tui.tui.model.check_request import run_check
from smtp_tui.tui.model.mail_draft import MailField
from tests.servers import envelopes
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.tui.driving import DIALOGUE, SAMPLE, FakeCheck, Hand, failed, form_on, settle

DIALOG = "to every address in To. It is a real message"
HANDED_OVER: tuple[Event, ...] = (
    *DIALOGUE,
    StageEntered(seconds=0.17, stage=Stage.ENVELOPE),
    StageEntered(seconds=0.18, stage=Stage.MESSAGE),
)
SENT = Verdict(
    seconds=0.2,
    ok=True,
    stage=Stage.MESSAGE,
    cause=None,
    summary="The server took the message, as 4aBcDe.",
    queue_id="4aBcDe",
)


async def open_dialog(hand: Hand, key: str = "f7") -> None:
    await hand.press(key)
    await hand.until(lambda: DIALOG in hand.screen)


def part(hand: Hand, label: str) -> str:
    """The dialog's row with a label, as it stands on the screen."""
    return next((line for line in hand.lines if line[2:].startswith(f"{label}  ")), "")


async def idle(hand: Hand) -> None:
    await hand.until(lambda: not hand.form_screen.test_pane.is_busy)


@pytest.mark.parametrize("keys", [["enter", "enter", "enter"], ["f2"], ["ctrl+o"]])
async def test_a_message_goes_out_with_the_defaults(tmp_path: Path, keys: list[str]) -> None:
    check = FakeCheck((*HANDED_OVER, SENT))
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        assert "tickets@example.net" in part(hand, "From")
        assert SUBJECT in part(hand, "Subject")
        assert part(hand, "To").startswith(" >To")
        await hand.type("a@b.example, c@d.example")
        assert not check.requests
        await hand.press(*keys)
        await hand.until(lambda: "PASSED: the server took the message, as 4aBcDe" in hand.screen)
        assert "a message to a@b.example and 1 more" in str(
            hand.form_screen.test_pane.log_view.rows.entries
        )
        strip = next(line for line in hand.lines if "greeting" in line)
        assert "envelope 10 message 20" in strip
        assert hand.row("SMTP Host").startswith(">")
    (request,) = check.requests
    assert request.values["port"] == 2587
    assert request.mail
    assert [one.address for one in request.mail.recipients] == ["a@b.example", "c@d.example"]
    assert str(request.mail.sender) == "tickets@example.net"
    assert (request.mail.subject, request.mail.body) == (SUBJECT, BODY)
    assert "hunter2hunter2" not in repr(request)


async def test_the_form_is_used_as_it_stands_and_not_saved(tmp_path: Path) -> None:
    check = FakeCheck((*HANDED_OVER, SENT))
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.type("x")
        await open_dialog(hand, "ctrl+n")
        await hand.type("a@b.example")
        await hand.press("up", "ctrl+u")
        await hand.type("App <app@example.org>")
        await hand.press("down", "down", "ctrl+u")
        await hand.type("Hi")
        await hand.press("down", "ctrl+u")
        await hand.type("Ho")
        await hand.press("enter")
        await hand.until(lambda: "PASSED" in hand.screen)
        assert hand.file.read_text("utf-8") == SAMPLE
    (request,) = check.requests
    assert request.values["host"] == "mail.example.netx"
    assert request.mail
    assert str(request.mail.sender) == "App <app@example.org>"
    assert (request.mail.subject, request.mail.body) == ("Hi", "Ho\n")


async def test_asking_sends_nothing(tmp_path: Path) -> None:
    check = FakeCheck()
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        await hand.type("a@b.example")
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        assert "asks about a@b.example" in str(hand.form_screen.test_pane.log_view.rows.entries)
    (request,) = check.requests
    assert request.mail
    assert request.mail.body is None


async def test_a_wrong_address_is_told_and_keeps_the_message_back(tmp_path: Path) -> None:
    check = FakeCheck()
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        await hand.type("a@b.example, nobody")
        assert "is not an address" not in hand.screen
        await hand.until(lambda: "'nobody' is not an address" in hand.screen)
        await hand.press("enter")
        assert part(hand, "To").startswith(" >To")
        await hand.press("down", "down", "enter")
        assert part(hand, "To").startswith(" >To")
        assert "'nobody' is not an address" in hand.screen
        await hand.press("down")
        assert part(hand, "To").startswith(" !To")
        await hand.press("f2", "f5")
        assert DIALOG in hand.screen
    assert not check.requests


async def test_somebody_must_be_named(tmp_path: Path) -> None:
    check = FakeCheck()
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        assert "at least one" not in hand.screen
        for key in ("enter", "f2", "ctrl+t"):
            await hand.press(key)
            assert "! type at least one recipient" in part(hand, "To")
            await hand.press("x", "backspace")
            assert "at least one" not in hand.screen
    assert not check.requests


async def test_stepping_back_keeps_what_was_typed(tmp_path: Path) -> None:
    check = FakeCheck((*HANDED_OVER, SENT))
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        await hand.type("a@b.example")
        await hand.press("down", "x", "escape")
        await hand.until(lambda: DIALOG not in hand.screen)
        assert hand.row("SMTP Host").startswith(">")
        await hand.go_to("SMTP Username")
        await hand.press("ctrl+u")
        await hand.type("other@example.net")
        await open_dialog(hand)
        assert "a@b.example" in part(hand, "To")
        assert f"{SUBJECT}x" in part(hand, "Subject")
        assert "other@example.net" in part(hand, "From")
        await hand.press("f2")
        await hand.until(lambda: "PASSED" in hand.screen)
        await open_dialog(hand)
        assert "a@b.example" in part(hand, "To")
    assert len(check.requests) == 1


async def test_the_key_that_opens_the_dialog_does_not_send(tmp_path: Path) -> None:
    opening = {key for one in COMMANDS if one.action == "send" for key in one.default_keys}
    assert opening == {"f7", "ctrl+n"}
    assert not opening & {key for one in MAIL_COMMANDS for key in one.default_keys}
    check = FakeCheck()
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        await hand.type("a@b.example")
        await hand.press("f7", "f7", "ctrl+n")
        assert DIALOG in hand.screen
    assert not check.requests


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (60, 20), (40, 10)])
async def test_the_dialog_fits(tmp_path: Path, size: tuple[int, int]) -> None:
    async with form_on(SAMPLE, tmp_path, size=size) as hand:
        await hand.press("f7")
        await hand.until(lambda: "Send a test message to every address" in hand.screen)
        assert all(part(hand, label) for label in MailField)
        assert "F2" in hand.hints
        assert size[0] < 60 or "Check the addresses only  F1 Help  Esc Back" in hand.hints
        assert all(len(line) == size[0] for line in hand.lines)


async def test_a_form_that_cannot_be_tested_sends_nothing(tmp_path: Path) -> None:
    async with form_on(SAMPLE + "timeout = -1\n", tmp_path) as hand:
        await hand.press("f7")
        await hand.until(lambda: "Not sent. Timeout" in hand.screen)
        assert hand.row("Timeout").startswith(">")
        assert DIALOG not in hand.screen


async def test_a_password_is_asked_for_where_there_is_none(tmp_path: Path) -> None:
    check = FakeCheck((*HANDED_OVER, SENT))
    text = SAMPLE.replace('"hunter2hunter2"', "{ ask = true }")
    async with form_on(text, tmp_path, check=check) as hand:
        await open_dialog(hand)
        await hand.type("a@b.example")
        await hand.press("f2")
        await hand.until(lambda: "for this message only" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "Not sent: no password" in hand.screen)
        await open_dialog(hand)
        await hand.press("f2")
        await hand.until(lambda: "for this message only" in hand.screen)
        await hand.type("once only")
        await hand.press("enter")
        await hand.until(lambda: "PASSED" in hand.screen)
    assert [request.secret for request in check.requests] == ["once only"]


async def test_a_clear_password_needs_an_explicit_yes(tmp_path: Path) -> None:
    check = FakeCheck((*DIALOGUE, failed("auth-needs-encryption")))
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        await hand.type("a@b.example")
        await hand.press("f2")
        await hand.until(lambda: "Send the password" in hand.screen)
        await hand.press("y")
        await hand.until(lambda: len(check.requests) == 2)
    first, second = check.requests
    assert not first.allow_clear_password
    assert second.allow_clear_password
    assert first.mail == second.mail


class TestOneAtATime:
    @pytest.mark.parametrize("key", ["f5", "f7"])
    async def test_nothing_begins_while_a_message_is_on_its_way(
        self, tmp_path: Path, key: str
    ) -> None:
        check = FakeCheck((*HANDED_OVER, SENT), hangs=True)
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await open_dialog(hand)
            await hand.type("a@b.example")
            await hand.press("f2")
            await hand.until(lambda: "Waiting for the reply to the message" in hand.screen)
            await hand.press(key)
            assert "A test is already running. Esc stops it." in hand.screen
            assert DIALOG not in hand.screen
            await hand.press("escape")
            await hand.until(lambda: "Stopped." in hand.screen)
            assert "may or may not have accepted the message" in hand.screen
            assert "A test is already running" not in hand.screen
        assert len(check.requests) == 1
        assert check.closed == 1

    async def test_what_was_stopped_before_the_message_says_so(self, tmp_path: Path) -> None:
        check = FakeCheck((*HANDED_OVER[:-1], SENT), hangs=True)
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await open_dialog(hand)
            await hand.type("a@b.example")
            await hand.press("f2")
            await hand.until(lambda: "Waiting for the reply to the envelope" in hand.screen)
            await hand.press("escape")
            await hand.until(lambda: "The test proved nothing" in hand.screen)

    async def test_a_key_in_haste_stops_no_test(self, tmp_path: Path) -> None:
        check = FakeCheck(hangs=True)
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await hand.press("f5", "f7", "f5", "ctrl+n")
            await hand.until(lambda: bool(check.requests))
            assert DIALOG not in hand.screen
        assert len(check.requests) == 1


async def test_a_message_that_may_have_gone_says_so_first(tmp_path: Path) -> None:
    verdict = Verdict(
        seconds=1.0,
        ok=False,
        stage=Stage.MESSAGE,
        cause="server-closed",
        summary="The server closed the connection.",
        cure="Look in its log. Then try again.",
        warnings=(WarningId.PIPELINING_SUSPECT, WarningId.DELIVERY_UNKNOWN),
        warning_texts=("A filter may be in the way.", "It may be delivered or not."),
    )
    check = FakeCheck((*HANDED_OVER, verdict))
    async with form_on(SAMPLE, tmp_path, check=check, size=(140, 40)) as hand:
        await open_dialog(hand)
        await hand.type("a@b.example")
        await hand.press("f2")
        await hand.until(lambda: "FAILED at message" in hand.screen)
        rows = [line.split("│")[0].strip() for line in hand.lines]
        failed = next(at for at, row in enumerate(rows) if row.startswith("FAILED at message"))
        assert rows[failed + 1] == "Look in its log."
        assert rows[failed + 2].startswith("It may be delivered or not.")
        assert "Warnings: pipelining not working" in hand.screen
        await hand.press("f6")
        assert "A filter may be" in hand.screen


async def test_some_recipients_refused(tmp_path: Path) -> None:
    recipients = (
        Recipient(address="a@b.example", code=250, text="2.1.5 Ok"),
        Recipient(address="c@d.example", code=550, text="5.1.1 No \x1b[31m such user"),
    )
    verdict = Verdict(
        seconds=1.0,
        ok=False,
        stage=Stage.ENVELOPE,
        cause="recipient-refused",
        summary="The server refuses a recipient.",
        recipients=recipients,
        queue_id="4aBcDe",
    )
    check = FakeCheck((*HANDED_OVER, verdict))
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        await hand.type("a@b.example,c@d.example")
        await hand.press("f2")
        await hand.until(
            lambda: "1 of 2 recipients rejected; the others got the message." in hand.screen
        )
        assert " c@d.example: 550 5.1.1 No \\x1b[31m such user" in hand.screen
        assert " Accepted: a@b.example; queued as 4aBcDe" in hand.screen
        assert any("envelope ✗ message 820" in line for line in hand.lines)
        await hand.type("x")
        assert "F5 tests again: this was before your last change." in hand.screen
        assert "the others got the message." in hand.screen


async def test_a_rejected_recipient_is_marked_until_it_is_changed(tmp_path: Path) -> None:
    verdict = Verdict(
        seconds=1.0,
        ok=False,
        stage=Stage.ENVELOPE,
        cause="recipient-refused",
        summary="The server rejects a recipient.",
        reply=Reply(550, (b"5.1.1 No",)),
        recipients=(Recipient(address="a@b.example", code=550, text="5.1.1 No"),),
    )
    check = FakeCheck((*HANDED_OVER, verdict))
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        await hand.type("a@b.example")
        await hand.press("f5")
        await hand.until(lambda: "FAILED at envelope" in hand.screen)
        await hand.press("f7")
        await hand.until(lambda: "! 550 rejected" in hand.screen)
        await hand.type("x")
        assert "550 rejected" not in hand.screen
        await hand.press("backspace")
        assert "! 550 rejected" in hand.screen


class TestPostfix:
    """The real dialogue against a real server."""

    @pytest.fixture
    def text(self, mail_servers: MailServers) -> str:
        values = {
            "host": mail_servers.host,
            "port": mail_servers.ports[Listener.STARTTLS_REQUIRED],
            "ca_file": str(mail_servers.authority_file),
            "domain": "client.example.test",
            "username": mail_servers.user.name,
            "password": mail_servers.user.password,
        }
        return "\n".join(["[smtp]", *(f"{key} = {json.dumps(values[key])}" for key in values)])

    async def test_a_message_is_queued(self, text: str, tmp_path: Path) -> None:
        async with form_on(text, tmp_path, check=run_check) as hand:
            await open_dialog(hand)
            await hand.type(envelopes.ACCEPTED_RECIPIENT)
            await hand.press("f2")
            await hand.until(lambda: "PASSED: the server accepted the message, as " in hand.screen)
            log = "\n".join(map(str, hand.form_screen.test_pane.log_view.rows.entries))
            for said in ("-> MAIL FROM:<alice@", "-> RCPT TO:<carol@", "-> DATA", "queued as "):
                assert said in log
            strip = next(line for line in hand.lines if "greeting" in line)
            assert "envelope" in strip
            assert "message" in strip

    async def test_some_refused_and_a_probe(self, text: str, tmp_path: Path) -> None:
        both = f"{envelopes.REFUSED_RECIPIENT}, {envelopes.ACCEPTED_RECIPIENT}"
        async with form_on(text, tmp_path, check=run_check, size=(140, 40)) as hand:
            await open_dialog(hand)
            await hand.type(both)
            await hand.press("f5")
            await hand.until(lambda: "rejected; the others would be accepted." in hand.screen)
            await idle(hand)
            log = "\n".join(map(str, hand.form_screen.test_pane.log_view.rows.entries))
            assert "-> RSET" in log
            assert "DATA" not in log
            await open_dialog(hand)
            await hand.press("f2")
            await hand.until(lambda: "rejected; the others got the message." in hand.screen)
            assert "550 5.1.1 Recipient address rejected: No such user" in hand.screen
            assert f"Accepted: {envelopes.ACCEPTED_RECIPIENT}; queued as " in hand.screen


async def test_a_domain_without_a_dot_is_asked_about(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await open_dialog(hand)
        await hand.type("me@exa")
        await hand.press("down")
        assert "The domain exa has no dot: is the address complete?" in hand.screen
        await hand.press("up")
        await hand.type("mple.org")
        await hand.press("down")
        assert "has no dot" not in hand.screen
        await hand.press("up", "ctrl+u")
        await hand.type("me@localhost")
        await hand.press("down")
        assert "has no dot" not in hand.screen


async def test_a_message_is_followed(tmp_path: Path) -> None:
    check = FakeCheck((*HANDED_OVER, SENT))
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        await hand.type("alice@example.net")
        await hand.press("alt+g")
        await idle(hand)
        await open_dialog(hand)
        await hand.press("f2")
        await idle(hand)
    assert [request.follow for request in check.requests] == [FollowRequest(), None]
    assert [request.mail and request.mail.body is not None for request in check.requests]


async def test_what_it_waits_for_while_it_follows(tmp_path: Path) -> None:
    queued = MessageQueued(seconds=0.2, queue_id="A1")
    check = FakeCheck((*HANDED_OVER, queued, SENT), hangs=True)
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        await hand.type("alice@example.net")
        await hand.press("alt+g")
        await hand.until(lambda: "Waiting for the mail log, " in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "The server accepted the message; smtp-tui no" in hand.screen)


async def test_what_it_waits_for_while_it_looks_into_the_mailbox(tmp_path: Path) -> None:
    queued = MessageQueued(seconds=0.2, queue_id=None)
    check = FakeCheck((*HANDED_OVER, queued, SENT), hangs=True)
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        await hand.type("a@b.example")
        await hand.press("alt+y")
        await hand.until(lambda: "Where must the message arrive?" in hand.screen)
        assert "Enter Continue" in hand.hints
        await hand.press("enter")
        await hand.until(lambda: "IMAP Password" in hand.screen)
        await hand.type("wonderland22")
        await hand.press("enter")
        await hand.until(lambda: "Waiting for the message in the mailbox, " in hand.screen)
        assert "s of 150." in hand.screen  # the timeout and the time for the search
        await hand.press("escape")
        await hand.until(lambda: "smtp-tui no longer looks for it" in " ".join(hand.screen.split()))


async def test_the_mailbox_is_waited_for_before_anything_is_sent(tmp_path: Path) -> None:
    check = FakeCheck((DialogueNote(seconds=0.0, text="logging in"), SENT), hangs=True)
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        await hand.type("a@b.example")
        await hand.press("alt+y")
        await hand.until(lambda: "Where must the message arrive?" in hand.screen)
        await hand.press("enter")
        await hand.until(lambda: "IMAP Password" in hand.screen)
        await hand.type("wonderland22")
        await hand.press("enter")
        await hand.until(lambda: "Waiting for the mailbox, " in hand.screen)


async def test_the_arrival_is_proven_in_a_mailbox_that_is_asked_for(tmp_path: Path) -> None:
    check = FakeCheck((*HANDED_OVER, SENT))
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        assert "Alt+Y proves arrival." in hand.screen
        await hand.type("a@b.example")
        await hand.press("alt+y")
        await hand.until(lambda: "Where must the message arrive?" in hand.screen)
        assert "imaps://a@b.example@" in part(hand, "Mailbox")
        # A whole address takes the place of the proposal.
        hand.pilot.app.post_message(Paste("imaps://a:secret@imap.b.example\n"))
        await settle(hand.pilot.app)
        await hand.press("enter")
        await hand.until(lambda: "of the mailbox must not contain a password" in hand.screen)
        await hand.press("ctrl+u")
        await hand.type("imaps://a@imap.b.example")
        await hand.press("enter")
        # At once: a key that is typed now must not go into a field of the form.
        await hand.until(lambda: "The password of a at imap.b.example" in hand.screen)
        assert "Empty: the one in the keyring." in " ".join(hand.screen.split())
        await hand.press("enter")
        await hand.until(lambda: "a does not exist." in hand.screen)
        await hand.type("wonderland22")
        assert "wonderland22" not in hand.screen
        await hand.press("enter")
        await hand.until(lambda: "PASSED" in hand.screen)
    (request,) = check.requests
    assert request.prove
    assert (str(request.prove.address), request.prove.secret) == (
        "a at imap.b.example",
        "wonderland22",
    )
    assert "wonderland22" not in repr(request)


async def test_without_a_mailbox_nothing_is_sent(tmp_path: Path) -> None:
    check = FakeCheck((*HANDED_OVER, SENT))
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await open_dialog(hand)
        await hand.type("a@b.example")
        await hand.press("alt+y")
        await hand.until(lambda: "Where must the message arrive?" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "Not sent: no mailbox was given." in hand.screen)
        await open_dialog(hand)
        await hand.press("alt+y")
        await hand.until(lambda: "Where must the message arrive?" in hand.screen)
        await hand.press("enter")
        await hand.until(lambda: "The password of" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "Not sent: no mailbox was given." in hand.screen)
    assert not check.requests
