"""The test message while it is written, and the words for what becomes of it."""

from __future__ import annotations

from smtp_tui.diagnosis.verdict import Recipient, Verdict
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.message import MailRequest
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.mail_draft import NOBODY, DefaultSender, MailDraft, MailField, sender_of
from smtp_tui.tui.model.verdict_text import replies, summary_of
from tests.table import table


class TestSender:
    @table(
        ("values", "text"),
        [
            ({"from": "App <app@example.org>", "username": "x@y.example"}, "App <app@example.org>"),
            ({"username": "tickets@example.net", "domain": "a.example"}, "tickets@example.net"),
            ({"username": "tickets", "domain": "a.example"}, "tickets@a.example"),
            ({"username": "CORP\\tickets", "domain": "a.example"}, "postmaster@a.example"),
            ({"domain": "a.example"}, "postmaster@a.example"),
        ],
    )
    def test_it_is_what_the_envelope_will_say(self, values: dict[str, object], text: str) -> None:
        assert sender_of(SettingsDraft(values)) == DefaultSender(text, text)

    def test_a_name_that_is_found_only_later_is_told_in_words(self) -> None:
        assert sender_of(SettingsDraft({"username": "me"})) == DefaultSender(
            "", "me@ and this machine's name"
        )

    def test_it_follows_the_settings_until_somebody_types_another(self) -> None:
        draft = MailDraft()
        draft.follow("a@b.example")
        draft.follow("c@d.example")
        assert draft.text(MailField.FROM) == "c@d.example"
        draft.type(MailField.FROM, "mine@example.org")
        draft.follow("e@f.example")
        assert draft.text(MailField.FROM) == "mine@example.org"
        draft.type(MailField.FROM, " ")
        draft.follow("e@f.example")
        assert draft.text(MailField.FROM) == "e@f.example"


class TestMailDraft:
    def test_all_but_the_recipients_has_a_default(self) -> None:
        draft = MailDraft()
        assert not draft.problems()
        assert draft.obstacles(sends=True) == draft.obstacles(sends=False) == {MailField.TO: NOBODY}
        draft.type(MailField.TO, "a@b.example, c@d.example")
        assert not draft.obstacles(sends=True)
        mail = draft.mail(sends=True)
        assert [one.address for one in mail.recipients] == ["a@b.example", "c@d.example"]
        assert mail.sender is None
        assert mail.subject == "smtp-tui test message"
        assert mail.body
        assert mail.body.endswith("machine.\n")

    def test_asking_needs_only_the_envelope(self) -> None:
        draft = MailDraft()
        draft.type(MailField.FROM, "App <app@example.org>")
        draft.type(MailField.TO, "a@b.example")
        draft.type(MailField.SUBJECT, "two\x85lines")
        assert list(draft.obstacles(sends=True)) == [MailField.SUBJECT]
        assert not draft.obstacles(sends=False)
        assert draft.mail(sends=False) == MailRequest(
            recipients=(parse_mailbox("a@b.example"),),
            sender=parse_mailbox("App <app@example.org>"),
        )

    def test_what_cannot_be_read_is_told(self) -> None:
        draft = MailDraft()
        draft.type(MailField.FROM, "me")
        draft.type(MailField.TO, "a@b.example, you")
        assert draft.problems() == {
            MailField.FROM: "'me' is not an address like name@example.org",
            MailField.TO: "'you' is not an address like name@example.org",
        }
        assert draft.obstacles(sends=True) == draft.problems()


TAKEN = Recipient(address="carol@example.test", code=250, text="2.1.5 Ok")
REFUSED = Recipient(
    address="bob@example.test", code=550, text="5.1.1 <bob@example.test>: No\nsuch user"
)
BUSY = Recipient(address="dan@example.test", code=450, text="4.2.0 Greylisted")


class TestHandover:
    MESSAGE = MailRequest(recipients=(), body="Hello")
    PROBE = MailRequest(recipients=())

    @staticmethod
    def verdict(
        *recipients: Recipient,
        stage: Stage = Stage.ENVELOPE,
        cause: str = "recipient-refused",
        queue_id: str | None = "4aBc",
    ) -> Verdict:
        return Verdict(
            seconds=1,
            ok=False,
            stage=stage,
            cause=cause,
            summary="The server refuses a recipient.",
            recipients=recipients,
            queue_id=queue_id,
        )

    def test_some_refused(self) -> None:
        verdict = self.verdict(TAKEN, REFUSED, BUSY)
        assert (
            summary_of(verdict, self.MESSAGE)
            == "2 of 3 recipients rejected; the others got the message."
        )
        assert list(replies(verdict)) == [
            ("bob@example.test", "550 5.1.1 No such user"),
            ("dan@example.test", "450 4.2.0 Greylisted"),
            ("Accepted", "carol@example.test; queued as 4aBc"),
        ]

    def test_nothing_is_said_to_have_gone_that_was_only_asked_about(self) -> None:
        verdict = self.verdict(TAKEN, REFUSED, queue_id=None)
        assert (
            summary_of(verdict, self.PROBE)
            == "1 of 2 recipients rejected; the others would be accepted."
        )
        assert list(replies(verdict))[-1] == ("Accepted", "carol@example.test")

    def test_nothing_is_said_to_have_gone_where_more_was_wrong(self) -> None:
        verdict = self.verdict(TAKEN, REFUSED, stage=Stage.MESSAGE, cause="message-refused")
        assert summary_of(verdict, self.MESSAGE) == verdict.summary
        assert [whom for whom, _ in replies(verdict)] == [REFUSED.address]

    def test_all_refused(self) -> None:
        assert summary_of(self.verdict(REFUSED), self.MESSAGE) == "The server refuses a recipient."
        assert not list(replies(self.verdict(REFUSED)))
        both = self.verdict(REFUSED, BUSY, queue_id=None)
        assert summary_of(both, self.MESSAGE) == both.summary
        assert [whom for whom, _ in replies(both)] == [REFUSED.address, BUSY.address]

    def test_all_taken(self) -> None:
        assert not list(replies(self.verdict(TAKEN, TAKEN)))
