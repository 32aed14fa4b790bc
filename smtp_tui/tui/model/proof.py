"""Ask for the mailbox in which a test message must arrive, and show what it proves."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

from smtp_tui.arrival.mailbox import MailboxAddress, parse_mailbox_address
from smtp_tui.arrival.prove import ProofRequest
from smtp_tui.arrival.report_lines import header_lines
from smtp_tui.checks.prove import run
from smtp_tui.checks.request import CheckRequest
from smtp_tui.config.errors import PasswordError
from smtp_tui.config.password_store import fetch_password
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.password_sources import OAuthSource, own_entry
from smtp_tui.smtp.events import DialogueNote, Event
from smtp_tui.smtp.message import MailRequest
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.mail_draft import MailDraft
from smtp_tui.tui.model.verdict_text import without_commands

_KEYRING_LIMIT = 10.0


class MailboxQuestions(Protocol):
    """Asks for the mailbox and its password."""

    async def ask_mailbox(self, proposed: str, problem: str) -> str | None:
        """The mailbox's URL; `problem` is what is wrong with the proposed one. None: go back."""

    async def ask_mailbox_password(self, whose: str, empty: str, problem: str) -> str | None:
        """The password for one message; `empty` is what "" means. None: go back."""


def proposed_mailbox(settings: Settings, mail: MailRequest) -> str:
    """Return the likely URL of the first recipient's mailbox, to be corrected."""
    host = settings.host.removeprefix("smtp.")
    host = f"imap.{host}" if host != settings.host else host
    return f"imaps://{mail.recipients[0].address}@{host}"


async def asked_proof(
    mail: MailDraft, settings: Settings, base: Path, questions: MailboxQuestions
) -> ProofRequest | None:
    """Ask until there is a usable mailbox with its password; None if the admin goes back.

    `mail` keeps the mailbox that was typed.
    """
    address, problem = None, ""
    while address is None:
        answer = await questions.ask_mailbox(mail.mailbox, problem)
        if answer is None:
            return None
        mail.mailbox = answer
        try:
            address = parse_mailbox_address(answer)
        except ValueError as error:
            problem = as_sentence(without_commands(f"the address of the mailbox {error}"))
    sign_in = settings.password if isinstance(settings.password, OAuthSource) else None
    if sign_in and address.user.casefold() != (settings.username or "").casefold():
        sign_in = None
    empty = text("mail", "empty-sign-in" if sign_in else "empty-keyring")
    problem = ""
    # The keyring is asked only on demand: it may take seconds, in which keys would go astray.
    while True:
        secret = await questions.ask_mailbox_password(str(address), empty, problem)
        if secret is None:
            return None
        if secret:
            return ProofRequest(address=address, secret=secret)
        if sign_in:
            return ProofRequest(address=address, source=sign_in, base=base)
        try:
            return ProofRequest(address=address, secret=await _in_keyring(address))
        except PasswordError as error:
            problem = as_sentence(error)


async def _in_keyring(address: MailboxAddress) -> str:
    return await fetch_password(
        own_entry(address.host),
        account=address.user,
        base=Path(),
        environ=os.environ,
        limit=_KEYRING_LIMIT,
    )


async def run_proof(request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
    """Send a message and look for it; what its header shows becomes part of the dialogue."""
    async with aclosing(run(request)) as updates:
        async for update in updates:
            if isinstance(update, Verdict) and update.delivery and update.delivery.arrival:
                for line in header_lines(update.delivery.arrival):
                    yield DialogueNote(seconds=update.seconds, text=line)
            yield update
