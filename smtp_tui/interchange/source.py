"""A text that is to be imported, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from smtp_tui.records import record


@record
class Source:
    """A text, how its `.env` lines are quoted, the texts of files beside it by name, an account."""

    text: str = field(repr=False)
    quoting: str | None = None
    beside: Mapping[str, str] = field(default_factory=dict, repr=False)
    account: str | None = None
