"""The recipients and the message that a call names."""

from __future__ import annotations

import sys
from argparse import Namespace

from smtp_tui.cli.calls import UsageError
from smtp_tui.settings.mailbox import Mailbox, parse_mailbox
from smtp_tui.smtp.message import Mail

SUBJECT = "smtp-tui test message"
BODY = "This message was sent by smtp-tui to see whether mail leaves this machine.\n"
LARGEST_BODY = 64 * 1024 * 1024
"""Characters; more is no test message."""


def mail_of(options: Namespace, *, sends: bool) -> Mail | None:
    """Return what to hand over, or None; UsageError when an address is none or nobody is named."""
    named = [part for one in options.to for part in one.split(",") if part.strip()]
    if not named:
        if sends:
            raise UsageError("send needs --to ADDRESS")
        if vars(options)["from"]:
            raise UsageError("--from goes with --to ADDRESS")
        return None
    sender = vars(options)["from"]
    return Mail(
        recipients=tuple(_mailbox("--to", one) for one in named),
        sender=_mailbox("--from", sender) if sender else None,
        subject=_subject(options) if sends else "",
        body=_body(options) if sends else None,
    )


def _mailbox(option: str, text: str) -> Mailbox:
    try:
        return parse_mailbox(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def _subject(options: Namespace) -> str:
    subject: str = SUBJECT if options.subject is None else options.subject
    if "\n" in subject or "\r" in subject:
        raise UsageError("--subject is one line")
    return subject


def _body(options: Namespace) -> str:
    if options.body is not None:
        return str(options.body)
    taken = options.password_stdin or options.password_fd == 0
    if taken or sys.stdin is None or sys.stdin.isatty():
        return BODY
    try:
        return sys.stdin.read(LARGEST_BODY) or BODY
    except UnicodeDecodeError:
        raise UsageError("the message on standard input is not in this locale's encoding") from None
