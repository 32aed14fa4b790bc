"""What a format's own reader finds: names, with values that are known or that are not."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from smtp_tui.records import record

LONGEST = 64 * 1024
"""Letters; more is no setting, but a value that variables have blown up."""


@record
class Variable:
    """A value that the program takes from its environment, `default` where it is not set there."""

    name: str
    default: Any = field(default=None, repr=False)


@record
class InFile:
    """A value that the program takes from a file."""

    path: str


@record
class Unclear:
    """A value that cannot be known; `why` is the id of a text, `names` what it speaks of."""

    why: str
    names: dict[str, str] = field(default_factory=dict)


@record
class Entry:
    """A name and its value, with the line it stands on.

    `borrowed` names the variables of the same file that the value was put together from.
    """

    name: str
    value: Any = field(repr=False)
    line: int | None = None
    borrowed: tuple[str, ...] = ()
