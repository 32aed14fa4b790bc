"""Replies of `said.toml` as servers and providers send them: what they mean is for the rules."""

from __future__ import annotations

import re
from functools import cache

from smtp_tui.diagnosis.causes import load_texts
from smtp_tui.records import record
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.replies import Reply

_STAGES = {"MAIL": Stage.ENVELOPE, "RCPT": Stage.ENVELOPE, "the message": Stage.MESSAGE}
_STAGES |= {"DATA": Stage.MESSAGE, "EHLO": Stage.EHLO, "STARTTLS": Stage.TLS}
_STAGES |= {"": Stage.GREETING, "nothing": Stage.RESOLVE}


@record
class KnownReply:
    """A reply, its cause, and a part of the cure that it gets; `said.toml` explains the rest."""

    host: str | None
    command: str
    text: str
    cause: str
    cure: str = ""
    without_login: bool = False

    @property
    def stage(self) -> Stage:
        """The stage that the command belongs to."""
        return _STAGES.get(self.command, Stage.AUTH)

    @property
    def reply(self) -> Reply:
        """The reply as it would be read off the wire; ValueError if it cannot be one."""
        lines = [re.fullmatch(r"([0-9]{3})[ -](.*)", line) for line in self.text.split("\n")]
        texts = tuple(line[2].encode() for line in lines if line)
        if len(texts) != len(lines):
            raise ValueError(f"not a reply: {self.text}")
        return Reply(int(self.text[:3]), texts)


@cache
def known_replies(senders: str) -> tuple[KnownReply, ...]:
    """Return the replies of every `server`, or of a `provider`."""
    return tuple(
        KnownReply(
            row.get("host"),
            row["command"],
            row["reply"],
            row["cause"],
            row.get("advice", ""),
            row.get("without_login", False),
        )
        for row in load_texts("said.toml")[senders]
    )
