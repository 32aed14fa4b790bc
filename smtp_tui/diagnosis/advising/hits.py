"""A rule that holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field as default

from smtp_tui.records import record


@record
class Hit:
    """The id of an advice, what fills the names in its text, and its field where that varies."""

    id: str
    names: Mapping[str, str] = default(default_factory=dict)
    field: str = ""
