"""Ranges as the Monitoring Plugins guidelines write them: `10`, `10:`, `~:10`, `@5:10`."""

from __future__ import annotations

import math
import re

from smtp_tui.records import record

_NUMBER = r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_RANGE = re.compile(rf"(?P<at>@?)(?:(?P<start>~|{_NUMBER})?(?P<colon>:))?(?P<end>{_NUMBER})?")


class RangeError(ValueError):
    """A text is no range; the text says why."""


@record(kw_only=True)
class Range:
    """Values from `start` to `end`, both included; `text` is how it was written.

    It alarms for a value outside of them, or with `inside` for one of them.
    """

    start: float
    end: float
    inside: bool
    text: str

    def alarms(self, value: float) -> bool:
        """Whether a value is one to alarm about."""
        return (self.start <= value <= self.end) is self.inside


def range_of(text: str) -> Range:
    """Read a range; RangeError where the text is none."""
    found = _RANGE.fullmatch(text)
    if found is None or (found["end"] is None and found["start"] is None):
        raise RangeError("write it as 10, 10:, ~:10, 10:20 or @5:10")
    start = -math.inf if found["start"] == "~" else float(found["start"] or 0)
    end = math.inf if found["end"] is None else float(found["end"])
    if start > end:
        raise RangeError("its start must not be above its end")
    return Range(start=start, end=end, inside=bool(found["at"]), text=text)
