"""The options of the message that `check` and `send` hand over."""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from smtp_tui.cli.parser import UsageError
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp.message import (
    BODY,
    SUBJECT,
    MailRequest,
    parse_body,
    parse_recipients,
    parse_subject,
)

_UNDECODED = "[\udc80-\udcff]"
LARGEST_BODY = 64 * 1024 * 1024  # characters; ample for a test mail


def mail_request(options: Namespace, *, sends: bool) -> MailRequest | None:
    """Return the mail to hand over, or None without recipients; UsageError if it is invalid."""
    sender = vars(options)["from"]
    with _named("--to:"):
        recipients = tuple(
            mailbox for text in options.to for mailbox in parse_recipients(_decoded(text))
        )
    if not recipients:
        if sends:
            raise UsageError("send needs --to ADDRESS")
        if sender:
            raise UsageError("--from needs --to ADDRESS")
        return None
    with _named("--from:"):
        mailbox = parse_mailbox(_decoded(sender)) if sender else None
    subject = ""
    if sends:
        with _named("--subject"):
            text = options.subject
            subject = SUBJECT if text is None else parse_subject(_decoded(text))
    body = _body(options) if sends else None
    return MailRequest(recipients=recipients, sender=mailbox, subject=subject, body=body)


@contextmanager
def _named(origin: str) -> Iterator[None]:
    """Turn a ValueError into a UsageError that names the text's origin."""
    try:
        yield
    except UnicodeDecodeError:
        raise UsageError(f"{origin} is not in this locale's encoding") from None
    except ValueError as error:
        raise UsageError(f"{origin} {error}") from None


def _body(options: Namespace) -> str:
    if options.body is not None:
        with _named("--body"):
            return parse_body(_decoded(options.body))
    # One pipe cannot hold both.
    holds_password = options.password_stdin or options.password_fd == 0
    if holds_password or sys.stdin is None or sys.stdin.isatty():
        return BODY
    with _named("standard input"):
        body = _decoded(sys.stdin.read(LARGEST_BODY + 1), sys.stdin.encoding)
        if len(body) > LARGEST_BODY:
            raise ValueError(f"is longer than {LARGEST_BODY} characters")
        return parse_body(body) or BODY


def _decoded(text: str, encoding: str | None = None) -> str:
    # In the C locale Python decodes only ASCII, but terminals send UTF-8 today.
    if text.isprintable():
        return text
    try:
        raw = text.encode(encoding or sys.getfilesystemencoding(), "surrogateescape")
        return raw.decode("utf-8") if re.search(_UNDECODED, text) else text
    except UnicodeError:
        return text  # rejected when parsed
