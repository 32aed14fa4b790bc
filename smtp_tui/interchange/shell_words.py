"""The words of a POSIX shell command, with the variables in them; nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from smtp_tui.interchange.entries import Unclear
from smtp_tui.interchange.envfile.pieces import Pieces, Use, joined, settled

_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})")
_END = "|;&<>()\n"


def words(command: str) -> Iterator[Any]:
    """Yield the words of the first command: text, a Variable, or Unclear where a shell must run."""
    at = 0
    while True:
        while command[at : at + 1] in (" ", "\t") or command.startswith("\\\n", at):
            at += 2 if command[at] == "\\" else 1
        if at >= len(command) or command[at] in _END or command[at] == "#":
            return
        pieces, at = _word(command, at)
        if pieces is None:
            yield Unclear("computed")
        else:
            yield settled("", 0, pieces, {}).value


def _word(command: str, at: int) -> tuple[Pieces | None, int]:
    pieces: Pieces = [""]
    quote = ""
    is_sure = True
    while at < len(command):
        letter, step = command[at], 1
        if quote != "'" and command.startswith("\\\n", at):
            letter, step = "", 2
        elif letter in ("'", '"') and quote in ("", letter):
            letter, quote = "", "" if quote else letter
        elif not quote and (letter in " \t" or letter in _END):
            break
        elif letter == "\\" and quote != "'":
            following = command[at + 1 : at + 2]
            # Between double quotes the backslash stands for itself before most letters.
            letter = following if not quote or following in '"\\$`' else f"\\{following}"
            step = 2
        elif letter == "$" and quote != "'" and (use := _VARIABLE.match(command, at)):
            pieces.append(Use(use[1] or use[2]))
            letter, step = "", len(use[0])
        elif quote != "'" and (letter == "`" or command.startswith(("$(", "${"), at)):
            is_sure = False
        pieces.append(letter)
        at += step
    return (joined(pieces) if is_sure and not quote else None), at
