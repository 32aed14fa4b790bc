"""What an outcome means to a monitoring system: its state, its host, its certificate."""

from __future__ import annotations

from enum import IntEnum

from smtp_tui.checks.many import Outcome, Subject
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Fault, Stage, Warn


class State(IntEnum):
    """The states of the Monitoring Plugins, by their exit status."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


WORST_FIRST = (State.CRITICAL, State.UNKNOWN, State.WARNING, State.OK)

# Nothing was asked of a server yet: whether mail works is not known.
_UNTESTED = frozenset({Stage.SETTINGS, Stage.PASSWORD})

# What somebody must do something about. A certificate that runs out has thresholds of its own, and
# the rest does no harm by itself: an alarm that never ends is heeded by nobody.
MATTERS = frozenset(
    {
        Warn.LINK_OPEN,
        Warn.PASSWORD_IN_CLEAR,
        Warn.CERTIFICATE_NOT_VERIFIED,
        Warn.ADDRESS_UNANSWERED,
    }
)


@record(kw_only=True)
class Thresholds:
    """The days left of a certificate below which its state is another."""

    warning_days: int = 14
    critical_days: int = 3


def state_of(verdict: Verdict, thresholds: Thresholds) -> State:
    """Return the state of a table whose check came to `verdict`."""
    if not verdict.ok:
        is_unknown = verdict.stage in _UNTESTED or verdict.cause == Fault.INTERNAL_ERROR
        return State.UNKNOWN if is_unknown else State.CRITICAL
    leaf = leaf_of(verdict)
    left = leaf.days_left() if leaf else None
    if left is not None and left < thresholds.critical_days:
        return State.CRITICAL
    if left is not None and left < thresholds.warning_days:
        return State.WARNING
    return State.WARNING if MATTERS & set(verdict.warnings) else State.OK


def leaf_of(verdict: Verdict) -> Certificate | None:
    """Return the server's own certificate, where there is one that can be read."""
    leaf = verdict.tls.certificate if verdict.tls else None
    return leaf if leaf and leaf.is_readable else None


def host_of(subject: Subject) -> str:
    """Return the host that a table names; empty where it names none."""
    host = subject.request.values.get("host") if subject.request else None
    return host if isinstance(host, str) else ""


def limit_of(outcome: Outcome) -> float | None:
    """Return the seconds that a check may take, where its table can be read."""
    from smtp_tui.settings.reading import read

    request = outcome.subject.request
    settings = read(request.values).settings if request else None
    return settings.timeout if settings else None
