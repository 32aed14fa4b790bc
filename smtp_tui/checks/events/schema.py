"""The JSON Schema (draft 2020-12) of a line of `check --json`, made from the same declarations."""

from __future__ import annotations

from smtp_tui.checks.events.kinds import Line, Schema
from smtp_tui.checks.events.of_check import DOMAIN, OF_EVENTS, SUMMARY, VERDICT, VERSION
from smtp_tui.checks.events.of_watch import CHANGE, HELD, WATCHED

LINES: dict[str, Line] = {
    line.name: line
    for line in (*OF_EVENTS.values(), VERDICT, DOMAIN, SUMMARY, CHANGE, HELD, WATCHED)
}
"""Every event that a check can print, by its name."""


def schema() -> Schema:
    """Return the schema of one line."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:smtp-tui:check-json:{VERSION}",
        "title": "One line of smtp-tui check --json",
        "description": (
            f"Version {VERSION}. The version grows when a key changes its meaning or goes away. "
            "New keys and new ids can come in any release."
        ),
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in LINES],
        "$defs": {name: line.schema for name, line in LINES.items()},
    }
