"""`smtp-tui explain`: what a field means, as the sidebar says it."""

from __future__ import annotations

from smtp_tui.checks.status import PASSED
from smtp_tui.cli.calls import Call, UsageError
from smtp_tui.cli.output import tell
from smtp_tui.cli.values import no_setting
from smtp_tui.settings.fields import BY_KEY, FIELDS
from smtp_tui.settings.pages import explanation


def explain(call: Call) -> int:
    """Print a field's page, or a line for each field."""
    if not call.words:
        width = max(len(field.key) for field in FIELDS)
        for field in FIELDS:
            tell(f"{field.key:{width}}  {field.summary}")
        return PASSED
    key = call.words[0].casefold().replace("-", "_")
    if key not in BY_KEY:
        raise UsageError(no_setting(call.words[0]))
    for line in explanation(key).rstrip("\n").split("\n"):
        tell(line)
    return PASSED
