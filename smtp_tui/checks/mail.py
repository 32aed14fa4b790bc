"""The test message: what it says by default, and the reading of what a person gives for it."""

from __future__ import annotations

import re

from smtp_tui.settings.mailbox import Mailbox, parse_mailbox

SUBJECT = "smtp-tui test message"
BODY = "This message was sent by smtp-tui to see whether mail leaves this machine.\n"

# A comma in a quoted name separates nothing.
_BETWEEN_COMMAS = r'(?:"(?:[^"\\]|\\.)*"|[^,])+'


def parse_recipients(text: str) -> tuple[Mailbox, ...]:
    """Read mailboxes separated by commas, none at all too; ValueError says which is none."""
    parts = re.findall(_BETWEEN_COMMAS, text)
    return tuple(parse_mailbox(part) for part in parts if part.strip())


def parse_subject(text: str) -> str:
    """Read a subject; ValueError where it holds a line end of any kind, which no header may."""
    if len(f"{text}.".splitlines()) > 1:
        raise ValueError("is one line")
    return text
