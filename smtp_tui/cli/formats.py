"""`--format`: what a check is told as, and what does not go with it."""

from __future__ import annotations

from collections.abc import Sequence

from smtp_tui.cli.calls import Call, UsageError
from smtp_tui.cli.output import tell

TEXT, JSON, NAGIOS, PROMETHEUS = FORMATS = ("text", "json", "nagios", "prometheus")
MONITORING = (NAGIOS, PROMETHEUS)
_UNKNOWN = 3

# What only one format has a use for.
_OF = {"output": PROMETHEUS, "warning_days": NAGIOS, "critical_days": NAGIOS}
# What tells more than a monitoring system reads.
_NOT_MONITORED = ("report", "domain_check", "watch")


def format_of(call: Call) -> str:
    """Return the format that a call wants; UsageError where something does not go with it."""
    options = call.options
    wanted: str = JSON if options.json and options.format is None else options.format or TEXT
    if wanted not in FORMATS:
        raise UsageError(f"--format takes {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    if options.json and wanted != JSON:
        raise UsageError("--json means --format json: give one of the two")
    for name, format_ in _OF.items():
        if getattr(options, name) is not None and wanted != format_:
            raise UsageError(f"{_flag(name)} goes with --format {format_}")
    if wanted in MONITORING:
        for name in _NOT_MONITORED:
            if getattr(options, name) not in (None, False):
                raise UsageError(f"{_flag(name)} goes with --format text or json")
    return wanted


def tell_trouble(reason: str, arguments: Sequence[str]) -> int | None:
    """Tell why a call came to no check in the way of a plugin, if it wants that; its exit status.

    The call may be one that was not understood, so its words are looked at as they stand.
    """
    if not _means_nagios(arguments):
        return None
    from smtp_tui.checks.monitoring.nagios import trouble_line

    tell(trouble_line(reason))
    return _UNKNOWN


def _means_nagios(arguments: Sequence[str]) -> bool:
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(f"{word}={after}" == "--format=nagios" for word, after in pairs) or (
        "--format=nagios" in arguments
    )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
