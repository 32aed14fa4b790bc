"""`smtp-tui unset`: take settings out of a file, and nothing else."""

from __future__ import annotations

from smtp_tui.checks.status import USAGE
from smtp_tui.cli.calls import Call
from smtp_tui.cli.changing import change
from smtp_tui.cli.opening import open_table, tell_notes
from smtp_tui.cli.output import complain
from smtp_tui.cli.values import no_setting
from smtp_tui.settings.fields import BY_KEY


def unset(call: Call) -> int:
    """Take the keys out; those that are not set are none the worse."""
    file, *keys = call.words
    unknown = [key for key in keys if key not in BY_KEY]
    for key in unknown:
        complain(no_setting(key))
    if unknown:
        return USAGE
    options = call.options
    _, document, table = open_table([file], options.table, options.dialect)
    tell_notes(document, table)
    return change(document, table, dict.fromkeys(keys), options)
