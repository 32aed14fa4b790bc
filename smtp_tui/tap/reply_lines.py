"""Put the server's lines together to replies, however odd they are.

`smtp.replies` rejects what is no reply; a tap passes it on, and so needs a reading of it.
"""

from __future__ import annotations

import re

from smtp_tui.smtp.replies import Reply

_LAST = re.compile(rb"([2-5][0-9][0-9])(?:$|[^-0-9])")
_LINE = re.compile(rb"[2-5][0-9][0-9][ -]?(.*)", re.DOTALL)


class ReplyLines:
    """The lines of the reply that comes now, and those of them that have not passed."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._held: list[bytes] = []
        self.size = 0

    def add(self, line: bytes, *, is_held: bool) -> tuple[Reply, list[bytes]] | None:
        """Add a line; return the reply that it ends and its held lines, or None.

        A line without a code counts as one of the reply's text.
        """
        self._lines.append(line)
        self.size += len(line)
        if is_held:
            self._held.append(line)
        last = _LAST.match(line.rstrip(b"\r\n"))
        if last is None:
            return None
        reply = Reply(int(last[1]), tuple(map(_text, self._lines)))
        held = self._held
        self.take()
        return reply, held

    def take(self) -> tuple[bytes, bytes]:
        """Return what has come of a reply, and what of it is held, and forget both."""
        taken = b"".join(self._lines), b"".join(self._held)
        self._lines, self._held, self.size = [], [], 0
        return taken


def _text(line: bytes) -> bytes:
    stripped = line.rstrip(b"\r\n")
    match = _LINE.fullmatch(stripped)
    return match[1] if match else stripped
