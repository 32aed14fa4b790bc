"""The recipients and the message that a call names."""

from __future__ import annotations

import re
import sys
from argparse import Namespace

from smtp_tui.checks.mail import BODY, SUBJECT, parse_body, parse_recipients, parse_subject
from smtp_tui.cli.calls import UsageError
from smtp_tui.settings.mailbox import Mailbox, parse_mailbox
from smtp_tui.smtp.message import Mail

_UNDECODED = "[\udc80-\udcff]"
LARGEST_BODY = 64 * 1024 * 1024
"""Characters; more is no test message."""


def mail_of(options: Namespace, *, sends: bool) -> Mail | None:
    """Return what to hand over, or None; UsageError when an address is none or nobody is named."""
    recipients = _recipients(options)
    sender = vars(options)["from"]
    if not recipients:
        if sends:
            raise UsageError("send needs --to ADDRESS")
        if sender:
            raise UsageError("--from needs --to ADDRESS")
        return None
    return Mail(
        recipients=recipients,
        sender=_sender(sender) if sender else None,
        subject=_subject(options) if sends else "",
        body=_body(options) if sends else None,
    )


def _recipients(options: Namespace) -> tuple[Mailbox, ...]:
    try:
        return tuple(mailbox for one in options.to for mailbox in parse_recipients(_decoded(one)))
    except ValueError as error:
        raise UsageError(f"--to: {error}") from None


def _sender(text: str) -> Mailbox:
    try:
        return parse_mailbox(_decoded(text))
    except ValueError as error:
        raise UsageError(f"--from: {error}") from None


def _subject(options: Namespace) -> str:
    try:
        return SUBJECT if options.subject is None else parse_subject(_decoded(options.subject))
    except ValueError as error:
        raise UsageError(f"--subject {error}") from None


def _body(options: Namespace) -> str:
    if options.body is not None:
        try:
            return parse_body(_decoded(options.body))
        except ValueError as error:
            raise UsageError(f"--body {error}") from None
    taken = options.password_stdin or options.password_fd == 0
    if taken or sys.stdin is None or sys.stdin.isatty():
        return BODY
    try:
        body = _decoded(sys.stdin.read(LARGEST_BODY + 1), sys.stdin.encoding)
        if len(body) > LARGEST_BODY:
            raise ValueError(f"is longer than {LARGEST_BODY} characters")
        return parse_body(body) or BODY
    except UnicodeDecodeError:
        raise UsageError("standard input is not in this locale's encoding") from None
    except ValueError as error:
        raise UsageError(f"standard input {error}") from None


def _decoded(text: str, encoding: str | None = None) -> str:
    """Read as UTF-8 what the locale could not decode: in the C locale, all beyond ASCII."""
    if text.isprintable():
        return text
    try:
        raw = text.encode(encoding or sys.getfilesystemencoding(), "surrogateescape")
        return raw.decode("utf-8") if re.search(_UNDECODED, text) else text
    except UnicodeError:
        return text  # it is refused where it is read
