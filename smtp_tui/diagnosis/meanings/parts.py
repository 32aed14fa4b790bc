"""A sentence that holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field

from smtp_tui.diagnosis.given import Given
from smtp_tui.records import record


@record
class Part:
    """The name of a sentence among its field's, or those for any, and what fills its braces."""

    name: str
    names: Mapping[str, str] = field(default_factory=dict)


Meaning = Callable[[Given], Iterator[Part]]
