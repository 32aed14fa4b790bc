"""What the help and the manual page say of exit statuses and of thresholds, said once."""

from __future__ import annotations

from smtp_tui.checks.exit_status import BY_STAGE, IN_WORDS

NAGIOS = {
    "0": "OK: the check passed.",
    "1": "WARNING: the check passed, but somebody must act soon.",
    "2": "CRITICAL: the check failed, or a critical threshold is exceeded.",
    "3": "UNKNOWN: smtp-tui could not ask the server.",
}

RANGES = {
    "10": "Alarm below 0 and above 10.",
    "10:": "Alarm below 10.",
    "~:10": "Alarm above 10.",
    "10:20": "Alarm below 10 and above 20.",
    "@5:10": "Alarm from 5 to 10.",
}

LIMITS = {
    "21": "A number of days.",
    "25%": "A share of the certificate's lifetime, from its first day to its last.",
    "(default)": "WARNING below 25%, at most 30 days; CRITICAL below 12.5%, at most 14 days.",
}


def statuses() -> dict[str, str]:
    """Return every exit status with its meaning."""
    return {
        "0": "The check passed, or the command did its work.",
        "1": "The answer is negative: no such key, nothing found, or there are differences.",
        "2": "The command line is wrong, or there is no usable terminal.",
        **_by_stage(),
        "70": "smtp-tui has a bug.",
        "74": "smtp-tui could not write its output or a report.",
        "129, 130, 141, 143": "A signal ended smtp-tui.",
    }


def _by_stage() -> dict[str, str]:
    stages: dict[int, list[str]] = {}
    for stage, status in BY_STAGE.items():
        stages.setdefault(status, []).append(IN_WORDS[stage])
    return {
        str(status): f"The check failed at this stage: {' or '.join(names)}."
        for status, names in stages.items()
    }
