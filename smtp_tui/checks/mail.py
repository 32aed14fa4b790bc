"""The test message: what it says by default, and the reading of what a person gives for it."""

from __future__ import annotations

import re

from smtp_tui.settings.mailbox import Mailbox, parse_mailbox

SUBJECT = "smtp-tui test message"
BODY = "smtp-tui sent this message to test whether mail leaves this machine.\n"

# A comma in a quoted name separates nothing.
_BETWEEN_COMMAS = r'(?:"(?:[^"\\]|\\.)*"|[^,])+'


def parse_recipients(text: str) -> tuple[Mailbox, ...]:
    """Read mailboxes separated by commas, none at all too; ValueError says which is none."""
    parts = re.findall(_BETWEEN_COMMAS, text)
    return tuple(parse_mailbox(part) for part in parts if part.strip())


def parse_subject(text: str) -> str:
    """Read a subject; ValueError where it holds a line end of any kind, which no header may."""
    if len(f"{text}.".splitlines()) > 1:
        raise ValueError("must be one line")
    return parse_body(text)


def parse_body(text: str) -> str:
    """Read the text of a message; ValueError where no message can hold it (RFC 5322, 4.1)."""
    if "\0" in text:
        raise ValueError("holds a NUL character; remove it")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("holds bytes that are not UTF-8; write it in UTF-8")
    return text
