"""The content of messages: where it ends, and what stands out in it. None of it is kept."""

from __future__ import annotations

from smtp_tui.tap.observed import Observed

_END = b"\r\n.\r\n"
# Ends that some servers accept without CRLF on both sides.
_LOOSE_ENDS = (b"\n.\n", b"\n.\r\n")


class ContentScan:
    """Scans the content of messages, chunk by chunk, and keeps none of it."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._last = b"\n"
        self._line = 0
        self.size = 0

    def feed(self, data: bytes) -> None:
        """Note what stands out in the next bytes."""
        seen = self._observed
        self.size += len(data)
        text = self._last + data
        if not seen.eight_bit:
            seen.eight_bit = not data.isascii()
        crlf = text.count(b"\r\n")
        # The first byte was counted with the bytes before it.
        seen.bare_lf |= data.count(b"\n") > crlf
        returns = text.count(b"\r") - text.endswith(b"\r")
        seen.bare_cr |= returns > crlf
        first, *others = data.split(b"\n")
        lengths = [self._line + len(first), *map(len, others)]
        seen.longest_line = max(seen.longest_line, *(length - 1 for length in lengths))
        self._line = lengths[-1]
        self._last = data[-1:] or self._last


class MessageContent:
    """The content after DATA, up to the line with a dot alone."""

    def __init__(self, observed: Observed) -> None:
        self.scan = ContentScan(observed)
        self.is_complete = False
        # The line with DATA ends where the content begins (RFC 5321, section 4.1.1.4).
        self._tail = b"\r\n"

    def size_in(self, data: bytes) -> int:
        """Return how many of the next bytes are content."""
        end = (self._tail + data).find(_END)
        return len(data) if end < 0 else end + len(_END) - len(self._tail)

    def add(self, data: bytes) -> None:
        """Scan content that was passed on."""
        self.scan.feed(data)
        ending = self._tail + data
        self.is_complete = ending.endswith(_END)
        self._tail = ending[-4:]

    @property
    def may_have_ended(self) -> bool:
        """Whether a server may take the content so far for a whole one."""
        return self._tail.endswith(_LOOSE_ENDS)

    @property
    def shown(self) -> str:
        """What the log shows in its place."""
        return f"[message hidden: {self.scan.size} bytes]"


class ChunkContent:
    """A chunk after BDAT, whose size is known (RFC 3030)."""

    def __init__(self, scan: ContentScan, size: int) -> None:
        self.scan = scan
        self.is_complete = False
        self._left = self._size = size

    def size_in(self, data: bytes) -> int:
        """Return how many of the next bytes are content."""
        return min(len(data), self._left)

    def add(self, data: bytes) -> None:
        """Scan content that was passed on."""
        self.scan.feed(data)
        self._left -= len(data)
        self.is_complete = not self._left

    @property
    def shown(self) -> str:
        """What the log shows in its place."""
        return f"[part of a message hidden: {self._size} bytes]"
