"""`smtp-tui explain`: what a field means, as the sidebar says it."""

from __future__ import annotations

from smtp_tui.checks.status import PASSED
from smtp_tui.cli.check import printable
from smtp_tui.cli.options import Call, UsageError
from smtp_tui.settings.fields import BY_KEY, FIELDS
from smtp_tui.settings.pages import explanation


def explain(call: Call) -> int:
    """Print a field's page, or a line for each field."""
    if not call.words:
        width = max(len(field.key) for field in FIELDS)
        for field in FIELDS:
            print(printable(f"{field.key:{width}}  {field.summary}"))
        return PASSED
    key = call.words[0].casefold().replace("-", "_")
    if key not in BY_KEY:
        raise UsageError(f"{key!r} is no setting; smtp-tui explain lists them")
    for line in explanation(key).rstrip("\n").split("\n"):
        print(printable(line))
    return PASSED
