"""Read a reply's lines as one: what was broken over lines stands together again."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from smtp_tui.records import record

_CODE = rb"(?:[2-5][0-9][0-9][ -])?"
_ENHANCED = rb"(?:[245]\.[0-9]{1,3}\.[0-9]{1,3} )?"
# What may stand between two characters that belong together. The codes are optional, and what
# looks like one may belong to the text: so every reading is tried.
_BREAKS = tuple(
    re.compile(rb"\r?\n" + codes) for codes in (b"", _CODE, _ENHANCED, _CODE + _ENHANCED)
)


@record
class Flat:
    """Bytes without their breaks; `starts` are where its pieces begin, `origins` where they did."""

    data: bytes
    starts: tuple[int, ...] = (0,)
    origins: tuple[int, ...] = (0,)

    def spans(self, found: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Yield spans of the flat bytes as spans of those they were made of."""
        for start, end in found:
            yield self._origin(start), self._origin(end - 1) + 1

    def _origin(self, position: int) -> int:
        piece = bisect_right(self.starts, position) - 1
        return self.origins[piece] + position - self.starts[piece]


def flattened(data: bytes) -> Iterator[Flat]:
    """Yield the bytes as they are, and as each way to read their line ends joins them."""
    yield Flat(data)
    if b"\n" in data:
        for pattern in _BREAKS:
            yield _joined(data, pattern)


def _joined(data: bytes, pattern: re.Pattern[bytes]) -> Flat:
    pieces, starts, origins = [], [], []
    at = length = 0
    for match in [*pattern.finditer(data), None]:
        end = match.start() if match else len(data)
        if end > at:
            pieces.append(data[at:end])
            starts.append(length)
            origins.append(at)
            length += end - at
        at = match.end() if match else end
    return Flat(b"".join(pieces), tuple(starts), tuple(origins))
