"""Test a draft and prepare fixes, asking the admin where consent is needed."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from smtp_tui.checks.request import CheckRequest, FollowRequest
from smtp_tui.config.atomic_write import create
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, one_line, reason
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.lazy import load
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Cause
from smtp_tui.smtp.message import MailRequest
from smtp_tui.tui.model.check_request import needs_password_prompt, request_for
from smtp_tui.tui.model.draft import ACCOUNT, HOST, DraftSnapshot, DraftState, SettingsDraft
from smtp_tui.tui.model.file_context import PasswordRisk, risk_of_test
from smtp_tui.tui.model.fixes import CA_FILE, FixKind, FixProposal, changes_of
from smtp_tui.tui.model.mail_draft import MailDraft, MailField

if TYPE_CHECKING:
    from smtp_tui.arrival.prove import ProofRequest

SENDER = "from"
_LONGEST = 40  # characters of each part of a file name


class CheckQuestions(Protocol):
    """Runs tests where the admin sees them, and asks for the admin's decisions."""

    async def run(
        self, request: CheckRequest, settings: Settings, tested: DraftSnapshot
    ) -> Verdict | None:
        """Run and show a test of `tested`; None if it was stopped."""

    async def confirm(self, question: str, about: str = "") -> bool:
        """Whether the admin says yes to a question; `about` is why it is asked."""

    async def ask_password(self, account: str, *, sends: bool) -> str | None:
        """The password for one test, or for one message if it `sends`; None to go back."""

    async def ask_mailbox(self, proposed: str, problem: str) -> str | None:
        """The URL of a mailbox; None to go back."""

    async def ask_mailbox_password(self, whose: str, empty: str, problem: str) -> str | None:
        """The password of a mailbox, for one message; `empty` is what "" means. None: go back."""

    async def agrees(self, proposal: FixProposal, chain: Sequence[Certificate]) -> bool:
        """Whether to apply a fix that trusts a server, which sent `chain`, or that weakens."""

    async def may_make_folder(self, path: Path) -> bool:
        """Whether to create the missing folder of a file; True if it exists."""

    def show_refusal(self, text: str) -> None:
        """Show why nothing is tested."""


@record
class FixChange:
    """What a fix changes, and the file that was written for it."""

    change: DraftState = field(repr=False)
    file: str = ""


class CheckFlow:
    """Tests one draft; `accepted_risks` are those that the admin accepted in this session."""

    def __init__(
        self,
        document: Document,
        table: str,
        draft: SettingsDraft,
        accepted_risks: set[PasswordRisk],
        questions: CheckQuestions,
    ) -> None:
        self._document, self._table, self._draft = document, table, draft
        self._accepted_risks, self._questions = accepted_risks, questions

    async def prove(self, settings: Settings, mail: MailRequest, typed: MailDraft) -> None:
        """Send a message and look for it in the mailbox that the admin names."""
        # Few sessions look into a mailbox.
        typed.mailbox = typed.mailbox or load("tui.model.proof:proposed_mailbox")(settings, mail)
        ask = load("tui.model.proof:asked_proof")
        proof = await ask(typed, settings, self._document.path.parent, self._questions)
        if proof is None:
            self._questions.show_refusal("Not sent: no mailbox was given.")
            return
        await self.test(settings, mail, prove=proof)

    async def test(
        self,
        settings: Settings,
        mail: MailRequest | None,
        *,
        follows: bool = False,
        prove: ProofRequest | None = None,
    ) -> None:
        """Test once, and again if the admin allows sending the password unencrypted.

        `follows` says to follow the message in the mail log of this machine, `prove` in which
        mailbox to look for it.
        """
        draft, questions = self._draft, self._questions
        sends = mail is not None and mail.body is not None
        undone = "Not sent" if sends else "Not tested"
        # Another user may have set the password, or the source that it is fetched from.
        risk = risk_of_test(draft.password, settings, self._document.path)
        if risk is not None and risk not in self._accepted_risks:
            if not await questions.confirm(risk.question):
                questions.show_refusal(f"{undone}: {risk.refusal}")
                return
            # Ask once a session: ten tests need not ask ten times.
            self._accepted_risks.add(risk)
        secret = None
        if needs_password_prompt(draft, settings):
            secret = await questions.ask_password(draft.text(ACCOUNT), sends=sends)
            if secret is None:
                questions.show_refusal(f"{undone}: no password was given.")
                return
        # The draft may be edited while a test runs and a question stands.
        tested = draft.snapshot()
        request = request_for(
            draft,
            file=self._document.path,
            table=self._table,
            secret=secret,
            mail=mail,
            follow=FollowRequest() if follows else None,
            is_trusted=True,  # the risk was accepted
            recognition=self._document.recognition,
            prove=prove,
        )
        verdict = await questions.run(request, settings, tested)
        if verdict is None or verdict.cause != Cause.AUTH_NEEDS_ENCRYPTION:
            return
        question = "Send the password unencrypted, just this once?"
        if await questions.confirm(question, verdict.summary):
            await questions.run(replace(request, allow_clear_password=True), settings, tested)

    async def prepare(
        self, proposal: FixProposal, chain: Sequence[Certificate]
    ) -> FixChange | None:
        """Return what a fix changes, once the admin agrees; None after a no.

        `chain` is what the server sent. DocumentError if a CA file cannot be written.
        """
        if proposal.asks and not await self._questions.agrees(proposal, chain):
            return None
        if proposal.kind is FixKind.RESTORE:
            return FixChange({**proposal.state})
        if proposal.authority is None:
            return FixChange(changes_of(proposal))
        path = self.file_for(proposal.authority)
        if not await self._questions.may_make_folder(path):
            return None
        save_authority(path, proposal.authority.pem)
        return FixChange({CA_FILE: path.name}, path.name)

    def file_for(self, authority: Certificate) -> Path:
        """Return where to save the authority of a fix: next to the settings file."""
        folder, host = self._document.path.parent, self._draft.text(HOST)
        return free_path(folder, host, authority.subject, authority.pem)


def mail_after_fix(
    before: MailRequest | None, changed: Collection[str], draft: MailDraft
) -> MailRequest | None:
    """Return what the test after a fix submits: the envelope of the test before, never a message.

    `draft` loses its sender if the fix sets From, which it would override.
    """
    if before is None or SENDER not in changed:
        return before and replace(before, body=None)
    draft.type(MailField.FROM, "")
    return replace(before, body=None, sender=None)


def free_path(folder: Path, host: str, subject: str, pem: str) -> Path:
    """Return the first path that does not exist yet or already holds this certificate."""
    common = re.search(r"CN=([^,]+)", subject)
    # The server may have chosen both, so only letters, digits, dots and hyphens are kept.
    parts = [
        re.sub(r"[^a-z0-9.-]+", "-", text.casefold())[:_LONGEST].strip("-.")
        for text in (host, common[1] if common else subject)
    ]
    stem = "-".join(dict.fromkeys(filter(None, parts))).removesuffix("-ca") or "server"
    names = (f"{stem}-ca{f'-{number}' if number > 1 else ''}.pem" for number in count(1))
    return next(path for name in names if _is_free(path := folder / name, pem))


def save_authority(path: Path, pem: str) -> None:
    """Write a certificate with mode 0644; DocumentError if that fails or the path is taken."""
    # An existing file is never changed; one that holds this certificate is good as it is.
    try:
        if not _is_free(path, pem):
            raise DocumentError(f"{one_line(path)} already exists and contains something else")
        if not os.path.lexists(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            create(path, pem.encode("ascii"), 0o644)
    except OSError as error:
        raise DocumentError(f"{one_line(path)} cannot be written: {reason(error)}") from None


def _is_free(path: Path, pem: str) -> bool:
    if not os.path.lexists(path):
        return True
    try:
        return path.is_file() and path.read_bytes() == pem.encode("ascii")
    except OSError:
        return False
