"""Read the application's command lines, and decide what of them may be shown.

Only what begins as a command of RFC 5321 and its extensions is shown: any other line may be a
credential, or a line of a message that the application sends although the server rejected it.
"""

from __future__ import annotations

import re

from smtp_tui.tap.observed import Observed

UNKNOWN = "[not a known command, hidden]"
_NAME = re.compile(r".{0,255}")
# What applications get wrong in an address is worth seeing.
_ARGUMENTS = {
    "EHLO": _NAME,
    "HELO": _NAME,
    "MAIL": re.compile(r"(?i:FROM): *(?:<(.*?)>|(\S*)).*"),
    "RCPT": re.compile(r"(?i:TO):.*"),
    "BDAT": re.compile(r"([0-9]{1,18})(?i: +LAST)?"),
    **dict.fromkeys(
        ("DATA", "RSET", "NOOP", "QUIT", "VRFY", "EXPN", "STARTTLS", "ETRN", "HELP", "TURN"),
        re.compile(""),
    ),
}
_PARAMETER = re.compile(r"\s(SIZE|BODY)=(\S+)", re.IGNORECASE)


class CommandLine:
    """One line, as a server reads it."""

    def __init__(self, line: bytes) -> None:
        text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
        words = text.split(maxsplit=1) or [""]
        self.verb = words[0].upper()
        self.argument = "".join(words[1:]).strip()
        self.text = text
        pattern = _ARGUMENTS.get(self.verb)
        self.is_known = pattern is not None
        # A server may read a second command after a bare CR.
        is_one = text.isprintable()
        self._match = pattern.fullmatch(self.argument) if pattern and is_one else None
        self.has_bare_lf = not line.endswith(b"\r\n")

    @property
    def is_valid(self) -> bool:
        """Whether it follows the grammar."""
        return self._match is not None

    @property
    def chunk(self) -> int:
        """The size of the chunk that follows BDAT."""
        return int(self._match[1]) if self._match and self.verb == "BDAT" else 0

    def shown(self, *, is_sure: bool) -> str:
        """What may be shown; without `is_sure`, the line may be part of a message."""
        if not self.is_known:
            return UNKNOWN
        if self._match and (is_sure or not self.argument):
            return self.text
        return f"{self.verb} [hidden]" if self.argument else self.verb

    def note(self, seen: Observed) -> None:
        """Note what a valid line says about the application."""
        if self._match is None:
            return
        match self.verb:
            case "EHLO" | "HELO":
                seen.greeting_verb, seen.ehlo_name = self.verb, self.argument
            case "MAIL":
                self._note_sender(self._match, seen)
            case _:
                pass

    def _note_sender(self, match: re.Match[str], seen: Observed) -> None:
        seen.sender = match[1] or match[2] or ""
        parameters = {name.upper(): value for name, value in _PARAMETER.findall(self.text)}
        seen.declares_eight_bit |= parameters.get("BODY", "").upper() in ("8BITMIME", "BINARYMIME")
        size = parameters.get("SIZE", "")
        if size.isascii() and size.isdigit() and len(size) < 19:
            seen.declared_size = int(size)
