"""`--format`: how a check is reported, and which options each format has."""

from __future__ import annotations

from collections.abc import Sequence

from smtp_tui.cli.output import print_line
from smtp_tui.cli.parser import Invocation, UsageError

TEXT, JSON, NAGIOS, PROMETHEUS = FORMATS = ("text", "json", "nagios", "prometheus")
MONITORING = (NAGIOS, PROMETHEUS)
UNKNOWN = 3
"""The exit status of a plugin that checked nothing, as after --help and --version too."""

# The options of one format alone.
_THRESHOLDS = (
    *("warning", "critical", "certificate_warning", "certificate_critical"),
    *("warning_days", "critical_days"),
)
_OF = {"output": PROMETHEUS, **dict.fromkeys(_THRESHOLDS, NAGIOS)}
# These say more than a monitoring system reads.
_NOT_MONITORED = ("report", "domain_check", "watch")


def format_of(call: Invocation) -> str:
    """Return the format that a call wants; UsageError where an option does not go with it."""
    options = call.options
    wanted: str = JSON if options.json and options.format is None else options.format or TEXT
    if wanted not in FORMATS:
        raise UsageError(f"--format must be {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    if options.json and wanted != JSON:
        raise UsageError("--json means --format json: give only one of them")
    for name, format_ in _OF.items():
        if getattr(options, name) is not None and wanted != format_:
            raise UsageError(f"{_flag(name)} needs --format {format_}")
    if wanted in MONITORING:
        for name in _NOT_MONITORED:
            if getattr(options, name) not in (None, False):
                raise UsageError(f"{_flag(name)} needs --format text or json")
    return wanted


def print_trouble(reason: str, arguments: Sequence[str]) -> int | None:
    """Report a call that came to no check as a plugin does, if it is one; its exit status."""
    if not means_nagios(arguments):
        return None
    from smtp_tui.checks.monitoring import trouble_line

    print_line(trouble_line(reason))
    return UNKNOWN


def means_nagios(arguments: Sequence[str]) -> bool:
    """Whether a call, which need not be understood, is one of a plugin."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(f"{word}={after}" == "--format=nagios" for word, after in pairs) or (
        "--format=nagios" in arguments
    )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
